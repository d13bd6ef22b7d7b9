/* decode_lengths.c - lengths of random byte strings as instructions: ringv's decoder and Capstone.
 *
 * In each mode both must find the same length, or both no instruction. Where they do not, a row of
 * the table below must say why; a difference that no row explains is a failure.
 *
 *	decode_lengths [STRINGS]	in each mode (default 100000)
 */
#include "sim/base/rng.h"
#include "sim/cpu/decode.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>

/* --- a difference, and what its bytes are --- */

enum kind { LACKING = 1, EXTRA = 2, LENGTH = 4 }; /* on ringv's side */

struct bytes {
	bool lock, operand_size, address_size, repeat;
	uint32_t opcode; /* as in the decode table */
	uint8_t modrm;
};

struct difference {
	enum kind kind;
	enum code_mode mode;
	struct bytes bytes;
};

static bool is_prefix(enum code_mode mode, uint8_t byte, struct bytes *b)
{
	b->lock |= byte == 0xf0;
	b->operand_size |= byte == 0x66;
	b->address_size |= byte == 0x67;
	b->repeat |= byte == 0xf2 || byte == 0xf3;
	if (mode == CODE_64 && (byte & 0xf0) == 0x40)
		return true;
	return memchr("\xf0\x66\x67\xf2\xf3\x26\x2e\x36\x3e\x64\x65", byte, 11) != NULL;
}

static struct bytes look_at(enum code_mode mode, const uint8_t *p)
{
	struct bytes b = {0};

	while (is_prefix(mode, *p, &b))
		p++;
	b.opcode = *p++;
	if (b.opcode == 0x0f) {
		b.opcode = b.opcode << 8 | *p++;
		if (b.opcode == 0x0f38 || b.opcode == 0x0f3a)
			b.opcode = b.opcode << 8 | *p++;
	}
	b.modrm = *p;
	return b;
}

/* --- why they differ --- */

static bool has_lock(const struct difference *d)
{
	return d->bytes.lock;
}

static bool has_repeat_or_66(const struct difference *d)
{
	return d->bytes.repeat || d->bytes.operand_size;
}

static bool has_66(const struct difference *d)
{
	return d->mode == CODE_64 && d->bytes.operand_size;
}

static bool has_67(const struct difference *d)
{
	return d->mode == CODE_64 && d->bytes.address_size;
}

static bool has_66_or_67(const struct difference *d)
{
	return d->bytes.operand_size || d->bytes.address_size;
}

static bool is_16(const struct difference *d)
{
	return d->mode == CODE_16;
}

static bool is_not_64(const struct difference *d)
{
	return d->mode != CODE_64;
}

static bool digit_is_7(const struct difference *d)
{
	return (d->bytes.modrm >> 3 & 7) == 7;
}

static bool is_pkru(const struct difference *d)
{
	return d->bytes.modrm == 0xee || d->bytes.modrm == 0xef;
}

static bool digit_is_not_0(const struct difference *d)
{
	return (d->bytes.modrm >> 3 & 7) != 0;
}

#define UNIMPLEMENTED "ringv does not have it yet: "

