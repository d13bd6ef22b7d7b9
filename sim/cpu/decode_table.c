/* decode_table.c - the table of encodings, parsed: rows, and which of them an opcode may be. */
#include "sim/cpu/decode_parts.h"
#include "sim/cpu/ops.h"

#include <stdlib.h>

static const struct {
	uint32_t opcode;
	int extension;
	const char *name;
	const char *operands;
	const struct op *op;
	uint64_t attributes;
} table[] = {
#define INSN(opcode, extension, name, operands, operation, attributes)                             \
	{opcode, extension, name, operands, &operation, attributes},
#include "sim/cpu/encodings.inc"
#undef INSN
};

struct decoder {
	struct feature_set features;
	struct row rows[ARRAY_LEN(table)];
	uint16_t first[MAPS * 256 + 1]; /* by map and opcode: where its candidates begin */
	uint16_t candidates[4 * ARRAY_LEN(table)];
};

static unsigned map_of(const struct row *row)
{
	unsigned vex = row->attributes & VEX ? MAP_VEX : 0;

	switch (row->opcode >> 8) {
	case 0:
		return MAP_ONE_BYTE;
	case 0x0f:
		return MAP_0F | vex;
	case 0x0f38:
		return MAP_0F38 | vex;
	default:
		return MAP_0F3A | vex;
	}
}

/* Registers that an operand names outright. */
static const struct {
	const char *text;
	struct row_operand operand;
} fixed_operands[] = {
	{"AL", {'a', 'b', RAX}},
	{"rAX", {'a', 'v', RAX}},
	{"DX", {'a', 'w', RDX}},
	{"1", {'1', 0, 1}},
	{"v", {'-', 'v', 0}},
	{"sES", {'s', 'w', ES}},
	{"sCS", {'s', 'w', CS}},
	{"sSS", {'s', 'w', SS}},
	{"sDS", {'s', 'w', DS}},
	{"sFS", {'s', 'w', FS}},
	{"sGS", {'s', 'w', GS}},
};

static struct row_operand parse_operand(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(fixed_operands); i++)
		if (strlen(fixed_operands[i].text) == length &&
			memcmp(fixed_operands[i].text, text, length) == 0)
			return fixed_operands[i].operand;
	SIM_ASSERT(length <= 2);
	return (struct row_operand){text[0], length == 2 ? text[1] : 0, 0};
}

static void parse_operands(struct row *row)
{
	const char *text = row->operands_text;

	for (unsigned i = 0; *text != 0; i++) {
		size_t length = strcspn(text, ",");

		SIM_ASSERT(i < OPERANDS);
		row->operands[i] = parse_operand(text, length);
		text += length + (text[length] == ',');
	}
}

/* How many; none where the cores lack the feature. */
static unsigned opcodes_of(const struct decoder *d, const struct row *row)
{
	if (!feature_has(&d->features, bits_get(row->attributes, ROW_FEATURE)))
		return 0;
	return row->attributes & CONDITION ? 16 : row->attributes & PLUS_REG ? 8 : 1;
}

static unsigned slot_of(const struct row *row)
{
	return map_of(row) << 8 | (row->opcode & 0xff);
}

/* Lists for each opcode the rows that may match, in the table's order: counts them, makes the
 * counts positions, and fills in. */
static void index_rows(struct decoder *d)
{
	uint16_t at[MAPS * 256] = {0};
	unsigned count = 0;

	for (size_t r = 0; r < ARRAY_LEN(table); r++)
		for (unsigned i = 0; i < opcodes_of(d, &d->rows[r]); i++)
			at[slot_of(&d->rows[r]) + i]++;
	for (unsigned i = 0; i < MAPS * 256; i++) {
		d->first[i] = (uint16_t)count;
		count += at[i];
		at[i] = d->first[i];
	}
	d->first[MAPS * 256] = (uint16_t)count;
	SIM_ASSERT(count <= ARRAY_LEN(d->candidates));
	for (size_t r = 0; r < ARRAY_LEN(table); r++)
		for (unsigned i = 0; i < opcodes_of(d, &d->rows[r]); i++)
			d->candidates[at[slot_of(&d->rows[r]) + i]++] = (uint16_t)r;
}

struct decoder *decoder_create(const struct feature_set *features)
{
	struct decoder *d = calloc(1, sizeof(*d));

	SIM_ASSERT(d != NULL);
	d->features = *features;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct row *row = &d->rows[i];

		row->name = table[i].name;
		row->operands_text = table[i].operands;
		row->op = table[i].op;
		row->attributes = table[i].attributes;
		row->extension = table[i].extension;
		row->opcode = table[i].opcode;
		parse_operands(row);
	}
	index_rows(d);
	return d;
}

void decoder_destroy(struct decoder *d)
{
	free(d);
}

size_t decoder_row_count(void)
{
	return ARRAY_LEN(table);
}

const struct row *decoder_row(const struct decoder *d, size_t index)
{
	return &d->rows[index];
}

void decoder_candidates(const struct decoder *d, unsigned map, unsigned opcode,
	const uint16_t **rows, unsigned *count)
{
	unsigned slot = map << 8 | opcode;

	*rows = &d->candidates[d->first[slot]];
	*count = d->first[slot + 1] - d->first[slot];
}
