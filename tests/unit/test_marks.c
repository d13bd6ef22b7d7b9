/* test_marks.c - before a marked instruction the guard is asked, at full speed or not, wherever it
 * stands in its block, and sees the core as it is; what it answers stops the core exactly there. */
#include "tests/fuzz/any_code.h"

#include "tests/unit/unit.h"

#define ASKED_MAX 4096

/* What a guard was asked, and where it says stop. */
struct asked {
	size_t count;
	struct core_state at[ASKED_MAX];
	uint64_t stop_at;  /* a step */
	uint64_t mark_too; /* an address to mark when first asked */
	struct code_cache *code;
};

static bool ask(void *context, struct vcpu *c)
{
	struct asked *a = context;

	if (a->count == 0 && a->mark_too != 0)
		cpu_mark(a->code, a->mark_too);
	if (a->count != 0 && a->at[a->count - 1].step == c->arch.step)
		return false;
	ck_assert_uint_lt(a->count, ASKED_MAX);
	a->at[a->count++] = c->arch;
	return c->arch.step == a->stop_at;
}

static struct asked *guard(struct machine *m)
{
	static struct asked a;

	memset(&a, 0, sizeof(a));
	a.stop_at = UINT64_MAX;
	a.code = m->code;
	m->cores[0].guard = (struct cpu_guard){.context = &a, .mark = ask};
	return &a;
}

static void run_to(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = steps;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
}

/* The state before each step at an address, by stopping there. */
static size_t expected(struct machine *m, uint64_t la, uint64_t steps, struct core_state *at)
{
	size_t count = 0;

	for (uint64_t step = 0; step < steps; step++) {
		run_to(m, step);
		if (m->cores[0].arch.rip == la)
			at[count++] = m->cores[0].arch;
	}
	run_to(m, steps);
	return count;
}

/*	mov ecx, 7; again: add eax, ecx; cmp eax, 5; jc over; push rcx; mov ecx, 5;
 *	mov rdi, 0x6000; rep stosb; pop rcx; over: in al, 0x40; add rbx, rax; loop again; jmp start
 */
static const uint8_t program[] = {0xb9, 0x07, 0x00, 0x00, 0x00, 0x01, 0xc8, 0x83, 0xf8, 0x05, 0x72,
	0x10, 0x51, 0xb9, 0x05, 0x00, 0x00, 0x00, 0x48, 0xc7, 0xc7, 0x00, 0x60, 0x00, 0x00, 0xf3,
	0xaa, 0x59, 0xe4, 0x40, 0x48, 0x01, 0xc3, 0xe2, 0xe2, 0xeb, 0xdb};

/* Offsets of its instructions. */
static const unsigned starts[] = {0, 5, 7, 10, 12, 13, 18, 25, 27, 28, 30, 33, 35};

#define STEPS 2000

