/* test_hold.c - pcores that are paused, parked and let go on: nothing else of the machine is
 * disturbed, and the caches, stops and snapshots stay invisible. */
#include "sim/machine/snapshot.h"
#include "tests/fuzz/any_code.h"
#include "tests/unit/unit.h"

#define CORES  3
#define HITS   0x5000u /* interrupts taken, a quad word a core */
#define VECTOR 0x40
#define ALL    UINT64_MAX

/*	again: lock xadd [0x4000], rax; inc rbx; add rcx, rax; nop; jmp again */
static const uint8_t loop[] = {0xf0, 0x48, 0x0f, 0xc1, 0x04, 0x25, 0x00, 0x40, 0x00, 0x00, 0x48,
	0xff, 0xc3, 0x48, 0x01, 0xc1, 0x90, 0xeb, 0xed};

/* add rsp, 8 for exceptions, which never come here; then: inc qword [0x5000 + r15 * 8]; push rax;
 * push rcx; push rdx; xor eax, eax; cdq; mov ecx, 0x80b (EOI); wrmsr; pop rdx; pop rcx; pop rax;
 * iretq */
static const uint8_t handler[] = {0x4a, 0xff, 0x04, 0xfd, 0x00, 0x50, 0x00, 0x00, 0x50, 0x51, 0x52,
	0x31, 0xc0, 0x99, 0xb9, 0x0b, 0x08, 0x00, 0x00, 0x0f, 0x30, 0x5a, 0x59, 0x58, 0x48, 0xcf};

static void set_up_apic(struct lapic *l, uint32_t period)
{
	ck_assert(lapic_set_base(l, lapic_base(l) | APIC_BASE_EXTD));
	ck_assert(lapic_msr_write(l, 0x80f, 0x1ff));
	ck_assert(lapic_msr_write(l, 0x83e, 0xb)); /* divide by 1 */
	ck_assert(lapic_msr_write(l, 0x832, VECTOR | 1 << 17));
	ck_assert(lapic_msr_write(l, 0x838, period));
}

/* All cores in the same loop; with a period they have a timer each. */
static struct machine *make(uint32_t period)
{
	const struct byte_sink nowhere = {.put = NULL};
	uint64_t gate[2] = {0x3000 | 8 << 16 | UINT64_C(0x8e00) << 32, 0};
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	config.machine.cpus = CORES;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	for (unsigned i = 0; i < CORES; i++) {
		struct vcpu *c = &m->cores[i];

		any_enter(c, ANY_64);
		c->arch.activity = ACTIVITY_RUNNING;
		c->arch.gpr[RAX] = i + 1;
		c->arch.gpr[R15] = i;
		c->arch.gpr[RSP] = ANY_STACK + 0x800 * i;
		c->arch.rflags |= RFLAGS_IF;
		m->run.runnable[0] |= BIT(i);
		if (period != 0)
			set_up_apic(c->lapic, period + i);
	}
	any_put(&m->cores[0], ANY_CODE, loop, sizeof(loop));
	any_put(&m->cores[0], 0x3000, handler, sizeof(handler));
	any_put(&m->cores[0], ANY_IDT + 16 * VECTOR, gate, sizeof(gate));
	return m;
}

static struct stop run_to(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = steps;
	return machine_run(m, &limit);
}

static uint64_t hits(const struct machine *m, unsigned core)
{
	uint64_t n;

	ck_assert(phys_read(&m->mem, HITS + 8 * core, &n, sizeof(n)));
	return n;
}

/* --- a script: at a step of a core it is held, for so many cycles --- */

enum how { PAUSE, PARK };

struct script {
	struct hold_control control;
	enum how how;
	unsigned core;
	uint64_t cycles; /* 0: until all others are idle */
	int park;
	unsigned reached, due, idle;
};

static void on_reached(void *context, struct machine *m, unsigned core)
{
	struct script *s = context;

	ck_assert_uint_eq(core, s->core);
	ck_assert_uint_eq(m->cores[core].arch.step, s->control.at_step[core]);
	s->reached++;
	s->control.at_step[core] = HOLD_NO_STEP;
	if (s->how == PAUSE)
		machine_pause(m, core);
	else
		s->park = machine_park(m, core, false);
	if (s->cycles != 0)
		machine_wake_at(m, 7, m->cores[core].arch.cycle + s->cycles);
}

static void let_go(struct script *s, struct machine *m)
{
	if (s->how == PAUSE)
		machine_release(m, s->core);
	else
		machine_unpark(m, s->park);
}

static void on_due(void *context, struct machine *m, uint32_t what)
{
	struct script *s = context;

	ck_assert_uint_eq(what, 7);
	s->due++;
	let_go(s, m);
}

