/* test_pmu.c - performance counters against a count that is made step by step beside them: a
 * program goes between CPL 3 and 0, counters are set at random, mostly about to overflow. And the
 * same runs in pieces, of any length, are the same.
 */
#include "sim/base/rng.h"
#include "sim/cpu/pmu.h"
#include "sim/machine/machine.h"
#include "tests/unit/unit.h"

#define TABLES   0x10000
#define USER     0x2000
#define KERNEL   0x3000
#define STEPS    400 /* with each setting */
#define SETTINGS 60
#define VECTOR   0x61

#define APIC_SVR 0xf0
#define APIC_LVT 0x340

/* again: inc ebx; test bl, 7; jnz again; mov edi, 0x6000; mov ecx, 3; rep stosb, whose iterations
 * but the last retire nothing; syscall; jmp again */
static const uint8_t user_code[] = {0xff, 0xc3, 0xf6, 0xc3, 0x07, 0x75, 0xf9, 0xbf, 0x00, 0x60,
	0x00, 0x00, 0xb9, 0x03, 0x00, 0x00, 0x00, 0xf3, 0xaa, 0x0f, 0x05, 0xeb, 0xe9};

/* mov edi, ecx; xor ecx, ecx; rdpmc; mov [0x5000], eax; mov ecx, edi; sysretq */
static const uint8_t kernel_code[] = {0x89, 0xcf, 0x31, 0xc9, 0x0f, 0x33, 0x89, 0x04, 0x25, 0x00,
	0x50, 0x00, 0x00, 0x89, 0xf9, 0x48, 0x0f, 0x07};

static const struct byte_sink nowhere = {.put = NULL};

static void put(struct machine *m, uint64_t pa, const void *data, size_t size)
{
	ck_assert(phys_write(&m->mem, pa, data, size));
}

static void enter_user(struct core_state *a)
{
	a->cr0 |= CR0_PE | CR0_PG;
	a->cr3 = TABLES;
	a->cr4 = CR4_PAE;
	a->efer = EFER_SCE | EFER_LME | EFER_LMA;
	a->star = UINT64_C(0x0023001000000000) | UINT64_C(8) << 32;
	a->lstar = KERNEL;
	a->seg[CS] = (struct segment){.limit = UINT32_MAX,
		.selector = 0x33,
		.attr = SEG_P | SEG_S | SEG_DPL | SEG_L | 11};
	a->seg[SS] = (struct segment){
		.limit = UINT32_MAX, .selector = 0x2b, .attr = SEG_P | SEG_S | SEG_DPL | SEG_D | 3};
	a->rip = USER;
}

static struct machine *make(void)
{
	const uint64_t level4 = (TABLES + 0x1000) | 7, level3 = (TABLES + 0x2000) | 7, page = 0x87;
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.cpus = 1;
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	put(m, TABLES, &level4, 8);
	put(m, TABLES + 0x1000, &level3, 8);
	put(m, TABLES + 0x2000, &page, 8);
	put(m, USER, user_code, sizeof(user_code));
	put(m, KERNEL, kernel_code, sizeof(kernel_code));
	enter_user(&m->cores[0].arch);
	lapic_write(&m->lapics[0], APIC_SVR, 0x1ff);
	machine_state_changed(m);
	return m;
}

static void run(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = m->run.steps + steps;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
}

/* --- settings --- */

static void set(struct machine *m, uint32_t msr, uint64_t value)
{
	ck_assert_msg(pmu_write(&m->cores[0], msr, value).raw == 0, "%x = %" PRIx64, msr, value);
}

static uint64_t any_start(struct rng *rng)
{
	return rng_below(rng, 4) == 0 ? rng_below(rng, 100) : BIT(48) - 1 - rng_below(rng, 200);
}

static uint64_t any_select(struct rng *rng)
{
	static const uint64_t events[] = {0x3c, 0xc0, 0xc4, 0x13c, 0x4f2e, 0x412e, 0xc5, 0};
	static const uint64_t masks[] = {0, 0, 1, 2};

	return events[rng_below(rng, 8)] | rng_below(rng, 4) << 16 | rng_below(rng, 2) << 20 |
	       (rng_below(rng, 4) != 0 ? BIT(22) : 0) | rng_below(rng, 2) << 23 |
	       masks[rng_below(rng, 4)] << 24;
}

