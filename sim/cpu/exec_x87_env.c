/* exec_x87_env.c - FLDENV, FNSTENV, FRSTOR and FNSAVE.
 *
 * SDM "Saving the x87 FPU's Environment with FSTENV/FNSTENV and FSAVE/FNSAVE": seven fields of 2 or
 * 4 bytes, by the operand size. In real-address and virtual-8086 mode the last four are laid out in
 * another way. FCS and FDS are stored as 0 and ignored.
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/x87.h"

enum field {
	FIELD_CONTROL,
	FIELD_STATUS,
	FIELD_TAGS,
	FIELD_IP,
	FIELD_CS,
	FIELD_DP,
	FIELD_DS,
	FIELDS
};

#define NUMBER_BYTES 10
#define IMAGE_MOST   (4 * FIELDS + X87_REGISTERS * NUMBER_BYTES)

#define FOP_MASK 0x7ff

static unsigned field_bytes(const struct insn *in)
{
	return in->width == 2 ? 2 : 4;
}

static unsigned environment_bytes(const struct insn *in)
{
	return FIELDS * field_bytes(in);
}

static unsigned image_bytes(const struct insn *in)
{
	return environment_bytes(in) + X87_REGISTERS * NUMBER_BYTES;
}

static bool has_real_layout(const struct vcpu *c)
{
	return (c->arch.cr0 & CR0_PE) == 0 || (c->arch.rflags & RFLAGS_VM);
}

/* --- pointers --- */

/* In protected mode the opcode lies above FCS, which only 4-byte fields have room for. */
static void put_pointers(const struct vcpu *c, uint32_t fields[FIELDS])
{
	const struct x87 *x = &c->arch.x87;
	uint32_t ip = (uint32_t)x->fip, dp = (uint32_t)x->fdp;

	fields[FIELD_IP] = ip;
	fields[FIELD_DP] = dp;
	fields[FIELD_CS] = (uint32_t)x->fop << 16;
	fields[FIELD_DS] = 0xffff0000;
	if (!has_real_layout(c))
		return;
	fields[FIELD_IP] = 0xffff0000 | (ip & 0xffff);
	fields[FIELD_DP] = 0xffff0000 | (dp & 0xffff);
	fields[FIELD_CS] = ip >> 16 << 12 | x->fop;
	fields[FIELD_DS] = dp >> 16 << 12;
}

static void take_pointers(struct vcpu *c, const uint32_t fields[FIELDS])
{
	struct x87 *x = &c->arch.x87;

	if (has_real_layout(c)) {
		x->fip = (fields[FIELD_IP] & 0xffff) | (fields[FIELD_CS] >> 12 & 0xffff) << 16;
		x->fdp = (fields[FIELD_DP] & 0xffff) | (fields[FIELD_DS] >> 12 & 0xffff) << 16;
		x->fop = fields[FIELD_CS] & FOP_MASK;
	} else {
		x->fip = fields[FIELD_IP];
		x->fdp = fields[FIELD_DP];
		x->fop = fields[FIELD_CS] >> 16 & FOP_MASK;
	}
}

/* --- the environment --- */

static void put_environment(const struct vcpu *c, const struct insn *in, uint8_t *image)
{
	const struct x87 *x = &c->arch.x87;
	unsigned bytes = field_bytes(in);
	uint32_t fields[FIELDS] = {
		0xffff0000 | x->fcw, 0xffff0000 | x->fsw, 0xffff0000 | x87_tag_word(x)};

	put_pointers(c, fields);
	for (unsigned i = 0; i < FIELDS; i++)
		memcpy(image + i * bytes, &fields[i], bytes);
}

/* Of the tags only "empty" counts. */
static uint16_t abridged(uint32_t tags)
{
	uint16_t ftw = 0;

	for (unsigned i = 0; i < X87_REGISTERS; i++)
		if ((tags >> 2 * i & 3) != 3)
			ftw |= (uint16_t)(1u << i);
	return ftw;
}

static void take_environment(struct vcpu *c, const struct insn *in, const uint8_t *image)
{
	struct x87 *x = &c->arch.x87;
	unsigned bytes = field_bytes(in);
	uint32_t fields[FIELDS] = {0};

	for (unsigned i = 0; i < FIELDS; i++)
		memcpy(&fields[i], image + i * bytes, bytes);
	x->fsw = (uint16_t)fields[FIELD_STATUS];
	x->ftw = abridged(fields[FIELD_TAGS]);
	take_pointers(c, fields);
	x87_set_control(x, (uint16_t)fields[FIELD_CONTROL]);
}

MUST_CHECK static struct fault load_image(
	struct vcpu *c, const struct insn *in, unsigned size, uint8_t *image)
{
	uint64_t la;

	TRY(x87_begin(c));
	TRY(operand_linear(c, in, ACCESS_READ, size, &la));
	return mem_load(c, in->seg, la, size, image);
}

MUST_CHECK static struct fault store_image(
	struct vcpu *c, const struct insn *in, unsigned size, const uint8_t *image)
{
	uint64_t la;

	TRY(operand_linear(c, in, ACCESS_WRITE, size, &la));
	return mem_store(c, in->seg, la, size, image);
}

OP_ANY(fldenv)
{
	uint8_t image[IMAGE_MOST];

	TRY(load_image(c, in, environment_bytes(in), image));
	take_environment(c, in, image);
	return no_fault;
}

/* All exceptions are masked afterwards. */
OP_ANY(fnstenv)
{
	uint8_t image[IMAGE_MOST];

	TRY(x87_check(c));
	put_environment(c, in, image);
	TRY(store_image(c, in, environment_bytes(in), image));
	x87_set_control(&c->arch.x87, c->arch.x87.fcw | FSW_FLAGS);
	return no_fault;
}

/* --- the registers behind it, ST(0) first --- */

OP_ANY(frstor)
{
	struct x87 *x = &c->arch.x87;
	uint8_t image[IMAGE_MOST];

	TRY(load_image(c, in, image_bytes(in), image));
	take_environment(c, in, image);
	for (unsigned i = 0; i < X87_REGISTERS; i++) {
		struct xmm st = {{0, 0}};

		memcpy(&st, image + environment_bytes(in) + i * NUMBER_BYTES, NUMBER_BYTES);
		x->st[x87_physical(x, i)] = st;
	}
	return no_fault;
}

OP_ANY(fnsave)
{
	const struct x87 *x = &c->arch.x87;
	uint8_t image[IMAGE_MOST];

	TRY(x87_check(c));
	put_environment(c, in, image);
	for (unsigned i = 0; i < X87_REGISTERS; i++)
		memcpy(image + environment_bytes(in) + i * NUMBER_BYTES, &x->st[x87_physical(x, i)],
			NUMBER_BYTES);
	TRY(store_image(c, in, image_bytes(in), image));
	x87_init(&c->arch.x87);
	return no_fault;
}
