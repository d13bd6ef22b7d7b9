/* lapic.h - one core's local APIC, in xAPIC and x2APIC mode (SDM "Advanced Programmable Interrupt
 * Controller (APIC)").
 *
 * Turns messages, IPIs and its timer into two answers for its core: the vector to take now, and the
 * signals NMI, INIT and SIPI, which it only latches: whether a core heeds them is the core's to
 * judge, and the core clears the latch. Acceptance and delivery are immediate, so the delivery
 * status reads idle, the arbitration registers read 0, and a spurious interrupt never arises: what
 * lapic_pending_vector names is still there when lapic_acknowledge comes. Beside them stands INTR,
 * the interrupt whose vector the 8259 pair gives (virtual wire mode, or the local APIC is off).
 *
 * Left out, and said so: SMI ends in apic_absent; a new MMIO base is refused (#GP).
 * Choices the SDM leaves to the model: the APIC ID is read-only; there is no EOI-broadcast
 * suppression and no CMCI; of lowest-priority targets the one with the lowest PPR takes the
 * interrupt, then the one with the lowest ID; an x2APIC cannot send lowest priority (ESR bit 4).
 */
#ifndef APIC_LAPIC_H
#define APIC_LAPIC_H

#include "sim/apic/apic.h"

enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

struct lapic_state {
	uint64_t base;         /* IA32_APIC_BASE: mode and BSP flag */
	uint64_t icr;          /* in xAPIC mode the destination is in bits 56..63 */
	uint64_t tsc_deadline; /* 0: not armed */
	uint64_t timer_start;  /* cycle at which the counter held timer_count */
	uint32_t timer_count;
	uint32_t initial_count;
	uint32_t divide; /* divide configuration register */
	uint32_t id;
	uint32_t tpr, ldr, dfr, svr;
	uint32_t esr;    /* as read */
	uint32_t errors; /* since the last write to ESR */
	uint32_t lvt[LVT_COUNT];
	uint32_t isr[8], tmr[8], irr[8];

	uint32_t nmi_pending, init_pending, sipi_pending; /* 0 or 1 */
	uint32_t sipi_vector;

	uint64_t tamper_cycles;
	uint32_t tamper, tamper_vector; /* enum lapic_tamper: what awaits the next of a vector */
	uint32_t delayed, duplicated;   /* the vector that will come (again); 0: none */
	uint32_t delayed_level;

	uint32_t lint;   /* levels at the pins: a bit for each enum lint_pin */
	uint32_t extint; /* 0 or 1: an ExtINT message has come */
	uint32_t zero;
};

_Static_assert(sizeof(struct lapic_state) == 5 * 8 + 18 * 4 + (LVT_COUNT + 24 + 4) * 4,
	"no padding: the digest sees every byte");

struct lapic {
	struct lapic_state state;

	int pending; /* cache: see lapic_pending_vector */
	bool intr;   /* cache: see lapic_intr */
	struct apic_bus *bus;
	struct device_env env;
};

#define APIC_BASE_BSP     BIT(8)
#define APIC_BASE_EXTD    BIT(10)
#define APIC_BASE_EN      BIT(11)
#define APIC_BASE_ADDRESS UINT64_C(0xfee00000)

/* `what` of its events, whose owner is the core. */
enum { LAPIC_EVENT_TIMER, LAPIC_EVENT_DELAYED };

/* Wires up and does a power-on reset; env and bus are as they will be. env->owner is the id. */
void lapic_init(struct lapic *l, unsigned id, struct apic_bus *bus, const struct device_env *env);

/* SDM "Local APIC State After Power-Up or Reset". Core 0 is the bootstrap processor. */
void lapic_reset(struct lapic *l);

/* SDM "Local APIC State After It Receives an INIT Reset": as a reset, but IA32_APIC_BASE stays.
 * For the core to call when it heeds INIT; clears init_pending, keeps a SIPI that came after. */
void lapic_reset_init(struct lapic *l);

