/* test_pmi.c - a guest samples itself: a performance counter that overflows interrupts through the
 * local APIC, and the guest's handler starts it anew.
 */
#include "sim/cpu/pmu.h"
#include "tests/fuzz/any_code.h"
#include "tests/unit/unit.h"

#define VECTOR  0x61
#define HANDLER 0x3000u
#define PERIOD  100
#define ROUNDS  20

/* What the handler leaves, 8 bytes each. */
enum { HITS = 0x5000, STATUS = 0x5008, COUNT = 0x5010, LVT = 0x5018 };

#define SELECT_INSNS (0xc0 | BIT(20) | BIT(22)) /* with an interrupt; and at which CPL: */
#define SELECT_USR   BIT(16)
#define SELECT_OS    BIT(17)

/* again: inc rbx; jmp again */
static const uint8_t program[] = {0x48, 0xff, 0xc3, 0xeb, 0xfb};

static const uint8_t handler[] = {0x50, 0x51, 0x52, /* push rax; push rcx; push rdx */
	/* mov ecx, IA32_PERF_GLOBAL_STATUS; rdmsr; mov [STATUS], eax */
	0xb9, 0x8e, 0x03, 0x00, 0x00, 0x0f, 0x32, 0x89, 0x04, 0x25, 0x08, 0x50, 0x00, 0x00,
	/* mov ecx, IA32_PMC0; rdmsr; mov [COUNT], eax */
	0xb9, 0xc1, 0x00, 0x00, 0x00, 0x0f, 0x32, 0x89, 0x04, 0x25, 0x10, 0x50, 0x00, 0x00,
	/* mov ecx, the APIC's LVT entry; rdmsr; mov [LVT], eax */
	0xb9, 0x34, 0x08, 0x00, 0x00, 0x0f, 0x32, 0x89, 0x04, 0x25, 0x18, 0x50, 0x00, 0x00,
	/* mov ecx, IA32_PERF_GLOBAL_OVF_CTRL; mov eax, 1; xor edx, edx; wrmsr */
	0xb9, 0x90, 0x03, 0x00, 0x00, 0xb8, 0x01, 0x00, 0x00, 0x00, 0x31, 0xd2, 0x0f, 0x30,
	/* mov ecx, IA32_A_PMC0; mov eax, -PERIOD; mov edx, 0xffff; wrmsr */
	0xb9, 0xc1, 0x04, 0x00, 0x00, 0xb8, 256 - PERIOD, 0xff, 0xff, 0xff, 0xba, 0xff, 0xff, 0x00,
	0x00, 0x0f, 0x30,
	/* mov ecx, the APIC's LVT entry; mov eax, VECTOR; xor edx, edx; wrmsr */
	0xb9, 0x34, 0x08, 0x00, 0x00, 0xb8, VECTOR, 0x00, 0x00, 0x00, 0x31, 0xd2, 0x0f, 0x30,
	/* mov ecx, the APIC's EOI; xor eax, eax; wrmsr; inc qword [HITS] */
	0xb9, 0x0b, 0x08, 0x00, 0x00, 0x31, 0xc0, 0x0f, 0x30, 0x48, 0xff, 0x04, 0x25, 0x00, 0x50,
	0x00, 0x00,
	/* pop rdx; pop rcx; pop rax; iretq */
	0x5a, 0x59, 0x58, 0x48, 0xcf};

#define BEFORE_COUNT 7  /* instructions of the handler before it reads the counter */
#define AFTER_START  12 /* and after it has set it */

static uint64_t word(const struct machine *m, uint64_t at)
{
	uint64_t value;

	ck_assert(phys_read(&m->mem, at, &value, sizeof(value)));
	return value;
}

static void set(struct machine *m, uint32_t msr, uint64_t value)
{
	ck_assert_int_eq(fault_kind(pmu_write(&m->cores[0], msr, value)), FAULT_NONE);
}

static struct machine *make(uint64_t cpls)
{
	const uint64_t gate[2] = {HANDLER | ANY_HANDLER_CS << 16 | UINT64_C(0x8e00) << 32, 0};
	struct machine *m = any_machine_of(ANY_64, program, sizeof(program));
	struct vcpu *c = &m->cores[0];

	any_put(c, HANDLER, handler, sizeof(handler));
	any_put(c, ANY_IDT + 16 * VECTOR, gate, sizeof(gate));
	ck_assert(lapic_set_base(c->lapic, lapic_base(c->lapic) | APIC_BASE_EXTD));
	ck_assert(lapic_msr_write(c->lapic, 0x80f, 0x1ff));
	ck_assert(lapic_msr_write(c->lapic, 0x834, VECTOR));
	c->arch.rflags |= RFLAGS_IF;
	set(m, 0x4c1, BIT(PMU_WIDTH) - PERIOD);
	set(m, 0x186, SELECT_INSNS | cpls);
	set(m, 0x38f, 1);
	return m;
}

static void run(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = m->run.steps + steps;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
}

/* Each right after the instruction that overflows: the loop makes what the handler leaves of a
 * period. A run in one piece is the same. */
START_TEST(a_guest_samples_itself)
{
	struct machine *m = make(SELECT_OS), *whole = make(SELECT_OS);

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t looped = PERIOD + i * (PERIOD - AFTER_START);

		for (unsigned steps = 0; word(m, HITS) == i; steps++) {
			ck_assert_uint_lt(steps, 2 * PERIOD);
			run(m, 1);
		}
		ck_assert_uint_eq(m->cores[0].arch.gpr[RBX], looped / 2);
		ck_assert_uint_eq(word(m, STATUS), 1);
		ck_assert_uint_eq(word(m, COUNT), BEFORE_COUNT);
		ck_assert_uint_eq(word(m, LVT), VECTOR | APIC_MASKED);
	}
	run(whole, m->run.steps);
	ck_assert(digest_equal(machine_digest(whole), machine_digest(m)));
	machine_destroy(whole);
	machine_destroy(m);
}
END_TEST

START_TEST(a_masked_entry_holds_it_back)
{
	struct machine *m = make(SELECT_OS);

	ck_assert(lapic_msr_write(m->cores[0].lapic, 0x834, VECTOR | APIC_MASKED));
	run(m, 3 * PERIOD);
	ck_assert_uint_eq(word(m, HITS), 0);
	ck_assert_uint_eq(m->cores[0].arch.pmu.global_status, 1);
	machine_destroy(m);
}
END_TEST

START_TEST(what_is_not_counted_does_not_interrupt)
{
	struct machine *m = make(SELECT_USR);

	run(m, 3 * PERIOD);
	ck_assert_uint_eq(word(m, HITS), 0);
	ck_assert_uint_eq(m->cores[0].arch.pmu.global_status, 0);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_guest_samples_itself, a_masked_entry_holds_it_back,
		what_is_not_counted_does_not_interrupt};

	return unit_run("pmi", tests, ARRAY_LEN(tests));
}
