/* exec_io.c - port input and output, by themselves and as strings. Done only in exclusive steps. */
#include "sim/cpu/debug.h"
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/segment.h"
#include "sim/cpu/v8086.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

/* SDM "I/O Permission Bit Map": the map in the TSS decides where CPL exceeds IOPL. */
MUST_CHECK static struct fault map_allows(struct vcpu *c, uint16_t port, unsigned size)
{
	const struct segment *tr = &c->arch.seg[TR];
	uint16_t map, bits;

	if (tr->limit < 0x67 ||
		(tr->attr & 0xd) != SYSTEM_TSS_AVAILABLE) /* 16-bit TSSs have none */
		return fault_gp(0);
	TRY(mem_system_load(c, tr->base + 0x66, 2, &map));
	if (map + port / 8u + 1 > tr->limit)
		return fault_gp(0);
	TRY(mem_system_load(c, tr->base + map + port / 8u, 2, &bits));
	return (bits >> (port & 7) & ((1u << size) - 1)) == 0 ? no_fault : fault_gp(0);
}

MUST_CHECK static struct fault need_port(struct vcpu *c, uint16_t port, unsigned size)
{
	if (in_v8086(c) || cpu_cpl(c) > bits_get(c->arch.rflags, RFLAGS_IOPL))
		TRY(map_allows(c, port, size));
	return c->exclusive ? no_fault : fault_retry;
}

static uint64_t port_read(struct vcpu *c, uint16_t port, unsigned width)
{
	debug_port(c, port, width);
	mem_fence(c);
	return c->bus.port_read(c->bus.context, port, width);
}

static void port_write(struct vcpu *c, uint16_t port, unsigned width, uint64_t value)
{
	debug_port(c, port, width);
	mem_fence(c);
	c->bus.port_write(c->bus.context, port, width, value);
}

/* Operand size of a port access is at most 4 bytes. */
static unsigned io_width(const struct insn *in)
{
	return in->width == 8 ? 4 : in->width;
}

OP_ANY(in)
{
	unsigned width = io_width(in);
	uint64_t port;

	TRY(operand_load(c, in, 1, in->place[1] == PLACE_IMM ? 1 : 2, &port));
	TRY(need_port(c, (uint16_t)port, width));
	reg_set(c, REG_OFFSET(RAX), width, port_read(c, (uint16_t)port, width));
	return no_fault;
}

OP_ANY(out)
{
	unsigned width = io_width(in);
	uint64_t port;

	TRY(operand_load(c, in, 0, in->place[0] == PLACE_IMM ? 1 : 2, &port));
	TRY(need_port(c, (uint16_t)port, width));
	port_write(c, (uint16_t)port, width, reg_get(c, REG_OFFSET(RAX), width));
	return no_fault;
}

/* --- INS, OUTS: one iteration a step, since each is an exclusive one --- */

static void advance(struct vcpu *c, const struct insn *in, unsigned reg)
{
	uint64_t by = io_width(in);

	if (c->arch.rflags & RFLAGS_DF)
		by = -by;
	reg_set(c, REG_OFFSET(reg), in->address_size, c->arch.gpr[reg] + by);
}

/* After an iteration: the next one, or the next instruction. */
static struct fault iterated(struct vcpu *c, const struct insn *in)
{
	if (in->prefix & (PREFIX_REP | PREFIX_REPNE)) {
		uint64_t left = zero_extend(c->arch.gpr[RCX] - 1, in->address_size);

		reg_set(c, REG_OFFSET(RCX), in->address_size, left);
		if (left != 0) {
			c->uncounted++;
			c->arch.rflags |= RFLAGS_RF; /* SDM "Resume Flag": between iterations */
			return fault_stop;
		}
	}
	c->arch.rip = next_rip(c, in);
	return fault_stop;
}

static bool nothing_to_do(const struct vcpu *c, const struct insn *in)
{
	return (in->prefix & (PREFIX_REP | PREFIX_REPNE)) &&
	       zero_extend(c->arch.gpr[RCX], in->address_size) == 0;
}

OP_ANY(ins)
{
	uint16_t port = (uint16_t)c->arch.gpr[RDX];
	unsigned width = io_width(in);
	uint64_t la, value;
	uint8_t *host;

	TRY(need_port(c, port, width)); /* even if there is nothing to do */
	if (nothing_to_do(c, in)) {
		c->arch.rip = next_rip(c, in);
		return fault_stop;
	}
	TRY(segment_linear(
		c, ES, zero_extend(c->arch.gpr[RDI], in->address_size), width, ACCESS_WRITE, &la));
	TRY(mem_open(c, ES, la, width, &host));
	value = port_read(c, port, width);
	memcpy(host, &value, width);
	mem_commit(c, host);
	advance(c, in, RDI);
	return iterated(c, in);
}

OP_ANY(outs)
{
	uint16_t port = (uint16_t)c->arch.gpr[RDX];
	unsigned width = io_width(in);
	uint64_t la, value = 0;

	TRY(need_port(c, port, width)); /* even if there is nothing to do */
	if (nothing_to_do(c, in)) {
		c->arch.rip = next_rip(c, in);
		return fault_stop;
	}
	TRY(segment_linear(c, in->seg, zero_extend(c->arch.gpr[RSI], in->address_size), width,
		ACCESS_READ, &la));
	TRY(mem_load(c, in->seg, la, width, &value));
	port_write(c, port, width, value);
	advance(c, in, RSI);
	return iterated(c, in);
}
