#include "sim/cpu/debug.h"

#define BREAKPOINTS 4

#define DR6_BREAKPOINTS UINT64_C(0xf)

/* R/W of DR7. */
enum condition { ON_EXECUTION, ON_WRITE, ON_PORT, ON_ACCESS };

struct breakpoint {
	enum condition condition;
	unsigned size; /* bytes */
	uint64_t la;   /* or port */
};

/* False: neither locally nor globally enabled. */
static bool breakpoint_get(const struct vcpu *c, unsigned i, struct breakpoint *b)
{
	static const uint8_t sizes[] = {1, 2, 8, 4};
	uint64_t dr7 = c->arch.dr[7];

	b->condition = dr7 >> (16 + 4 * i) & 3;
	b->size = sizes[dr7 >> (18 + 4 * i) & 3];
	b->la = c->arch.dr[i] & ~(uint64_t)(b->size - 1);
	return dr7 >> (2 * i) & 3;
}

static bool looks_at_memory(const struct breakpoint *b, enum access how)
{
	return b->condition == ON_ACCESS || (b->condition == ON_WRITE && how == ACCESS_WRITE);
}

/* Do the bytes at la and the breakpoint's have one in common? */
static bool touches(const struct breakpoint *b, uint64_t la, unsigned size)
{
	return la - b->la < b->size || b->la - la < size;
}

bool debug_sees_data(const struct vcpu *c)
{
	struct breakpoint b;

	for (unsigned i = 0; i < BREAKPOINTS; i++)
		if (breakpoint_get(c, i, &b) && looks_at_memory(&b, ACCESS_WRITE))
			return true;
	return false;
}

/* Those on the instruction at la, which RF holds back. */
static uint64_t met_by_execution(const struct vcpu *c, uint64_t la)
{
	uint64_t met = 0;
	struct breakpoint b;

	for (unsigned i = 0; i < BREAKPOINTS && (c->arch.rflags & RFLAGS_RF) == 0; i++)
		if (breakpoint_get(c, i, &b) && b.condition == ON_EXECUTION && c->arch.dr[i] == la)
			met |= BIT(i);
	return met;
}

/* A fault, but for which RF stays as it is in the image of RFLAGS (SDM "Resume Flag"). */
struct fault debug_before(struct vcpu *c, uint64_t la)
{
	uint64_t met = met_by_execution(c, la);

	return met != 0 ? debug_exception(c, met) : no_fault;
}

void debug_access(struct vcpu *c, enum access how, uint64_t la, unsigned size)
{
	struct breakpoint b;

	for (unsigned i = 0; i < BREAKPOINTS; i++)
		if (breakpoint_get(c, i, &b) && looks_at_memory(&b, how) && touches(&b, la, size))
			c->met |= BIT(i);
}

/* Without CR4.DE the condition is undefined; here it never holds. */
void debug_port(struct vcpu *c, uint16_t port, unsigned size)
{
	struct breakpoint b;

	if ((c->arch.cr4 & CR4_DE) == 0)
		return;
	for (unsigned i = 0; i < BREAKPOINTS; i++)
		if (breakpoint_get(c, i, &b) && b.condition == ON_PORT && touches(&b, port, size))
			c->met |= BIT(i);
}

/* B0 to B3 are of this exception, the other bits stay until software clears them. */
struct fault debug_exception(struct vcpu *c, uint64_t why)
{
	why |= c->arch.debug_pending;
	c->arch.debug_pending = 0;
	c->arch.dr[6] = (c->arch.dr[6] & ~DR6_BREAKPOINTS) | why;
	return fault_exception(VECTOR_DB);
}

/* After a load of SS breakpoints wait for the next boundary, and the single step is lost. A
 * breakpoint on the next instruction is reported in passing. */
struct fault debug_after(struct vcpu *c, uint64_t la, bool stepping)
{
	c->arch.debug_pending |= c->met;
	c->met = 0;
	if (c->arch.shadow == SHADOW_MOV_SS || (!stepping && c->arch.debug_pending == 0))
		return no_fault;
	return debug_exception(c, met_by_execution(c, la) | (stepping ? DR6_BS : 0));
}
