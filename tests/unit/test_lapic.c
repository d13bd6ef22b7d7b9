/* The local APIC: registers in both modes, priorities, modes, errors. */
#include "sim/apic/lapic.h"

#include "sim/apic/lapic_parts.h"
#include "tests/unit/apic_board.h"
#include "tests/unit/unit.h"

#define ID      0x020
#define VERSION 0x030
#define TPR     0x080
#define APR     0x090
#define PPR     0x0a0
#define EOI     0x0b0
#define LDR     0x0d0
#define DFR     0x0e0
#define SVR     0x0f0
#define ISR     0x100
#define TMR     0x180
#define IRR     0x200
#define ESR     0x280
#define ICR     0x300
#define ICR_HI  0x310
#define LVT0    0x320
#define LINT0   0x350
#define ERROR   0x370
#define INITIAL 0x380
#define CURRENT 0x390
#define DIVIDE  0x3e0

static struct apic_board b;

/* A fixed interrupt to a core, as from the I/O APIC. */
static bool post(unsigned core, uint8_t vector, bool level)
{
	struct apic_message m = {.vector = vector, .level = level, .destination = core};

	return apic_send(&b.bus, &m);
}

static bool vector_in(const uint32_t bits[8], unsigned vector)
{
	return bits[vector / 32] >> (vector % 32) & 1;
}

/* ESR as software reads it: written first. */
static uint32_t read_esr(struct lapic *l)
{
	lapic_write(l, ESR, 0);
	return lapic_read(l, ESR);
}

START_TEST(after_reset)
{
	static const struct {
		uint32_t offset, value;
	} expected[] = {{ID, 0x01000000}, {VERSION, 0x00050014}, {TPR, 0}, {PPR, 0}, {LDR, 0},
		{DFR, 0xffffffff}, {SVR, 0xff}, {ESR, 0}, {ICR, 0}, {ICR_HI, 0}, {INITIAL, 0},
		{CURRENT, 0}, {DIVIDE, 0}, {APR, 0}};
	struct lapic *l;

	board_make(&b, 2, true);
	l = &b.lapics[1];
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		ck_assert_uint_eq(lapic_read(l, expected[i].offset), expected[i].value);
	for (uint32_t o = LVT0; o <= ERROR; o += 16)
		ck_assert_uint_eq(lapic_read(l, o), 0x10000);
	for (uint32_t o = ISR; o < ESR; o += 16)
		ck_assert_uint_eq(lapic_read(l, o), 0);
	ck_assert_uint_eq(lapic_base(l), 0xfee00800);
	ck_assert_uint_eq(lapic_base(&b.lapics[0]), 0xfee00900);
	ck_assert_int_eq(lapic_pending_vector(l), -1);
	ck_assert_uint_eq(read_esr(l), 0);
}
END_TEST

START_TEST(writable_bits)
{
	static const struct {
		uint32_t offset, value;
	} expected[] = {{ID, 0}, {VERSION, 0x00050014}, {TPR, 0xff}, {PPR, 0xff}, {LDR, 0xff000000},
		{DFR, 0xffffffff}, {SVR, 0x1ff}, {ICR_HI, 0xff000000}, {LVT0, 0x000700ff},
		{0x330, 0x000107ff}, {0x340, 0x000107ff}, {LINT0, 0x0001a7ff}, {0x360, 0x0001a7ff},
		{ERROR, 0x000100ff}, {DIVIDE, 0xb}};
	struct lapic *l;

	board_make(&b, 1, true);
	l = &b.lapics[0];
	lapic_write(l, SVR, 0x1ff);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		if (expected[i].offset != PPR)
			lapic_write(l, expected[i].offset, 0xffffffff);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		ck_assert_msg(lapic_read(l, expected[i].offset) == expected[i].value, "%x: %x",
			expected[i].offset, lapic_read(l, expected[i].offset));
	lapic_write(l, DFR, 0);
	ck_assert_uint_eq(lapic_read(l, DFR), 0x0fffffff);
}
END_TEST

