/* The I/O APIC: registers, edges, levels, remote IRR. */
#include "tests/unit/apic_board.h"
#include "tests/unit/unit.h"

#define PIN     5
#define VECTOR  0x45
#define LEVEL   0x08000
#define REMOTE  0x04000
#define LOW     0x02000
#define MASKED  0x10000
#define LOGICAL 0x00800
#define NMI     0x00400
#define LOWEST  0x00100

static struct apic_board b;
static struct ioapic *io = &b.ioapic;

static void write_register(uint32_t index, uint32_t value)
{
	ioapic_ops.write(io, 0x00, 4, index);
	ioapic_ops.write(io, 0x10, 4, value);
}

static uint32_t read_register(uint32_t index)
{
	ioapic_ops.write(io, 0x00, 4, index);
	return (uint32_t)ioapic_ops.read(io, 0x10, 4);
}

static void entry(uint32_t low, uint8_t destination)
{
	write_register(0x11 + 2 * PIN, (uint32_t)destination << 24);
	write_register(0x10 + 2 * PIN, low);
}

static uint32_t entry_low(void)
{
	return read_register(0x10 + 2 * PIN);
}

static void make(void)
{
	board_make(&b, 4, true);
	board_enable(&b);
}

/* Takes the interrupt if there is one for the core. */
static bool taken(unsigned core)
{
	int vector = lapic_pending_vector(&b.lapics[core]);

	if (vector < 0)
		return false;
	ck_assert_int_eq(vector, VECTOR);
	lapic_acknowledge(&b.lapics[core], vector);
	return true;
}

static void eoi(unsigned core)
{
	lapic_write(&b.lapics[core], 0x0b0, 0);
}

START_TEST(registers)
{
	make();
	ck_assert_uint_eq(read_register(0), 0);
	ck_assert_uint_eq(read_register(1), 0x00170020);
	ck_assert_uint_eq(read_register(2), 0);
	for (uint32_t i = 0; i < 2 * IOAPIC_PINS; i++)
		ck_assert_uint_eq(read_register(0x10 + i), i % 2 ? 0 : 0x10000);
	write_register(0, 0xffffffff);
	ck_assert_uint_eq(read_register(0), 0x0f000000);
	ck_assert_uint_eq(read_register(2), 0x0f000000);
	write_register(1, 0);
	ck_assert_uint_eq(read_register(1), 0x00170020);
	ioapic_drive(io, PIN, true);
	for (uint32_t i = 0; i < 256; i++) { /* nothing but these */
		if (i <= 2 || (i >= 0x10 && i < 0x40))
			continue;
		write_register(i, 0xffffffff);
		ck_assert_uint_eq(read_register(i), 0);
	}
	ck_assert_uint_eq(io->state.levels, 1u << PIN);
	ioapic_ops.write(io, 0x00, 4, 0x1234);
	ck_assert_uint_eq(ioapic_ops.read(io, 0x00, 4), 0x34);
	ck_assert_uint_eq(ioapic_ops.read(io, 0x20, 4), 0);
	ioapic_ops.reset(io);
	ck_assert_uint_eq(ioapic_ops.read(io, 0x00, 4), 0);
	ck_assert_uint_eq(read_register(0), 0);
}
END_TEST

START_TEST(entry_bits)
{
	make();
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		write_register(0x10 + 2 * pin, 0xffffffff);
		write_register(0x11 + 2 * pin, 0xffffffff);
		ck_assert_uint_eq(read_register(0x10 + 2 * pin), 0x0001afff);
		ck_assert_uint_eq(read_register(0x11 + 2 * pin), 0xff000000);
		write_register(0x10 + 2 * pin, 0x10000);
	}
	ioapic_ops.reset(io);
	ck_assert_uint_eq(read_register(0x11), 0);
}
END_TEST

START_TEST(edge)
{
	make();
	entry(VECTOR, 2);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(2));
	ck_assert(!taken(0));
	ioapic_drive(io, PIN, true); /* no edge */
	eoi(2);
	ck_assert(!taken(2));
	ioapic_drive(io, PIN, false);
	ck_assert(!taken(2));
	ioapic_drive(io, PIN, true);
	ck_assert(taken(2));
	ck_assert_uint_eq(entry_low(), VECTOR);
	ck_assert_uint_eq(b.lapics[2].state.tmr[VECTOR / 32], 0);
}
END_TEST

START_TEST(masked_edge_is_lost)
{
	make();
	entry(VECTOR | MASKED, 0);
	ioapic_drive(io, PIN, true);
	entry(VECTOR, 0);
	ck_assert(!taken(0));
	ioapic_drive(io, PIN, false);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(0));
}
END_TEST

START_TEST(falling_edge)
{
	make();
	ioapic_drive(io, PIN, true);
	entry(VECTOR | LOW, 0);
	ioapic_drive(io, PIN, false);
	ck_assert(taken(0));
	eoi(0);
	ioapic_drive(io, PIN, true);
	ck_assert(!taken(0));
}
END_TEST

START_TEST(level)
{
	make();
	entry(VECTOR | LEVEL, 1);
	ioapic_drive(io, PIN, true);
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL | REMOTE);
	ck_assert(taken(1));
	ck_assert_uint_eq(b.lapics[1].state.tmr[VECTOR / 32], 1u << (VECTOR % 32));
	ck_assert(!taken(1)); /* remote IRR: not again before the EOI */
	eoi(1);
	ck_assert(taken(1)); /* still active */
	ioapic_drive(io, PIN, false);
	eoi(1);
	ck_assert(!taken(1));
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(1));
}
END_TEST

