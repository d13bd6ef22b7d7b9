/* exec_bits.c - bit tests and scans, byte swaps, exchanges. */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

/* --- BT, BTS, BTR, BTC: only CF changes. A register bit offset reaches beyond a memory operand:
 * the bit string may lie anywhere around it. --- */

enum bit_change { BIT_KEEP, BIT_SET, BIT_RESET, BIT_FLIP };

static uint64_t bit_changed(uint64_t value, unsigned bit, enum bit_change change)
{
	switch (change) {
	case BIT_SET:
		return value | BIT(bit);
	case BIT_RESET:
		return value & ~BIT(bit);
	case BIT_FLIP:
		return value ^ BIT(bit);
	default:
		return value;
	}
}

MUST_CHECK static struct fault bit_string_address(
	struct vcpu *c, const struct insn *in, int64_t offset, enum access how, uint64_t *la)
{
	uint64_t at = operand_offset(c, in) +
		      (uint64_t)((offset >> (3 + width_log2(in->width))) * in->width);

	if (in->address_size != 8)
		at = zero_extend(at, in->address_size);
	return segment_linear(c, in->seg, at, in->width, how, la);
}

MUST_CHECK static struct fault bit_test(
	struct vcpu *c, const struct insn *in, enum bit_change change)
{
	unsigned bits = in->width * 8u;
	bool string = in->place[0] == PLACE_MEM && in->place[1] == PLACE_REG;
	uint64_t offset, la, value = 0;
	unsigned bit;

	TRY(operand_load(c, in, 1, in->width, &offset));
	bit = offset & (bits - 1);
	if (in->place[0] == PLACE_REG) {
		value = reg_get(c, in->reg[0], in->width);
		if (change != BIT_KEEP)
			reg_set(c, in->reg[0], in->width, bit_changed(value, bit, change));
	} else {
		enum access how = change == BIT_KEEP ? ACCESS_READ : ACCESS_WRITE;
		uint64_t changed;
		uint8_t *host;

		TRY(bit_string_address(
			c, in, string ? sign_extend(offset, in->width) : 0, how, &la));
		if (change == BIT_KEEP) {
			TRY(mem_load(c, in->seg, la, in->width, &value));
		} else {
			TRY(mem_open(c, in->seg, la, in->width, &host));
			memcpy(&value, host, in->width);
			changed = bit_changed(value, bit, change);
			memcpy(host, &changed, in->width);
			mem_commit(c, host);
		}
	}
	flags_write(c, RFLAGS_CF, value >> bit & 1 ? RFLAGS_CF : 0);
	return no_fault;
}

OP_ANY(bt)
{
	return bit_test(c, in, BIT_KEEP);
}

OP_ANY(bts)
{
	return bit_test(c, in, BIT_SET);
}

OP_ANY(btr)
{
	return bit_test(c, in, BIT_RESET);
}

OP_ANY(btc)
{
	return bit_test(c, in, BIT_FLIP);
}

/* A source of 0 sets ZF and leaves the destination, as processors do; the other flags, undefined,
 * are those of a logic operation on the source. A 32-bit destination that is left keeps even its
 * upper half. */
MUST_CHECK static struct fault bit_scan(struct vcpu *c, const struct insn *in, bool reverse)
{
	uint64_t source;

	TRY(operand_load(c, in, 1, in->width, &source));
	flags_set_logic(c, in->width, sign_extend(source, in->width));
	if (source == 0)
		return no_fault;
	reg_set(c, in->reg[0], in->width,
		(uint64_t)(reverse ? 63 - __builtin_clzll(source) : __builtin_ctzll(source)));
	return no_fault;
}

OP_ANY(bsf)
{
	return bit_scan(c, in, false);
}

OP_ANY(bsr)
{
	return bit_scan(c, in, true);
}

/* Of a 16-bit register the result is undefined: 0, as on processors. */
OP_ANY(bswap)
{
	uint64_t v = reg_get(c, in->reg[0], in->width);

	v = in->width == 8 ? __builtin_bswap64(v) : in->width == 4 ? __builtin_bswap32(v) : 0;
	reg_set(c, in->reg[0], in->width, v);
	return no_fault;
}

static uint64_t swapped(uint64_t v, unsigned width)
{
	return __builtin_bswap64(v) >> (64 - 8 * width);
}

OP_ANY(movbe)
{
	uint64_t value;

	TRY(operand_load(c, in, 1, in->width, &value));
	return operand_store(c, in, 0, in->width, swapped(value, in->width));
}

/* --- CRC32: the Castagnoli polynomial, lowest bit first; the result is always 32 bits --- */

#define CRC32_POLYNOMIAL 0x82f63b78u

MUST_CHECK static struct fault crc32_by(struct vcpu *c, const struct insn *in, unsigned width)
{
	uint64_t source;
	uint32_t crc;

	TRY(operand_load(c, in, 1, width, &source));
	crc = (uint32_t)reg_get(c, in->reg[0], 4);
	for (unsigned i = 0; i < 8 * width; i++) {
		bool divides = (crc ^ source >> i) & 1;

		crc = crc >> 1 ^ (divides ? CRC32_POLYNOMIAL : 0);
	}
	reg_set(c, in->reg[0], 4, crc);
	return no_fault;
}

OP_ANY(crc32_byte)
{
	return crc32_by(c, in, 1);
}

OP_ANY(crc32)
{
	return crc32_by(c, in, in->width);
}

