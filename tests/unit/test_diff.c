/* test_diff.c - two machines that a difference in their wiring makes differ at a known step: CPUID
 * tells the frequency of the clock, which no state holds. */
#include "sim/replay/diff.h"
#include "sim/replay/lockstep.h"
#include "tests/fuzz/any_code.h"
#include "tests/unit/unit.h"

#define LOOPS 5000

/*	mov cx, 5000; again: inc word [0x3000]; dec cx; jnz again; mov eax, 0x15; cpuid;
 *	mov [0x3004], ecx; cli; hlt */
static const uint8_t code[] = {0xb9, LOOPS & 0xff, LOOPS >> 8, 0xff, 0x06, 0x00, 0x30, 0x49, 0x75,
	0xf9, 0x66, 0xb8, 0x15, 0x00, 0x00, 0x00, 0x0f, 0xa2, 0x66, 0x89, 0x0e, 0x04, 0x30, 0xfa,
	0xf4};

#define CPUID_STEP (1 + 3 * LOOPS + 1) /* steps before it */

static struct machine *make(uint64_t tsc_hz)
{
	struct machine *m = any_machine_of(ANY_REAL, code, sizeof(code));

	m->cores[0].tsc_hz = tsc_hz;
	return m;
}

static void check_found(const struct difference *d, struct machine *a, struct machine *b)
{
	ck_assert(d->any);
	ck_assert_uint_eq(d->steps, CPUID_STEP);
	for (int i = 0; i < 2; i++) {
		ck_assert(d->side[i].stepped);
		ck_assert_uint_eq(d->side[i].core, 0);
		ck_assert_uint_eq(d->side[i].rip, ANY_CODE + 16);
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

/* --- recordings --- */

/*	mov dx, 0x3f8; mov cx, 5000; again: in al, dx; dec cx; jnz again; cli; hlt */
static const uint8_t reader[] = {
	0xba, 0xf8, 0x03, 0xb9, LOOPS & 0xff, LOOPS >> 8, 0xec, 0x49, 0x75, 0xfc, 0xfa, 0xf4};

#define INPUT_STEP 1000 /* and 2000, 3000; the second byte differs */

struct typist {
	struct recording recording;
	const char *text;
};

static bool type(void *context, struct machine *m, uint64_t idle, uint8_t *byte)
{
	const struct typist *t = context;

	(void)idle;
	if (t->text[m->run.inputs] == 0 || m->run.steps < INPUT_STEP * (m->run.inputs + 1))
		return false;
	*byte = (uint8_t)t->text[m->run.inputs];
	return true;
}

static uint64_t next_key(void *context, const struct machine *m)
{
	const struct typist *t = context;

	return t->text[m->run.inputs] != 0 ? INPUT_STEP * (m->run.inputs + 1) : UINT64_MAX;
}

static void note_key(void *context, struct machine *m, uint8_t byte)
{
	struct typist *t = context;

	recording_add_input(&t->recording, m, byte);
}

static struct machine *make_reader(void)
{
	struct machine *m = make(1000000000);

	ck_assert(phys_write(&m->mem, ANY_CODE, reader, sizeof(reader)));
	return m;
}

static struct recording record_typing(const char *text, uint64_t window)
{
	struct typist t = {.text = text};
	struct run_limit limit = RUN_FREELY;
	struct machine *m = make_reader();
	struct chain chain;

	chain_init(&chain, window);
	m->input = (struct input_source){
		.poll = type, .next_step = next_key, .fed = note_key, .context = &t};
	recording_finish(&t.recording, &chain, m, chain_run(&chain, m, &limit, NULL));
	ck_assert_uint_eq(t.recording.input_count, strlen(text));
	machine_destroy(m);
	return t.recording;
}

/* The program reads each byte over the one before: at the end, nothing differs any more. */
START_TEST(other_input_that_leaves_no_trace)
{
	const uint64_t windows[] = {100, 1500, 2000, 100000};

	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		struct recording a = record_typing("abq", windows[i]);
		struct recording b = record_typing("acq", windows[i]);
		const struct recording *const r[2] = {&a, &b};
		struct machine *m[2] = {make_reader(), make_reader()};
		struct difference d;

		ck_assert(digest_equal(a.chain.count != 0 ? a.chain.links[0] : a.end,
			b.chain.count != 0 ? b.chain.links[0] : b.end));
		ck_assert(diff_recordings(r, m, &d, NULL));
		ck_assert(d.any);
		ck_assert_uint_eq(d.steps, 2 * INPUT_STEP);
		for (int side = 0; side < 2; side++)
			machine_destroy(m[side]);
		recording_free(&a);
		recording_free(&b);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {the_first_step_is_found, before_it_there_is_none,
		equal_machines, different_from_the_start, lockstep_notices,
		other_input_that_leaves_no_trace};

	return unit_run("diff", tests, ARRAY_LEN(tests));
}