/* The line falls and rises while the interrupt is in service: one more after the EOI. */
START_TEST(level_in_service)
{
	make();
	entry(VECTOR | LEVEL, 1);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(1));
	ioapic_drive(io, PIN, false);
	ioapic_drive(io, PIN, true);
	ck_assert(!taken(1));
	eoi(1);
	ck_assert(taken(1));
}
END_TEST

START_TEST(level_unmasked_later)
{
	make();
	entry(VECTOR | LEVEL | MASKED, 0);
	ioapic_drive(io, PIN, true);
	ck_assert(!taken(0));
	entry(VECTOR | LEVEL, 0);
	ck_assert(taken(0));
	entry(VECTOR | LEVEL | MASKED, 0); /* while in service */
	eoi(0);
	ck_assert(!taken(0));
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL | MASKED);
}
END_TEST

START_TEST(active_low_level)
{
	make();
	ioapic_drive(io, PIN, true);
	entry(VECTOR | LEVEL | LOW, 0);
	ck_assert(!taken(0));
	ioapic_drive(io, PIN, false);
	ck_assert(taken(0));
}
END_TEST

START_TEST(edge_mode_clears_remote_irr)
{
	make();
	entry(VECTOR | LEVEL, 0);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(0));
	entry(VECTOR, 0);
	ck_assert_uint_eq(entry_low(), VECTOR);
	entry(VECTOR | LEVEL, 0);
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL | REMOTE); /* sent again */
}
END_TEST

START_TEST(eoi_register)
{
	make();
	entry(VECTOR | LEVEL, 0);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(0));
	ioapic_drive(io, PIN, false);
	ioapic_ops.write(io, 0x40, 4, VECTOR + 1);
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL | REMOTE);
	ioapic_ops.write(io, 0x40, 4, VECTOR);
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL);
}
END_TEST

START_TEST(shared_vector)
{
	make();
	entry(VECTOR | LEVEL, 0);
	write_register(0x10 + 2 * 6, VECTOR | LEVEL);
	ioapic_drive(io, PIN, true);
	ioapic_drive(io, 6, true);
	ck_assert(taken(0));
	ioapic_drive(io, PIN, false);
	eoi(0); /* ends both; pin 6 sends again */
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL);
	ck_assert_uint_eq(read_register(0x10 + 2 * 6), VECTOR | LEVEL | REMOTE);
	ck_assert(taken(0));
}
END_TEST

START_TEST(every_pin)
{
	make();
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		write_register(0x10 + 2 * pin, VECTOR | LEVEL);
		ioapic_drive(io, pin, true);
		ck_assert(taken(0));
		ioapic_drive(io, pin, false);
		eoi(0);
		ck_assert_uint_eq(read_register(0x10 + 2 * pin), VECTOR | LEVEL);
	}
}
END_TEST

/* The EOI of an edge of the same vector, on another core, is none of the I/O APIC's business. */
START_TEST(eoi_of_an_edge)
{
	make();
	entry(VECTOR | LEVEL, 1);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(1));
	lapic_write(&b.lapics[0], 0x300, VECTOR | 0x40000); /* an IPI to itself */
	ck_assert(taken(0));
	eoi(0);
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL | REMOTE);
}
END_TEST

/* Nobody takes it: no remote IRR, and another try when there is a reason. */
START_TEST(nobody_accepts)
{
	make();
	entry(VECTOR | LEVEL, 9);
	ioapic_drive(io, PIN, true);
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL);
	entry(VECTOR | LEVEL, 3);
	ck_assert(taken(3));
}
END_TEST

START_TEST(delivery_modes)
{
	make();
	for (unsigned i = 0; i < 4; i++)
		lapic_write(&b.lapics[i], 0x0d0, 0x01000000u << i);
	lapic_set_tpr(&b.lapics[1], 2);
	entry(VECTOR | LOGICAL | LOWEST, 0x0a);
	ioapic_drive(io, PIN, true);
	ck_assert(taken(3));
	ck_assert(!taken(1));
	ioapic_drive(io, PIN, false);
	entry(VECTOR | LEVEL | LOWEST, 2);
	ioapic_drive(io, PIN, true);
	ck_assert_uint_eq(entry_low(), VECTOR | LEVEL | LOWEST | REMOTE);
	ck_assert(taken(2));
	ioapic_drive(io, PIN, false);
	eoi(2);
	entry(NMI | LEVEL, 1); /* an edge whatever the trigger mode says */
	ioapic_drive(io, PIN, true);
	ck_assert_uint_eq(b.lapics[1].state.nmi_pending, 1);
	ck_assert_uint_eq(entry_low(), NMI | LEVEL);
	ioapic_drive(io, PIN, false);
	entry(0x500, 1);
	ioapic_drive(io, PIN, true);
	ck_assert_uint_eq(b.lapics[1].state.init_pending, 1);
	ioapic_drive(io, PIN, false);
	entry(0x700, 1);
	ioapic_drive(io, PIN, true);
	ck_assert_uint_eq(b.absents, 1);
}
END_TEST

START_TEST(broadcast)
{
	make();
	entry(VECTOR, 0xff);
	ioapic_drive(io, PIN, true);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(taken(i));
}
END_TEST

START_TEST(wires_survive_reset)
{
	make();
	ioapic_drive(io, PIN, true);
	ioapic_ops.reset(io);
	entry(VECTOR | LEVEL, 0);
	ck_assert(taken(0));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {registers, entry_bits, edge, masked_edge_is_lost,
		falling_edge, level, level_in_service, level_unmasked_later, active_low_level,
		edge_mode_clears_remote_irr, eoi_register, shared_vector, every_pin, eoi_of_an_edge,
		nobody_accepts, delivery_modes, broadcast, wires_survive_reset};

	return unit_run("ioapic", tests, ARRAY_LEN(tests));
}
