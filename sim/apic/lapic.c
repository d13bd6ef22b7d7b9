/* Priorities, acceptance, modes and resets of the local APIC. */
#include "sim/apic/lapic.h"

#include "sim/apic/ioapic.h"
#include "sim/apic/lapic_parts.h"

#define SVR_AFTER_RESET 0xff
#define DFR_AFTER_RESET 0xffffffff
#define DFR_FLAT        0xf

static bool bit_test(const uint32_t bits[8], unsigned vector)
{
	return bits[vector / 32] >> (vector % 32) & 1;
}

static void bit_put(uint32_t bits[8], unsigned vector, bool value)
{
	uint32_t mask = UINT32_C(1) << (vector % 32);

	bits[vector / 32] = value ? bits[vector / 32] | mask : bits[vector / 32] & ~mask;
}

int lapic_highest(const uint32_t bits[8])
{
	for (int i = 7; i >= 0; i--)
		if (bits[i] != 0)
			return i * 32 + 31 - __builtin_clz(bits[i]);
	return -1;
}

uint8_t lapic_ppr(const struct lapic *l)
{
	int in_service = lapic_highest(l->state.isr);
	uint32_t class = in_service >= 0 ? in_service & 0xf0 : 0;

	return (uint8_t)((l->state.tpr & 0xf0) >= class ? l->state.tpr : class);
}

void lapic_kick(struct lapic *l)
{
	if (l->bus->kick != NULL)
		l->bus->kick(l->bus->context, l->state.id);
}

static int pending_vector(const struct lapic *l)
{
	int requested = lapic_highest(l->state.irr);

	return requested >= 0 && requested >> 4 > lapic_ppr(l) >> 4 ? requested : -1;
}

void lapic_update(struct lapic *l)
{
	int before = l->pending;

	l->pending = pending_vector(l);
	if (l->pending >= 0 && l->pending != before)
		lapic_kick(l);
}

void lapic_state_changed(struct lapic *l)
{
	l->pending = pending_vector(l);
	l->intr = false;
	lapic_update_intr(l);
}

void lapic_acknowledge(struct lapic *l, int vector)
{
	SIM_ASSERT(vector >= 0);
	SIM_ASSERT(vector == l->pending);
	bit_put(l->state.irr, (unsigned)vector, false);
	bit_put(l->state.isr, (unsigned)vector, true);
	if (unlikely(l->state.duplicated == (uint32_t)vector)) {
		l->state.duplicated = 0;
		bit_put(l->state.irr, (unsigned)vector, true);
	}
	lapic_update(l);
}

/* SDM "Signaling Interrupt Servicing Completion". */
void lapic_eoi(struct lapic *l)
{
	int vector = lapic_highest(l->state.isr);

	if (vector < 0)
		return;
	bit_put(l->state.isr, (unsigned)vector, false);
	lapic_update(l);
	lapic_lint_eoi(l, (uint8_t)vector);
	if (bit_test(l->state.tmr, (unsigned)vector) && l->bus->ioapic != NULL)
		ioapic_eoi(l->bus->ioapic, (uint8_t)vector);
}

unsigned lapic_tpr(const struct lapic *l)
{
	return l->state.tpr >> 4;
}

void lapic_set_tpr(struct lapic *l, unsigned class)
{
	SIM_ASSERT(class < 16);
	l->state.tpr = class << 4;
	lapic_update(l);
}

/* SDM "Error Handling": the first error since ESR was written raises the error interrupt. */
void lapic_error(struct lapic *l, uint32_t bits)
{
	uint32_t before = l->state.errors;

	l->state.errors |= bits;
	if (before == 0)
		lapic_raise(l, LVT_ERROR);
}

static void set_request(struct lapic *l, uint8_t vector, bool level)
{
	bit_put(l->state.irr, vector, true);
	bit_put(l->state.tmr, vector, level);
	lapic_update(l);
}

void lapic_tamper(struct lapic *l, enum lapic_tamper how, uint8_t vector, uint64_t cycles)
{
	l->state.tamper = how;
	l->state.tamper_vector = vector;
	l->state.tamper_cycles = cycles;
}

void lapic_delay_over(struct lapic *l)
{
	uint8_t vector = (uint8_t)l->state.delayed;

	l->state.delayed = 0;
	if (vector != 0 && lapic_is_enabled(l))
		set_request(l, vector, l->state.delayed_level);
}

