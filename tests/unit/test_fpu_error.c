/* test_fpu_error.c - x87 errors with CR0.NE clear: the processor waits, IRQ 13 comes, and port 0xf0
 * lets it go on. */
#include "sim/machine/board.h"
#include "tests/fuzz/any_code.h"
#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

/* --- the device --- */

static struct dev_board b;
static struct fpu_error f;

START_TEST(the_port_takes_the_interrupt_back)
{
	dev_board_make(&b, &fpu_error_ops, &f, 1);
	fpu_error_init(&f, &b.irq);
	ck_assert(!fpu_error_report(&f, true));
	ck_assert(b.level);
	dev_out(&b, 0, 0);
	ck_assert(!b.level);
	ck_assert(fpu_error_report(&f, false));
	ck_assert(!b.level);
	ck_assert(!fpu_error_report(&f, true));
	ck_assert_uint_eq(b.rises, 2);
}
END_TEST

START_TEST(without_an_error_nothing_is_ignored)
{
	dev_board_make(&b, &fpu_error_ops, &f, 1);
	fpu_error_init(&f, &b.irq);
	dev_out(&b, 0, 0);
	ck_assert(!fpu_error_report(&f, false));
	ck_assert_uint_eq(dev_in(&b, 0), 0xff);
}
END_TEST

/* --- with a processor --- */

#define VECTOR  0x40
#define HANDLER 0x3000u
#define HITS    0x5000u

/* fninit; push 0x37b; fldcw [rsp]; pop rax; fldz; fld1; fdiv st, st(1); fld1; fnclex;
 * fdiv st, st(2); fwait; fnclex; jmp to itself */
static const uint8_t program[] = {0xdb, 0xe3, 0x68, 0x7b, 0x03, 0x00, 0x00, 0xd9, 0x2c, 0x24, 0x58,
	0xd9, 0xee, 0xd9, 0xe8, 0xd8, 0xf1, 0xd9, 0xe8, 0xdb, 0xe2, 0xd8, 0xf2, 0x9b, 0xdb, 0xe2,
	0xeb, 0xfe};
#define FIRST_REPORT  17 /* offsets in it */
#define SECOND_REPORT 23

/* inc qword [HITS]; mov rbx, [rsp]; push rax, rcx, rdx; out 0xf0, al; xor eax, eax; cdq;
 * mov ecx, 0x80b (EOI); wrmsr; pop rdx, rcx, rax; iretq */
static const uint8_t handler[] = {0x48, 0xff, 0x04, 0x25, 0x00, 0x50, 0x00, 0x00, 0x48, 0x8b, 0x1c,
	0x24, 0x50, 0x51, 0x52, 0xe6, 0xf0, 0x31, 0xc0, 0x99, 0xb9, 0x0b, 0x08, 0x00, 0x00, 0x0f,
	0x30, 0x5a, 0x59, 0x58, 0x48, 0xcf};

/* Pin 13 of the I/O APIC, on edges, to core 0. */
static void set_up_interrupt(struct machine *m)
{
	const uint64_t gate[2] = {HANDLER | 8 << 16 | UINT64_C(0x8e00) << 32, 0};
	struct cpu_bus bus = board_cpu_bus(m, 0);
	struct lapic *l = m->cores[0].lapic;

	any_put(&m->cores[0], ANY_IDT + 16 * VECTOR, gate, sizeof(gate));
	ck_assert(lapic_set_base(l, lapic_base(l) | APIC_BASE_EXTD));
	ck_assert(lapic_msr_write(l, 0x80f, 0x1ff));
	bus.mmio_write(bus.context, IOAPIC_ADDRESS, 4, 0x10 + 2 * 13);
	bus.mmio_write(bus.context, IOAPIC_ADDRESS + 0x10, 4, VECTOR);
}

static struct machine *make(bool interruptible)
{
	struct machine *m = any_machine_of(ANY_64, program, sizeof(program));

	any_put(&m->cores[0], HANDLER, handler, sizeof(handler));
	set_up_interrupt(m);
	m->cores[0].arch.cr0 &= ~CR0_NE;
	if (interruptible)
		m->cores[0].arch.rflags |= RFLAGS_IF;
	return m;
}

static uint64_t hits(const struct machine *m)
{
	uint64_t n;

	ck_assert(phys_read(&m->mem, HITS, &n, sizeof(n)));
	return n;
}

static void run_until(struct machine *m, uint64_t count)
{
	struct run_limit limit = RUN_FREELY;

	for (limit.steps = 1; limit.steps < 200 && hits(m) < count; limit.steps++)
		ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
	limit.steps += 2; /* the handler has RIP then */
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
	ck_assert_uint_eq(hits(m), count);
}

START_TEST(each_error_is_an_interrupt)
{
	struct machine *m = make(true);
	struct run_limit limit = RUN_FREELY;

	run_until(m, 1);
	ck_assert_uint_eq(m->cores[0].arch.gpr[RBX], ANY_CODE + FIRST_REPORT);
	run_until(m, 2);
	ck_assert_uint_eq(m->cores[0].arch.gpr[RBX], ANY_CODE + SECOND_REPORT);
	limit.steps = 500;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
	ck_assert_uint_eq(m->cores[0].arch.rip, ANY_CODE + sizeof(program) - 2);
	ck_assert_uint_eq(hits(m), 2);
	machine_destroy(m);
}
END_TEST

/* With interrupts disabled for ever. */
START_TEST(the_processor_waits)
{
	struct machine *m = make(false);
	const struct run_limit limit = RUN_FREELY;

	ck_assert_int_eq(machine_run(m, &limit).why, STOP_IDLE);
	ck_assert_uint_eq(m->cores[0].arch.rip, ANY_CODE + FIRST_REPORT);
	ck_assert_uint_eq(m->cores[0].arch.x87.ferr, 1);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {the_port_takes_the_interrupt_back,
		without_an_error_nothing_is_ignored, each_error_is_an_interrupt,
		the_processor_waits};

	return unit_run("fpu_error", tests, ARRAY_LEN(tests));
}
