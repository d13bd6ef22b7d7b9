/* test_machine.c - the run loop, digests and snapshots, on cores that run a little real-mode code:
 * each mixes its registers into memory that all share, and reads the clock of the board. */
#include "sim/base/rng.h"
#include "sim/machine/machine.h"
#include "sim/machine/snapshot.h"
#include "tests/unit/unit.h"

#define CODE  0x2000u
#define CORES 4
#define STEPS 60000

/*	again:	lock xadd [0x3000], ax; imul ax, ax, 5; inc word [bx+0x3002]; inc bx; and bx, 0xffe
 *		test bl, 0x3f; jnz again; in al, 0x40; jmp again */
static const uint8_t code[] = {0xf0, 0x0f, 0xc1, 0x06, 0x00, 0x30, 0x6b, 0xc0, 0x05, 0xff, 0x87,
	0x02, 0x30, 0x43, 0x81, 0xe3, 0xfe, 0x0f, 0xf6, 0xc3, 0x3f, 0x75, 0xe9, 0xe4, 0x40, 0xeb,
	0xe5};

static const struct byte_sink nowhere = {.put = NULL};

static struct machine *make(uint64_t quantum)
{
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.cpus = CORES;
	config.machine.memory_mib = 2;
	config.machine.quantum = quantum;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	ck_assert(phys_write(&m->mem, CODE, code, sizeof(code)));
	for (unsigned i = 0; i < CORES; i++) {
		struct core_state *arch = &m->cores[i].arch;

		arch->activity = ACTIVITY_RUNNING;
		arch->seg[CS].base = 0;
		arch->seg[CS].selector = 0;
		arch->rip = CODE;
		arch->gpr[RAX] = i + 1;
		arch->gpr[RBX] = 7 * i;
		cpu_state_changed(&m->cores[i]);
		m->run.runnable[0] |= BIT(i);
	}
	return m;
}

static struct stop run_to(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = steps;
	return machine_run(m, &limit);
}

static struct digest digest_after(uint64_t quantum, uint64_t steps)
{
	struct machine *m = make(quantum);
	struct digest d;

	ck_assert_int_eq(run_to(m, steps).why, STOP_STEPS);
	d = machine_digest(m);
	machine_destroy(m);
	return d;
}

static bool same(struct digest a, struct digest b)
{
	return digest_equal(a, b);
}

START_TEST(stops_are_exact)
{
	struct machine *m = make(500);
	struct run_limit limit = RUN_FREELY;
	uint64_t sum = 0;

	for (uint64_t steps = 1; steps < 3000; steps += 1 + steps / 7) {
		ck_assert_int_eq(run_to(m, steps).why, STOP_STEPS);
		ck_assert_uint_eq(m->run.steps, steps);
	}
	limit.core = 2;
	limit.core_step = m->cores[2].arch.step + 1234;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_CORE_STEPS);
	ck_assert_uint_eq(m->cores[2].arch.step, limit.core_step);
	for (unsigned i = 0; i < CORES; i++)
		sum += m->cores[i].arch.step;
	ck_assert_uint_eq(m->run.steps, sum);
	machine_destroy(m);
}
END_TEST

START_TEST(stopping_changes_nothing)
{
	struct digest whole = digest_after(500, STEPS);
	struct rng rng = rng_from(1);

	for (int i = 0; i < 20; i++) {
		struct machine *m = make(500);

		while (m->run.steps < STEPS)
			run_to(m, min_u64(STEPS, m->run.steps + 1 + rng_below(&rng, 1 << i % 12)));
		ck_assert(same(machine_digest(m), whole));
		machine_destroy(m);
	}
}
END_TEST

START_TEST(caches_are_invisible)
{
	struct digest whole = digest_after(500, STEPS);

	for (uint64_t every = 1; every < 3000; every = every * 7 + 1) {
		struct machine *m = make(500);

		m->drop_every = every;
		run_to(m, STEPS);
		ck_assert(same(machine_digest(m), whole));
		machine_destroy(m);
	}
}
END_TEST

START_TEST(the_lowest_clock_runs)
{
	struct machine *m = make(100);

	for (uint64_t steps = 50; steps < 20000; steps += 50) {
		uint64_t low = UINT64_MAX, high = 0;

		run_to(m, steps);
		for (unsigned i = 0; i < CORES; i++) {
			low = min_u64(low, m->cores[i].arch.cycle);
			high = max_u64(high, m->cores[i].arch.cycle);
		}
		ck_assert_uint_le(high - low, 101); /* the quantum, and one step */
		ck_assert_uint_le(m->run.now, high);
	}
	ck_assert(!same(machine_digest(m), digest_after(7, 19950)));
	machine_destroy(m);
}
END_TEST

