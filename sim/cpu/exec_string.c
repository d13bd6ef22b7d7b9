/* exec_string.c - string instructions, with and without a repeat prefix.
 *
 * Each is alone in its block, so c->left says exactly how many iterations this run may still make.
 * An iteration is a step; the last one retires the instruction. Until then RIP stays, and RCX, RSI
 * and RDI tell how far it came (SDM REP).
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

/* One iteration; *more is false when a comparison ends the repetition. */
typedef struct fault (*iteration)(struct vcpu *c, const struct insn *in, bool *more);

static void advance(struct vcpu *c, const struct insn *in, unsigned reg)
{
	uint64_t by = c->arch.rflags & RFLAGS_DF ? -(uint64_t)in->width : in->width;

	reg_set(c, REG_OFFSET(reg), in->address_size, c->arch.gpr[reg] + by);
}

MUST_CHECK static struct fault source_address(struct vcpu *c, const struct insn *in, uint64_t *la)
{
	return segment_linear(c, in->seg, zero_extend(c->arch.gpr[RSI], in->address_size),
		in->width, ACCESS_READ, la);
}

MUST_CHECK static struct fault dest_address(
	struct vcpu *c, const struct insn *in, enum access how, uint64_t *la)
{
	return segment_linear(
		c, ES, zero_extend(c->arch.gpr[RDI], in->address_size), in->width, how, la);
}

static struct fault retire(struct vcpu *c, const struct insn *in)
{
	c->arch.rip = next_rip(c, in);
	if (c->mode != CODE_64)
		c->arch.rip = (uint32_t)c->arch.rip;
	return fault_end;
}

/* Accounts for all iterations but the one that the block counts itself. */
static void account(struct vcpu *c, uint64_t done)
{
	c->left -= (int64_t)done;
	c->uncounted += done;
}

MUST_CHECK static struct fault repeat(struct vcpu *c, const struct insn *in, iteration once)
{
	bool more = true;
	uint64_t done = 0;

	if ((in->prefix & (PREFIX_REP | PREFIX_REPNE)) == 0) {
		TRY(once(c, in, &more));
		return retire(c, in);
	}
	if (zero_extend(c->arch.gpr[RCX], in->address_size) == 0)
		return retire(c, in);
	for (;;) {
		struct fault f = once(c, in, &more);

		if (f.raw) {
			account(c, done);
			return f;
		}
		reg_set(c, REG_OFFSET(RCX), in->address_size, c->arch.gpr[RCX] - 1);
		if (!more || zero_extend(c->arch.gpr[RCX], in->address_size) == 0) {
			account(c, done);
			return retire(c, in);
		}
		if (++done == (uint64_t)c->left) {
			account(c, done - 1);
			c->uncounted++;
			return fault_stop;
		}
	}
}

static struct fault movs_once(struct vcpu *c, const struct insn *in, bool *more)
{
	uint64_t from, to, value;

	(void)more;
	TRY(source_address(c, in, &from));
	TRY(dest_address(c, in, ACCESS_WRITE, &to));
	TRY(mem_load(c, in->seg, from, in->width, &value));
	TRY(mem_store(c, ES, to, in->width, &value));
	advance(c, in, RSI);
	advance(c, in, RDI);
	return no_fault;
}

static struct fault stos_once(struct vcpu *c, const struct insn *in, bool *more)
{
	uint64_t to;

	(void)more;
	TRY(dest_address(c, in, ACCESS_WRITE, &to));
	TRY(mem_store(c, ES, to, in->width, &c->arch.gpr[RAX]));
	advance(c, in, RDI);
	return no_fault;
}

static struct fault lods_once(struct vcpu *c, const struct insn *in, bool *more)
{
	uint64_t from, value = 0;

	(void)more;
	TRY(source_address(c, in, &from));
	TRY(mem_load(c, in->seg, from, in->width, &value));
	reg_set(c, REG_OFFSET(RAX), in->width, value);
	advance(c, in, RSI);
	return no_fault;
}

/* REPE goes on while equal, REPNE while not. */
static bool goes_on(const struct insn *in, bool equal)
{
	return equal == ((in->prefix & PREFIX_REPNE) == 0);
}

static struct fault cmps_once(struct vcpu *c, const struct insn *in, bool *more)
{
	uint64_t from, to, a = 0, b = 0;

	TRY(source_address(c, in, &from));
	TRY(dest_address(c, in, ACCESS_READ, &to));
	TRY(mem_load(c, in->seg, from, in->width, &a));
	TRY(mem_load(c, ES, to, in->width, &b));
	flags_set_lazy(
		c, LAZY_SUB, in->width, sign_extend(a, in->width), sign_extend(b, in->width));
	advance(c, in, RSI);
	advance(c, in, RDI);
	*more = goes_on(in, a == b);
	return no_fault;
}

static struct fault scas_once(struct vcpu *c, const struct insn *in, bool *more)
{
	int64_t a = reg_get_signed(c, REG_OFFSET(RAX), in->width);
	uint64_t to, b = 0;

	TRY(dest_address(c, in, ACCESS_READ, &to));
	TRY(mem_load(c, ES, to, in->width, &b));
	flags_set_lazy(c, LAZY_SUB, in->width, a, sign_extend(b, in->width));
	advance(c, in, RDI);
	*more = goes_on(in, a == sign_extend(b, in->width));
	return no_fault;
}

OP_ANY(movs)
{
	return repeat(c, in, movs_once);
}

OP_ANY(stos)
{
	return repeat(c, in, stos_once);
}

OP_ANY(lods)
{
	return repeat(c, in, lods_once);
}

OP_ANY(cmps)
{
	return repeat(c, in, cmps_once);
}

OP_ANY(scas)
{
	return repeat(c, in, scas_once);
}