static void set_any(struct machine *m, struct rng *rng)
{
	set(m, 0x38f, rng_below(rng, 16) | rng_below(rng, 8) << 32);
	set(m, 0x38d, rng_next(rng) & 0xbbb);
	set(m, 0x390, rng_next(rng) & 0x70000000f);
	for (unsigned i = 0; i < 4; i++) {
		set(m, 0x186 + i, any_select(rng));
		set(m, 0x4c1 + i, any_start(rng));
	}
	for (unsigned i = 0; i < 3; i++)
		set(m, 0x309 + i, any_start(rng));
	lapic_write(&m->lapics[0], APIC_LVT, VECTOR);
	memset(m->lapics[0].state.irr, 0, sizeof(m->lapics[0].state.irr));
	lapic_state_changed(&m->lapics[0]);
}

/* --- the count beside --- */

struct count {
	uint64_t value[7], status;
	bool interrupt;
};

static uint64_t read(struct machine *m, unsigned i)
{
	return pmu_read(&m->cores[0], i < 4 ? 0xc1 + i : 0x309 + i - 4);
}

static bool is_branch(struct machine *m)
{
	uint8_t code[2];

	ck_assert(phys_read(&m->mem, m->cores[0].arch.rip, code, 2));
	return code[0] == 0x75 || code[0] == 0xeb || code[0] == 0x48 ||
	       (code[0] == 0x0f && code[1] == 0x05);
}

/* How much a counter gets for a step; retired and branch are 0 or 1, and it took one cycle. */
static unsigned gain(const struct pmu *p, unsigned i, bool user, unsigned retired, unsigned branch)
{
	unsigned n = 0;

	if ((p->global_control >> (i < 4 ? i : 28 + i) & 1) == 0)
		return 0;
	if (i >= 4) {
		if ((p->fixed_control >> 4 * (i - 4) >> user & 1) == 0)
			return 0;
		return i == 4 ? retired : 1;
	}
	if (!(p->select[i] & BIT(22)) || !(p->select[i] & (user ? BIT(16) : BIT(17))))
		return 0;
	switch (p->select[i] & 0xffff) {
	case 0x3c:
	case 0x13c:
		n = 1;
		break;
	case 0xc0:
		n = retired;
		break;
	case 0xc4:
		n = branch;
		break;
	}
	if (p->select[i] >> 24 == 0)
		return n;
	return (n >= p->select[i] >> 24) != ((p->select[i] & BIT(23)) != 0);
}

static void count_step(struct machine *m, struct count *count)
{
	const struct core_state *a = &m->cores[0].arch;
	struct pmu p = a->pmu;
	bool user = cpu_cpl(&m->cores[0]) == 3, branch = is_branch(m);
	uint64_t insns = a->insns;

	run(m, 1);
	for (unsigned i = 0; i < 7; i++) {
		unsigned retired = (unsigned)(a->insns - insns);

		count->value[i] += gain(&p, i, user, retired, retired && branch);
		if (count->value[i] != BIT(48))
			continue;
		count->value[i] = 0;
		count->status |= BIT(i < 4 ? i : 28 + i);
		count->interrupt |=
			i < 4 ? p.select[i] >> 20 & 1 : p.fixed_control >> 4 * (i - 4) >> 3 & 1;
	}
}

static void same(struct machine *m, const struct count *count, unsigned step)
{
	const struct lapic_state *l = &m->lapics[0].state;

	for (unsigned i = 0; i < 7; i++)
		ck_assert_msg(read(m, i) == count->value[i],
			"step %u, counter %u: %" PRIx64 ", expected %" PRIx64, step, i, read(m, i),
			count->value[i]);
	ck_assert_uint_eq(m->cores[0].arch.pmu.global_status, count->status);
	ck_assert_uint_eq(l->irr[VECTOR / 32] >> VECTOR % 32 & 1, count->interrupt);
	ck_assert_uint_eq((l->lvt[LVT_PERF] & APIC_MASKED) != 0, count->interrupt);
}

