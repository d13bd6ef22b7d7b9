/* preempt_test.c - uthreads that keep their vcores busy: each computes in general and SSE
 * registers, part of the time with notifications disabled, and waits for the others at a barrier,
 * spinning. What a preempted vcore leaves behind somebody has to take up, and every number has to
 * come out right.
 *
 * preempt_test [threads] [rounds]
 */
#include "args.h"
#include "compute.h"
#include "mcp.h"
#include "sim/abi/parameter.h"
#include "sim/abi/probe.h"
#include "sim/abi/race_rule.h"
#include "sim/guest/parlib/uthread.h"
#include "sim/guest/parlib/vcore.h"

#define DEFAULT_THREADS  3
#define DEFAULT_ROUNDS   24
#define MAX_ROUNDS       1000000
#define STEPS            600
#define SPINS_THEN_YIELD 200

static unsigned int threads, rounds;
static volatile unsigned int arrived, generation;

RACE_RULE("sync-data generation # who waits for the others looks at it");
static unsigned int wrong[TEAM_MAX];

static bool computes(unsigned int seed, const struct result *want)
{
	struct result r = compute(seed, STEPS);

	return result_equal(&r, want);
}

/* The last to arrive opens it for all. Whoever waits yields now and then: there may be fewer vcores
 * than threads.
 */
static void barrier_wait(void)
{
	unsigned int mine = generation, spins = 0;

	if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == threads) {
		arrived = 0;
		generation = mine + 1;
		PROBE(progress, mine + 1);
		return;
	}
	while (generation == mine) {
		cpu_relax();
		if (++spins % SPINS_THEN_YIELD == 0)
			uthread_sched_yield();
	}
}

static void keep_busy(unsigned int i)
{
	const struct result want = compute(i, STEPS);

	for (unsigned int n = 0; n < rounds; n++) {
		wrong[i] += !computes(i, &want);
		uth_disable_notifs();
		wrong[i] += !computes(i, &want);
		uth_enable_notifs();
		barrier_wait();
	}
}

PROGRAM_PARAMETERS("threads>=1 rounds>=1");

int main(int argc, char **argv)
{
	unsigned int failures = 0;

	threads = arg_number(argc, argv, 1, DEFAULT_THREADS, TEAM_MAX);
	rounds = arg_number(argc, argv, 2, DEFAULT_ROUNDS, MAX_ROUNDS);
	mcp_start(argv[0]);
	PROBE(program_begin);
	team_run(threads, max_vcores(), keep_busy);
	PROBE(program_end);
	for (unsigned int i = 0; i < threads; i++)
		failures += wrong[i];
	if (failures == 0)
		printf("preempt_test: %u threads, %u rounds: ok\n", threads, rounds);
	else
		printf("preempt_test: %u threads, %u rounds: %u wrong results\n", threads, rounds,
			failures);
	return failures != 0;
}
