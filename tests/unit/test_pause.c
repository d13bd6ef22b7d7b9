/* test_pause.c - PAUSE: what it costs; and a lock that is free only around it is had by all who
 * want it, as SeaBIOS' other cores want the one of its bootstrap processor. */
#include "sim/cpu/decode.h"
#include "sim/machine/machine.h"
#include "tests/unit/unit.h"

#define CODE  0x2000u
#define LOCK  0x3000u
#define CPUS  8
#define STEPS 20000

/*	again:	mov word [bx], 0
 *	spin:	pause; lock bts word [bx], 0; jc spin; inc cx; jmp again */
static const uint8_t greedy[] = {0xc7, 0x07, 0x00, 0x00, 0xf3, 0x90, 0xf0, 0x0f, 0xba, 0x2f, 0x00,
	0x72, 0xf7, 0x41, 0xeb, 0xf0};

/*	spin:	pause; lock bts word [bx], 0; jc spin; mov word [bx], 0; hlt */
static const uint8_t modest[] = {
	0xf3, 0x90, 0xf0, 0x0f, 0xba, 0x2f, 0x00, 0x72, 0xf7, 0xc7, 0x07, 0x00, 0x00, 0xf4};

static const struct byte_sink nowhere = {.put = NULL};

static void start(struct machine *m, unsigned core, unsigned rip)
{
	struct core_state *arch = &m->cores[core].arch;

	arch->activity = ACTIVITY_RUNNING;
	arch->seg[CS].base = 0;
	arch->seg[CS].selector = 0;
	arch->rip = rip;
	arch->gpr[RBX] = LOCK;
	cpu_state_changed(&m->cores[core]);
	m->run.runnable[0] |= BIT(core);
}

static struct machine *make(unsigned cpus, uint64_t quantum, uint64_t pause)
{
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.cpus = cpus;
	config.machine.memory_mib = 2;
	config.machine.quantum = quantum;
	config.cpu.pause = pause;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	ck_assert(phys_write(&m->mem, CODE, greedy, sizeof(greedy)));
	ck_assert(phys_write(&m->mem, CODE + 0x100, modest, sizeof(modest)));
	for (unsigned i = 0; i < cpus; i++)
		start(m, i, i == 0 ? CODE : CODE + 0x100);
	return m;
}

static void run(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = m->run.steps + steps;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
}

static const uint64_t costs[] = {1, 2, 7, 40, 140, 10000};

START_TEST(is_one_step_of_many_cycles)
{
	for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
		struct machine *m = make(1, 500, costs[i]);
		const struct core_state *arch = &m->cores[0].arch;

		run(m, 2);
		ck_assert_uint_eq(arch->rip, CODE + 6);
		ck_assert_uint_eq(arch->cycle, 1 + costs[i]);
		ck_assert_uint_eq(arch->insns, 2);
		ck_assert_uint_eq(arch->idle, 0);
		machine_destroy(m);
	}
}
END_TEST

/* Each had it, and the one that gives it away as seldom as it can, too. */
static void check_fair(uint64_t quantum, uint64_t pause)
{
	struct machine *m = make(CPUS, quantum, pause);

	run(m, STEPS);
	for (unsigned i = 1; i < CPUS; i++)
		ck_assert_msg(m->cores[i].arch.activity == ACTIVITY_HALTED,
			"core %u, quantum %d, pause %d", i, (int)quantum, (int)pause);
	ck_assert_uint_gt(m->cores[0].arch.gpr[RCX], STEPS / 100);
	machine_destroy(m);
}

START_TEST(a_lock_that_is_free_only_around_it)
{
	static const uint64_t quanta[] = {1, 3, 43, 500, 501, 1000000};

	for (size_t i = 0; i < ARRAY_LEN(quanta); i++)
		for (size_t k = 0; k < ARRAY_LEN(costs); k++)
			check_fair(quanta[i], costs[k]);
}
END_TEST

static struct digest in_pieces(uint64_t piece, uint64_t drop_every)
{
	struct machine *m = make(CPUS, 500, 40);
	struct digest d;

	m->drop_every = drop_every;
	for (uint64_t left = STEPS; left != 0; left -= min_u64(piece, left))
		run(m, min_u64(piece, left));
	d = machine_digest(m);
	machine_destroy(m);
	return d;
}

START_TEST(pieces_and_caches_change_nothing)
{
	struct digest whole = in_pieces(STEPS, 0);

	ck_assert(digest_equal(in_pieces(1, 0), whole));
	ck_assert(digest_equal(in_pieces(7, 0), whole));
	ck_assert(digest_equal(in_pieces(STEPS, 1), whole));
}
END_TEST

/* With REX.B it is XCHG of R8. */
START_TEST(encodings)
{
	static const struct {
		uint8_t bytes[4];
		const char *name;
	} cases[] = {{{0xf3, 0x90}, "pause"}, {{0x66, 0xf3, 0x90}, "pause"}, {{0x90}, "nop"},
		{{0xf2, 0x90}, "nop"}, {{0xf3, 0x48, 0x90}, "pause"}, {{0xf3, 0x41, 0x90}, "xchg"}};
	struct machine *m = make(1, 500, 40);
	const struct decoder *d = cpu_decoder(&m->cores[0]);
	struct insn in;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert_int_eq(decode(d, CODE_64, cases[i].bytes, 4, 0, &in), DECODE_OK);
		ck_assert_str_eq(decoder_row(d, in.row)->name, cases[i].name);
	}
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {is_one_step_of_many_cycles,
		a_lock_that_is_free_only_around_it, pieces_and_caches_change_nothing, encodings};

	return unit_run("pause", tests, ARRAY_LEN(tests));
}
