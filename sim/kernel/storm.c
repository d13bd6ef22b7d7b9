/* storm.c - see storm.h. */
#include "sim/kernel/storm.h"
#include "sim/abi/stimulus.h"
#include "sim/kernel/alarm.h"
#include "sim/kernel/console.h"
#include "sim/kernel/ksched.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/multiboot.h"
#include "sim/kernel/process.h"

#define OPTION_MAX 32
#define TAKE_ALL   16 /* one storm in so many takes all vcores */
#define NO_LIMIT   (~0ul)

static struct {
	struct alarm_waiter waiter;
	uint64_t usec, limit, preemptions;
	uint32_t random;
} storm;

/* A linear congruential generator (Numerical Recipes); the upper bits are the good ones. */
static uint32_t draw(void)
{
	storm.random = storm.random * 1664525 + 1013904223;
	return storm.random >> 8;
}

/* The first vcore from a random one on that can be preempted. */
static void preempt_one(struct proc *p)
{
	uint32_t max = p->procinfo->max_vcores, first = draw() % max, taken = 0;

	for (uint32_t i = 0; i < max && taken == 0; i++)
		taken = ksched_take_away(p, (first + i) % max, (uint32_t)(storm.usec / 2));
	storm.preemptions += taken;
}

static void strike(struct alarm_waiter *w)
{
	struct proc *p = ksched_nth_mcp(draw());

	if (p != NULL) {
		if (draw() % TAKE_ALL == 0)
			storm.preemptions += ksched_take_away(
				p, STIMULUS_ALL_VCORES, (uint32_t)(storm.usec / 2));
		else
			preempt_one(p);
		proc_decref(p);
	}
	if (storm.preemptions < storm.limit)
		alarm_set_rel(this_timer_chain(), w, storm.usec);
}

void storm_init(void)
{
	char option[OPTION_MAX];
	const char *end;

	if (!cmdline_get("storm", option, sizeof(option)))
		return;
	storm.usec = strtoul_prefix(option, &end);
	storm.limit = *end == ',' ? strtoul_prefix(end + 1, &end) : NO_LIMIT;
	if (storm.usec == 0 || storm.usec > UINT32_MAX || *end != 0)
		panic("storm=%s: expected microseconds, and after a comma a number", option);
	alarm_init(&storm.waiter, strike);
	alarm_set_rel(this_timer_chain(), &storm.waiter, storm.usec);
}

void storm_report(void)
{
	if (storm.usec > 0)
		printk("storm: %lu preemptions\n", storm.preemptions);
}
