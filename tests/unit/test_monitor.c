/* test_monitor.c - MONITOR and MWAIT: two cores that wake each other by stores run alike in pieces
 * of any length and without caches; which stores and interrupts wake. */
#include "sim/apic/lapic_parts.h"
#include "sim/base/rng.h"
#include "sim/cpu/monitor.h"
#include "sim/machine/machine.h"
#include "tests/unit/unit.h"

#define CODE  0x2000u
#define FLAGS 0x3000u /* a line for each core */
#define STEPS 20000

/*	again:	mov ax, bx; xor cx, cx; xor dx, dx; monitor; mov ax, [bx]; cmp ax, di; jne got
 *		mwait; jmp again
 *	got:	mov di, ax; add word [si], 1; inc bp; jmp again */
static const uint8_t code[] = {0x89, 0xd8, 0x31, 0xc9, 0x31, 0xd2, 0x0f, 0x01, 0xc8, 0x8b, 0x07,
	0x39, 0xf8, 0x75, 0x05, 0x0f, 0x01, 0xc9, 0xeb, 0xec, 0x89, 0xc7, 0x83, 0x04, 0x01, 0x45,
	0xeb, 0xe4};

/* monitor; mwait, with ecx as it is; again: jmp again */
static const uint8_t wait_code[] = {
	0x31, 0xc9, 0x0f, 0x01, 0xc8, 0x89, 0xd1, 0x0f, 0x01, 0xc9, 0xeb, 0xfe};

static const struct byte_sink nowhere = {.put = NULL};

static void start(struct machine *m, unsigned core)
{
	struct core_state *arch = &m->cores[core].arch;

	arch->activity = ACTIVITY_RUNNING;
	arch->seg[CS].base = 0;
	arch->seg[CS].selector = 0;
	arch->rip = CODE;
	cpu_state_changed(&m->cores[core]);
	m->run.runnable[0] |= BIT(core);
}

static struct machine *make(unsigned cpus, const uint8_t *program, size_t size)
{
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.cpus = cpus;
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	ck_assert(phys_write(&m->mem, CODE, program, size));
	for (unsigned i = 0; i < cpus; i++)
		start(m, i);
	return m;
}

static struct stop run(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = m->run.steps + steps;
	return machine_run(m, &limit);
}

/* --- two that wake each other --- */

static struct digest ping_pong(uint64_t most, uint64_t drop_every)
{
	struct machine *m = make(2, code, sizeof(code));
	struct rng rng = rng_from(1);
	struct digest d;

	for (unsigned i = 0; i < 2; i++) {
		m->cores[i].arch.gpr[RBX] = FLAGS + MONITOR_LINE * i;
		m->cores[i].arch.gpr[RSI] = FLAGS + MONITOR_LINE * (1 - i);
	}
	m->cores[0].arch.gpr[RDI] = 1; /* begins */
	m->drop_every = drop_every;
	for (uint64_t left = STEPS, n; left != 0; left -= n) {
		n = min_u64(left, 1 + rng_below(&rng, most));
		ck_assert_int_eq(run(m, n).why, STOP_STEPS);
	}
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_ge(m->cores[i].arch.gpr[RBP], STEPS / 50);
		ck_assert_uint_gt(m->cores[i].arch.idle, 0);
	}
	d = machine_digest(m);
	machine_destroy(m);
	return d;
}

START_TEST(stores_wake)
{
	struct digest whole = ping_pong(STEPS, 0);

	ck_assert(digest_equal(ping_pong(1, 0), whole));
	ck_assert(digest_equal(ping_pong(13, 0), whole));
	ck_assert(digest_equal(ping_pong(STEPS, 1), whole));
	ck_assert(digest_equal(ping_pong(STEPS, 5), whole));
}
END_TEST

/* --- what wakes --- */

/* A core that waits for FLAGS, with ECX of MWAIT. */
static struct machine *waiting(uint64_t extensions)
{
	struct machine *m = make(1, wait_code, sizeof(wait_code));

	m->cores[0].arch.gpr[RAX] = FLAGS + 20;
	m->cores[0].arch.gpr[RDX] = extensions;
	run(m, 5);
	ck_assert_uint_eq(m->cores[0].arch.activity, ACTIVITY_MWAIT);
	return m;
}

static const struct {
	uint64_t pa, size;
	bool wakes;
} writes[] = {
	{FLAGS, 1, true},
	{FLAGS + 63, 1, true},
	{FLAGS + 64, 1, false},
	{FLAGS - 1, 1, false},
	{FLAGS - 4, 4, false},
	{FLAGS - 3, 4, true},
	{FLAGS + 60, 8, true},
	{FLAGS - 200, 1000, true},
	{FLAGS + 0x1000, 64, false},
};

