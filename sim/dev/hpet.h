/* hpet.h - the high precision event timers ("IA-PC HPET Specification", revision 1.0a): a 64-bit
 * counter of 10 ns and three comparators, periodic or not, of 64 or 32 bits.
 *
 * Tick t of the clock comes at the first cycle c with c * 100000000 / hz >= t, in integers: nothing
 * drifts. The counter is computed when somebody asks; only matches are events. With the legacy
 * replacement timers 0 and 1 drive ISA interrupts 0 and 8 in place of the PIT and the RTC, whose
 * lines therefore pass through here; else each drives the I/O APIC pin that it is routed to. An
 * edge is a line that falls and rises at the match. There is no FSB delivery.
 */
#ifndef DEV_HPET_H
#define DEV_HPET_H

#include "sim/base/bus.h"

#define HPET_HZ      100000000
#define HPET_ADDRESS UINT64_C(0xfed00000)
#define HPET_SIZE    0x400
#define HPET_TIMERS  3
#define HPET_LEGACY  2 /* timers that can stand for a legacy device */

/* Pins of the I/O APIC that a timer can be routed to: 20 to 23. */
#define HPET_PIN_FIRST 20
#define HPET_PINS      4

#define HPET_VENDOR UINT64_C(0x8086)

/* General Capabilities: the period in fs, legacy replacement, 64 bits, the last timer, revision. */
#define HPET_CAPABILITIES                                                                          \
	((UINT64_C(1000000000000000) / HPET_HZ) << 32 | HPET_VENDOR << 16 | BIT(15) | BIT(13) |    \
		(HPET_TIMERS - 1) << 8 | 1)

struct hpet_timer {
	uint64_t config;
	uint64_t comparator;
	uint64_t period; /* written last to the comparator in periodic mode */
	uint64_t high;   /* edge: the line is high since the last match */
};

struct hpet_state {
	uint64_t config;
	uint64_t status;  /* of level-triggered timers, a bit each */
	uint64_t counter; /* while it stands, and at tick `start` */
	uint64_t start;
	struct hpet_timer timer[HPET_TIMERS];
	uint64_t legacy_in; /* levels of PIT and RTC, a bit each */
};

_Static_assert(sizeof(struct hpet_state) == 8 * (5 + 4 * HPET_TIMERS),
	"no padding: the digest sees every byte");

struct hpet {
	struct hpet_state state;
	struct device_env env;
	struct irq_line legacy[HPET_LEGACY]; /* ISA interrupts 0 and 8 */
	struct irq_line pin[HPET_PINS];
};

extern const struct device_ops hpet_ops; /* 32- and 64-bit accesses */

void hpet_init(struct hpet *h, const struct device_env *env,
	const struct irq_line legacy[HPET_LEGACY], const struct irq_line pin[HPET_PINS]);

/* The function of the PIT's (pin 0) and the RTC's (pin 1) irq_line. */
void hpet_legacy_drive(void *hpet, unsigned pin, bool level);

#endif
