/* The registers of the local APIC, as MMIO and as MSRs (SDM "The Local APIC Block Diagram" and
 * "x2APIC Register Address Space"). One table says which there are and which bits may be written;
 * one function reads, one writes.
 */
#include "sim/apic/lapic_parts.h"

enum register_index {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_RRD = 0x0c,
	REG_LDR = 0x0d,
	REG_DFR = 0x0e,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_ICR = 0x30,
	REG_ICR_HIGH = 0x31,
	REG_LVT = 0x32,
	REG_INITIAL = 0x38,
	REG_CURRENT = 0x39,
	REG_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f,
	REGISTERS = 0x40,
};

/* How a register may be used: R, W in xAPIC mode, MR, MW in x2APIC mode. */
enum { R = 1, W = 2, MR = 4, MW = 8, RW = R | W, READ = R | MR, WRITE = W | MW };

struct lapic_register {
	uint8_t access;
	uint32_t bits; /* that software may set */
};

#define LVT_PLAIN    0x000110ff              /* mask, delivery status, vector */
#define LVT_DELIVERY (LVT_PLAIN | 0x700)     /* and delivery mode */
#define LVT_PIN      (LVT_DELIVERY | 0xe000) /* and trigger, remote IRR, polarity */
#define LVT_RO       (APIC_STATUS | APIC_REMOTE_IRR)

static const struct lapic_register registers[REGISTERS] = {
	[REG_ID] = {READ, 0},
	[REG_VERSION] = {READ, 0},
	[REG_TPR] = {READ | WRITE, 0xff},
	[REG_APR] = {R, 0},
	[REG_PPR] = {READ, 0},
	[REG_EOI] = {WRITE, 0},
	[REG_RRD] = {R, 0},
	[REG_LDR] = {RW | MR, 0xff000000},
	[REG_DFR] = {RW, 0xf0000000},
	[REG_SVR] = {READ | WRITE, 0x1ff},
	[REG_ISR... REG_ISR + 7] = {READ, 0},
	[REG_TMR... REG_TMR + 7] = {READ, 0},
	[REG_IRR... REG_IRR + 7] = {READ, 0},
	[REG_ESR] = {READ | WRITE, 0},
	[REG_ICR] = {READ | WRITE, 0x000cdfff},
	[REG_ICR_HIGH] = {RW, 0xff000000},
	[REG_LVT + LVT_TIMER] = {READ | WRITE, LVT_PLAIN | 0x60000},
	[REG_LVT + LVT_THERMAL] = {READ | WRITE, LVT_DELIVERY},
	[REG_LVT + LVT_PERF] = {READ | WRITE, LVT_DELIVERY},
	[REG_LVT + LVT_LINT0] = {READ | WRITE, LVT_PIN},
	[REG_LVT + LVT_LINT1] = {READ | WRITE, LVT_PIN},
	[REG_LVT + LVT_ERROR] = {READ | WRITE, LVT_PLAIN},
	[REG_INITIAL] = {READ | WRITE, 0xffffffff},
	[REG_CURRENT] = {READ, 0},
	[REG_DIVIDE] = {READ | WRITE, 0xb},
	[REG_SELF_IPI] = {MW, 0xff},
};

#define VERSION (0x14 | (LVT_COUNT - 1) << 16)

#define ICR_SHORTHAND (BIT(18) | BIT(19))
#define ICR_ASSERT    BIT(14)

