/* lock_test.c - uthreads on several vcores that take a spin-PDR lock and change two counters, one
 * of them the slow way. Nothing blocks: all waiting is for the lock, whose holder may be preempted.
 *
 * lock_test [threads] [rounds]
 */
#include "args.h"
#include "mcp.h"
#include "sim/abi/parameter.h"
#include "sim/abi/probe.h"
#include "sim/guest/parlib/spin_pdr.h"
#include "sim/guest/parlib/vcore.h"

#define DEFAULT_THREADS 4
#define DEFAULT_ROUNDS  400
#define MAX_ROUNDS      10000000
#define WORK_INSIDE     20
#define WORK_OUTSIDE    60
#define PROGRESS_EVERY  32

static unsigned int rounds;
static struct spin_pdr_lock lock = SPIN_PDR_INIT;
static volatile unsigned long counter, inside, overlaps;

static void lock_often(unsigned int i)
{
	unsigned int seed = i + 1;

	for (unsigned int n = 1; n <= rounds; n++) {
		unsigned long before;

		spin_pdr_lock(&lock);
		overlaps += inside++ != 0;
		before = counter;
		mcp_work(mcp_random(&seed, WORK_INSIDE));
		counter = before + 1;
		inside--;
		spin_pdr_unlock(&lock);
		mcp_work(mcp_random(&seed, WORK_OUTSIDE));
		if (n % PROGRESS_EVERY == 0)
			PROBE(progress, before);
	}
}

PROGRAM_PARAMETERS("threads>=1 rounds>=1");

int main(int argc, char **argv)
{
	unsigned int threads = arg_number(argc, argv, 1, DEFAULT_THREADS, TEAM_MAX);
	unsigned long want;

	rounds = arg_number(argc, argv, 2, DEFAULT_ROUNDS, MAX_ROUNDS);
	want = (unsigned long)threads * rounds;
	mcp_start(argv[0]);
	PROBE(program_begin);
	team_run(threads, max_vcores(), lock_often);
	PROBE(program_end);
	if (counter == want && overlaps == 0) {
		printf("lock_test: %u threads, %u rounds: ok\n", threads, rounds);
		return 0;
	}
	printf("lock_test: %u threads, %u rounds: counter %lu, expected %lu; %lu overlaps\n",
		threads, rounds, counter, want, overlaps);
	return 1;
}
