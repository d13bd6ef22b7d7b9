/* test_boundaries.c - what happens between two instructions: returns that keep what they must not
 * touch, interrupts at a step that somebody has committed, NMIs after IRET. */
#include "tests/fuzz/any_code.h"
#include "tests/unit/unit.h"

#define VECTOR    0x40
#define USER_CODE 0x18 /* selectors that user_segments adds */
#define USER_DATA 0x20
#define USER_32   0x28
#define FS_BASE   UINT64_C(0x123456789000)
#define GS_BASE   UINT64_C(0xffff800000001000)

static void step(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = m->cores[0].arch.step + steps;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
}

/* --- IRET and the bases of FS and GS --- */

static void user_segments(struct vcpu *c)
{
	const uint64_t more[] = {UINT64_C(0x00affb000000ffff), UINT64_C(0x00cff3000000ffff),
		UINT64_C(0x00cffb000000ffff)};

	any_put(c, ANY_GDT + USER_CODE, more, sizeof(more));
	c->arch.gdtr.limit = USER_CODE + sizeof(more) - 1;
}

/* IRETQ to cs and ss: null selectors in FS and GS have bases that WRMSR gave them. */
static void check_bases(uint16_t cs, uint16_t ss)
{
	static const uint8_t iretq[] = {0x48, 0xcf};
	const uint64_t frame[] = {ANY_CODE + 0x100, cs, RFLAGS_ONE, ANY_STACK, ss};
	struct machine *m = any_machine_of(ANY_64, iretq, sizeof(iretq));
	struct vcpu *c = &m->cores[0];

	user_segments(c);
	any_put(c, ANY_STACK - sizeof(frame), frame, sizeof(frame));
	c->arch.gpr[RSP] = ANY_STACK - sizeof(frame);
	c->arch.seg[FS] = (struct segment){.base = FS_BASE};
	c->arch.seg[GS] = (struct segment){.base = GS_BASE, .selector = 3};
	step(m, 1);
	ck_assert_uint_eq(c->arch.rip, frame[0]);
	ck_assert_uint_eq(c->arch.seg[CS].selector, cs);
	ck_assert_uint_eq(c->arch.seg[FS].base, FS_BASE);
	ck_assert_uint_eq(c->arch.seg[GS].base, GS_BASE);
	machine_destroy(m);
}

START_TEST(iret_keeps_the_bases_of_null_segments)
{
	check_bases(8, 0x10);
	check_bases(USER_CODE | 3, USER_DATA | 3);
	check_bases(USER_32 | 3, USER_DATA | 3);
}
END_TEST

/* --- a committed step --- */

/* About to execute the code, with an interrupt waiting. */
static struct machine *make_committed(const uint8_t *code, size_t size)
{
	struct machine *m = any_machine_of(ANY_64, code, size);
	struct vcpu *c = &m->cores[0];

	ck_assert(lapic_set_base(c->lapic, lapic_base(c->lapic) | APIC_BASE_EXTD));
	ck_assert(lapic_msr_write(c->lapic, 0x80f, 0x1ff));
	ck_assert(lapic_msr_write(c->lapic, 0x83f, VECTOR)); /* to itself */
	c->arch.rflags |= RFLAGS_IF;
	c->arch.gpr[RCX] = 5;
	c->arch.gpr[RDI] = ANY_STACK + 0x800;
	cpu_commit(c);
	return m;
}

/* The interrupt is taken after that step, whatever follows in its block, by single steps or not. */
static void check_committed(const uint8_t *code, size_t size, uint64_t rip, uint64_t rcx)
{
	struct machine *m = make_committed(code, size);

	step(m, 1);
	ck_assert_uint_eq(m->cores[0].arch.rip, rip);
	step(m, 1);
	ck_assert_uint_eq(m->cores[0].arch.rip, ANY_STUBS + 4);
	machine_destroy(m);
	m = make_committed(code, size);
	step(m, 2);
	ck_assert_uint_eq(m->cores[0].arch.rip, ANY_STUBS + 4);
	ck_assert_uint_eq(m->cores[0].arch.gpr[RCX], rcx);
	machine_destroy(m);
}

START_TEST(an_interrupt_comes_right_after_a_committed_step)
{
	static const uint8_t plain[] = {0x48, 0xff, 0xc1, 0x48, 0xff, 0xc1, 0x48, 0xff, 0xc1, 0x90};
	static const uint8_t rep[] = {0xf3, 0xaa, 0x90, 0x90};

	check_committed(plain, sizeof(plain), ANY_CODE + 3, 6);
	check_committed(rep, sizeof(rep), ANY_CODE, 4);
}
END_TEST

/* --- NMIs --- */

/* SDM "Handling Multiple NMIs": IRET ends the blocking also where it faults. */
START_TEST(an_iret_that_faults_lets_nmis_through)
{
	static const uint8_t iretq[] = {0x48, 0xcf};
	struct machine *m = any_machine_of(ANY_64, iretq, sizeof(iretq));
	struct vcpu *c = &m->cores[0];
	const uint64_t frame[5] = {0, 0xfff8}; /* no such CS */

	any_put(c, ANY_STACK - sizeof(frame), frame, sizeof(frame));
	c->arch.gpr[RSP] = ANY_STACK - sizeof(frame);
	c->arch.nmi_blocked = 1;
	step(m, 1);
	ck_assert_uint_eq(c->arch.rip, ANY_STUBS); /* #GP */
	ck_assert_uint_eq(c->arch.nmi_blocked, 0);
	machine_destroy(m);
}
END_TEST

/* --- accesses to what is no RAM --- */

/* Wider than the bus, and across pages: in pieces. */
START_TEST(a_wide_access_reaches_devices_in_pieces)
{
	/* movdqu xmm0, [rbx]; movdqu [rbx], xmm0; mov rax, [rbx + 0xffc]; fnstenv [rbx + 0xff8] */
	static const uint8_t code[] = {0xf3, 0x0f, 0x6f, 0x03, 0xf3, 0x0f, 0x7f, 0x03, 0x48, 0x8b,
		0x83, 0xfc, 0x0f, 0x00, 0x00, 0xd9, 0xb3, 0xf8, 0x0f, 0x00, 0x00};
	struct machine *m = any_machine_of(ANY_64, code, sizeof(code));
	struct vcpu *c = &m->cores[0];

	c->arch.gpr[RBX] = 0x30000000; /* nobody answers */
	step(m, 4);
	ck_assert_uint_eq(c->arch.rip, ANY_CODE + sizeof(code));
	ck_assert_uint_eq(c->arch.xmm[0].q[0], UINT64_MAX);
	ck_assert_uint_eq(c->arch.xmm[0].q[1], UINT64_MAX);
	ck_assert_uint_eq(c->arch.gpr[RAX], UINT64_MAX);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {iret_keeps_the_bases_of_null_segments,
		an_interrupt_comes_right_after_a_committed_step,
		an_iret_that_faults_lets_nmis_through, a_wide_access_reaches_devices_in_pieces};

	return unit_run("boundaries", tests, ARRAY_LEN(tests));
}