START_TEST(machines_do_not_meet)
{
	struct digest whole = digest_after(500, STEPS);
	struct machine *a = make(500), *b = make(500);

	for (uint64_t steps = 100; steps <= STEPS; steps += 100) {
		run_to(a, steps);
		run_to(b, min_u64(STEPS, steps + 57));
	}
	ck_assert(same(machine_digest(a), whole));
	ck_assert(same(machine_digest(b), whole));
	ck_assert(!state_compare(a, b).any);
	machine_destroy(a);
	machine_destroy(b);
}
END_TEST

START_TEST(digests_are_incremental)
{
	struct machine *m = make(500);

	for (uint64_t steps = 1000; steps < STEPS; steps += 1000) {
		run_to(m, steps);
		machine_digest(m);
	}
	run_to(m, STEPS);
	ck_assert(same(machine_digest(m), digest_after(500, STEPS)));
	machine_destroy(m);
}
END_TEST

START_TEST(every_byte_counts)
{
	struct machine *a = make(500), *b = make(500);
	const uint8_t one = 1;
	struct state_difference d;

	ck_assert(same(machine_digest(a), machine_digest(b)));
	ck_assert(phys_write(&b->mem, 0x12345, &one, 1));
	ck_assert(!same(machine_digest(a), machine_digest(b)));
	d = state_compare(a, b);
	ck_assert(d.any);
	ck_assert_str_eq(d.part, "ram");
	ck_assert_uint_eq(d.offset, 0x12345);
	for (unsigned i = 0; i < a->state.count; i++) {
		uint8_t *byte = (uint8_t *)b->state.at[i].data + b->state.at[i].size - 1;
		struct digest before = machine_digest(b);

		*byte ^= 0x80;
		ck_assert(!same(before, machine_digest(b)));
		ck_assert_str_eq(state_compare(a, b).part, a->state.at[i].name);
		*byte ^= 0x80;
	}
	machine_destroy(a);
	machine_destroy(b);
}
END_TEST

START_TEST(snapshots_come_back)
{
	struct machine *m = make(500);
	struct snapshot_store *store = snapshot_store_create(m);
	struct snapshot *early, *late;
	struct digest at_late, end;

	run_to(m, 5000);
	early = snapshot_take(store);
	run_to(m, 20000);
	late = snapshot_take(store);
	at_late = machine_digest(m);
	run_to(m, STEPS);
	end = machine_digest(m);
	ck_assert(same(end, digest_after(500, STEPS)));
	for (int i = 0; i < 3; i++) {
		snapshot_restore(store, late);
		ck_assert_uint_eq(m->run.steps, 20000);
		ck_assert(same(machine_digest(m), at_late));
		run_to(m, 30000 + (uint64_t)i);
		snapshot_restore(store, early);
		run_to(m, 20000);
		ck_assert(same(machine_digest(m), at_late));
		run_to(m, STEPS);
		ck_assert(same(machine_digest(m), end));
	}
	snapshot_drop(store, early);
	snapshot_restore(store, late);
	run_to(m, STEPS);
	ck_assert(same(machine_digest(m), end));
	snapshot_drop(store, late);
	snapshot_store_destroy(store);
	machine_destroy(m);
}
END_TEST

START_TEST(halted_cores_end_it)
{
	static const uint8_t halt[] = {0xfa, 0xf4}; /* cli; hlt */
	struct machine *m = make(500);

	ck_assert(phys_write(&m->mem, CODE, halt, sizeof(halt)));
	ck_assert_int_eq(run_to(m, UINT64_MAX).why, STOP_IDLE);
	ck_assert_uint_eq(m->run.steps, 2 * CORES);
	ck_assert_int_eq(run_to(m, UINT64_MAX).why, STOP_IDLE);
	machine_destroy(m);
}
END_TEST

START_TEST(debug_exit_ends_it)
{
	static const uint8_t leave[] = {
		0xb0, 0x2a, 0xe6, 0xf4, 0xf4}; /* mov al, 42; out 0xf4, al */
	struct machine *m = make(500);
	struct stop stop;

	ck_assert(phys_write(&m->mem, CODE, leave, sizeof(leave)));
	stop = run_to(m, UINT64_MAX);
	ck_assert_int_eq(stop.why, STOP_EXIT);
	ck_assert_uint_eq(stop.status, 42);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {stops_are_exact, stopping_changes_nothing,
		caches_are_invisible, the_lowest_clock_runs, machines_do_not_meet,
		digests_are_incremental, every_byte_counts, snapshots_come_back,
		halted_cores_end_it, debug_exit_ends_it};

	return unit_run("machine", tests, ARRAY_LEN(tests));
}