/* True: it goes no further now. */
static bool tampered(struct lapic *l, uint8_t vector, bool level)
{
	enum lapic_tamper how = (enum lapic_tamper)l->state.tamper;

	if (l->state.tamper_vector != vector)
		return false;
	lapic_tamper(l, TAMPER_NONE, 0, l->state.tamper_cycles);
	if (how == TAMPER_DUPLICATE)
		l->state.duplicated = vector;
	if (how != TAMPER_DELAY)
		return how == TAMPER_DROP;
	lapic_delay_over(l); /* one at a time */
	l->state.delayed = vector;
	l->state.delayed_level = level;
	event_schedule(l->env.events, l->env.owner, LAPIC_EVENT_DELAYED,
		*l->env.now + l->state.tamper_cycles);
	return true;
}

static bool request(struct lapic *l, uint8_t vector, bool level)
{
	if (vector < APIC_VECTOR_FIRST) {
		lapic_error(l, ESR_RECEIVE_ILLEGAL);
		return false;
	}
	if (unlikely(lapic_tampers(l)) && tampered(l, vector, level))
		return true;
	set_request(l, vector, level);
	return true;
}

/* An INIT makes a SIPI that came before it void; of two SIPIs the first counts. */
static void signal_init(struct lapic *l)
{
	l->state.init_pending = 1;
	l->state.sipi_pending = 0;
	l->state.sipi_vector = 0;
}

static void signal_startup(struct lapic *l, uint8_t vector)
{
	if (l->state.sipi_pending)
		return;
	l->state.sipi_pending = 1;
	l->state.sipi_vector = vector;
}

bool lapic_is_enabled(const struct lapic *l)
{
	return lapic_mode(l) != LAPIC_DISABLED && (l->state.svr & SVR_ENABLED);
}

/* From the I/O APIC, which the 8259 pair may be wired to. */
static bool accept_extint(struct lapic *l)
{
	if (l->bus->pic.acknowledge == NULL) {
		apic_absent(l->bus, "ExtINT (there is no 8259)");
		return false;
	}
	l->state.extint = 1;
	lapic_update_intr(l);
	return true;
}

bool lapic_accept(struct lapic *l, const struct apic_message *m)
{
	switch (m->mode) {
	case DELIVER_FIXED:
	case DELIVER_LOWEST:
		return lapic_is_enabled(l) && request(l, m->vector, m->level);
	case DELIVER_NMI:
		l->state.nmi_pending = 1;
		break;
	case DELIVER_INIT:
		signal_init(l);
		break;
	case DELIVER_STARTUP:
		signal_startup(l, m->vector);
		break;
	case DELIVER_EXTINT:
		return lapic_is_enabled(l) && accept_extint(l);
	case DELIVER_SMI:
		apic_absent(l->bus, "SMI");
		return false;
	case DELIVER_RESERVED:
		return false;
	}
	lapic_kick(l);
	return true;
}

/* SDM "Local Vector Table". The timer and error entries have no delivery mode: it reads as fixed.
 */
void lapic_raise(struct lapic *l, enum lapic_lvt which)
{
	uint32_t entry = l->state.lvt[which];
	struct apic_message m = {
		.mode = (enum delivery_mode)bits_get(entry, APIC_DELIVERY),
		.vector = (uint8_t)entry,
	};

	if (lapic_mode(l) == LAPIC_DISABLED || (entry & APIC_MASKED))
		return;
	if (which == LVT_PERF)
		l->state.lvt[which] |= APIC_MASKED;
	lapic_accept(l, &m);
}

/* SDM "Logical Destination Mode" and "Logical x2APIC ID". */
static bool is_logical_target(const struct lapic *l, uint32_t destination)
{
	uint32_t ldr = l->state.ldr, own = ldr >> 24;
	bool same_cluster;

	if (lapic_mode(l) == LAPIC_X2APIC)
		return destination >> 16 == ldr >> 16 && (destination & ldr & 0xffff) != 0;
	if (destination > 0xff)
		return false;
	if (l->state.dfr >> 28 == DFR_FLAT)
		return (destination & own) != 0;
	same_cluster = destination >> 4 == own >> 4 || destination >> 4 == 0xf;
	return same_cluster && (destination & own & 0xf) != 0;
}