START_TEST(bytes_of_the_line)
{
	static const uint8_t data[1000];

	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		struct machine *m = waiting(0);

		for (unsigned times = 0; times < 2; times++)
			ck_assert(phys_write(&m->mem, FLAGS + 0x800, data, 1));
		ck_assert(phys_write(&m->mem, writes[i].pa, data, writes[i].size));
		ck_assert_int_eq(m->cores[0].arch.activity == ACTIVITY_RUNNING, writes[i].wakes);
		ck_assert_int_eq(m->cores[0].arch.monitor == 0, writes[i].wakes);
		machine_destroy(m);
	}
}
END_TEST

START_TEST(masked_interrupts)
{
	const struct apic_message message = {.mode = DELIVER_FIXED, .vector = 0x50};

	for (uint64_t extensions = 0; extensions < 2; extensions++) {
		struct machine *m = waiting(extensions);
		uint64_t rip = m->cores[0].arch.rip;

		lapic_write(&m->lapics[0], 0xf0, 0x1ff);
		ck_assert(lapic_accept(&m->lapics[0], &message));
		ck_assert_int_eq(cpu_is_runnable(&m->cores[0]), extensions);
		if (extensions) {
			run(m, 1);
			ck_assert_uint_eq(m->cores[0].arch.activity, ACTIVITY_RUNNING);
			ck_assert_uint_eq(m->cores[0].arch.rip, rip);
			ck_assert_uint_eq(m->cores[0].arch.monitor, 0);
		}
		machine_destroy(m);
	}
}
END_TEST

/* A store between MONITOR and MWAIT, or no MONITOR: MWAIT does nothing. */
START_TEST(not_armed)
{
	static const uint8_t again[] = {0x0f, 0x01, 0xc9, 0xeb, 0xfe}, byte = 0;
	struct machine *m = make(1, wait_code, sizeof(wait_code));

	m->cores[0].arch.gpr[RAX] = FLAGS;
	run(m, 2);
	ck_assert_uint_eq(m->cores[0].arch.monitor, FLAGS | MONITOR_ON);
	ck_assert(phys_write(&m->mem, FLAGS, &byte, 1));
	run(m, 5);
	ck_assert_uint_eq(m->cores[0].arch.activity, ACTIVITY_RUNNING);
	machine_destroy(m);
	m = make(1, again, sizeof(again));
	run(m, 3);
	ck_assert_uint_eq(m->cores[0].arch.activity, ACTIVITY_RUNNING);
	machine_destroy(m);
}
END_TEST

/* What stands between MONITOR and MWAIT, and whether MWAIT waits after it. The vector of INT 10h
 * leads to IRET at CODE + HANDLER. */
#define HANDLER 0x40
static const struct {
	uint8_t code[8];
	unsigned size;
	bool waits;
} between[] = {
	{{0x90}, 1, true}, {{0x0f, 0x20, 0xc0}, 3, true},       /* mov eax, cr0 */
	{{0x0f, 0x20, 0xc0, 0x0f, 0x22, 0xc0}, 6, false},       /* and back */
	{{0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8}, 6, false},       /* cr3 */
	{{0x0f, 0x20, 0xe0, 0x0f, 0x22, 0xe0}, 6, false},       /* cr4 */
	{{0x0f, 0x01, 0xe0, 0x0f, 0x01, 0xf0}, 6, false},       /* smsw ax; lmsw ax */
	{{0xea, (CODE + 8) & 0xff, CODE >> 8, 0, 0}, 5, false}, /* jmp far to what follows */
	{{0xcd, 0x10}, 2, false},                               /* int 10h */
};

START_TEST(disarmed)
{
	static const uint8_t vector[] = {HANDLER, CODE >> 8, 0, 0}, iret = 0xcf;
	static const uint8_t begin[] = {0x0f, 0x01, 0xc8}, end[] = {0x0f, 0x01, 0xc9, 0xeb, 0xfe};

	for (size_t i = 0; i < ARRAY_LEN(between); i++) {
		unsigned size = between[i].size;
		struct machine *m = make(1, begin, sizeof(begin));

		ck_assert(phys_write(&m->mem, CODE + 3, between[i].code, size));
		ck_assert(phys_write(&m->mem, CODE + 3 + size, end, sizeof(end)));
		ck_assert(phys_write(&m->mem, CODE + HANDLER, &iret, 1));
		ck_assert(phys_write(&m->mem, 4 * 0x10, vector, sizeof(vector)));
		m->cores[0].arch.gpr[RAX] = FLAGS;
		run(m, 8);
		ck_assert_uint_eq(m->cores[0].arch.activity,
			between[i].waits ? ACTIVITY_MWAIT : ACTIVITY_RUNNING);
		ck_assert_uint_eq(m->cores[0].arch.rip, CODE + 6 + size);
		machine_destroy(m);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		stores_wake, bytes_of_the_line, masked_interrupts, not_armed, disarmed};

	return unit_run("monitor", tests, ARRAY_LEN(tests));
}
