/* time.c - see time.h. */
#include "sim/kernel/time.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/console.h"
#include "sim/kernel/pit.h"
#include "sim/kernel/x86.h"

#define CPUID_TSC         0x15
#define CALIBRATION_USEC  500
#define CALIBRATION_TRIES 20
#define USEC_A_SEC        1000000
#define PIT_MAX_POLLS     10000000 /* a PIT that does not count ends in a message, not in a hang */

uint64_t tsc_freq;

/* SDM "CPUID": leaf 15H, EBX/EAX is the ratio of the TSC to the crystal of ECX Hz. */
static uint64_t freq_from_cpuid(void)
{
	struct cpuid r;

	if (cpuid(0, 0).eax < CPUID_TSC)
		return 0;
	r = cpuid(CPUID_TSC, 0);
	return r.eax == 0 ? 0 : (uint64_t)r.ecx * r.ebx / r.eax;
}

/* TSC ticks that the PIT takes for so many of its own. *blur: how much that may be off, because
 * something (a hypervisor) kept us between looking at the one clock and at the other.
 */
static uint64_t measure_pit(uint16_t ticks, uint64_t *blur)
{
	uint64_t before = rdtsc(), start, polled, not_done, now;

	pit_start(ticks);
	start = not_done = rdtsc();
	for (unsigned polls = 0;; polls++) {
		polled = rdtsc();
		if (pit_done())
			break;
		not_done = polled; /* it went off after this, and before `now` below */
		if (polls == PIT_MAX_POLLS)
			panic("the PIT does not count");
	}
	now = rdtsc();
	*blur = (start - before) + (now - not_done);
	return now - start;
}

static uint64_t freq_from_pit(void)
{
	const uint16_t ticks = (uint64_t)PIT_HZ * CALIBRATION_USEC / 1000000;
	uint64_t best = 0, least_blur = UINT64_MAX;

	for (int tries = 0; tries < CALIBRATION_TRIES; tries++) {
		uint64_t blur, elapsed = measure_pit(ticks, &blur);

		if (blur < least_blur) {
			least_blur = blur;
			best = elapsed;
		}
		if (blur < elapsed / 64)
			break;
	}
	return best * PIT_HZ / ticks;
}

void time_init(void)
{
	tsc_freq = freq_from_cpuid();
	if (tsc_freq == 0)
		tsc_freq = freq_from_pit();
}

uint64_t usec_to_tsc(uint64_t usec)
{
	return usec / USEC_A_SEC * tsc_freq + usec % USEC_A_SEC * tsc_freq / USEC_A_SEC;
}

uint64_t tsc_to_usec(uint64_t ticks)
{
	return ticks / tsc_freq * USEC_A_SEC + ticks % tsc_freq * USEC_A_SEC / tsc_freq;
}

void udelay(uint64_t usec)
{
	uint64_t end = rdtsc() + usec_to_tsc(usec);

	while (rdtsc() < end)
		cpu_relax();
}

void boot_sleep(uint64_t usec)
{
	uint64_t end = rdtsc() + usec_to_tsc(usec);

	while (rdtsc() < end) {
		lapic_timer_set(end);
		cpu_halt();
	}
}
