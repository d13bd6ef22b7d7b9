/* The PCI bus: configuration space, BARs, INTx through PIRQs, MSI-X; and the board's functions. */
#include "sim/dev/i440fx.h"
#include "sim/machine/machine.h"
#include "tests/unit/apic_board.h"
#include "tests/unit/unit.h"

#define DEVFN       PCI_DEVFN(3, 0)
#define OTHER       PCI_DEVFN(7, 0) /* shares its PIRQ */
#define PIRQ        2               /* (3 - 1 + 0) mod 4 */
#define BAR_MEMORY  0
#define BAR_MSIX    1
#define BAR_PORT    2
#define BAR_LARGE   4
#define COMMAND_ALL (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static struct apic_board apics;
static struct phys_mem mem;
static struct pci_bus bus;
static struct bridge isa;
static struct bridge one, two; /* any state and function */
static bool gsi[PCI_PIRQS], irq[PCI_ISA_IRQS];
static unsigned irq_drives[PCI_ISA_IRQS];

static uint64_t last_offset, last_value;
static unsigned last_bar, last_size;

static uint64_t test_read(void *device, unsigned bar, uint64_t offset, unsigned size)
{
	(void)device;
	last_bar = bar;
	last_offset = offset;
	last_size = size;
	return 0x1122334455667788;
}

static void test_write(void *device, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
	(void)test_read(device, bar, offset, size);
	last_value = value;
}

static const struct pci_class test_class = {
	.vendor = 0x1234,
	.device = 0x5678,
	.code = 0x00ff00,
	.revision = 9,
	.pin = 1,
	.msix_bar = BAR_MSIX,
	.msix_vectors = 3,
	.bars = {[BAR_MEMORY] = {PCI_BAR_MEMORY, 0x2000},
		[BAR_MSIX] = {PCI_BAR_MEMORY, 0x1000},
		[BAR_PORT] = {PCI_BAR_IO, 0x20},
		[BAR_LARGE] = {PCI_BAR_MEMORY64, 0x4000}},
	.read = test_read,
	.write = test_write,
};

static void drive_gsi(void *controller, unsigned pin, bool level)
{
	(void)controller;
	gsi[pin] = level;
}

static void drive_irq(void *controller, unsigned pin, bool level)
{
	(void)controller;
	irq_drives[pin]++;
	irq[pin] = level;
}

static void attach(struct bridge *b, unsigned devfn)
{
	b->function = (struct pci_function){.class = &test_class, .state = &b->state, .device = b};
	pci_attach(&bus, &b->function, devfn);
	pci_function_reset(&b->function);
}

static void make(void)
{
	struct pci_setup setup = {.apic_bus = &apics.bus, .mem = &mem};

	board_make(&apics, 4, true);
	board_enable(&apics);
	ck_assert(phys_init(&mem, 1 << 20));
	for (unsigned i = 0; i < PCI_PIRQS; i++)
		setup.gsi[i] = (struct irq_line){drive_gsi, NULL, i};
	for (unsigned i = 0; i < PCI_ISA_IRQS; i++)
		setup.isa[i] = (struct irq_line){drive_irq, NULL, i};
	pci_init(&bus, &setup);
	attach(&two, OTHER);
	attach(&one, DEVFN);
	isa_bridge_init(&isa, &bus, PCI_DEVFN(1, 0));
	isa_bridge_ops.reset(&isa);
}

static void address(unsigned devfn, unsigned offset)
{
	pci_ops.write(&bus, 0, 4, BIT(31) | devfn << 8 | (offset & 0xfc));
}

static uint32_t config(unsigned devfn, unsigned offset, unsigned size)
{
	address(devfn, offset);
	return (uint32_t)(pci_data_ops.read(&bus, offset & 3, size) & (BIT(8 * size) - 1));
}

static void set_config(unsigned devfn, unsigned offset, unsigned size, uint32_t value)
{
	address(devfn, offset);
	pci_data_ops.write(&bus, offset & 3, size, value);
}

START_TEST(identity)
{
	make();
	ck_assert_uint_eq(config(DEVFN, 0, 4), 0x56781234);
	ck_assert_uint_eq(config(DEVFN, 8, 4), 0x00ff0009);
	ck_assert_uint_eq(config(DEVFN, 2, 2), 0x5678);
	ck_assert_uint_eq(config(DEVFN, 1, 1), 0x12);
	set_config(DEVFN, 0, 4, 0);
	ck_assert_uint_eq(config(DEVFN, 0, 4), 0x56781234);
	ck_assert_uint_eq(config(PCI_DEVFN(4, 0), 0, 4), UINT32_MAX);
	ck_assert_uint_eq(config(PCI_DEVFN(3, 1), 0, 2), 0xffff);
}
END_TEST