/* Rebuilds the cache after state was replaced as a whole. */
void lapic_state_changed(struct lapic *l);

/* One of this core's events is due. */
void lapic_event(struct lapic *l, uint32_t what);

/* The vector to deliver now (SDM "Task Priority in IA-32e Mode", "Interrupt Acceptance for Fixed
 * Interrupts"), or -1. The core then acknowledges it: it moves from IRR to ISR. */
static inline int lapic_pending_vector(const struct lapic *l)
{
	return l->pending;
}
void lapic_acknowledge(struct lapic *l, int vector);

/* Does an interrupt wait whose vector the 8259 pair gives? It comes after those of the local APIC,
 * whose priorities do not hold it (SDM "Interrupt Sources", "LINT0"). */
static inline bool lapic_intr(const struct lapic *l)
{
	return l->intr;
}

/* The core takes it: its vector. Touches the 8259 pair. */
uint8_t lapic_acknowledge_intr(struct lapic *l);

/* A level at a pin. Where the local APIC is off, the pins are the core's INTR and NMI. */
void lapic_drive_lint(struct lapic *l, enum lint_pin pin, bool level);

/* What a BIOS leaves behind on the bootstrap processor (MP Specification, "Virtual Wire Mode"): the
 * local APIC on, LINT0 ExtINT, LINT1 NMI. For loaders that take the BIOS's place. */
void lapic_virtual_wire(struct lapic *l);

/* What a schedule may do to one interrupt, at the door of the local APIC: the next fixed or
 * lowest-priority one of that vector that it would accept. It comes so many cycles later; or never,
 * though the sender takes it for accepted; or once more when it has been taken. A second call
 * before that replaces the first. */
enum lapic_tamper { TAMPER_NONE, TAMPER_DELAY, TAMPER_DROP, TAMPER_DUPLICATE };
void lapic_tamper(struct lapic *l, enum lapic_tamper how, uint8_t vector, uint64_t cycles);

/* Is one still awaited? */
static inline bool lapic_tampers(const struct lapic *l)
{
	return l->state.tamper != TAMPER_NONE;
}

/* Is NMI, INIT or SIPI latched? */
static inline bool lapic_signalled(const struct lapic *l)
{
	return (l->state.nmi_pending | l->state.init_pending | l->state.sipi_pending) != 0;
}

/* The task priority class, as CR8 has it: 0 to 15. */
unsigned lapic_tpr(const struct lapic *l);
void lapic_set_tpr(struct lapic *l, unsigned class);

/* Is the MMIO window of 4 KiB at APIC_BASE_ADDRESS there (xAPIC mode)? */
bool lapic_mmio_enabled(const struct lapic *l);

/* 32-bit registers at multiples of 16. Between them reads give 0 and writes do nothing. */
uint32_t lapic_read(struct lapic *l, uint64_t offset);
void lapic_write(struct lapic *l, uint64_t offset, uint32_t value);

/* MSRs 0x800 to 0x8ff; false means #GP(0). */
MUST_CHECK bool lapic_msr_read(struct lapic *l, uint32_t msr, uint64_t *value);
MUST_CHECK bool lapic_msr_write(struct lapic *l, uint32_t msr, uint64_t value);

/* IA32_APIC_BASE; a write that is not a legal transition is false, #GP(0). */
uint64_t lapic_base(const struct lapic *l);
MUST_CHECK bool lapic_set_base(struct lapic *l, uint64_t value);

/* IA32_TSC_DEADLINE. tsc_offset is what the core's TSC is ahead of the machine's clock; when it
 * changes, write the deadline again. */
uint64_t lapic_tsc_deadline(const struct lapic *l);
void lapic_set_tsc_deadline(struct lapic *l, uint64_t deadline, uint64_t tsc_offset);

/* An interrupt from within the core (thermal, performance counters) or at its LINT pins: an edge.
 */
void lapic_raise(struct lapic *l, enum lapic_lvt which);

#endif