static void on_restored(void *context, struct machine *m)
{
	(void)context, (void)m;
}

static void on_idle(void *context, struct machine *m)
{
	struct script *s = context;

	s->idle++;
	if (s->cycles == 0 && s->reached != 0 && s->due == 0) {
		s->due++;
		let_go(s, m);
	}
}

static struct script *script(struct machine *m, enum how how, unsigned core, uint64_t step)
{
	static struct script s;

	memset(&s, 0, sizeof(s));
	s.control = (struct hold_control){.context = &s,
		.reached = on_reached,
		.due = on_due,
		.all_idle = on_idle,
		.restored = on_restored};
	for (unsigned i = 0; i < CPU_MAX; i++)
		s.control.at_step[i] = HOLD_NO_STEP;
	s.control.at_step[core] = step;
	s.how = how;
	s.core = core;
	s.cycles = 10000;
	machine_set_control(m, &s.control);
	return &s;
}

/* --- */

START_TEST(a_paused_core_does_nothing)
{
	struct machine *m = make(997);
	struct script *s = script(m, PAUSE, 1, 1234);
	uint64_t taken, cycle, others;

	while (s->reached == 0)
		run_to(m, m->run.steps + 1);
	taken = hits(m, 1);
	cycle = m->cores[1].arch.cycle;
	others = m->cores[0].arch.step;
	ck_assert(machine_is_paused(m, 1));
	while (s->due == 0) {
		ck_assert_uint_eq(m->cores[1].arch.step, 1234);
		ck_assert_uint_eq(hits(m, 1), taken);
		run_to(m, m->run.steps + 1);
	}
	ck_assert_uint_gt(m->cores[0].arch.step, others + 9000);
	ck_assert_uint_ge(m->cores[1].arch.cycle, cycle + 10000);
	ck_assert_uint_le(m->cores[1].arch.cycle, cycle + 10001);
	run_to(m, m->run.steps + 2400);
	ck_assert_uint_ge(hits(m, 1), taken + 1); /* what came meanwhile is one interrupt */
	ck_assert_uint_le(hits(m, 1), taken + 3);
	machine_destroy(m);
}
END_TEST

START_TEST(the_instruction_comes_before_interrupts)
{
	struct machine *m = make(997);
	struct script *s = script(m, PAUSE, 1, 1234);
	uint64_t rip;

	while (s->reached == 0)
		run_to(m, m->run.steps + 1);
	rip = m->cores[1].arch.rip;
	while (m->cores[1].arch.step == 1234)
		run_to(m, m->run.steps + 1);
	ck_assert_uint_gt(m->cores[1].arch.rip, rip);
	ck_assert_uint_lt(m->cores[1].arch.rip, rip + 8);
	ck_assert_int_ge(lapic_pending_vector(m->cores[1].lapic), 0);
	machine_destroy(m);
}
END_TEST

START_TEST(a_parked_core_takes_interrupts)
{
	struct machine *m = make(997);
	struct script *s = script(m, PARK, 1, 1234);
	struct park context;
	uint64_t taken, rbx;

	while (s->reached == 0)
		run_to(m, m->run.steps + 1);
	taken = hits(m, 1);
	rbx = m->cores[1].arch.gpr[RBX];
	context = cpu_context(&m->cores[1]);
	while (s->due == 0) {
		ck_assert_uint_eq(m->cores[1].arch.gpr[RBX], rbx);
		run_to(m, m->run.steps + 1);
	}
	ck_assert_uint_ge(hits(m, 1), taken + 9);
	ck_assert_uint_le(hits(m, 1), taken + 11);
	ck_assert_uint_eq(m->parks.count, 0);
	ck_assert_uint_eq(cpu_context(&m->cores[1]).la, context.la);
	run_to(m, m->run.steps + 1000);
	ck_assert_uint_gt(m->cores[1].arch.gpr[RBX], rbx);
	machine_destroy(m);
}
END_TEST

/* The digest after so many steps, with a core held in the middle. */
static struct digest held_digest(enum how how, uint64_t drop_every, uint64_t chunk)
{
	struct machine *m = make(997);
	struct script *s = script(m, how, 2, 3000);
	struct digest d;

	m->drop_every = drop_every;
	for (uint64_t steps = chunk; m->run.steps < 40000; steps += chunk)
		run_to(m, min_u64(40000, steps));
	ck_assert_uint_eq(s->due, 1);
	d = machine_digest(m);
	machine_destroy(m);
	return d;
}

START_TEST(stops_and_caches_change_nothing)
{
	for (enum how how = PAUSE; how <= PARK; how++) {
		struct digest whole = held_digest(how, 0, ALL / 4);

		ck_assert(digest_equal(whole, held_digest(how, 1, ALL / 4)));
		ck_assert(digest_equal(whole, held_digest(how, 0, 1)));
		ck_assert(digest_equal(whole, held_digest(how, 0, 13)));
		ck_assert(digest_equal(whole, held_digest(how, 7, 101)));
	}
}
END_TEST

