/* test_diff.c - two machines that a difference in their wiring makes differ at a known step: CPUID
 * tells the frequency of the clock, which no state holds. */
#include "sim/replay/diff.h"
#include "sim/replay/lockstep.h"
#include "tests/unit/unit.h"

#define CODE  0x2000u
#define LOOPS 5000

/*	mov cx, 5000; again: inc word [0x3000]; dec cx; jnz again; mov eax, 0x15; cpuid;
 *	mov [0x3004], ecx; cli; hlt */
static const uint8_t code[] = {0xb9, LOOPS & 0xff, LOOPS >> 8, 0xff, 0x06, 0x00, 0x30, 0x49, 0x75,
	0xf9, 0x66, 0xb8, 0x15, 0x00, 0x00, 0x00, 0x0f, 0xa2, 0x66, 0x89, 0x0e, 0x04, 0x30, 0xfa,
	0xf4};

#define CPUID_STEP (1 + 3 * LOOPS + 1) /* steps before it */

static struct machine *make(uint64_t tsc_hz)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	ck_assert(phys_write(&m->mem, CODE, code, sizeof(code)));
	m->cores[0].arch.seg[CS].base = 0;
	m->cores[0].arch.seg[CS].selector = 0;
	m->cores[0].arch.rip = CODE;
	m->cores[0].tsc_hz = tsc_hz;
	cpu_state_changed(&m->cores[0]);
	return m;
}

static void check_found(const struct difference *d, struct machine *a, struct machine *b)
{
	ck_assert(d->any);
	ck_assert_uint_eq(d->steps, CPUID_STEP);
	for (int i = 0; i < 2; i++) {
		ck_assert(d->side[i].stepped);
		ck_assert_uint_eq(d->side[i].core, 0);
		ck_assert_uint_eq(d->side[i].rip, CODE + 16);
		ck_assert_uint_eq(d->side[i].step, CPUID_STEP);
	}
	ck_assert_str_eq(d->part, "c0.core");
	ck_assert_uint_ne(d->side[0].value, d->side[1].value);
	ck_assert_uint_eq(a->run.steps, CPUID_STEP + 1);
	ck_assert_uint_eq(b->run.steps, CPUID_STEP + 1);
}

START_TEST(the_first_step_is_found)
{
	/* whatever the end of the window, and also beyond the end of the run */
	for (uint64_t end = CPUID_STEP + 1; end < 1000000; end = end * 3 / 2) {
		struct machine *a = make(1000000000), *b = make(1000000001);
		struct difference d;

		ck_assert(diff_machines(a, b, end, &d, NULL));
		check_found(&d, a, b);
		machine_destroy(a);
		machine_destroy(b);
	}
}
END_TEST

START_TEST(before_it_there_is_none)
{
	struct machine *a = make(1000000000), *b = make(1000000001);
	struct difference d;

	ck_assert(diff_machines(a, b, CPUID_STEP, &d, NULL));
	ck_assert(!d.any);
	machine_destroy(a);
	machine_destroy(b);
}
END_TEST

START_TEST(equal_machines)
{
	struct machine *a = make(1000000000), *b = make(1000000000);
	struct difference d;

	ck_assert(diff_machines(a, b, UINT64_MAX, &d, NULL));
	ck_assert(!d.any);
	machine_destroy(a);
	machine_destroy(b);
}
END_TEST

START_TEST(different_from_the_start)
{
	struct machine *a = make(1000000000), *b = make(1000000000);
	struct difference d;

	b->cores[0].arch.gpr[RDX] = 7;
	ck_assert(diff_machines(a, b, 10, &d, NULL));
	ck_assert(d.any);
	ck_assert(!d.side[0].stepped);
	ck_assert_uint_eq(d.steps, 0);
	ck_assert_str_eq(d.field, "rdx");
	ck_assert_uint_eq(d.side[1].value, 7);
	machine_destroy(a);
	machine_destroy(b);
}
END_TEST

START_TEST(lockstep_notices)
{
	struct machine *a = make(1000000000), *b = make(1000000001);
	struct run_limit limit = RUN_FREELY;
	struct difference d;
	struct chain chain;
	struct stop stop;

	chain_init(&chain, 1000);
	ck_assert(lockstep_run(&chain, a, b, &limit, &stop, &d, NULL));
	ck_assert_uint_eq(chain.count, CPUID_STEP / 1000);
	chain_free(&chain);
	check_found(&d, a, b);
	machine_destroy(a);
	machine_destroy(b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {the_first_step_is_found, before_it_there_is_none,
		equal_machines, different_from_the_start, lockstep_notices};

	return unit_run("diff", tests, ARRAY_LEN(tests));
}