START_TEST(address_register)
{
	make();
	pci_ops.write(&bus, 0, 4, UINT32_MAX);
	ck_assert_uint_eq(pci_ops.read(&bus, 0, 4), 0x80fffffc);
	address(DEVFN, 0);
	pci_ops.write(&bus, 0, 1, 0); /* not the address register */
	ck_assert_uint_eq(pci_data_ops.read(&bus, 0, 4), 0x56781234);
	pci_ops.write(&bus, 0, 4, DEVFN << 8); /* not enabled */
	ck_assert_uint_eq(pci_data_ops.read(&bus, 0, 4), UINT32_MAX);
	pci_ops.write(&bus, 0, 4, BIT(31) | 1 << 16 | DEVFN << 8); /* another bus */
	ck_assert_uint_eq(pci_data_ops.read(&bus, 0, 4), UINT32_MAX);
	address(DEVFN, 0);
	ck_assert_uint_eq(pci_data_ops.read(&bus, 2, 4), UINT32_MAX); /* across the end */
	pci_ops.reset(&bus);
	ck_assert_uint_eq(pci_ops.read(&bus, 0, 4), 0);
}
END_TEST

/* As Linux and SeaBIOS size them: all ones, and what sticks. */
START_TEST(bar_sizing)
{
	static const uint32_t want[PCI_BARS] = {
		0xffffe000, 0xfffff000, 0xffffffe1, 0, 0xffffc00c, 0xffffffff};
	static const uint32_t fresh[PCI_BARS] = {0, 0, 1, 0, 0xc, 0};

	make();
	for (unsigned i = 0; i < PCI_BARS; i++) {
		ck_assert_uint_eq(config(DEVFN, PCI_BAR + 4 * i, 4), fresh[i]);
		set_config(DEVFN, PCI_BAR + 4 * i, 4, UINT32_MAX);
		ck_assert_uint_eq(config(DEVFN, PCI_BAR + 4 * i, 4), want[i]);
	}
	set_config(DEVFN, 0x30, 4, UINT32_MAX); /* no expansion ROM */
	ck_assert_uint_eq(config(DEVFN, 0x30, 4), 0);
}
END_TEST

START_TEST(bar_decoding)
{
	struct pci_place p;

	make();
	set_config(DEVFN, PCI_BAR, 4, 0xe0001234);
	set_config(DEVFN, PCI_BAR + 4 * BAR_PORT, 4, 0xc000);
	set_config(DEVFN, PCI_BAR + 4 * BAR_LARGE, 4, 0x8000);
	set_config(DEVFN, PCI_BAR + 4 * BAR_LARGE + 4, 4, 0x12);
	ck_assert_ptr_null(pci_find(&bus, false, 0xe0000010).function);
	ck_assert_ptr_null(pci_find(&bus, true, 0xc000).function);
	set_config(DEVFN, PCI_COMMAND, 2, COMMAND_ALL);
	p = pci_find(&bus, false, 0xe0001010);
	ck_assert_ptr_eq(p.function, &one.function);
	ck_assert_uint_eq(p.bar, BAR_MEMORY);
	ck_assert_uint_eq(pci_place_read(&p, 8), 0x1122334455667788);
	ck_assert_uint_eq(last_offset, 0x1010);
	p = pci_find(&bus, true, 0xc01f);
	ck_assert_uint_eq(p.bar, BAR_PORT);
	pci_place_write(&p, 1, 0x42);
	ck_assert_uint_eq(last_value, 0x42);
	last_value = 0;
	pci_place_write(&p, 2, 0x43); /* reaches beyond the region */
	ck_assert_uint_eq(last_value, 0);
	p = pci_find(&bus, false, 0x120000bfff);
	ck_assert_uint_eq(p.bar, BAR_LARGE);
	ck_assert_uint_eq(p.offset, 0x3fff);
	ck_assert_ptr_null(pci_find(&bus, false, 0x120000c000).function);
	ck_assert_ptr_null(pci_find(&bus, true, 0xe0000010).function);
}
END_TEST

START_TEST(overlapping_bars)
{
	make();
	set_config(OTHER, PCI_BAR, 4, 0xe0000000);
	set_config(OTHER, PCI_COMMAND, 2, COMMAND_ALL);
	ck_assert_ptr_eq(pci_find(&bus, false, 0xe0000000).function, &two.function);
	set_config(DEVFN, PCI_BAR + 4 * BAR_LARGE, 4, 0xe0000000);
	set_config(DEVFN, PCI_COMMAND, 2, COMMAND_ALL);
	ck_assert_ptr_eq(pci_find(&bus, false, 0xe0000000).function, &one.function);
	set_config(DEVFN, PCI_BAR, 4, 0xe0000000);
	ck_assert_uint_eq(pci_find(&bus, false, 0xe0000000).bar, BAR_MEMORY);
	ck_assert_uint_eq(pci_find(&bus, false, 0xe0002000).bar, BAR_LARGE);
}
END_TEST