START_TEST(highest_class_first)
{
	struct lapic *l;

	board_make(&b, 1, true);
	l = &b.lapics[0];
	board_enable(&b);
	ck_assert(post(0, 0x35, false));
	ck_assert(post(0, 0x61, false));
	ck_assert(post(0, 0x63, false));
	ck_assert_int_eq(lapic_pending_vector(l), 0x63);
	ck_assert_uint_eq(lapic_read(l, IRR + 0x30), 0xa); /* vectors 0x60 to 0x7f */
	lapic_acknowledge(l, 0x63);
	ck_assert_uint_eq(lapic_read(l, ISR + 0x30), 0x8);
	ck_assert_uint_eq(lapic_read(l, IRR + 0x30), 0x2);
	ck_assert_uint_eq(lapic_read(l, PPR), 0x60);
	ck_assert_int_eq(lapic_pending_vector(l), -1); /* the same class does not nest */
	post(0, 0x70, false);
	ck_assert_int_eq(lapic_pending_vector(l), 0x70);
	lapic_acknowledge(l, 0x70);
	lapic_write(l, EOI, 0); /* ends 0x70, the highest in service */
	ck_assert_int_eq(lapic_pending_vector(l), -1);
	lapic_write(l, EOI, 0);
	ck_assert_int_eq(lapic_pending_vector(l), 0x61);
	lapic_acknowledge(l, 0x61);
	lapic_write(l, EOI, 0);
	ck_assert_int_eq(lapic_pending_vector(l), 0x35);
	lapic_write(l, EOI, 0); /* nothing in service: nothing happens */
	ck_assert_int_eq(lapic_pending_vector(l), 0x35);
}
END_TEST

/* One level-triggered vector in each of the eight words of the 256-bit registers. */
START_TEST(wide_registers)
{
	struct lapic *l;

	board_make(&b, 1, true);
	l = &b.lapics[0];
	board_enable(&b);
	for (unsigned i = 0; i < 8; i++) {
		post(0, (uint8_t)(32 * i + 17 + i), true);
		ck_assert_uint_eq(lapic_read(l, IRR + 16 * i), 1u << (17 + i));
		ck_assert_uint_eq(lapic_read(l, TMR + 16 * i), 1u << (17 + i));
		ck_assert_uint_eq(lapic_read(l, ISR + 16 * i), 0);
	}
	for (unsigned i = 8; i-- > 0;) {
		lapic_acknowledge(l, (int)(32 * i + 17 + i));
		ck_assert_uint_eq(lapic_read(l, ISR + 16 * i), 1u << (17 + i));
		ck_assert_uint_eq(lapic_read(l, IRR + 16 * i), 0);
		l->state.isr[i] = 0; /* so that the next one may be taken */
		lapic_state_changed(l);
	}
}
END_TEST

START_TEST(task_priority)
{
	struct lapic *l;

	board_make(&b, 1, true);
	l = &b.lapics[0];
	board_enable(&b);
	lapic_set_tpr(l, 5);
	ck_assert_uint_eq(lapic_read(l, TPR), 0x50);
	post(0, 0x5f, false);
	ck_assert_int_eq(lapic_pending_vector(l), -1);
	post(0, 0x60, false);
	ck_assert_int_eq(lapic_pending_vector(l), 0x60);
	lapic_write(l, TPR, 0x4f);
	ck_assert_uint_eq(lapic_tpr(l), 4);
	ck_assert_uint_eq(lapic_read(l, PPR), 0x4f);
	lapic_acknowledge(l, 0x60);
	ck_assert_uint_eq(lapic_read(l, PPR), 0x60);
	lapic_write(l, TPR, 0x63); /* the same class: TPR whole */
	ck_assert_uint_eq(lapic_read(l, PPR), 0x63);
}
END_TEST

START_TEST(kicks)
{
	struct lapic *l;

	board_make(&b, 2, true);
	l = &b.lapics[1];
	board_enable(&b);
	post(1, 0x40, false);
	ck_assert_uint_eq(b.kicks[1], 1);
	ck_assert_uint_eq(b.kicks[0], 0);
	post(1, 0x41, false);
	ck_assert_uint_eq(b.kicks[1], 2);
	lapic_set_tpr(l, 15);
	post(1, 0x80, false);
	ck_assert_uint_eq(b.kicks[1], 2); /* not deliverable */
	lapic_set_tpr(l, 0);
	ck_assert_uint_eq(b.kicks[1], 3);
}
END_TEST

