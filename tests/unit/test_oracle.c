/* test_oracle.c - each oracle speaks when it should, and only then: fed by hand, with probes as a
 * kernel would reach them. */
#include <stdio.h>

#include "sim/machine/hold.h"
#include "sim/machine/loader.h"
#include "sim/replay/oracle.h"
#include "sim/replay/probe_kinds.h"
#include "tests/unit/probe_image.h"
#include "tests/unit/unit.h"

#define CORES    4
#define PID      7
#define PATIENCE 1000
#define LIVELOCK 5000
#define TABLES   0x10000 /* page tables of the process: four pages, each with its twin behind */
#define DATA     0x20000 /* what is mapped at USER */
#define USER     UINT64_C(0x400000)
#define CONTEXT  0x30000

struct run {
	struct machine *m;
	struct boot boot;
	struct images *images;
	struct watch *watch;
	struct oracles *oracles;
	struct probe probe;
};

static void put(struct run *r, uint64_t pa, uint64_t value)
{
	ck_assert(phys_write(&r->m->mem, pa, &value, 8));
}

/* One page of the process, mapped alike in both halves of each pair. */
static void map_page(struct run *r)
{
	for (unsigned level = 4; level > 1; level--) {
		uint64_t table = TABLES + (4 - level) * 0x2000, next = table + 0x2000;
		uint64_t at = table + 8 * (USER >> walk_shift(level) & 511);

		put(r, at, next | PTE_P | PTE_W | PTE_U);
		put(r, at + 0x1000, (next + 0x1000) | 7);
	}
	put(r, TABLES + 0x6000 + 8 * (USER >> 12 & 511), DATA | PTE_P | PTE_W | PTE_U);
	put(r, TABLES + 0x7000 + 8 * (USER >> 12 & 511), DATA | 7 | 6 << 3);
}

/* A probe on a core, with arguments; args end where the probe's do. */
#define HIT(r, core, name, ...)                                                                    \
	hit(r, core, #name, (const int64_t[PROBE_ARGS_MAX]){__VA_ARGS__ + 0})

static void hit(struct run *r, unsigned core, const char *name, const int64_t *args)
{
	struct core_state *arch = &r->m->cores[core].arch;
	struct probe_hit h = {
		.probe = &r->probe,
		.image = images_kernel(r->images),
		.core = core,
		.steps = ++r->m->run.steps,
		.core_step = arch->step++,
		.cycle = ++arch->cycle,
		.rip = arch->rip,
		.pid = PID,
		.vcoreid = (int)core,
		.arg_count = PROBE_ARGS_MAX,
	};

	r->probe.name = name;
	memcpy(h.args, args, sizeof(h.args));
	oracles_hit(r->oracles, &h);
}

static void run_begin(struct run *r)
{
	static const struct byte_sink nowhere;
	const struct oracle_limits limits = {100, PATIENCE, LIVELOCK};
	struct probe_image p = {.address = 0x100000, .code = "\x90", .code_size = 1};
	struct config config;
	struct error e = {""};

	*r = (struct run){0};
	config_defaults(&config);
	config.machine.cpus = CORES;
	config.machine.memory_mib = 2;
	r->m = machine_create(&config, &nowhere, &e);
	ck_assert_msg(r->m != NULL, "%s", e.text);
	r->boot.image.name = "kernel.elf";
	r->boot.image.data = probe_image_make(&p, &r->boot.image.size);
	r->images = images_load(&r->boot, &e);
	ck_assert_msg(r->images != NULL, "%s", e.text);
	r->watch = watch_create(r->m, r->images);
	watch_state(r->watch)->identity.processes[0] =
		(struct identity_process){.pid = PID, .cr3 = TABLES, .name = "test"};
	r->oracles = oracles_create(r->m, r->watch, limits);
	map_page(r);
	HIT(r, 0, proc_created, PID);
}

static void run_end(struct run *r)
{
	watch_destroy(r->watch);
	oracles_destroy(r->oracles);
	images_destroy(r->images);
	free((void *)r->boot.image.data);
	machine_destroy(r->m);
}

static void found(const struct run *r, enum verdict v, const char *oracle, const char *reason)
{
	const struct finding *f = oracles_finding(r->oracles);

	ck_assert_ptr_nonnull(f);
	ck_assert_str_eq(verdict_name(f->verdict), verdict_name(v));
	ck_assert_str_eq(f->oracle, oracle);
	ck_assert_msg(strstr(f->reason, reason) != NULL, "%s", f->reason);
}

static void nothing(const struct run *r)
{
	const struct finding *f = oracles_finding(r->oracles);

	ck_assert_msg(f == NULL, "%s", f != NULL ? f->reason : "");
}

static void time_passes(struct run *r, uint64_t cycles)
{
	for (unsigned i = 0; i < CORES; i++)
		r->m->cores[i].arch.cycle += cycles;
	r->m->run.steps += 200;
	oracles_look(r->oracles);
}

static void at_rest(struct run *r)
{
	oracles_rest(r->oracles, (struct stop){.why = STOP_IDLE});
}

/* --- double-run --- */

START_TEST(vcore_on_two_cores)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 1, vcore_enter, PID, 2, 0);
	HIT(&r, 1, vcore_leave, PID, 2);
	HIT(&r, 2, vcore_enter, PID, 2, 0);
	HIT(&r, 1, vcore_leave, PID, 2); /* says nothing of the one on c2 */
	nothing(&r);
	HIT(&r, 3, vcore_enter, PID, 2, 0);
	found(&r, VERDICT_DOUBLE_RUN, "double-run", "test (pid 7): vcore 2 begins to run on c3");
	run_end(&r);
}
END_TEST