START_TEST(intx_lines)
{
	make();
	ck_assert(gsi[PIRQ]); /* active low */
	set_config(PCI_DEVFN(1, 0), 0x60 + PIRQ, 1, 10);
	pci_set_intx(&one.function, true);
	ck_assert(!gsi[PIRQ] && irq[10]);
	ck_assert_uint_eq(
		config(DEVFN, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
	pci_set_intx(&two.function, true);
	pci_set_intx(&one.function, false);
	ck_assert(!gsi[PIRQ] && irq[10]);
	set_config(OTHER, PCI_COMMAND, 2, PCI_COMMAND_NO_INTX);
	ck_assert(gsi[PIRQ] && !irq[10]);
	ck_assert_uint_eq(
		config(OTHER, PCI_STATUS, 1) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
	set_config(OTHER, PCI_COMMAND, 2, 0);
	ck_assert(!gsi[PIRQ] && irq[10]);
	pci_function_reset(&two.function);
	ck_assert(gsi[PIRQ] && !irq[10]);
	for (unsigned i = 0; i < PCI_ISA_IRQS; i++)
		ck_assert(i == 10 || irq_drives[i] == 0);
}
END_TEST

START_TEST(routing)
{
	make();
	pci_set_intx(&one.function, true);
	for (unsigned i = 0; i < PCI_ISA_IRQS; i++)
		ck_assert(!irq[i]);
	for (unsigned i = 0; i < PCI_ISA_IRQS; i++) {
		set_config(PCI_DEVFN(1, 0), 0x60 + PIRQ, 1, i);
		ck_assert_uint_eq(irq[i], 0xdef8 >> i & 1);
	}
	set_config(PCI_DEVFN(1, 0), 0x60 + PIRQ, 1, 0x80 | 11);
	ck_assert(!irq[11]);
	ck_assert_uint_eq(config(PCI_DEVFN(1, 0), 0x60, 4), 0x808b8080);
}
END_TEST

/* --- MSI-X --- */

static void msix_register(unsigned offset, unsigned size, uint64_t value)
{
	struct pci_place p = {&one.function, BAR_MSIX, offset};

	pci_place_write(&p, size, value);
}

static uint64_t msix_pending(void)
{
	struct pci_place p = {&one.function, BAR_MSIX, 0x800};

	return pci_place_read(&p, 8);
}

static void msix_make(void)
{
	make();
	set_config(DEVFN, PCI_COMMAND, 2, COMMAND_ALL);
	for (unsigned i = 0; i < 3; i++) {
		msix_register(16 * i, 8, 0xfee00000 | i << 12);
		msix_register(16 * i + 8, 4, 0x50 + i);
	}
	msix_register(12, 4, 0);
	msix_register(28, 4, 0);
}

#define ENABLE 0x8000
#define MASKED 0x4000

START_TEST(msix_sends)
{
	msix_make();
	ck_assert_uint_eq(config(DEVFN, PCI_CAPABILITIES, 1), PCI_MSIX);
	ck_assert_uint_eq(config(DEVFN, PCI_MSIX, 4), 0x00020011);
	ck_assert_uint_eq(config(DEVFN, PCI_MSIX + 4, 4), BAR_MSIX);
	ck_assert_uint_eq(config(DEVFN, PCI_MSIX + 8, 4), 0x800 | BAR_MSIX);
	pci_msix_notify(&one.function, 1);
	ck_assert_int_eq(lapic_pending_vector(&apics.lapics[1]), -1);
	set_config(DEVFN, PCI_MSIX + 2, 2, ENABLE);
	pci_msix_notify(&one.function, 1);
	ck_assert_int_eq(lapic_pending_vector(&apics.lapics[1]), 0x51);
	pci_msix_notify(&one.function, 7); /* none such */
	pci_set_intx(&one.function, true);
	ck_assert(gsi[PIRQ]); /* MSI-X instead */
}
END_TEST

START_TEST(msix_masks)
{
	msix_make();
	set_config(DEVFN, PCI_MSIX + 2, 2, ENABLE | MASKED);
	pci_msix_notify(&one.function, 0);
	pci_msix_notify(&one.function, 2);
	ck_assert_uint_eq(msix_pending(), 5);
	set_config(DEVFN, PCI_MSIX + 2, 2, ENABLE);
	ck_assert_int_eq(lapic_pending_vector(&apics.lapics[0]), 0x50);
	ck_assert_int_eq(lapic_pending_vector(&apics.lapics[2]), -1);
	ck_assert_uint_eq(msix_pending(), 4);
	msix_register(44, 4, 0xfffffffe);
	ck_assert_int_eq(lapic_pending_vector(&apics.lapics[2]), 0x52);
	ck_assert_uint_eq(msix_pending(), 0);
}
END_TEST

START_TEST(msix_needs_a_master)
{
	msix_make();
	set_config(DEVFN, PCI_MSIX + 2, 2, ENABLE);
	set_config(DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	pci_msix_notify(&one.function, 1);
	ck_assert_int_eq(lapic_pending_vector(&apics.lapics[1]), -1);
}
END_TEST

/* A message to any other address is a write to memory. */
START_TEST(msix_to_memory)
{
	uint32_t word;

	msix_make();
	set_config(DEVFN, PCI_MSIX + 2, 2, ENABLE);
	msix_register(0, 8, 0x1002);
	pci_msix_notify(&one.function, 0);
	ck_assert(phys_read(&mem, 0x1000, &word, sizeof(word)));
	ck_assert_uint_eq(word, 0x50);
	msix_register(0, 8, UINT64_MAX);
	pci_msix_notify(&one.function, 0);
}
END_TEST

START_TEST(reset_is_exact)
{
	struct pci_function_state before;

	make();
	before = one.state;
	for (unsigned offset = 0; offset < 256; offset += 4)
		set_config(DEVFN, offset, 4, UINT32_MAX);
	for (unsigned offset = 0; offset < 0x40; offset += 4)
		msix_register(offset, 4, 0x5a5a5a5a);
	pci_set_intx(&one.function, true);
	pci_function_reset(&one.function);
	ck_assert_mem_eq(&one.state, &before, sizeof(before));
}
END_TEST

START_TEST(assignment)
{
	make();
	pci_assign(&bus, 0xe0000000, 0xc000);
	ck_assert_uint_eq(config(DEVFN, PCI_BAR, 4), 0xe0000000);
	ck_assert_uint_eq(config(DEVFN, PCI_BAR + 4, 4), 0xe0002000);
	ck_assert_uint_eq(config(DEVFN, PCI_BAR + 8, 4), 0xc001);
	ck_assert_uint_eq(config(DEVFN, PCI_BAR + 16, 4), 0xe000400c);
	ck_assert_uint_eq(config(OTHER, PCI_BAR, 4), 0xe0008000);
	ck_assert_uint_eq(config(OTHER, PCI_BAR + 8, 4), 0xc021);
	ck_assert_uint_eq(config(DEVFN, PCI_COMMAND, 2), COMMAND_ALL);
}
END_TEST

/* The board has what SeaBIOS and Linux recognise a PC by. */
START_TEST(board_functions)
{
	static const struct byte_sink nowhere = {.put = NULL};
	struct config options;
	struct machine *m;

	config_defaults(&options);
	options.machine.memory_mib = 2;
	m = machine_create(&options, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(pci_config_read(pci_function_at(&m->pci, 0), 0, 4), 0x12378086);
	ck_assert_uint_eq(pci_config_read(pci_function_at(&m->pci, 8), 0, 4), 0x70008086);
	ck_assert_uint_eq(pci_config_read(pci_function_at(&m->pci, 8), 0x0e, 1), 0x80);
	ck_assert_uint_eq(pci_config_read(pci_function_at(&m->pci, 11), 0, 4), 0x71138086);
	ck_assert_uint_eq(pci_config_read(pci_function_at(&m->pci, 11), 0x40, 4), 0x601);
	ck_assert_uint_eq(m->ioapic.state.levels >> PCI_PIRQ_GSI & 0xf, 0xf);
	machine_destroy(m);
}
END_TEST

/* A BIOS opens the shadow memory and looks whether it is open. */
START_TEST(shadow_registers)
{
	static struct bridge host;

	make();
	host_bridge_init(&host, &bus, 0);
	host_bridge_ops.reset(&host);
	set_config(0, 0x59, 1, 0x30);
	set_config(0, 0x5a, 2, 0x3333);
	set_config(0, 0x5c, 4, 0x33333333);
	ck_assert_uint_eq(config(0, 0x59, 1), 0x30);
	ck_assert_uint_eq(config(0, 0x5c, 4), 0x33333333);
	host_bridge_ops.reset(&host);
	ck_assert_uint_eq(config(0, 0x59, 1), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {identity, address_register, bar_sizing, bar_decoding,
		overlapping_bars, intx_lines, routing, msix_sends, msix_masks, msix_needs_a_master,
		msix_to_memory, reset_is_exact, assignment, board_functions, shadow_registers};

	return unit_run("pci", tests, ARRAY_LEN(tests));
}