START_TEST(counts_are_those_of_each_step)
{
	struct rng rng = rng_from(1);
	struct machine *m = make();

	for (unsigned setting = 0; setting < SETTINGS; setting++) {
		struct count count = {.interrupt = false};

		set_any(m, &rng);
		count.status = m->cores[0].arch.pmu.global_status;
		for (unsigned i = 0; i < 7; i++)
			count.value[i] = read(m, i);
		for (unsigned step = 0; step < STEPS; step++) {
			count_step(m, &count);
			same(m, &count, step);
		}
	}
	machine_destroy(m);
}
END_TEST

/* A run of all settings, in pieces of up to so many steps. */
static struct digest digest_of(uint64_t most, uint64_t drop_every)
{
	struct rng rng = rng_from(1), pieces = rng_from(2);
	struct machine *m = make();
	struct digest d;

	m->drop_every = drop_every;
	for (unsigned setting = 0; setting < SETTINGS; setting++) {
		set_any(m, &rng);
		for (uint64_t left = STEPS, n; left != 0; left -= n) {
			n = min_u64(left, 1 + rng_below(&pieces, most));
			run(m, n);
		}
	}
	d = machine_digest(m);
	machine_destroy(m);
	return d;
}

START_TEST(pieces_change_nothing)
{
	struct digest whole = digest_of(STEPS, 0);

	ck_assert(digest_equal(digest_of(1, 0), whole));
	ck_assert(digest_equal(digest_of(7, 0), whole));
	ck_assert(digest_equal(digest_of(100, 0), whole));
	ck_assert(digest_equal(digest_of(STEPS, 3), whole));
}
END_TEST

static bool refused(struct machine *m, uint32_t msr, uint64_t value)
{
	struct fault f = pmu_write(&m->cores[0], msr, value);

	return fault_kind(f) == FAULT_EXCEPTION && fault_vector(f) == VECTOR_GP;
}

START_TEST(registers)
{
	struct machine *m = make();
	uint64_t value;

	ck_assert_uint_eq(pmu_read(&m->cores[0], 0x38f), 0xf);
	for (unsigned bit = 0; bit < 64; bit++) {
		bool counter = bit < 4 || (bit >= 32 && bit < 35);

		ck_assert_int_eq(refused(m, 0x186, BIT(bit)), bit >= 32 || bit == 21);
		ck_assert_int_eq(refused(m, 0x38d, BIT(bit)), bit >= 12 || bit % 4 == 2);
		ck_assert_int_eq(refused(m, 0x38f, BIT(bit)), !counter);
		ck_assert_int_eq(refused(m, 0x390, BIT(bit)), !counter && bit < 62);
		ck_assert_int_eq(refused(m, 0x4c1, BIT(bit)), bit >= 48);
		ck_assert_int_eq(refused(m, 0x30b, BIT(bit)), bit >= 48);
		ck_assert(refused(m, 0x38e, BIT(bit)));
	}
	set(m, 0xc2, UINT64_C(0x1234567880000000));
	ck_assert_uint_eq(pmu_read(&m->cores[0], 0xc2), UINT64_C(0xffff80000000));
	ck_assert(pmu_read_counter(&m->cores[0], 1, &value));
	ck_assert_uint_eq(value, UINT64_C(0xffff80000000));
	ck_assert(pmu_read_counter(&m->cores[0], 0x40000002, &value));
	ck_assert(!pmu_read_counter(&m->cores[0], 4, &value));
	ck_assert(!pmu_read_counter(&m->cores[0], 0x40000003, &value));
	ck_assert(!pmu_read_counter(&m->cores[0], 0x80000000, &value));
	ck_assert_int_eq(
		fault_kind(pmu_write(&m->cores[0], 0x187, BIT(22) | BIT(18))), FAULT_UNIMPLEMENTED);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {counts_are_those_of_each_step, pieces_change_nothing, registers};

	return unit_run("pmu", tests, ARRAY_LEN(tests));
}