/* --- exchanges --- */

OP_ANY(xchg)
{
	uint64_t other = reg_get(c, in->reg[1], in->width);
	struct operand o;

	TRY(operand_open(c, in, 0, in->width, &o));
	operand_commit(c, &o, in->width, other);
	reg_set(c, in->reg[1], in->width, o.value);
	return no_fault;
}

OP_ANY(xadd)
{
	uint64_t addend = reg_get(c, in->reg[1], in->width);
	struct operand o;
	uint64_t sum;

	TRY(operand_open(c, in, 0, in->width, &o));
	sum = o.value + addend;
	reg_set(c, in->reg[1], in->width, o.value);
	operand_commit(c, &o, in->width, sum);
	flags_set_lazy(c, LAZY_ADD, in->width, sign_extend(o.value, in->width),
		sign_extend(addend, in->width));
	return no_fault;
}

/* The destination is written in any case, with its old value if the comparison fails. */
OP_ANY(cmpxchg)
{
	int64_t expected = reg_get_signed(c, REG_OFFSET(RAX), in->width), found;
	struct operand o;
	bool equal;

	TRY(operand_open(c, in, 0, in->width, &o));
	found = sign_extend(o.value, in->width);
	equal = found == expected;
	if (!equal)
		reg_set(c, REG_OFFSET(RAX), in->width, o.value);
	if (equal || o.host != NULL)
		operand_commit(
			c, &o, in->width, equal ? reg_get(c, in->reg[1], in->width) : o.value);
	flags_set_lazy(c, LAZY_SUB, in->width, expected, found);
	return no_fault;
}

/* CMPXCHG8B, CMPXCHG16B: rDX:rAX with memory, which must be aligned for 16 bytes. Only ZF
 * changes. */
OP_ANY(cmpxchg16b)
{
	unsigned half = in->width, size = 2 * half;
	uint64_t found[2] = {0, 0}, put[2], la;
	uint8_t *host;
	bool equal;

	if (size == 16 && !model_has(c->model, FEATURE_cx16))
		return fault_ud;
	TRY(operand_linear(c, in, ACCESS_WRITE, size, &la));
	if (size == 16 && (la & 15) != 0)
		return fault_gp(0);
	TRY(mem_open(c, in->seg, la, size, &host));
	memcpy(&found[0], host, half);
	memcpy(&found[1], host + half, half);
	equal = found[0] == reg_get(c, REG_OFFSET(RAX), half) &&
		found[1] == reg_get(c, REG_OFFSET(RDX), half);
	put[0] = equal ? c->arch.gpr[RBX] : found[0];
	put[1] = equal ? c->arch.gpr[RCX] : found[1];
	memcpy(host, &put[0], half);
	memcpy(host + half, &put[1], half);
	mem_commit(c, host);
	if (!equal) {
		reg_set(c, REG_OFFSET(RAX), half, found[0]);
		reg_set(c, REG_OFFSET(RDX), half, found[1]);
	}
	flags_write(c, RFLAGS_ZF, equal ? RFLAGS_ZF : 0);
	return no_fault;
}

/* XLAT: AL = [rBX + AL]. */
OP_ANY(xlat)
{
	uint64_t offset = c->arch.gpr[RBX] + (uint8_t)c->arch.gpr[RAX], la;
	uint8_t value;

	TRY(segment_linear(c, in->seg, zero_extend(offset, in->address_size), 1, ACCESS_READ, &la));
	TRY(mem_load(c, in->seg, la, 1, &value));
	reg_set(c, REG_OFFSET(RAX), 1, value);
	return no_fault;
}

/* --- flags by themselves --- */

OP_ANY(lahf)
{
	flags_settle(c);
	reg_set(c, REG_OFFSET(RAX) + 1, 1, (c->arch.rflags & 0xd5) | RFLAGS_ONE);
	return no_fault;
}

OP_ANY(sahf)
{
	flags_write(c, RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF | RFLAGS_CF,
		reg_get(c, REG_OFFSET(RAX) + 1, 1));
	return no_fault;
}

OP_ANY(clc)
{
	flags_write(c, RFLAGS_CF, 0);
	return no_fault;
}

OP_ANY(stc)
{
	flags_write(c, RFLAGS_CF, RFLAGS_CF);
	return no_fault;
}

OP_ANY(cmc)
{
	flags_write(c, RFLAGS_CF, ~(uint64_t)flags_carry(c));
	return no_fault;
}

OP_ANY(cld)
{
	c->arch.rflags &= ~RFLAGS_DF;
	return no_fault;
}

OP_ANY(std)
{
	c->arch.rflags |= RFLAGS_DF;
	return no_fault;
}

/* SALC, which no manual has: AL is CF, in all bits. */
OP_ANY(salc)
{
	reg_set(c, REG_OFFSET(RAX), 1, flags_carry(c) ? 0xff : 0);
	return no_fault;
}

OP_ANY(nop)
{
	return no_fault;
}

OP_ANY(mfence)
{
	mem_fence(c);
	return no_fault;
}

/* CLFLUSH reads its operand's page as a load would. */
OP_ANY(clflush)
{
	uint64_t value;

	return operand_load(c, in, 0, 1, &value);
}

OP_ANY(ud)
{
	return fault_ud;
}

OP_ANY(too_far)
{
	return cpu_refuse(c, "a displacement from RIP at the end of the 2 GiB that it reaches");
}
