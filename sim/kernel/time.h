/* time.h - time is the TSC, which all cores share; here is how fast it goes. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <stdint.h>

extern uint64_t tsc_freq; /* ticks a second */

/* From CPUID leaf 0x15 if the CPU says, else measured against the PIT (0.5 ms, again when
 * disturbed). */
void time_init(void);

uint64_t usec_to_tsc(uint64_t usec);
uint64_t tsc_to_usec(uint64_t ticks);

/* Spins. For waits of microseconds. */
void udelay(uint64_t usec);

/* Halts until the time has come: for the boot core before there are kthreads. Uses the timer. */
void boot_sleep(uint64_t usec);

#endif