static const struct explanation {
	unsigned kinds;
	uint32_t first, last; /* opcodes */
	bool (*applies)(const struct difference *d);
	const char *why;
} explanations[] = {
	{LACKING, 0, UINT32_MAX, has_lock,
		"LOCK where none is allowed is #UD; Capstone lets it pass"},
	{LACKING, 0xc4, 0xc5, NULL, UNIMPLEMENTED "AVX (VEX)"},
	{LACKING, 0x62, 0x62, NULL, UNIMPLEMENTED "AVX-512 (EVEX)"},
	{LACKING, 0x8f, 0x8f, digit_is_not_0, UNIMPLEMENTED "XOP, AMD's"},
	{LACKING, 0x0f3800, 0x0f3aff, NULL, UNIMPLEMENTED "AES, SHA, GFNI, VMX"},
	{LACKING, 0x0f0e, 0x0f0f, NULL, UNIMPLEMENTED "3DNow!, AMD's"},
	{LACKING, 0x0f01, 0x0f01, is_not_64, "SWAPGS is for 64-bit mode alone, and as below"},
	{LACKING, 0x0f01, 0x0f01, NULL, UNIMPLEMENTED "VMX, SVM, SGX, TSX"},
	{LACKING, 0x0f78, 0x0f79, NULL, UNIMPLEMENTED "VMX"},
	{LACKING, 0x0fc7, 0x0fc7, NULL, UNIMPLEMENTED "VMX"},
	{LACKING, 0x0f37, 0x0f37, NULL, UNIMPLEMENTED "GETSEC"},
	{LACKING, 0x0faa, 0x0faa, NULL, UNIMPLEMENTED "RSM"},
	{LACKING, 0x0fa6, 0x0fa7, NULL, UNIMPLEMENTED "PadLock, VIA's"},
	{LACKING, 0xc6, 0xc7, digit_is_7, UNIMPLEMENTED "XABORT, XBEGIN"},
	{LACKING, 0x0f10, 0x0fff, has_repeat_or_66,
		"the mandatory prefix names no instruction: #UD; Capstone ignores it"},
	{EXTRA, 0x0f18, 0x0f1f, NULL, "hint NOPs in all their forms; Capstone knows some"},
	{EXTRA, 0x0f01, 0x0f01, is_pkru, "Capstone does not know RDPKRU and WRPKRU"},
	{EXTRA, 0x0f0d, 0x0f0d, NULL, "PREFETCHW and its reserved forms, which are NOPs"},
	{EXTRA, 0x0fae, 0x0fae, NULL, "the fences ignore ModRM.rm; Capstone wants 0"},
	{EXTRA, 0x8c, 0x8e, NULL, "a segment register 6 or 7 is #UD only when executed"},
	{EXTRA | LENGTH, 0x0fb9, 0x0fb9, NULL, "UD1 has a ModRM byte; Capstone leaves it out"},
	{EXTRA | LENGTH, 0x0fff, 0x0fff, NULL, "UD0 has a ModRM byte; Capstone leaves it out"},
	{LENGTH, 0xe8, 0xe9, has_67, "Capstone takes two bytes for CALL and JMP with 67 and REX.W"},
	{EXTRA, 0xa0, 0xa3, has_repeat_or_66,
		"Capstone misses MOV with an offset behind 66 and F2 or F3"},
	{LENGTH, 0xe8, 0xe9, has_66, "Intel ignores 66 at near branches, Capstone follows AMD"},
	{LENGTH, 0x0f80, 0x0f8f, has_66, "Intel ignores 66 at near branches, Capstone follows AMD"},
	{LENGTH, 0xc2, 0xc2, has_66_or_67, "Capstone takes four bytes for RET Iw with 66 or 67"},
	{EXTRA, 0x0f12, 0x0f3aff, is_16,
		"Capstone misses what only has prefixed forms in 16-bit mode"},
};

static uint64_t explained[ARRAY_LEN(explanations)];

static bool explain(const struct difference *d)
{
	for (size_t i = 0; i < ARRAY_LEN(explanations); i++) {
		const struct explanation *e = &explanations[i];

		if ((e->kinds & d->kind) && d->bytes.opcode >= e->first &&
			d->bytes.opcode <= e->last && (e->applies == NULL || e->applies(d))) {
			explained[i]++;
			return true;
		}
	}
	return false;
}

/* --- the strings --- */

static const struct {
	enum code_mode mode;
	cs_mode capstone;
	const char *name;
} modes[] = {
	{CODE_64, CS_MODE_64, "64-bit"},
	{CODE_32, CS_MODE_32, "32-bit"},
	{CODE_16, CS_MODE_16, "16-bit"},
};

#define SHOWN 20

/* A quarter of the strings begin with 0F, a quarter with a prefix and 0F, an eighth so and with 38
 * or 3A, an eighth with VEX. */
