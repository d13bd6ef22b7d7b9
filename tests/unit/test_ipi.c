/* Interprocessor interrupts: who gets what, in every destination mode. */
#include "tests/unit/apic_board.h"
#include "tests/unit/unit.h"

#define LDR    0x0d0
#define DFR    0x0e0
#define ICR    0x300
#define ICR_HI 0x310

#define LOGICAL   0x00800
#define LOWEST    0x00100
#define NMI       0x00400
#define INIT      0x00500
#define STARTUP   0x00600
#define ASSERT    0x04000
#define LEVEL     0x08000
#define TO_SELF   0x40000
#define TO_ALL    0x80000
#define TO_OTHERS 0xc0000
#define VECTOR    0x52

static struct apic_board b;

/* The cores with that vector requested, a bit each; the requests are taken away. */
static uint64_t receivers(unsigned vector)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < b.bus.count; i++) {
		uint32_t *irr = &b.lapics[i].state.irr[vector / 32];

		if (*irr >> (vector % 32) & 1)
			set |= BIT(i);
		*irr = 0;
		lapic_state_changed(&b.lapics[i]);
	}
	return set;
}

static uint64_t xapic_send(unsigned from, uint8_t destination, uint32_t icr)
{
	lapic_write(&b.lapics[from], ICR_HI, (uint32_t)destination << 24);
	lapic_write(&b.lapics[from], ICR, icr);
	return receivers(icr & 0xff);
}

static uint64_t x2apic_send(unsigned from, uint32_t destination, uint32_t icr)
{
	ck_assert(lapic_msr_write(&b.lapics[from], 0x830, (uint64_t)destination << 32 | icr));
	return receivers(icr & 0xff);
}

static void make_xapics(unsigned cores)
{
	board_make(&b, cores, true);
	board_enable(&b);
}

static void make_x2apics(unsigned cores)
{
	make_xapics(cores);
	for (unsigned i = 0; i < cores; i++)
		ck_assert(lapic_set_base(&b.lapics[i], i == 0 ? 0xfee00d00 : 0xfee00c00));
}

START_TEST(physical)
{
	make_xapics(4);
	ck_assert_uint_eq(xapic_send(0, 2, VECTOR), 0x4);
	ck_assert_uint_eq(xapic_send(3, 3, VECTOR), 0x8);
	ck_assert_uint_eq(xapic_send(0, 9, VECTOR), 0);
	ck_assert_uint_eq(xapic_send(1, 0xff, VECTOR), 0xf);
	ck_assert_uint_eq(lapic_read(&b.lapics[1], ICR_HI), 0xff000000);
	ck_assert_uint_eq(lapic_read(&b.lapics[1], ICR), VECTOR);
}
END_TEST

START_TEST(shorthands)
{
	make_xapics(4);
	ck_assert_uint_eq(xapic_send(2, 0, VECTOR | TO_SELF), 0x4);
	ck_assert_uint_eq(xapic_send(2, 0, VECTOR | TO_ALL), 0xf);
	ck_assert_uint_eq(xapic_send(2, 0, VECTOR | TO_OTHERS), 0xb);
}
END_TEST

START_TEST(flat)
{
	make_xapics(4);
	for (unsigned i = 0; i < 4; i++)
		lapic_write(&b.lapics[i], LDR, 0x01000000u << i);
	ck_assert_uint_eq(xapic_send(0, 0x05, VECTOR | LOGICAL), 0x5);
	ck_assert_uint_eq(xapic_send(0, 0x80, VECTOR | LOGICAL), 0);
	ck_assert_uint_eq(xapic_send(0, 0xff, VECTOR | LOGICAL), 0xf);
}
END_TEST

