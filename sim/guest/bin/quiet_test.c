/* quiet_test.c - events that ask for no notification, for a uthread that blocks until they come:
 * its vcore looks for the last time, and gives its core back, just when the event is sent. Somebody
 * must see it, or the uthread sleeps for ever.
 *
 * quiet_test [rounds]
 */
#include "args.h"
#include "mcp.h"
#include "sim/abi/parameter.h"
#include "sim/abi/probe.h"
#include "sim/abi/race_rule.h"
#include "sim/guest/parlib/event.h"
#include "sim/guest/parlib/sched.h"
#include "sim/guest/parlib/uthread.h"
#include "sim/guest/parlib/vcore.h"

#define DEFAULT_ROUNDS   40
#define MAX_ROUNDS       1000000
#define SPINS_THEN_YIELD 500

#define EV_QUIET EV_ALARM

static unsigned int rounds;
static volatile unsigned int seen, done;
static struct uthread *volatile sleeper;

RACE_RULE("sync-data done # who waits for the others looks at it");

static struct event_queue quiet = {.ev_flags = EVENT_SPAM_PUBLIC};

static void wake_sleeper(void)
{
	struct uthread *t = __atomic_exchange_n(&sleeper, NULL, __ATOMIC_SEQ_CST);

	if (t != NULL)
		sched_runnable(t);
}

/* Messages may come twice, and late. */
static void see(struct event_msg *msg, void *data)
{
	unsigned int old;

	(void)data;
	while ((old = seen) < msg->ev_arg2)
		__sync_bool_compare_and_swap(&seen, old, msg->ev_arg2);
	wake_sleeper();
}

/* In vcore context. The event may have come before there was anybody to wake. */
static void sleep_here(struct uthread *t, void *arg)
{
	unsigned int number = *(unsigned int *)arg;

	(void)__atomic_exchange_n(&sleeper, t, __ATOMIC_SEQ_CST);
	if (seen >= number)
		wake_sleeper();
}

static void receive(unsigned int number)
{
	while (seen < number)
		uthread_yield(sleep_here, &number);
	done = number;
	PROBE(progress, number);
}

/* Makes way now and then, so that events which have come to this vcore are looked at. */
static void wait_for(unsigned int number)
{
	for (unsigned int spins = 1; done < number; spins++) {
		cpu_relax();
		if (spins % SPINS_THEN_YIELD == 0)
			uthread_sched_yield();
	}
}

static void send(unsigned int number)
{
	struct event_msg msg = {.ev_type = EV_QUIET, .ev_arg2 = number};

	if (sys_call(SYS_notify, procinfo->pid, EV_QUIET, (unsigned long)&msg, 0) == 0)
		wait_for(number);
}

/* In turns: so the receiver is now on the vcore that has been online longest, now on the other. */
static void take_part(unsigned int i)
{
	for (unsigned int n = 1; n <= rounds; n++) {
		if (n % 2 == i)
			send(n);
		else
			receive(n);
	}
}

PROGRAM_PARAMETERS("rounds>=1");

int main(int argc, char **argv)
{
	rounds = arg_number(argc, argv, 1, DEFAULT_ROUNDS, MAX_ROUNDS);
	event_set_handler(EV_QUIET, see, NULL);
	procdata->kernel_evts[EV_QUIET] = &quiet;
	/* hardly ever online: the kernel takes the vcore that has been online longest */
	quiet.ev_vcore = max_vcores() - 1;
	mcp_start(argv[0]);
	PROBE(program_begin);
	team_run(2, 2, take_part);
	PROBE(program_end);
	if (done == rounds)
		printf("quiet_test: %u rounds: ok\n", rounds);
	else
		printf("quiet_test: %u rounds: %u arrived\n", rounds, done);
	return done != rounds;
}
