/* pm.h - ACPI's fixed hardware: the PM1a event and control registers and the power management timer
 * ("Advanced Configuration and Power Interface Specification", "ACPI Hardware Specification"),
 * where a PIIX4 has them.
 *
 * Always in ACPI mode: SCI_EN reads 1 and there is no SMI command port. Nobody presses a button, so
 * just the timer and a write to the status that is to be cleared matter. The timer is 24 bits of
 * 3579545 Hz since power-on, computed when somebody asks. S5, sleep type 0, asks for power-off;
 * other sleep types do nothing.
 */
#ifndef DEV_PM_H
#define DEV_PM_H

#include "sim/base/bus.h"
#include "sim/dev/power.h"

#define PM_HZ         3579545
#define PM_TIMER_BITS 24
#define PM_BASE       0x600 /* the first port */
#define PM_EVENT      0x0   /* offset of status, then enable, two bytes each */
#define PM_CONTROL    0x4   /* two bytes */
#define PM_TIMER      0x8   /* four bytes */
#define PM_PORTS      0xc
#define PM_SLEEP_S5   0 /* SLP_TYP of power-off */

struct pm_state {
	uint64_t timer_seen; /* tick up to which TMR_STS has been told */
	uint16_t status, enable, control;
	uint16_t zero;
};

_Static_assert(sizeof(struct pm_state) == 16, "no padding: the digest sees every byte");

struct pm {
	struct pm_state state;
	struct device_env env;
	struct irq_line sci;
	struct power *power;
};

extern const struct device_ops pm_ops;

void pm_init(struct pm *p, const struct device_env *env, const struct irq_line *sci,
	struct power *power);

#endif