enum shorthand { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

static uint32_t register_read(const struct lapic *l, unsigned reg)
{
	const struct lapic_state *s = &l->state;

	if (reg >= REG_ISR && reg < REG_ISR + 8)
		return s->isr[reg - REG_ISR];
	if (reg >= REG_TMR && reg < REG_TMR + 8)
		return s->tmr[reg - REG_TMR];
	if (reg >= REG_IRR && reg < REG_IRR + 8)
		return s->irr[reg - REG_IRR];
	if (reg >= REG_LVT && reg < REG_LVT + LVT_COUNT)
		return s->lvt[reg - REG_LVT];
	switch (reg) {
	case REG_ID:
		return lapic_mode(l) == LAPIC_X2APIC ? s->id : s->id << 24;
	case REG_VERSION:
		return VERSION;
	case REG_TPR:
		return s->tpr;
	case REG_PPR:
		return lapic_ppr(l);
	case REG_LDR:
		return s->ldr;
	case REG_DFR:
		return s->dfr;
	case REG_SVR:
		return s->svr;
	case REG_ESR:
		return s->esr;
	case REG_ICR:
		return (uint32_t)s->icr;
	case REG_ICR_HIGH:
		return s->icr >> 32;
	case REG_INITIAL:
		return s->initial_count;
	case REG_CURRENT:
		return lapic_timer_current(l);
	case REG_DIVIDE:
		return s->divide;
	}
	return 0;
}

/* Whom the ICR names. */
static void icr_destination(const struct lapic *l, struct apic_message *m)
{
	uint64_t icr = l->state.icr;

	m->sender = l->state.id;
	switch ((enum shorthand)bits_get(icr, ICR_SHORTHAND)) {
	case SHORTHAND_SELF:
		m->kind = DESTINATION_PHYSICAL;
		m->destination = l->state.id;
		return;
	case SHORTHAND_ALL:
		m->kind = DESTINATION_ALL;
		return;
	case SHORTHAND_OTHERS:
		m->kind = DESTINATION_ALL_BUT_SENDER;
		return;
	case SHORTHAND_NONE:
		break;
	}
	if (lapic_mode(l) != LAPIC_X2APIC) {
		apic_destination8(m, icr & APIC_LOGICAL, (uint8_t)(icr >> 56));
		return;
	}
	m->kind = icr & APIC_LOGICAL ? DESTINATION_LOGICAL : DESTINATION_PHYSICAL;
	m->destination = icr >> 32;
	if (m->destination == DESTINATION_ALL_X2APIC)
		m->kind = DESTINATION_ALL;
}

/* SDM "Issuing Interprocessor Interrupts". IPIs are edges, whatever the trigger mode says; an INIT
 * level de-assert does nothing, as on all processors since the Pentium 4.
 */
static void icr_send(struct lapic *l)
{
	uint64_t icr = l->state.icr;
	struct apic_message m = {
		.mode = (enum delivery_mode)bits_get(icr, APIC_DELIVERY),
		.vector = (uint8_t)icr,
	};

	if (m.mode == DELIVER_INIT && (icr & APIC_LEVEL) && !(icr & ICR_ASSERT))
		return;
	if (m.mode == DELIVER_LOWEST && lapic_mode(l) == LAPIC_X2APIC) {
		lapic_error(l, ESR_REDIRECTABLE);
		return;
	}
	if (m.mode <= DELIVER_LOWEST && m.vector < APIC_VECTOR_FIRST) {
		lapic_error(l, ESR_SEND_ILLEGAL);
		return;
	}
	if (m.mode == DELIVER_EXTINT) /* reserved in the ICR */
		return;
	icr_destination(l, &m);
	apic_send(l->bus, &m);
}

static void self_ipi(struct lapic *l, uint8_t vector)
{
	struct apic_message m = {.vector = vector, .destination = l->state.id};

	if (vector < APIC_VECTOR_FIRST)
		lapic_error(l, ESR_SEND_ILLEGAL);
	else
		apic_send(l->bus, &m);
}

/* While the local APIC is disabled by software every LVT entry stays masked. */
static void write_lvt(struct lapic *l, unsigned which, uint32_t value)
{
	uint32_t kept = value & APIC_LEVEL ? APIC_REMOTE_IRR : 0;

	value &= ~(uint32_t)LVT_RO;
	if (!(l->state.svr & SVR_ENABLED))
		value |= APIC_MASKED;
	if (which == LVT_TIMER)
		lapic_timer_set_lvt(l, value);
	else
		l->state.lvt[which] = value | (l->state.lvt[which] & kept);
	if (which == LVT_LINT0)
		lapic_update_intr(l);
}

static void write_svr(struct lapic *l, uint32_t value)
{
	l->state.svr = value;
	for (unsigned i = 0; i < LVT_COUNT; i++)
		if (!(value & SVR_ENABLED))
			l->state.lvt[i] |= APIC_MASKED;
	lapic_update_intr(l);
}

/* value holds no reserved bit. */
static void register_write(struct lapic *l, unsigned reg, uint32_t value)
{
	struct lapic_state *s = &l->state;

	if (reg >= REG_LVT && reg < REG_LVT + LVT_COUNT) {
		write_lvt(l, reg - REG_LVT, value);
		return;
	}
	switch (reg) {
	case REG_TPR:
		s->tpr = value;
		lapic_update(l);
		break;
	case REG_EOI:
		lapic_eoi(l);
		break;
	case REG_LDR:
		s->ldr = value;
		break;
	case REG_DFR:
		s->dfr = value | 0x0fffffff;
		break;
	case REG_SVR:
		write_svr(l, value);
		break;
	case REG_ESR:
		s->esr = s->errors;
		s->errors = 0;
		break;
	case REG_ICR:
		s->icr = (s->icr & ~(uint64_t)UINT32_MAX) | (value & ~(uint32_t)APIC_STATUS);
		icr_send(l);
		break;
	case REG_ICR_HIGH:
		s->icr = (uint64_t)value << 32 | (uint32_t)s->icr;
		break;
	case REG_INITIAL:
		lapic_timer_set_initial(l, value);
		break;
	case REG_DIVIDE:
		lapic_timer_set_divide(l, value);
		break;
	case REG_SELF_IPI:
		self_ipi(l, (uint8_t)value);
		break;
	}
}

/* What xAPIC mode may do with the register at offset; a reserved address is an error. */
static unsigned mmio_access(struct lapic *l, uint64_t offset)
{
	unsigned access;

	if (offset % 16 != 0)
		return 0;
	access = offset / 16 < REGISTERS ? registers[offset / 16].access & RW : 0;
	if (access == 0)
		lapic_error(l, ESR_ILLEGAL_REGISTER);
	return access;
}

uint32_t lapic_read(struct lapic *l, uint64_t offset)
{
	return mmio_access(l, offset) & R ? register_read(l, (unsigned)(offset / 16)) : 0;
}

void lapic_write(struct lapic *l, uint64_t offset, uint32_t value)
{
	unsigned reg = (unsigned)(offset / 16);

	if (mmio_access(l, offset) & W)
		register_write(l, reg, value & registers[reg].bits);
}

#define MSR_FIRST 0x800

static bool msr_access(const struct lapic *l, uint32_t msr, unsigned how)
{
	return lapic_mode(l) == LAPIC_X2APIC && msr >= MSR_FIRST && msr < MSR_FIRST + REGISTERS &&
	       (registers[msr - MSR_FIRST].access & how);
}

bool lapic_msr_read(struct lapic *l, uint32_t msr, uint64_t *value)
{
	unsigned reg = msr - MSR_FIRST;

	if (!msr_access(l, msr, MR))
		return false;
	*value = reg == REG_ICR ? l->state.icr : register_read(l, reg);
	return true;
}

bool lapic_msr_write(struct lapic *l, uint32_t msr, uint64_t value)
{
	unsigned reg = msr - MSR_FIRST;

	if (!msr_access(l, msr, MW))
		return false;
	if (reg == REG_ICR) {
		if ((uint32_t)value & ~registers[reg].bits)
			return false;
		l->state.icr = value;
	} else if (value & ~(uint64_t)registers[reg].bits) {
		return false;
	}
	register_write(l, reg, (uint32_t)value);
	return true;
}
