/* rtc.h - the real-time clock with CMOS memory at ports 0x70 and 0x71 (Motorola "MC146818A
 * Real-Time Clock Plus RAM").
 *
 * Shows the time that the configuration gives for power-on plus the machine's own time; never the
 * host's. The registers are kept as bytes in the format that register B asks for and are advanced
 * once a second, as the chip does. UIP is up for the last 2228 us before. Interrupts (periodic,
 * alarm, update ended) go to one level line. Daylight saving and the square wave output are absent:
 * their bits are kept and do nothing. The century, byte 0x32, is plain memory.
 */
#ifndef DEV_RTC_H
#define DEV_RTC_H

#include "sim/base/bus.h"

struct rtc_state {
	uint8_t cmos[128];      /* the ten time registers, A to D, and memory */
	uint64_t next_update;   /* cycle at which the time registers advance */
	uint64_t periodic_seen; /* tick of 32768 Hz up to which PF has been told */
	uint64_t index;         /* 0 to 127 */
};

_Static_assert(sizeof(struct rtc_state) == 128 + 24, "no padding: the digest sees every byte");

/* What the firmware of a PC would have left in CMOS memory. */
struct rtc_setup {
	uint64_t clock;       /* seconds since 1970 at power-on, 1980 to 2099 */
	uint64_t memory_low;  /* bytes of RAM below 4 GiB */
	uint64_t memory_high; /* and above */
	uint64_t cpus;
};

struct rtc {
	struct rtc_state state;
	struct device_env env;
	struct irq_line irq;
	struct rtc_setup setup;
};

extern const struct device_ops rtc_ops; /* ports 0x70 and 0x71 */

void rtc_init(struct rtc *r, const struct device_env *env, const struct irq_line *irq,
	const struct rtc_setup *setup);

#endif