static void compare(unsigned offset, uint64_t drop_every, uint64_t quantum)
{
	static struct core_state want[ASKED_MAX];
	struct machine *m = any_machine_of(ANY_64, program, sizeof(program));
	struct machine *marked = any_machine_of(ANY_64, program, sizeof(program));
	struct asked *a = guard(marked);
	size_t count = expected(m, ANY_CODE + offset, STEPS, want);

	cpu_mark(marked->code, ANY_CODE + offset);
	marked->drop_every = drop_every;
	for (uint64_t steps = 0; steps < STEPS; steps += quantum)
		run_to(marked, min_u64(STEPS, steps + quantum));
	ck_assert_uint_ge(count, 2);
	ck_assert_uint_eq(a->count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(memcmp(&a->at[i], &want[i], sizeof(want[i])) == 0,
			"offset %u, time %zu: asked at step %" PRIu64, offset, i, a->at[i].step);
	ck_assert(digest_equal(machine_digest(m), machine_digest(marked)));
	machine_destroy(m);
	machine_destroy(marked);
}

START_TEST(asked_before_each_step_there)
{
	for (unsigned i = 0; i < ARRAY_LEN(starts); i++) {
		compare(starts[i], 0, STEPS);
		compare(starts[i], 1, STEPS);
		compare(starts[i], 0, 7);
	}
}
END_TEST

START_TEST(not_asked_elsewhere)
{
	struct machine *m = any_machine_of(ANY_64, program, sizeof(program));
	struct asked *a = guard(m);

	cpu_mark(m->code, ANY_CODE + 6);           /* within an instruction */
	cpu_mark(m->code, ANY_CODE + PAGE_SIZE);   /* the same offset of another page */
	cpu_mark(m->code, ANY_CODE + 5 + BIT(20)); /* another address */
	cpu_mark(m->code, ANY_CODE + 5);
	cpu_mark(m->code, ANY_CODE + 5);
	run_to(m, 100);
	ck_assert_uint_gt(a->count, 0);
	cpu_unmark(m->code, ANY_CODE + 5);
	a->count = 0;
	run_to(m, 200);
	ck_assert_uint_gt(a->count, 0);
	cpu_unmark(m->code, ANY_CODE + 5);
	a->count = 0;
	run_to(m, 300);
	ck_assert_uint_eq(a->count, 0);
	machine_destroy(m);
}
END_TEST

START_TEST(stops_before_it)
{
	static struct core_state want[ASKED_MAX];

	for (unsigned i = 0; i < ARRAY_LEN(starts); i++) {
		struct machine *m = any_machine_of(ANY_64, program, sizeof(program));
		struct asked *a;
		struct vcpu *c;

		ck_assert_uint_ge(expected(m, ANY_CODE + starts[i], 200, want), 2);
		machine_destroy(m);
		m = any_machine_of(ANY_64, program, sizeof(program));
		c = &m->cores[0];
		a = guard(m);
		a->stop_at = want[1].step;
		cpu_mark(m->code, ANY_CODE + starts[i]);
		while (cpu_run(c, UINT64_MAX, 1000) == CPU_EXCLUSIVE)
			ck_assert_int_eq(cpu_step_exclusive(c), CPU_LIMIT);
		ck_assert_mem_eq(&c->arch, &want[1], sizeof(want[1]));
		machine_destroy(m);
	}
}
END_TEST

START_TEST(a_guard_may_mark)
{
	struct machine *m = any_machine_of(ANY_64, program, sizeof(program));
	struct asked *a = guard(m);

	cpu_mark(m->code, ANY_CODE + 5);
	a->mark_too = ANY_CODE + 7; /* the next instruction */
	run_to(m, 50);
	ck_assert_uint_eq(a->at[0].rip, ANY_CODE + 5);
	ck_assert_uint_eq(a->at[1].rip, ANY_CODE + 7);
	ck_assert_uint_eq(a->at[1].step, a->at[0].step + 1);
	machine_destroy(m);
}
END_TEST

START_TEST(asked_across_a_page_end)
{
	static const uint8_t code[] = {0x01, 0xc8, 0xeb, 0xfc}; /* again: add eax, ecx; jmp again */
	struct machine *m = any_machine_of(ANY_64, code, sizeof(code));
	struct vcpu *c = &m->cores[0];
	struct asked *a = guard(m);

	any_put(c, ANY_CODE + PAGE_SIZE - 1, code, sizeof(code));
	c->arch.rip = ANY_CODE + PAGE_SIZE - 1;
	cpu_mark(m->code, c->arch.rip);
	run_to(m, 10);
	ck_assert_uint_eq(a->count, 5);
	machine_destroy(m);
}
END_TEST

START_TEST(the_shadow_is_seen)
{
	static const uint8_t code[] = {0xfb, 0x90, 0xeb, 0xfc}; /* again: sti; nop; jmp again */
	struct machine *m = any_machine_of(ANY_REAL, code, sizeof(code));
	struct asked *a = guard(m);

	cpu_mark(m->code, ANY_CODE + 1);
	a->stop_at = 1;
	ck_assert_int_eq(cpu_run(&m->cores[0], UINT64_MAX, 10), CPU_MARK);
	ck_assert_uint_eq(a->at[0].shadow, SHADOW_STI);
	ck_assert_uint_eq(m->cores[0].arch.shadow, SHADOW_STI);
	machine_destroy(m);
}
END_TEST

/* A core that was stopped before an instruction takes no interrupt before it, if so agreed. */
START_TEST(a_commitment_holds)
{
	static const uint8_t code[] = {0xfb, 0x90, 0x90, 0xeb, 0xfe}; /* sti; nop; nop; jmp $ */

	for (unsigned commit = 0; commit < 2; commit++) {
		struct machine *m = any_machine_of(ANY_64, code, sizeof(code));
		struct vcpu *c = &m->cores[0];

		run_to(m, 2);
		c->lapic->state.nmi_pending = 1;
		if (commit)
			cpu_commit(c);
		run_to(m, 3);
		ck_assert_uint_eq(c->arch.rip == ANY_CODE + 3, commit);
		run_to(m, 4);
		ck_assert_uint_eq(c->lapic->state.nmi_pending, 0);
		machine_destroy(m);
	}
}
END_TEST

/* --- stores --- */

struct stores {
	unsigned count;
	struct core_state at[64];
	uint64_t la[64], pa[64];
	unsigned size[64];
	uint64_t stop_at; /* a step */
};

static bool ask_store(void *context, struct vcpu *c, uint64_t la, uint64_t pa, unsigned size)
{
	struct stores *s = context;

	if (s->count != 0 && s->at[s->count - 1].step == c->arch.step)
		return false;
	ck_assert_uint_lt(s->count, 64);
	s->at[s->count] = c->arch;
	s->la[s->count] = la;
	s->pa[s->count] = pa;
	s->size[s->count++] = size;
	return c->arch.step == s->stop_at;
}

/* add eax, 1; mov [0x6000], eax; inc qword [0x6ffe]; mov ecx, 4; mov edi, 0x6ffe; rep stosb;
 * push rax; jmp $ */
static const uint8_t storing[] = {0x83, 0xc0, 0x01, 0x89, 0x04, 0x25, 0x00, 0x60, 0x00, 0x00, 0x48,
	0xff, 0x04, 0x25, 0xfe, 0x6f, 0x00, 0x00, 0xb9, 0x04, 0x00, 0x00, 0x00, 0xbf, 0xfe, 0x6f,
	0x00, 0x00, 0xf3, 0xaa, 0x50, 0xeb, 0xfe};

static struct stores *watch(struct machine *m)
{
	static struct stores s;

	memset(&s, 0, sizeof(s));
	s.stop_at = UINT64_MAX;
	m->cores[0].guard = (struct cpu_guard){.context = &s, .store = ask_store};
	return &s;
}

START_TEST(asked_before_stores)
{
	struct machine *m = any_machine_of(ANY_64, storing, sizeof(storing));
	struct stores *s = watch(m);

	cpu_watch_stores(m->code, 0x6002, 2);
	cpu_watch_stores(m->code, 0x7000, 1);
	run_to(m, 20);
	ck_assert_uint_eq(s->count, 3);
	ck_assert_uint_eq(s->la[0], 0x6000);
	ck_assert_uint_eq(s->size[0], 4);
	ck_assert_uint_eq(s->at[0].step, 1);
	ck_assert_uint_eq(s->at[0].rip, ANY_CODE + 3);
	ck_assert_uint_eq(s->la[1], 0x6ffe); /* it crosses the page's end */
	ck_assert_uint_eq(s->size[1], 8);
	ck_assert_uint_eq(s->at[1].rip, ANY_CODE + 10);
	ck_assert_uint_eq(s->la[2], 0x7000); /* the third iteration */
	ck_assert_uint_eq(s->at[2].step, 7);
	ck_assert_uint_eq(s->at[2].gpr[RCX], 2);
	ck_assert_uint_eq(s->at[2].insns, 5);
	cpu_watch_no_stores(m->code);
	m->cores[0].arch.rip = ANY_CODE;
	run_to(m, 40);
	ck_assert_uint_eq(s->count, 3);
	machine_destroy(m);
}
END_TEST

START_TEST(stops_before_stores)
{
	static const uint64_t steps[] = {1, 2, 7};

	for (unsigned i = 0; i < ARRAY_LEN(steps); i++) {
		struct machine *m = any_machine_of(ANY_64, storing, sizeof(storing));
		struct machine *plain = any_machine_of(ANY_64, storing, sizeof(storing));
		struct stores *s = watch(m);

		cpu_watch_stores(m->code, 0x6000, 0x1001);
		s->stop_at = steps[i];
		run_to(plain, steps[i]);
		ck_assert_int_eq(cpu_run(&m->cores[0], UINT64_MAX, 100), CPU_MARK);
		m->run = plain->run;
		ck_assert(digest_equal(machine_digest(m), machine_digest(plain)));
		ck_assert_int_eq(cpu_run(&m->cores[0], UINT64_MAX, 20), CPU_LIMIT);
		machine_destroy(m);
		machine_destroy(plain);
	}
}
END_TEST

START_TEST(a_store_that_faults_is_none)
{
	struct machine *m = any_machine_of(ANY_64, storing, sizeof(storing));
	const uint64_t page = PTE_P | PTE_U | PTE_PS; /* read-only */
	struct stores *s = watch(m);

	cpu_watch_stores(m->code, 0x6000, 0x1000);
	any_put(&m->cores[0], ANY_TABLES + PAGE_SIZE, &page, 8);
	m->cores[0].arch.cr0 |= CR0_WP;
	ck_assert_int_eq(cpu_run(&m->cores[0], UINT64_MAX, 10), CPU_SHUTDOWN); /* no stack */
	ck_assert_uint_eq(s->count, 0);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {asked_before_each_step_there, not_asked_elsewhere,
		stops_before_it, a_guard_may_mark, asked_across_a_page_end, the_shadow_is_seen,
		a_commitment_holds, asked_before_stores, stops_before_stores,
		a_store_that_faults_is_none};

	return unit_run("marks", tests, ARRAY_LEN(tests));
}