START_TEST(uthread_on_two_vcores)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 1, vcore_enter, PID, 1, 1);
	HIT(&r, 2, vcore_enter, PID, 2, 1);
	HIT(&r, 1, uthread_run, 0x1000, 1);
	HIT(&r, 1, vcore_leave, PID, 1); /* preempted: vcore 2 steals what it ran */
	HIT(&r, 2, uthread_run, 0x1000, 2);
	HIT(&r, 3, vcore_enter, PID, 1, 1); /* vcore context: it does not go on */
	nothing(&r);
	HIT(&r, 3, uthread_run, 0x1000, 1);
	found(&r, VERDICT_DOUBLE_RUN, "double-run", "runs uthread 0x1000 on c3 while vcore 2");
	run_end(&r);
}
END_TEST

START_TEST(uthread_goes_on_after_it_was_stolen)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 1, vcore_enter, PID, 1, 1);
	HIT(&r, 2, vcore_enter, PID, 2, 1);
	HIT(&r, 1, uthread_run, 0x1000, 1);
	HIT(&r, 1, vcore_leave, PID, 1);
	HIT(&r, 2, uthread_run, 0x1000, 2);
	HIT(&r, 3, vcore_enter, PID, 1, 0); /* its saved context goes on: that uthread */
	found(&r, VERDICT_DOUBLE_RUN, "double-run", "vcore 1 runs uthread 0x1000 on c3");
	run_end(&r);
}
END_TEST

/* --- context-corrupt --- */

START_TEST(context_as_it_was)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 1, ctx_saved, PID, 1, CONTEXT, 64);
	HIT(&r, 2, ctx_restored, PID, 1, CONTEXT, 64);
	nothing(&r);
	HIT(&r, 2, ctx_saved, PID, 1, CONTEXT, 64);
	put(&r, CONTEXT + 64, 1); /* behind it */
	HIT(&r, 1, ctx_restored, PID, 1, CONTEXT, 64);
	nothing(&r);
	run_end(&r);
}
END_TEST

START_TEST(context_changed)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 1, ctx_saved, PID, 1, CONTEXT, 64);
	put(&r, CONTEXT + 56, 1);
	HIT(&r, 2, ctx_restored, PID, 1, CONTEXT, 64);
	found(&r, VERDICT_CONTEXT_CORRUPT, "context-corrupt", "its bytes are not those");
	run_end(&r);
}
END_TEST

START_TEST(context_restored_twice)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 1, ctx_saved, PID, 1, CONTEXT, 64);
	HIT(&r, 2, ctx_restored, PID, 1, CONTEXT, 64);
	HIT(&r, 3, ctx_restored, PID, 1, CONTEXT, 64);
	found(&r, VERDICT_CONTEXT_CORRUPT, "context-corrupt", "not saved since");
	run_end(&r);
}
END_TEST