START_TEST(disabled_by_software)
{
	struct lapic *l;

	board_make(&b, 1, true);
	l = &b.lapics[0];
	ck_assert(!post(0, 0x40, false));
	lapic_write(l, LVT0, 0x40);
	ck_assert_uint_eq(lapic_read(l, LVT0), 0x10040);
	board_enable(&b);
	lapic_write(l, LVT0, 0x40);
	ck_assert_uint_eq(lapic_read(l, LVT0), 0x40);
	ck_assert(post(0, 0x41, false));
	lapic_write(l, SVR, 0xff);
	ck_assert_uint_eq(lapic_read(l, LVT0), 0x10040);
	ck_assert_int_eq(lapic_pending_vector(l), 0x41); /* held, still to be handled */
	ck_assert(!post(0, 0x42, false));
	struct apic_message nmi = {.mode = DELIVER_NMI};
	ck_assert(apic_send(&b.bus, &nmi));
	ck_assert_uint_eq(l->state.nmi_pending, 1);
}
END_TEST

START_TEST(error_register)
{
	struct lapic *l;

	board_make(&b, 1, true);
	l = &b.lapics[0];
	board_enable(&b);
	lapic_write(l, ERROR, 0xfe);
	ck_assert(!post(0, 0x0f, false));
	ck_assert_uint_eq(lapic_read(l, ESR), 0); /* not before it is written */
	ck_assert_int_eq(lapic_pending_vector(l), 0xfe);
	lapic_acknowledge(l, 0xfe);
	lapic_write(l, EOI, 0);
	lapic_write(l, ICR, 0x0000000f);
	ck_assert_int_eq(lapic_pending_vector(l), -1); /* not armed again yet */
	lapic_read(l, 0x040);
	ck_assert_uint_eq(read_esr(l), 0x40 | 0x20 | 0x80);
	ck_assert_uint_eq(lapic_read(l, ESR), 0xe0);
	lapic_write(l, 0x3f0, 0); /* SELF IPI is not there in xAPIC mode */
	ck_assert_int_eq(lapic_pending_vector(l), 0xfe);
	ck_assert_uint_eq(read_esr(l), 0x80);
	ck_assert_uint_eq(read_esr(l), 0);
}
END_TEST

START_TEST(odd_offsets)
{
	struct lapic *l;

	board_make(&b, 1, true);
	l = &b.lapics[0];
	lapic_write(l, TPR + 4, 0x33);
	ck_assert_uint_eq(lapic_read(l, TPR), 0);
	ck_assert_uint_eq(lapic_read(l, SVR + 8), 0);
	ck_assert_uint_eq(read_esr(l), 0);
	lapic_read(l, 0xff0);
	ck_assert_uint_eq(read_esr(l), 0x80);
}
END_TEST

START_TEST(base_transitions)
{
	/* from, to: 0 disabled, 1 xAPIC, 2 x2APIC */
	static const bool legal[3][3] = {{1, 1, 0}, {1, 1, 1}, {1, 0, 1}};
	static const uint64_t value[3] = {0xfee00100, 0xfee00900, 0xfee00d00};

	for (int from = 0; from < 3; from++)
		for (int to = 0; to < 3; to++) {
			struct lapic *l = &b.lapics[0];

			board_make(&b, 1, true);
			ck_assert(lapic_set_base(l, value[from]));
			ck_assert_msg(lapic_set_base(l, value[to]) == legal[from][to], "%d to %d",
				from, to);
			ck_assert_uint_eq(lapic_base(l), value[legal[from][to] ? to : from]);
			ck_assert(lapic_mmio_enabled(l) == (lapic_base(l) == value[1]));
		}
}
END_TEST

START_TEST(base_refuses)
{
	static const uint64_t bad[] = {0xfee00901, 0xfee00b00, 0xfed00900, 0x1fee00900,
		0xfee00500 /* EXTD without EN */, UINT64_C(1) << 52 | 0xfee00900};
	struct lapic *l = &b.lapics[0];

	board_make(&b, 1, true);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert(!lapic_set_base(l, bad[i]));
	ck_assert(lapic_set_base(l, 0xfee00800));
	ck_assert_uint_eq(lapic_base(l), 0xfee00900); /* BSP is the hardware's to say */
	board_make(&b, 1, false);
	ck_assert(!lapic_set_base(l, 0xfee00d00));
}
END_TEST

