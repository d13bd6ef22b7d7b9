/* mcp_storm.c - what a vcore in vcore context computes comes out right however often it is
 * preempted, and its system calls and messages too. For the kernel's storm=USEC; without parlib.
 *
 *	mcp_storm [rounds]
 */
#include "compute.h"
#include "sim/abi/fault_point.h"
#include "stdio.h"
#include "string.h"
#include "sys.h"

#define VCORES 8
#define STACK  4096
#define STEPS  2000 /* of a round's computation */

static struct procdata *const pd = (struct procdata *)UDATA;
static char stacks[VCORES][STACK] __attribute__((aligned(64)));
static volatile unsigned entered[VCORES], finished, failures;
static volatile unsigned long calls_done[VCORES];
static unsigned rounds = 50, vcores;

static void check(int ok)
{
	if (!ok)
		__atomic_fetch_add(&failures, 1, __ATOMIC_SEQ_CST);
}

/* One call that is done at once, and two of which one blocks. */
static void make_calls(unsigned vcoreid)
{
	struct syscall two[2] = {{.num = SYS_block, .arg0 = 5}, {.num = SYS_getpid}};

	check(sys_call(SYS_getpid, 0, 0, 0, 0) == procinfo->pid);
	check(sys_call(SYS_self_notify, (vcoreid + 1) % vcores, EV_USER_IPI, 0, 0) == 0);
	sys_submit(two, 2);
	for (int i = 0; i < 2; i++)
		while ((((volatile struct syscall *)two)[i].flags & (SC_DONE | SC_K_LOCK)) !=
			SC_DONE)
			__builtin_ia32_pause();
	check(two[0].err == 0 && two[1].retval == procinfo->pid);
	calls_done[vcoreid]++;
}

static _Noreturn void finish(void)
{
	unsigned mapped = 0, twice = 0;

	for (unsigned i = 0; i < vcores; i++) {
		const struct preempt_data *vcpd = &pd->vcore_preempt_data[i];

		mapped += procinfo->vcoremap[i].valid;
		twice += entered[i] != 1;
		check(vcpd->ev_mbox_public.evbm.bits == 1ul << EV_USER_IPI);
		check(calls_done[i] == rounds);
	}
	printf("mcp_storm: %u vcores, %u failures, %u entered twice\n", vcores, failures, twice);
	exit(mapped > 0 && failures == 0 && twice == 0 ? 0 : 1);
}

static unsigned count_finished(void)
{
	if (fault_point("storm.count"))
		return ++finished;
	return __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
}

static _Noreturn void vcore_entry(unsigned long vcoreid)
{
	struct result expected = compute(vcoreid, STEPS), r;

	if (entered[vcoreid]++ == 0 && vcoreid == 0) {
		pd->amt_wanted = vcores;
		sys_call(SYS_poke_ksched, 0, 0, 0, 0);
	}
	for (unsigned i = 0; i < rounds; i++) {
		r = compute(vcoreid, STEPS);
		check(result_equal(&r, &expected));
		make_calls((unsigned)vcoreid);
	}
	if (count_finished() == vcores)
		finish();
	for (;;)
		__builtin_ia32_pause();
}

int main(int argc, char **argv)
{
	const char *end;

	if (argc > 1)
		rounds = (unsigned)strtoul_prefix(argv[1], &end);
	vcores = procinfo->max_vcores < VCORES ? procinfo->max_vcores : VCORES;
	for (unsigned i = 0; i < vcores; i++) {
		struct preempt_data *vcpd = &pd->vcore_preempt_data[i];

		vcpd->vcore_entry = (unsigned long)vcore_entry;
		vcpd->vcore_stack = (unsigned long)stacks[i] + STACK - 8; /* as if called */
		vcpd->ev_mbox_public.type = EV_MBOX_BITMAP;
	}
	sys_call(SYS_change_to_m, 0, 0, 0, 0);
	printf("mcp_storm: change_to_m: error %d\n", errno);
	return 1;
}