START_TEST(context_restored_early)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 0, preempt_sent, PID, 1, 1);
	HIT(&r, 0, startcore_sent, PID, 1, 2, 1);
	HIT(&r, 0, preempt_sent, PID, 1, 2); /* sent later: need not be done */
	HIT(&r, 1, preempt_done, PID, 1, 1);
	HIT(&r, 0, startcore_sent, PID, 1, 2, 2); /* nor does what another start will wait for */
	HIT(&r, 2, startcore_wait, PID, 1, 1);
	HIT(&r, 2, ctx_restored, PID, 1, CONTEXT, 64);
	nothing(&r);
	HIT(&r, 2, startcore_wait, PID, 1, 2);
	HIT(&r, 2, ctx_restored, PID, 1, CONTEXT, 64);
	found(&r, VERDICT_CONTEXT_CORRUPT, "context-corrupt", "preemption 2 of it");
	run_end(&r);
}
END_TEST

/* --- lost-event --- */

/* A bitmap mailbox at USER (sim/abi/event.h) whose bit 3 is set. */
static void post_bit(struct run *r, int64_t guaranteed)
{
	put(r, DATA, 2);
	put(r, DATA + 8, BIT(3));
	HIT(r, 0, event_posted, PID, USER, 3, 10, 1, guaranteed);
}

START_TEST(event_lost)
{
	struct run r;

	run_begin(&r);
	post_bit(&r, 1);
	oracles_look(r.oracles);
	nothing(&r);
	at_rest(&r);
	found(&r, VERDICT_LOST_EVENT, "lost-event", "EV_SYSCALL");
	run_end(&r);
}
END_TEST

/* Each of these events counts as handled, so that the rest is a plain deadlock. */
START_TEST(event_handled)
{
	struct run r;

	run_begin(&r);
	post_bit(&r, 1);
	HIT(&r, 1, event_handled, USER, 3, 10);
	at_rest(&r);
	found(&r, VERDICT_DEADLOCK, "deadlock", "test (pid 7) has not ended");
	run_end(&r);

	run_begin(&r);
	post_bit(&r, 1);
	put(&r, DATA + 8, 0); /* taken before the probe behind the posting was reached */
	at_rest(&r);
	found(&r, VERDICT_DEADLOCK, "deadlock", "");
	run_end(&r);

	run_begin(&r);
	post_bit(&r, 1);
	HIT(&r, 1, proc_ended, PID, 0);
	at_rest(&r);
	found(&r, VERDICT_DEADLOCK, "deadlock", "every pcore is halted");
	run_end(&r);
}
END_TEST

START_TEST(event_tried)
{
	struct run r;

	run_begin(&r);
	post_bit(&r, 0);
	at_rest(&r);
	found(&r, VERDICT_DEADLOCK, "deadlock", "");
	run_end(&r);

	run_begin(&r);
	post_bit(&r, 0);
	HIT(&r, 0, spam_ok, PID, 1, 1, USER, 3);
	at_rest(&r);
	found(&r, VERDICT_LOST_EVENT, "lost-event", "");
	run_end(&r);
}
END_TEST

START_TEST(event_lost_to_patience)
{
	struct run r;

	run_begin(&r);
	post_bit(&r, 1);
	time_passes(&r, PATIENCE - 100);
	nothing(&r);
	HIT(&r, 2, syscall_done, PID, 0);
	time_passes(&r, PATIENCE - 100);
	nothing(&r);
	HIT(&r, 2, uthread_run, 0x1000, 2); /* which alone gets nobody anywhere */
	time_passes(&r, PATIENCE);
	found(&r, VERDICT_LOST_EVENT, "lost-event", "got nowhere");
	run_end(&r);
}
END_TEST

START_TEST(events_in_a_ucq)
{
	struct run r;

	run_begin(&r);
	put(&r, DATA, 1); /* a UCQ whose consumer is at slot 2 of the page */
	put(&r, DATA + 8 + 16, USER + 2);
	HIT(&r, 0, event_posted, PID, USER, USER + 1, 10, 1, 1);
	at_rest(&r);
	found(&r, VERDICT_DEADLOCK, "deadlock", "");
	run_end(&r);

	run_begin(&r);
	put(&r, DATA, 1);
	put(&r, DATA + 8 + 16, USER + 2);
	put(&r, DATA + 32 + 2 * 32 + 24, 1); /* the slot is ready */
	HIT(&r, 0, event_posted, PID, USER, USER + 2, 10, 1, 1);
	at_rest(&r);
	found(&r, VERDICT_LOST_EVENT, "lost-event", "");
	run_end(&r);
}
END_TEST