START_TEST(cluster)
{
	make_xapics(6);
	for (unsigned i = 0; i < 6; i++) {
		lapic_write(&b.lapics[i], DFR, 0);
		lapic_write(&b.lapics[i], LDR, (i / 3) << 28 | 0x01000000u << i % 3);
	}
	ck_assert_uint_eq(xapic_send(0, 0x03, VECTOR | LOGICAL), 0x03);
	ck_assert_uint_eq(xapic_send(0, 0x16, VECTOR | LOGICAL), 0x30);
	ck_assert_uint_eq(xapic_send(0, 0x2f, VECTOR | LOGICAL), 0);
	ck_assert_uint_eq(xapic_send(0, 0xf1, VECTOR | LOGICAL), 0x09); /* in all clusters */
}
END_TEST

START_TEST(x2apic_physical)
{
	make_x2apics(20);
	ck_assert_uint_eq(x2apic_send(0, 17, VECTOR), BIT(17));
	ck_assert_uint_eq(x2apic_send(0, 0xff, VECTOR), 0); /* an ID like any other */
	ck_assert_uint_eq(x2apic_send(0, 0xffffffff, VECTOR), BIT(20) - 1);
	ck_assert_uint_eq(x2apic_send(0, 0x100 + 3, VECTOR), 0);
}
END_TEST

START_TEST(x2apic_logical)
{
	make_x2apics(20);
	ck_assert_uint_eq(x2apic_send(0, 0x00008001, VECTOR | LOGICAL), 0x8001);
	ck_assert_uint_eq(x2apic_send(0, 0x0001000a, VECTOR | LOGICAL), 0xa0000);
	ck_assert_uint_eq(x2apic_send(0, 0x0002ffff, VECTOR | LOGICAL), 0);
	ck_assert_uint_eq(x2apic_send(0, 0xffffffff, VECTOR | LOGICAL), BIT(20) - 1);
}
END_TEST

START_TEST(x2apic_self)
{
	make_x2apics(3);
	ck_assert(lapic_msr_write(&b.lapics[1], 0x83f, VECTOR));
	ck_assert_uint_eq(receivers(VECTOR), 0x2);
	ck_assert(lapic_msr_write(&b.lapics[1], 0x83f, 0x0f));
	ck_assert_uint_eq(receivers(0x0f), 0);
	ck_assert_uint_eq(b.lapics[1].state.errors, 0x20);
	ck_assert(lapic_msr_write(&b.lapics[1], 0x83f, 0x10));
	ck_assert_uint_eq(receivers(0x10), 0x2);
}
END_TEST

/* An x2APIC destination of more than eight bits is nobody in xAPIC mode. */
START_TEST(mixed_modes)
{
	make_xapics(3);
	lapic_write(&b.lapics[1], LDR, 0x02000000);
	ck_assert(lapic_set_base(&b.lapics[0], 0xfee00d00));
	ck_assert_uint_eq(x2apic_send(0, 1, VECTOR), 0x2);
	ck_assert_uint_eq(x2apic_send(0, 0x102, VECTOR | LOGICAL), 0);
	ck_assert_uint_eq(xapic_send(1, 0xff, VECTOR), 0x7);
}
END_TEST

START_TEST(lowest_priority)
{
	make_xapics(4);
	for (unsigned i = 0; i < 4; i++)
		lapic_write(&b.lapics[i], LDR, 0x01000000u << i);
	ck_assert_uint_eq(xapic_send(0, 0x0e, VECTOR | LOGICAL | LOWEST), 0x2); /* a tie */
	lapic_set_tpr(&b.lapics[1], 3);
	lapic_set_tpr(&b.lapics[2], 2);
	lapic_set_tpr(&b.lapics[3], 4);
	ck_assert_uint_eq(xapic_send(0, 0x0e, VECTOR | LOGICAL | LOWEST), 0x4);
	lapic_write(&b.lapics[2], 0x0f0, 0xff); /* disabled by software: no candidate */
	ck_assert_uint_eq(xapic_send(0, 0x0e, VECTOR | LOGICAL | LOWEST), 0x2);
	ck_assert_uint_eq(xapic_send(0, 0x04, VECTOR | LOGICAL | LOWEST), 0);
}
END_TEST

