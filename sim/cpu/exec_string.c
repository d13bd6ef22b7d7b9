/* exec_string.c - string instructions, with and without a repeat prefix.
 *
 * Each is alone in its block, so c->left says exactly how many iterations this run may still make.
 * An iteration is a step; the last one retires the instruction. Until then RIP stays, and RCX, RSI
 * and RDI tell how far it came (SDM REP). Between iterations RF is set (SDM "Resume Flag").
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

/* At most so many iterations at once, on the fast path and in one page; 0 if it has to be one. */
typedef uint64_t (*iterations)(struct vcpu *c, const struct insn *in, uint64_t most);

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

static uint64_t none_at_once(struct vcpu *c, const struct insn *in, uint64_t most)
{
	(void)c, (void)in, (void)most;
	return 0;
}

static bool repeats(const struct insn *in)
{
	return in->prefix & (PREFIX_REP | PREFIX_REPNE);
}

/* Processors truncate RCX, and what REP MOVS and REP STOS use, before anything else, so that it
 * shows even where nothing is done. */
static void narrow(struct vcpu *c, const struct insn *in, unsigned reg)
{
	if (in->address_size == 4 && repeats(in))
		c->arch.gpr[reg] = (uint32_t)c->arch.gpr[reg];
}

MUST_CHECK static struct fault repeat(
	struct vcpu *c, const struct insn *in, iteration once, iterations at_once)
{
	uint64_t done = 0, left = zero_extend(c->arch.gpr[RCX], in->address_size);
	uint64_t most = c->slow_access ? 1 : (uint64_t)c->left; /* in one go */
	bool more = true;

	if (!repeats(in)) {
		TRY(once(c, in, &more));
		return retire(c, in);
	}
	narrow(c, in, RCX);
	if (left == 0)
		return retire(c, in);
	for (;;) {
		uint64_t n = at_once(c, in, min_u64(left, most - done));

		if (n == 0) {
			struct fault f = once(c, in, &more);

			if (f.raw) {
				account(c, done);
				if (done != 0)
					c->arch.rflags |= RFLAGS_RF;
				return f;
			}
			n = 1;
		}
		done += n;
		left -= n;
		reg_set(c, REG_OFFSET(RCX), in->address_size, left);
		if (!more || left == 0) {
			account(c, done - 1);
			return retire(c, in);
		}
		if (done == most) {
			account(c, done - 1);
			c->uncounted++;
			c->arch.rflags |= RFLAGS_RF;
			return fault_stop;
		}
	}
}

/* Elements from la to the end of its page, where a run of them may be handled at once. */
static uint64_t elements_in_page(const struct vcpu *c, const struct insn *in, uint64_t la)
{
	if (c->mode != CODE_64 || in->address_size != 8 || in->seg >= FS ||
		(c->arch.rflags & RFLAGS_DF))
		return 0;
	return (PAGE_SIZE - (la & PAGE_MASK)) / in->width;
}

static uint64_t movs_at_once(struct vcpu *c, const struct insn *in, uint64_t most)
{
	uint64_t from = c->arch.gpr[RSI], to = c->arch.gpr[RDI], n = most;
	const struct soft_entry *source = soft_entry(c->soft, from);
	const struct soft_entry *dest = soft_entry(c->soft, to);
	uint8_t *host_from, *host_to;
	uint64_t size;

	n = min_u64(n, elements_in_page(c, in, from));
	n = min_u64(n, elements_in_page(c, in, to));
	if (n == 0 || !soft_reads(source, from, 1) || !soft_writes(dest, to, 1))
		return 0;
	host_from = soft_host(source, from);
	host_to = soft_host(dest, to);
	size = n * in->width;
	if ((uint64_t)(host_to - host_from) >= size) {
		memmove(host_to, host_from, size);
	} else { /* the destination lies a little ahead: elements repeat */
		for (uint64_t i = 0; i < size; i += in->width)
			memmove(host_to + i, host_from + i, in->width);
	}
	c->arch.gpr[RSI] += size;
	c->arch.gpr[RDI] += size;
	return n;
}

static uint64_t stos_at_once(struct vcpu *c, const struct insn *in, uint64_t most)
{
	uint64_t to = c->arch.gpr[RDI], n = min_u64(most, elements_in_page(c, in, to));
	const struct soft_entry *dest = soft_entry(c->soft, to);

	if (n == 0 || !soft_writes(dest, to, 1))
		return 0;
	for (uint64_t i = 0; i < n; i++)
		memcpy(soft_host(dest, to) + i * in->width, &c->arch.gpr[RAX], in->width);
	c->arch.gpr[RDI] += n * in->width;
	return n;
}

static struct fault movs_once(struct vcpu *c, const struct insn *in, bool *more)
{
	uint64_t from, to, value;

	(void)more;
	TRY(source_address(c, in, &from));
	TRY(mem_load(c, in->seg, from, in->width, &value));
	TRY(dest_address(c, in, ACCESS_WRITE, &to));
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

/* The flags of a comparison that others follow are never seen: SDM "REP/REPE/REPZ/REPNE/REPNZ", and
 * processors restore them before they take an interrupt or fault. */
static bool is_last(const struct vcpu *c, const struct insn *in, bool more)
{
	return !more || !repeats(in) || zero_extend(c->arch.gpr[RCX], in->address_size) == 1;
}

static struct fault cmps_once(struct vcpu *c, const struct insn *in, bool *more)
{
	uint64_t from, to, a = 0, b = 0;

	TRY(dest_address(c, in, ACCESS_READ, &to)); /* first, as on processors */
	TRY(mem_load(c, ES, to, in->width, &b));
	TRY(source_address(c, in, &from));
	TRY(mem_load(c, in->seg, from, in->width, &a));
	*more = goes_on(in, a == b);
	if (is_last(c, in, *more))
		flags_set_lazy(c, LAZY_SUB, in->width, sign_extend(a, in->width),
			sign_extend(b, in->width));
	advance(c, in, RSI);
	advance(c, in, RDI);
	return no_fault;
}

static struct fault scas_once(struct vcpu *c, const struct insn *in, bool *more)
{
	int64_t a = reg_get_signed(c, REG_OFFSET(RAX), in->width);
	uint64_t to, b = 0;

	TRY(dest_address(c, in, ACCESS_READ, &to));
	TRY(mem_load(c, ES, to, in->width, &b));
	*more = goes_on(in, a == sign_extend(b, in->width));
	if (is_last(c, in, *more))
		flags_set_lazy(c, LAZY_SUB, in->width, a, sign_extend(b, in->width));
	advance(c, in, RDI);
	return no_fault;
}

OP_ANY(movs)
{
	narrow(c, in, RSI);
	narrow(c, in, RDI);
	return repeat(c, in, movs_once, movs_at_once);
}

OP_ANY(stos)
{
	narrow(c, in, RDI);
	return repeat(c, in, stos_once, stos_at_once);
}

OP_ANY(lods)
{
	return repeat(c, in, lods_once, none_at_once);
}

OP_ANY(cmps)
{
	return repeat(c, in, cmps_once, none_at_once);
}

OP_ANY(scas)
{
	return repeat(c, in, scas_once, none_at_once);
}