START_TEST(disabling_forgets)
{
	struct lapic *l = &b.lapics[0];

	board_make(&b, 1, true);
	board_enable(&b);
	lapic_write(l, TPR, 0x20);
	lapic_write(l, INITIAL, 1000);
	post(0, 0x55, false);
	ck_assert(lapic_set_base(l, 0xfee00100));
	ck_assert(!post(0, 0x56, false));
	ck_assert_int_eq(lapic_pending_vector(l), -1);
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
	ck_assert(lapic_set_base(l, 0xfee00900));
	ck_assert_uint_eq(lapic_read(l, TPR), 0);
	ck_assert_uint_eq(lapic_read(l, SVR), 0xff);
}
END_TEST

START_TEST(x2apic_registers)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
	} expected[] = {{0x802, 19}, {0x803, 0x50014}, {0x808, 0x20}, {0x80a, 0x20},
		{0x80d, 0x00010008}, {0x80f, 0x1ff}, {0x828, 0}, {0x830, 0}, {0x832, 0x10000},
		{0x838, 0}, {0x839, 0}, {0x83e, 0}};
	struct lapic *l = &b.lapics[19];
	uint64_t value;

	board_make(&b, 20, true);
	ck_assert(!lapic_msr_read(l, 0x802, &value)); /* xAPIC mode */
	lapic_write(l, TPR, 0x20);
	lapic_write(l, SVR, 0x1ff);
	lapic_write(l, ICR_HI, 0xff000000);
	ck_assert(lapic_set_base(l, 0xfee00c00));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		ck_assert(lapic_msr_read(l, expected[i].msr, &value));
		ck_assert_msg(value == expected[i].value, "%x: %" PRIx64, expected[i].msr, value);
	}
}
END_TEST

START_TEST(x2apic_absent)
{
	static const uint32_t no_read[] = {0x800, 0x801, 0x804, 0x809, 0x80b, 0x80c, 0x80e, 0x829,
		0x82f, 0x831, 0x83a, 0x83d, 0x83f, 0x840, 0x8ff};
	static const uint32_t no_write[] = {0x802, 0x803, 0x809, 0x80a, 0x80c, 0x80d, 0x80e, 0x810,
		0x818, 0x827, 0x831, 0x839, 0x840, 0x8ff};
	struct lapic *l = &b.lapics[0];
	uint64_t value;

	board_make(&b, 1, true);
	ck_assert(lapic_set_base(l, 0xfee00d00));
	for (size_t i = 0; i < ARRAY_LEN(no_read); i++)
		ck_assert_msg(!lapic_msr_read(l, no_read[i], &value), "%x", no_read[i]);
	for (size_t i = 0; i < ARRAY_LEN(no_write); i++)
		ck_assert_msg(!lapic_msr_write(l, no_write[i], 0), "%x", no_write[i]);
	ck_assert(lapic_msr_read(l, 0x828, &value));
	ck_assert_uint_eq(value, 0); /* #GP, no error bit */
}
END_TEST

START_TEST(x2apic_reserved_bits)
{
	static const struct {
		uint32_t msr;
		uint64_t good, bad;
	} row[] = {{0x808, 0xff, 0x100}, {0x80b, 0, 1}, {0x80f, 0x1ff, 0x200},
		{0x80f, 0x1ff, 0x1000}, {0x828, 0, 1}, {0x830, 0x40040, 0x2040},
		{0x830, 0x41040, 0x10040}, {0x830, 0x40040, 0x100040}, {0x832, 0x70040, 0x80040},
		{0x832, 0x40, 0x140}, {0x833, 0x10740, 0x2040}, {0x835, 0x1a740, 0x20040},
		{0x837, 0x10040, 0x440}, {0x838, 0xffffffff, 0x100000000}, {0x83e, 0xb, 4},
		{0x83f, 0x40, 0x140}};
	struct lapic *l = &b.lapics[0];

	board_make(&b, 1, true);
	board_enable(&b);
	ck_assert(lapic_set_base(l, 0xfee00d00));
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		ck_assert_msg(lapic_msr_write(l, row[i].msr, row[i].good), "row %zu", i);
		ck_assert_msg(!lapic_msr_write(l, row[i].msr, row[i].bad), "row %zu", i);
	}
}
END_TEST