/* Before, within and after; the script's own state is saved beside. */
START_TEST(snapshots_hold_it)
{
	for (enum how how = PAUSE; how <= PARK; how++) {
		struct digest whole = held_digest(how, 0, ALL / 4);
		struct machine *m = make(997);
		struct script *s = script(m, how, 2, 3000), saved[4];
		struct snapshot_store *store = snapshot_store_create(m);
		struct snapshot *at[4];

		for (unsigned i = 0; i < 4; i++) {
			run_to(m, 8000 + 4000 * i);
			at[i] = snapshot_take(store);
			saved[i] = *s;
		}
		ck_assert_uint_eq(saved[1].reached, 1);
		ck_assert_uint_eq(saved[1].due, 0);
		for (unsigned i = 0; i < 12; i++) {
			snapshot_restore(store, at[i * 7 % 4]);
			*s = saved[i * 7 % 4];
			if (i % 3 == 0) /* leave it in any state */
				run_to(m, m->run.steps + 3000);
			else
				run_to(m, 40000);
			ck_assert(i % 3 == 0 || digest_equal(machine_digest(m), whole));
		}
		for (unsigned i = 0; i < 4; i++)
			snapshot_drop(store, at[i]);
		snapshot_store_destroy(store);
		machine_destroy(m);
	}
}
END_TEST

START_TEST(all_held_is_a_stop)
{
	struct machine *m = make(0);

	run_to(m, 100);
	for (unsigned i = 0; i < CORES; i++)
		machine_pause(m, i);
	ck_assert_int_eq(run_to(m, ALL).why, STOP_HELD);
	ck_assert_uint_eq(m->run.steps, 100);
	machine_release(m, 1);
	ck_assert_int_ge(machine_park(m, 1, false), 0);
	ck_assert_int_eq(run_to(m, ALL).why, STOP_HELD);
	ck_assert_uint_eq(m->run.steps, 100);
	machine_unpark(m, 0);
	ck_assert_int_eq(run_to(m, 200).why, STOP_STEPS);
	ck_assert_uint_eq(
		m->cores[0].arch.step + m->cores[2].arch.step + m->cores[1].arch.step, 200);
	machine_destroy(m);
}
END_TEST

START_TEST(others_may_all_be_idle)
{
	static const uint8_t halt[] = {0xfa, 0xf4}; /* cli; hlt */
	struct machine *m = make(0);
	struct script *s = script(m, PAUSE, 0, 0);

	s->cycles = 0;
	any_put(&m->cores[0], ANY_CODE, halt, sizeof(halt));
	ck_assert_int_eq(run_to(m, ALL).why, STOP_IDLE);
	ck_assert_uint_eq(s->due, 1);
	ck_assert_uint_eq(m->cores[1].arch.cycle, 2);
	ck_assert_uint_eq(m->cores[0].arch.cycle, 4);
	machine_destroy(m);
}
END_TEST

/* A park that is tied to no core stops whichever comes. */
START_TEST(a_context_is_parked_anywhere)
{
	struct machine *m = make(0);

	run_to(m, 30);
	m->cores[1].arch.gpr[RSP] = m->cores[0].arch.gpr[RSP];
	ck_assert_int_eq(machine_park(m, 0, true), 0);
	run_to(m, 3000);
	ck_assert(cpu_is_parked(&m->cores[0]));
	ck_assert(cpu_is_parked(&m->cores[1]));
	ck_assert(!cpu_is_parked(&m->cores[2]));
	machine_unpark(m, 0);
	run_to(m, 6000);
	ck_assert_uint_gt(m->cores[0].arch.step, 500);
	ck_assert_uint_gt(m->cores[1].arch.step, 500);
	machine_destroy(m);
}
END_TEST

START_TEST(there_is_room_for_some_parks)
{
	struct machine *m = make(0);

	for (int i = 0; i < PARKS_MAX; i++)
		ck_assert_int_eq(machine_park(m, 0, false), i);
	ck_assert_int_eq(machine_park(m, 0, false), -1);
	machine_unpark(m, 5);
	ck_assert_int_eq(machine_park(m, 0, false), 5);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_paused_core_does_nothing,
		the_instruction_comes_before_interrupts, a_parked_core_takes_interrupts,
		stops_and_caches_change_nothing, snapshots_hold_it, all_held_is_a_stop,
		others_may_all_be_idle, a_context_is_parked_anywhere, there_is_room_for_some_parks};

	return unit_run("hold", tests, ARRAY_LEN(tests));
}