/* --- who waits --- */

START_TEST(wakeup_lost)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 0, kmsg_sent, 2, 0, 1);
	HIT(&r, 0, kmsg_sent, 3, 0, 1);
	HIT(&r, 3, kmsg_run, 0, 1);
	r.m->cores[2].arch.activity = r.m->cores[3].arch.activity = ACTIVITY_HALTED;
	at_rest(&r);
	found(&r, VERDICT_LOST_WAKEUP, "lost-wakeup", "c2 sleeps");
	run_end(&r);
}
END_TEST

static void spin_for_locks(struct run *r)
{
	for (unsigned core = 1; core <= 3; core++) {
		HIT(r, core, vcore_enter, PID, core, 1);
		if (core == 3)
			break;
		HIT(r, core, lock_taken, 0x100 + core, core);
	}
	HIT(r, 3, lock_taken, 0x103, 3);
	HIT(r, 3, vcore_leave, PID, 3);
	HIT(r, 1, lock_wait, 0x102, 2);
	HIT(r, 2, lock_wait, 0x103, 3);
}

START_TEST(locks_for_ever)
{
	struct run r;

	run_begin(&r);
	spin_for_locks(&r);
	time_passes(&r, PATIENCE / 2);
	nothing(&r);
	time_passes(&r, PATIENCE);
	found(&r, VERDICT_DEADLOCK, "deadlock", "held by vcore 3, which gave up c3");
	run_end(&r);
}
END_TEST

START_TEST(locks_that_are_given)
{
	struct run r;

	run_begin(&r);
	spin_for_locks(&r);
	HIT(&r, 2, lock_taken, 0x103, 2);
	time_passes(&r, 2 * PATIENCE);
	nothing(&r);
	run_end(&r);
}
END_TEST

/* What the schedule holds back gets all the time it needs, and so do those who wait for it. */
START_TEST(patience_with_the_held)
{
	struct run r;

	run_begin(&r);
	spin_for_locks(&r);
	machine_pause(r.m, 0);
	time_passes(&r, 10 * PATIENCE);
	nothing(&r);
	machine_release(r.m, 0);
	time_passes(&r, PATIENCE / 2);
	nothing(&r);
	time_passes(&r, PATIENCE);
	found(&r, VERDICT_DEADLOCK, "deadlock", "");
	run_end(&r);
}
END_TEST

/* All others may be idle until it goes on, so that nobody has looked meanwhile. */
START_TEST(patience_with_the_released)
{
	struct run r;

	run_begin(&r);
	spin_for_locks(&r);
	machine_pause(r.m, 0);
	for (unsigned i = 0; i < CORES; i++)
		r.m->cores[i].arch.cycle += 10 * PATIENCE;
	r.m->run.now = 10 * PATIENCE;
	machine_release(r.m, 0);
	time_passes(&r, 10);
	nothing(&r);
	time_passes(&r, PATIENCE / 2);
	nothing(&r);
	time_passes(&r, PATIENCE);
	found(&r, VERDICT_DEADLOCK, "deadlock", "");
	run_end(&r);
}
END_TEST

START_TEST(startcores_in_a_cycle)
{
	struct run r;

	run_begin(&r);
	for (unsigned i = 1; i <= 2; i++) {
		HIT(&r, i, vcore_enter, PID, i, 1);
		HIT(&r, 0, preempt_sent, PID, i, 1);
		HIT(&r, 0, startcore_sent, PID, i, 3 - i, 1);
	}
	HIT(&r, 1, startcore_wait, PID, 2, 1);
	oracles_look(r.oracles);
	nothing(&r);
	HIT(&r, 2, startcore_wait, PID, 1, 1);
	oracles_look(r.oracles);
	found(&r, VERDICT_DEADLOCK, "deadlock", "wait for each other in a cycle");
	run_end(&r);
}
END_TEST

START_TEST(no_progress)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 1, program_begin, 0);
	r.m->run.steps += LIVELOCK - 300;
	time_passes(&r, 1);
	nothing(&r);
	HIT(&r, 1, progress, 1);
	r.m->run.steps += LIVELOCK - 300;
	time_passes(&r, 1);
	nothing(&r);
	time_passes(&r, 1);
	found(&r, VERDICT_LIVELOCK, "livelock", "no progress");
	run_end(&r);
}
END_TEST