bool lapic_is_target(const struct lapic *l, const struct apic_message *m)
{
	if (lapic_mode(l) == LAPIC_DISABLED)
		return false;
	switch (m->kind) {
	case DESTINATION_PHYSICAL:
		return l->state.id == m->destination;
	case DESTINATION_LOGICAL:
		return is_logical_target(l, m->destination);
	case DESTINATION_ALL:
		return true;
	case DESTINATION_ALL_BUT_SENDER:
		return l->state.id != m->sender;
	}
	return false;
}

static enum lapic_mode base_mode(uint64_t base)
{
	if (!(base & APIC_BASE_EN))
		return LAPIC_DISABLED;
	return base & APIC_BASE_EXTD ? LAPIC_X2APIC : LAPIC_XAPIC;
}

enum lapic_mode lapic_mode(const struct lapic *l)
{
	return base_mode(l->state.base);
}

bool lapic_mmio_enabled(const struct lapic *l)
{
	return lapic_mode(l) == LAPIC_XAPIC;
}

/* SDM "Deriving Logical x2APIC ID from the Local x2APIC ID". */
static uint32_t logical_x2apic_id(uint32_t id)
{
	return id >> 4 << 16 | UINT32_C(1) << (id & 0xf);
}

/* The registers after power-up and INIT alike; IA32_APIC_BASE, the ID and the signals stay. */
static void reset_registers(struct lapic *l)
{
	struct lapic_state *s = &l->state;
	struct lapic_state fresh = {
		.base = s->base,
		.id = s->id,
		.dfr = DFR_AFTER_RESET,
		.svr = SVR_AFTER_RESET,
		.nmi_pending = s->nmi_pending,
		.init_pending = s->init_pending,
		.sipi_pending = s->sipi_pending,
		.sipi_vector = s->sipi_vector,
		.lint = s->lint,
	};

	lapic_timer_stop(l);
	for (unsigned i = 0; i < LVT_COUNT; i++)
		fresh.lvt[i] = APIC_MASKED;
	if (lapic_mode(l) == LAPIC_X2APIC)
		fresh.ldr = logical_x2apic_id(s->id);
	*s = fresh;
	l->pending = -1;
	lapic_update_intr(l);
}

void lapic_reset_init(struct lapic *l)
{
	l->state.init_pending = 0;
	l->state.nmi_pending = 0;
	reset_registers(l);
}

void lapic_reset(struct lapic *l)
{
	uint32_t id = l->state.id;

	memset(&l->state, 0, sizeof(l->state));
	l->state.id = id;
	l->state.base = APIC_BASE_ADDRESS | APIC_BASE_EN | (id == 0 ? APIC_BASE_BSP : 0);
	reset_registers(l);
}

void lapic_init(struct lapic *l, unsigned id, struct apic_bus *bus, const struct device_env *env)
{
	SIM_ASSERT(id < CPU_MAX);
	SIM_ASSERT(env->owner == id);
	memset(l, 0, sizeof(*l));
	l->state.id = id;
	l->bus = bus;
	l->env = *env;
	lapic_reset(l);
}

uint64_t lapic_base(const struct lapic *l)
{
	return l->state.base;
}

/* SDM "x2APIC State Transitions". */
static bool is_legal_transition(enum lapic_mode from, enum lapic_mode to)
{
	return !(from == LAPIC_X2APIC && to == LAPIC_XAPIC) &&
	       !(from == LAPIC_DISABLED && to == LAPIC_X2APIC);
}

bool lapic_set_base(struct lapic *l, uint64_t value)
{
	uint64_t flags = APIC_BASE_BSP | APIC_BASE_EN | (l->bus->x2apic ? APIC_BASE_EXTD : 0);
	enum lapic_mode from = lapic_mode(l), to = base_mode(value);

	if ((value & ~flags) != APIC_BASE_ADDRESS)
		return false;
	if ((value & APIC_BASE_EXTD) && !(value & APIC_BASE_EN))
		return false;
	if (!is_legal_transition(from, to))
		return false;
	l->state.base = (value & ~APIC_BASE_BSP) | (l->state.base & APIC_BASE_BSP);
	if (to == LAPIC_DISABLED)
		reset_registers(l);
	if (from == LAPIC_XAPIC && to == LAPIC_X2APIC) {
		l->state.ldr = logical_x2apic_id(l->state.id);
		l->state.icr &= UINT32_MAX;
	}
	lapic_update_intr(l);
	return true;
}