START_TEST(x2apic_cannot_redirect)
{
	make_x2apics(2);
	ck_assert_uint_eq(x2apic_send(0, 1, VECTOR | LOWEST), 0);
	ck_assert_uint_eq(b.lapics[0].state.errors, 0x10);
	x2apic_send(0, 1, 0x05 | LOWEST); /* this error alone */
	ck_assert_uint_eq(b.lapics[0].state.errors, 0x10);
}
END_TEST

START_TEST(illegal_vector)
{
	make_xapics(2);
	ck_assert_uint_eq(xapic_send(0, 1, 0x0f), 0);
	ck_assert_uint_eq(b.lapics[0].state.errors, 0x20);
	ck_assert_uint_eq(b.lapics[1].state.errors, 0);
	ck_assert_uint_eq(xapic_send(0, 1, 0x10), 0x2);
}
END_TEST

START_TEST(startup_sequence)
{
	struct lapic *target = &b.lapics[1];

	make_xapics(3);
	xapic_send(0, 1, INIT | ASSERT | LEVEL);
	ck_assert_uint_eq(target->state.init_pending, 1);
	target->state.init_pending = 0;
	xapic_send(0, 1, INIT | LEVEL); /* de-assert: nothing */
	ck_assert_uint_eq(target->state.init_pending, 0);
	xapic_send(0, 1, INIT | ASSERT); /* an edge is as good */
	ck_assert_uint_eq(target->state.init_pending, 1);
	xapic_send(0, 1, STARTUP | 0x9a);
	ck_assert_uint_eq(target->state.sipi_pending, 1);
	ck_assert_uint_eq(target->state.sipi_vector, 0x9a);
	ck_assert(!lapic_signalled(&b.lapics[0]));
	ck_assert(!lapic_signalled(&b.lapics[2]));
	ck_assert_uint_eq(b.kicks[1], 3);
}
END_TEST

START_TEST(nmi)
{
	make_xapics(3);
	xapic_send(0, 0, NMI | TO_OTHERS); /* the vector does not matter */
	ck_assert_uint_eq(b.lapics[0].state.nmi_pending, 0);
	ck_assert_uint_eq(b.lapics[1].state.nmi_pending, 1);
	ck_assert_uint_eq(b.lapics[2].state.nmi_pending, 1);
	ck_assert_uint_eq(b.lapics[0].state.errors, 0);
}
END_TEST

/* IPIs are edges, even if the trigger mode says level. */
START_TEST(never_level)
{
	make_xapics(2);
	lapic_write(&b.lapics[0], ICR_HI, 0x01000000);
	lapic_write(&b.lapics[0], ICR, VECTOR | ASSERT | LEVEL);
	ck_assert_int_eq(lapic_pending_vector(&b.lapics[1]), VECTOR);
	ck_assert_uint_eq(b.lapics[1].state.tmr[VECTOR / 32], 0);
}
END_TEST

START_TEST(smi_is_absent)
{
	make_xapics(2);
	xapic_send(0, 1, 0x200);
	ck_assert_uint_eq(b.absents, 1);
	xapic_send(0, 1, 0x300); /* reserved: nothing */
	xapic_send(0, 1, 0x700);
	ck_assert_uint_eq(b.absents, 1);
	ck_assert_uint_eq(b.kicks[1], 0);
}
END_TEST

START_TEST(nobody_home)
{
	make_xapics(2);
	ck_assert(lapic_set_base(&b.lapics[1], 0xfee00000)); /* disabled: hears nothing */
	xapic_send(0, 1, NMI);
	ck_assert(!lapic_signalled(&b.lapics[1]));
	ck_assert_uint_eq(xapic_send(0, 0xff, VECTOR), 0x1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {physical, shorthands, flat, cluster, x2apic_physical,
		x2apic_logical, x2apic_self, mixed_modes, lowest_priority, x2apic_cannot_redirect,
		illegal_vector, startup_sequence, nmi, never_level, smi_is_absent, nobody_home};

	return unit_run("ipi", tests, ARRAY_LEN(tests));
}