static void random_bytes(struct rng *r, uint8_t bytes[16])
{
	static const uint8_t prefixes[] = {0x66, 0xf2, 0xf3, 0x48, 0x4d, 0x41, 0x67, 0x2e};
	uint64_t words[2] = {rng_next(r), rng_next(r)};
	unsigned kind = (unsigned)rng_below(r, 8);

	memcpy(bytes, words, 16);
	if (kind < 3) {
		bytes[0] = prefixes[rng_below(r, ARRAY_LEN(prefixes))];
		bytes[1] = 0x0f;
	} else if (kind < 5) {
		bytes[0] = 0x0f;
	} else if (kind == 5) {
		bytes[0] = (uint8_t)(0xc4 | rng_below(r, 2));
		bytes[1] = (uint8_t)(bytes[1] & 0xe0) | (uint8_t)(1 + rng_below(r, 3));
	}
	if (kind == 2)
		bytes[2] = rng_below(r, 2) ? 0x38 : 0x3a;
}

static void show(const char *mode, const uint8_t *bytes, unsigned ringv, unsigned capstone,
	const cs_insn *in)
{
	printf("%s:", mode);
	for (unsigned i = 0; i < INSN_MAX; i++)
		printf(" %02x", bytes[i]);
	printf(": ringv %u, Capstone %u %s\n", ringv, capstone, capstone == 0 ? "" : in->mnemonic);
}

struct comparison {
	const struct decoder *decoder;
	csh capstone;
	cs_insn *insn;
	size_t mode;
	uint64_t unexplained;
};

static void compare(struct comparison *c, const uint8_t *bytes)
{
	unsigned ringv = 0, capstone = 0;
	const uint8_t *at = bytes;
	size_t size = INSN_MAX;
	uint64_t address = 0;
	struct difference d;
	struct insn in;

	if (decode(c->decoder, modes[c->mode].mode, bytes, INSN_MAX, 0, &in) == DECODE_OK)
		ringv = in.len;
	if (cs_disasm_iter(c->capstone, &at, &size, &address, c->insn))
		capstone = c->insn->size;
	if (ringv == capstone)
		return;
	d.kind = ringv == 0 ? LACKING : capstone == 0 ? EXTRA : LENGTH;
	d.mode = modes[c->mode].mode;
	d.bytes = look_at(d.mode, bytes);
	if (!explain(&d) && c->unexplained++ < SHOWN)
		show(modes[c->mode].name, bytes, ringv, capstone, c->insn);
}

/* Strings that differ without an explanation. */
static uint64_t run_mode(
	const struct decoder *decoder, size_t mode, uint64_t strings, struct rng *r)
{
	struct comparison c = {.decoder = decoder, .mode = mode};
	uint8_t bytes[16];

	if (cs_open(CS_ARCH_X86, modes[mode].capstone, &c.capstone) != CS_ERR_OK)
		return 1;
	c.insn = cs_malloc(c.capstone);
	for (uint64_t i = 0; i < strings; i++) {
		random_bytes(r, bytes);
		compare(&c, bytes);
	}
	cs_free(c.insn, 1);
	cs_close(&c.capstone);
	return c.unexplained;
}

int main(int argc, char **argv)
{
	uint64_t strings = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000, unexplained = 0;
	struct feature_set all = feature_set_all();
	struct decoder *decoder = decoder_create(&all);
	struct rng r = rng_from(stream_seed(1, "decode"));

	for (size_t m = 0; m < ARRAY_LEN(modes); m++)
		unexplained += run_mode(decoder, m, strings, &r);
	for (size_t i = 0; i < ARRAY_LEN(explanations); i++)
		printf("# %9" PRIu64 "  %s\n", explained[i], explanations[i].why);
	printf("# %" PRIu64 " strings in each of %zu modes, %" PRIu64 " unexplained differences\n",
		strings, ARRAY_LEN(modes), unexplained);
	printf("%s oracle/decode-lengths\n", unexplained == 0 ? "ok" : "not ok");
	decoder_destroy(decoder);
	return unexplained != 0;
}
