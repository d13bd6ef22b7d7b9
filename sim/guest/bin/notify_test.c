/* notify_test.c - events for a vcore whose uthread never enters vcore context by itself: one that
 * asks for no notification, and one behind it that does. The second must bring both; with `events`
 * 1 it comes alone.
 *
 * notify_test [rounds] [events]
 */
#include "args.h"
#include "mcp.h"
#include "sim/abi/parameter.h"
#include "sim/abi/probe.h"
#include "sim/abi/race_rule.h"
#include "sim/guest/parlib/event.h"
#include "sim/guest/parlib/uthread.h"
#include "sim/guest/parlib/vcore.h"

#define DEFAULT_ROUNDS   80
#define MAX_ROUNDS       1000000
#define WORK             50
#define SPINS_THEN_YIELD 500

#define EV_QUIET EV_ALARM
#define EV_LOUD  EV_USER_IPI

static unsigned int rounds, events;
static volatile unsigned int busy_vcore, quiet_seen, loud_seen;
static volatile bool stop;

RACE_RULE("racy-data busy_vcore # a hint whom to notify");
RACE_RULE("sync-data stop # set once; who sees it ends");

static struct event_queue quiet = {.ev_flags = EVENT_SPAM_PUBLIC},
			  loud = {.ev_flags = EVENT_SPAM_PUBLIC | EVENT_IPI};

/* Messages may come twice, and late. */
static void see(struct event_msg *msg, void *data)
{
	volatile unsigned int *seen = data;
	unsigned int old;

	while ((old = *seen) < msg->ev_arg2)
		__sync_bool_compare_and_swap(seen, old, msg->ev_arg2);
}

/* Makes way only where both uthreads have to share one vcore. */
static void stay_busy(void)
{
	while (!stop) {
		busy_vcore = vcore_id();
		mcp_work(WORK);
		if (procinfo->num_vcores < 2)
			uthread_sched_yield();
	}
}

static bool send(struct event_queue *q, unsigned int ev_type, unsigned int number)
{
	struct event_msg msg = {.ev_type = (unsigned short)ev_type, .ev_arg2 = number};

	q->ev_vcore = busy_vcore;
	return sys_call(SYS_notify, procinfo->pid, ev_type, (unsigned long)&msg, 0) == 0;
}

static void wait_for(unsigned int number)
{
	unsigned int quiets = events > 1 ? number : 0;

	for (unsigned int spins = 1; quiet_seen < quiets || loud_seen < number; spins++) {
		cpu_relax();
		if (spins % SPINS_THEN_YIELD == 0)
			uthread_sched_yield();
	}
}

static void send_all(void)
{
	for (unsigned int n = 1; n <= rounds; n++) {
		if (events > 1 && !send(&quiet, EV_QUIET, n))
			break;
		if (!send(&loud, EV_LOUD, n))
			break;
		wait_for(n);
		PROBE(progress, n);
	}
	stop = true;
}

static void take_part(unsigned int i)
{
	if (i == 0)
		stay_busy();
	else
		send_all();
}

PROGRAM_PARAMETERS("rounds>=1");

int main(int argc, char **argv)
{
	rounds = arg_number(argc, argv, 1, DEFAULT_ROUNDS, MAX_ROUNDS);
	events = arg_number(argc, argv, 2, 2, 2);
	event_set_handler(EV_QUIET, see, (void *)&quiet_seen);
	event_set_handler(EV_LOUD, see, (void *)&loud_seen);
	procdata->kernel_evts[EV_QUIET] = &quiet;
	procdata->kernel_evts[EV_LOUD] = &loud;
	mcp_start(argv[0]);
	PROBE(program_begin);
	team_run(2, 2, take_part);
	PROBE(program_end);
	if (quiet_seen == (events > 1 ? rounds : 0) && loud_seen == rounds) {
		printf("notify_test: %u rounds: ok\n", rounds);
		return 0;
	}
	printf("notify_test: %u rounds: %u and %u arrived\n", rounds, quiet_seen, loud_seen);
	return 1;
}