/* --- invariants --- */

START_TEST(preempt_count)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 0, preempt_sent, PID, 1, 1);
	HIT(&r, 1, preempt_done, PID, 1, 1);
	nothing(&r);
	HIT(&r, 1, preempt_done, PID, 1, 2);
	found(&r, VERDICT_INVARIANT, "preempt-count", "2 preemptions done but only 1 sent");
	run_end(&r);
}
END_TEST

START_TEST(one_pcore)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 0, vcore_mapped, PID, 1, 2);
	HIT(&r, 0, vcore_unmapped, PID, 1, 2);
	HIT(&r, 0, vcore_mapped, PID, 1, 3);
	nothing(&r);
	HIT(&r, 0, vcore_mapped, PID, 1, 2);
	found(&r, VERDICT_INVARIANT, "one-pcore", "mapped to c2");
	run_end(&r);
}
END_TEST

/* A pair that disagrees for one look may be an update under way. */
START_TEST(page_pairs)
{
	uint64_t leaf = TABLES + 0x7000 + 8 * (USER >> 12 & 511);
	struct run r;

	run_begin(&r);
	oracles_look(r.oracles);
	put(&r, leaf, DATA | 5 | 6 << 3); /* read-only in the extended table */
	oracles_look(r.oracles);
	nothing(&r);
	put(&r, leaf, DATA | 7 | 6 << 3);
	oracles_look(r.oracles);
	put(&r, leaf, DATA | 5 | 6 << 3);
	oracles_look(r.oracles);
	nothing(&r);
	oracles_look(r.oracles);
	found(&r, VERDICT_INVARIANT, "page-pairs", "page tables disagree at 0x400000");
	run_end(&r);
}
END_TEST

/* --- the set --- */

START_TEST(first_wins)
{
	struct run r;

	run_begin(&r);
	HIT(&r, 0, vcore_mapped, PID, 1, 2);
	HIT(&r, 0, vcore_mapped, PID, 1, 3);
	HIT(&r, 1, preempt_done, PID, 1, 2);
	found(&r, VERDICT_INVARIANT, "one-pcore", "");
	run_end(&r);
}
END_TEST

START_TEST(restored)
{
	struct run r;
	void *state;

	run_begin(&r);
	HIT(&r, 1, vcore_enter, PID, 2, 0);
	state = malloc(oracles_state_size());
	oracles_save(r.oracles, state);
	HIT(&r, 2, vcore_enter, PID, 2, 0);
	ck_assert_ptr_nonnull(oracles_finding(r.oracles));
	oracles_restore(r.oracles, state);
	nothing(&r);
	HIT(&r, 3, vcore_enter, PID, 2, 0);
	found(&r, VERDICT_DOUBLE_RUN, "double-run", "on c3");
	free(state);
	run_end(&r);
}
END_TEST

START_TEST(probes_that_are_missing)
{
	struct error e;
	struct run r;

	run_begin(&r);
	ck_assert(oracles_can_find(r.images, VERDICT_PASS, &e));
	ck_assert(oracles_can_find(r.images, VERDICT_DEADLOCK, &e));
	ck_assert(!oracles_can_find(r.images, VERDICT_LOST_EVENT, &e));
	ck_assert_str_eq(e.text, "lost-event cannot be found: the images lack the probes "
				 "event_posted event_handled");
	run_end(&r);
}
END_TEST

START_TEST(kinds_are_sorted)
{
	for (unsigned i = 0; i < PROBE_UNKNOWN; i++)
		ck_assert_uint_eq(probe_kind_find(probe_kind_row(i)->name), i);
	ck_assert_uint_eq(probe_kind_find("no_such_probe"), PROBE_UNKNOWN);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {vcore_on_two_cores, uthread_on_two_vcores,
		uthread_goes_on_after_it_was_stolen, context_as_it_was, context_changed,
		context_restored_twice, context_restored_early, event_lost, event_handled,
		event_tried, event_lost_to_patience, events_in_a_ucq, wakeup_lost, locks_for_ever,
		locks_that_are_given, patience_with_the_held, patience_with_the_released,
		startcores_in_a_cycle, no_progress, preempt_count, one_pcore, page_pairs,
		first_wins, restored, probes_that_are_missing, kinds_are_sorted};

	return unit_run("oracle", tests, ARRAY_LEN(tests));
}