START_TEST(signals)
{
	struct lapic *l = &b.lapics[0];
	struct apic_message init = {.mode = DELIVER_INIT};
	struct apic_message sipi = {.mode = DELIVER_STARTUP, .vector = 0x08};

	board_make(&b, 1, true);
	ck_assert(!lapic_signalled(l));
	apic_send(&b.bus, &sipi);
	ck_assert(lapic_signalled(l));
	ck_assert_uint_eq(b.kicks[0], 1);
	apic_send(&b.bus, &init); /* what came before it is void */
	ck_assert_uint_eq(l->state.sipi_pending, 0);
	ck_assert_uint_eq(l->state.init_pending, 1);
	apic_send(&b.bus, &sipi);
	sipi.vector = 0x09;
	apic_send(&b.bus, &sipi);
	lapic_reset_init(l); /* the core heeds INIT; the SIPI that followed stays */
	ck_assert_uint_eq(l->state.init_pending, 0);
	ck_assert_uint_eq(l->state.sipi_pending, 1);
	ck_assert_uint_eq(l->state.sipi_vector, 0x08);
}
END_TEST

START_TEST(init_keeps_mode)
{
	struct lapic *l = &b.lapics[3];
	uint64_t value;

	board_make(&b, 4, true);
	board_enable(&b);
	ck_assert(lapic_set_base(l, 0xfee00c00));
	ck_assert(lapic_msr_write(l, 0x808, 0x50));
	ck_assert(lapic_msr_write(l, 0x838, 5000));
	post(3, 0x77, true);
	lapic_reset_init(l);
	ck_assert_uint_eq(lapic_base(l), 0xfee00c00);
	ck_assert(lapic_msr_read(l, 0x808, &value));
	ck_assert_uint_eq(value, 0);
	ck_assert(lapic_msr_read(l, 0x80d, &value));
	ck_assert_uint_eq(value, 8);
	ck_assert(lapic_msr_read(l, 0x802, &value));
	ck_assert_uint_eq(value, 3);
	ck_assert(!vector_in(l->state.irr, 0x77));
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
	l->state.nmi_pending = 1;
	lapic_reset(l);
	ck_assert_uint_eq(lapic_base(l), 0xfee00800);
	ck_assert(!lapic_signalled(l));
}
END_TEST

START_TEST(local_interrupts)
{
	struct lapic *l = &b.lapics[0];

	board_make(&b, 1, true);
	board_enable(&b);
	lapic_raise(l, LVT_PERF); /* masked */
	ck_assert(!lapic_signalled(l));
	lapic_write(l, 0x340, 0x400); /* NMI */
	lapic_raise(l, LVT_PERF);
	ck_assert_uint_eq(l->state.nmi_pending, 1);
	ck_assert_uint_eq(lapic_read(l, 0x340), 0x10400); /* delivery masks it */
	lapic_write(l, 0x330, 0x44);
	lapic_raise(l, LVT_THERMAL);
	ck_assert_int_eq(lapic_pending_vector(l), 0x44);
	ck_assert_uint_eq(lapic_read(l, 0x330), 0x44);
	lapic_write(l, 0x360, 0x500); /* INIT */
	lapic_raise(l, LVT_LINT1);
	ck_assert_uint_eq(l->state.init_pending, 1);
	lapic_write(l, LINT0, 0x700); /* ExtINT: said to be missing */
	lapic_raise(l, LVT_LINT0);
	ck_assert_uint_eq(b.absents, 1);
	lapic_write(l, ERROR, 0x05); /* an illegal vector of its own */
	lapic_read(l, 0x040);
	ck_assert_uint_eq(read_esr(l), 0x80 | 0x40);
}
END_TEST

static uint8_t pic_vector(void *context)
{
	unsigned *asked = context;

	++*asked;
	apic_drive_lint(&b.bus, LINT_INTR, false);
	return 0x31;
}

