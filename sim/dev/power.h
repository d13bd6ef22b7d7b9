/* power.h - what makes a PC switch off or start again: the reset registers at ports 0x92 and
 * 0xcf9, and the requests of other devices (ACPI's sleep control, the keyboard controller).
 *
 * Keeps the first request until the machine has obeyed; does nothing by itself. Every reset, also
 * one that a PC gives to the processor alone, resets the whole machine but RAM. The A20 gate is
 * always open; port 0x92 only remembers what was written to it.
 */
#ifndef DEV_POWER_H
#define DEV_POWER_H

#include "sim/base/bus.h"

enum power_request { POWER_ON, POWER_RESET, POWER_OFF };

struct power_state {
	uint32_t request; /* enum power_request */
	uint8_t port92;   /* as written */
	uint8_t control;  /* port 0xcf9, as written */
	uint8_t zero[2];
};

_Static_assert(sizeof(struct power_state) == 8, "no padding: the digest sees every byte");

struct power {
	struct power_state state;
};

#define POWER_RESET_PORT  0xcf9
#define POWER_RESET_VALUE 0x06 /* that resets the machine */

extern const struct device_ops power_ops;         /* port 0x92 */
extern const struct device_ops power_control_ops; /* port 0xcf9 */

void power_init(struct power *p);

void power_ask(struct power *p, enum power_request request);

static inline enum power_request power_asked(const struct power *p)
{
	return (enum power_request)p->state.request;
}

#endif
