/* block_test.c - uthreads that block in the kernel for short times, more of them than cores, which
 * are given back when there is nothing to run. A message that is lost leaves a uthread asleep.
 *
 * block_test [threads] [rounds]
 */
#include "args.h"
#include "mcp.h"
#include "sim/abi/parameter.h"
#include "sim/abi/probe.h"
#include "sys.h"

#define DEFAULT_THREADS 12
#define DEFAULT_ROUNDS  12
#define MAX_ROUNDS      1000000
#define BLOCK_USEC      40
#define PROGRESS_EVERY  8

static unsigned int rounds;
static unsigned int done[TEAM_MAX];

static void block_often(unsigned int i)
{
	unsigned int seed = i + 1;

	while (done[i] < rounds) {
		if (usleep(1 + mcp_random(&seed, BLOCK_USEC)) != 0)
			return;
		done[i]++;
		if (done[i] % PROGRESS_EVERY == 0)
			PROBE(progress, i * rounds + done[i]);
	}
}

PROGRAM_PARAMETERS("threads>=1 rounds>=1");

int main(int argc, char **argv)
{
	unsigned int threads = arg_number(argc, argv, 1, DEFAULT_THREADS, TEAM_MAX), short_by = 0;

	rounds = arg_number(argc, argv, 2, DEFAULT_ROUNDS, MAX_ROUNDS);
	mcp_start(argv[0]);
	PROBE(program_begin);
	team_run(threads, 1, block_often);
	PROBE(program_end);
	for (unsigned int i = 0; i < threads; i++)
		short_by += rounds - done[i];
	if (short_by == 0)
		printf("block_test: %u threads, %u rounds: ok\n", threads, rounds);
	else
		printf("block_test: %u threads, %u rounds: %u rounds are missing\n", threads,
			rounds, short_by);
	return short_by != 0;
}