START_TEST(virtual_wire)
{
	struct lapic *l = &b.lapics[0];
	unsigned asked = 0;

	board_make(&b, 2, true);
	b.bus.pic = (struct apic_pic){pic_vector, &asked};
	apic_drive_lint(&b.bus, LINT_INTR, true);
	ck_assert(!lapic_intr(l)); /* masked since the reset */
	lapic_virtual_wire(l);
	ck_assert(lapic_intr(l));
	ck_assert(!lapic_intr(&b.lapics[1]));
	ck_assert_uint_eq(b.kicks[0], 1);
	lapic_set_tpr(l, 15); /* priorities do not hold it */
	ck_assert(lapic_intr(l));
	lapic_state_changed(l);
	ck_assert(lapic_intr(l));
	ck_assert_uint_eq(lapic_acknowledge_intr(l), 0x31);
	ck_assert(!lapic_intr(l));
	ck_assert_uint_eq(asked, 1);
	ck_assert_uint_eq(lapic_read(l, LINT0) & APIC_REMOTE_IRR, 0);
	apic_drive_lint(&b.bus, LINT_INTR, true);
	lapic_write(l, 0x0f0, 0x0f); /* disabled by software: masked */
	ck_assert(!lapic_intr(l));
	ck_assert(lapic_set_base(l, 0xfee00100)); /* off: the pin is the core's */
	ck_assert(lapic_intr(l));
	apic_drive_lint(&b.bus, LINT_INTR, false);
	ck_assert(!lapic_intr(l));
	apic_drive_lint(&b.bus, LINT_NMI, true);
	ck_assert_uint_eq(l->state.nmi_pending, 1);
	ck_assert_uint_eq(b.lapics[1].state.nmi_pending, 0);
}
END_TEST

START_TEST(pins_as_interrupts)
{
	struct lapic *l = &b.lapics[0];

	board_make(&b, 1, true);
	lapic_virtual_wire(l);
	apic_drive_lint(&b.bus, LINT_NMI, true);
	apic_drive_lint(&b.bus, LINT_NMI, true); /* no edge */
	ck_assert_uint_eq(l->state.nmi_pending, 1);
	lapic_write(l, LINT0, 0x55);
	apic_drive_lint(&b.bus, LINT_INTR, true);
	ck_assert(!lapic_intr(l));
	lapic_acknowledge(l, 0x55);
	lapic_write(l, EOI, 0);
	ck_assert_int_eq(lapic_pending_vector(l), -1); /* an edge */
	apic_drive_lint(&b.bus, LINT_INTR, false);
	lapic_write(l, LINT0, APIC_LEVEL | 0x56);
	apic_drive_lint(&b.bus, LINT_INTR, true);
	lapic_acknowledge(l, 0x56);
	ck_assert_uint_eq(lapic_read(l, LINT0), APIC_LEVEL | APIC_REMOTE_IRR | 0x56);
	lapic_write(l, EOI, 0);
	ck_assert_int_eq(lapic_pending_vector(l), 0x56); /* still active */
	lapic_acknowledge(l, 0x56);
	apic_drive_lint(&b.bus, LINT_INTR, false);
	lapic_write(l, EOI, 0);
	ck_assert_int_eq(lapic_pending_vector(l), -1);
	ck_assert_uint_eq(lapic_read(l, LINT0), APIC_LEVEL | 0x56);
}
END_TEST

START_TEST(extint_by_message)
{
	struct lapic *l = &b.lapics[0];
	unsigned asked = 0;

	board_make(&b, 1, true);
	board_enable(&b);
	b.bus.pic = (struct apic_pic){pic_vector, &asked};
	ck_assert(lapic_accept(l, &(struct apic_message){.mode = DELIVER_EXTINT}));
	ck_assert(lapic_intr(l));
	ck_assert_uint_eq(lapic_acknowledge_intr(l), 0x31);
	ck_assert(!lapic_intr(l));
	ck_assert_uint_eq(b.absents, 0);
}
END_TEST

START_TEST(state_alone_decides)
{
	static struct lapic copy;

	board_make(&b, 1, true);
	board_enable(&b);
	post(0, 0x66, false);
	memset(&copy, 0, sizeof(copy));
	copy.state = b.lapics[0].state;
	lapic_state_changed(&copy);
	ck_assert_int_eq(lapic_pending_vector(&copy), 0x66);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {after_reset, writable_bits, highest_class_first,
		wide_registers, task_priority, kicks, disabled_by_software, error_register,
		odd_offsets, base_transitions, base_refuses, disabling_forgets, x2apic_registers,
		x2apic_absent, x2apic_reserved_bits, signals, init_keeps_mode, local_interrupts,
		virtual_wire, pins_as_interrupts, extint_by_message, state_alone_decides};

	return unit_run("lapic", tests, ARRAY_LEN(tests));
}
