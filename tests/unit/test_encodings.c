/* test_encodings.c - the decode table: no bytes belong to two rows, and every row can be reached.
 */
#include "sim/cpu/decode.h"

#include "tests/unit/unit.h"

static bool has_kind(const struct row *row, const char *kinds)
{
	for (unsigned i = 0; i < OPERANDS; i++)
		if (row->operands[i].kind != 0 && strchr(kinds, row->operands[i].kind) != NULL)
			return true;
	return false;
}

static bool has_modrm(const struct row *row)
{
	return row->extension != ANY || has_kind(row, "EGMRVWUSCDPQNB");
}

static bool takes_modrm(const struct row *row, unsigned modrm)
{
	bool is_register = modrm >> 6 == 3;

	if (row->extension >= 8)
		return row->extension == (int)modrm;
	if (row->extension != ANY && row->extension != (int)(modrm >> 3 & 7))
		return false;
	if (row->attributes & MOD_IGNORED)
		return true;
	return !(has_kind(row, "M") && is_register) && !(has_kind(row, "RUN") && !is_register);
}

static unsigned opcode_count(const struct row *row)
{
	return row->attributes & CONDITION ? 16 : row->attributes & PLUS_REG ? 8 : 1;
}

static uint64_t prefixes(const struct row *row)
{
	uint64_t set = row->attributes & PREFIXED;

	return set != 0 ? set : PREFIXED;
}

static bool share_opcode(const struct row *a, const struct row *b)
{
	if ((a->attributes ^ b->attributes) & VEX)
		return false;
	return a->opcode < b->opcode + opcode_count(b) && b->opcode < a->opcode + opcode_count(a);
}

static bool overlap(const struct row *a, const struct row *b)
{
	uint64_t modes = (a->attributes | b->attributes) & (ONLY64 | NO64);

	if (!share_opcode(a, b) || modes == (ONLY64 | NO64) || !(prefixes(a) & prefixes(b)))
		return false;
	if (!has_modrm(a))
		return true;
	for (unsigned modrm = 0; modrm < 256; modrm++)
		if (takes_modrm(a, modrm) && takes_modrm(b, modrm))
			return true;
	return false;
}

/* XCHG of rAX with itself is NOP, which stands first in the table. */
static bool is_nop(const struct row *a, const struct row *b)
{
	return a->opcode == 0x90 && b->opcode == 0x90 && (a->attributes & NO_REX_B);
}

/* Where the cores lack the feature of the first, the bytes are the second: LZCNT and BSR. */
static bool is_fallback(const struct row *a, const struct row *b)
{
	return (a->attributes & ROW_FEATURE) && (b->attributes & ROW_FEATURE) == 0 &&
	       prefixes(b) == PREFIXED;
}

START_TEST(no_two_rows_overlap)
{
	struct feature_set all = feature_set_all();
	struct decoder *d = decoder_create(&all);

	for (size_t i = 0; i < decoder_row_count(); i++)
		for (size_t j = i + 1; j < decoder_row_count(); j++) {
			const struct row *a = decoder_row(d, i), *b = decoder_row(d, j);

			ck_assert_msg(!overlap(a, b) || is_nop(a, b) || is_fallback(a, b),
				"rows %zu and %zu, %#x: %s %s and %s %s", i, j, a->opcode, a->name,
				a->operands_text, b->name, b->operands_text);
		}
	decoder_destroy(d);
}
END_TEST

START_TEST(rows_of_an_opcode_agree_on_modrm)
{
	struct feature_set all = feature_set_all();
	struct decoder *d = decoder_create(&all);

	for (size_t i = 0; i < decoder_row_count(); i++)
		for (size_t j = i + 1; j < decoder_row_count(); j++) {
			const struct row *a = decoder_row(d, i), *b = decoder_row(d, j);

			if (share_opcode(a, b))
				ck_assert_msg(has_modrm(a) == has_modrm(b), "opcode %#x: %s and %s",
					a->opcode, a->name, b->name);
		}
	decoder_destroy(d);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {no_two_rows_overlap, rows_of_an_opcode_agree_on_modrm};

	return unit_run("encodings", tests, ARRAY_LEN(tests));
}
