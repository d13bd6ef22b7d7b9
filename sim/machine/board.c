#include "sim/machine/board.h"

#include "sim/abi/debug_exit.h"
#include "sim/abi/stimulus.h"
#include "sim/dev/rom.h"
#include "sim/machine/firmware.h"
#include "sim/machine/machine.h"

/* ISA interrupts. */
#define ISA_PIT      0
#define ISA_KEYBOARD 1
#define ISA_UART     4
#define ISA_RTC      8
#define ISA_SCI      9
#define ISA_MOUSE    12
#define ISA_FPU      13

enum space { SPACE_MEMORY, SPACE_PORT, SPACE_PCI, SPACE_NONE };

/* Of virtio devices that are reached by MMIO, which share none. */
static const uint8_t virtio_mmio_isa[] = {3, 5, 6, 7, 10, 14, 15};

struct board_slot {
	enum space space;
	uint64_t base, size;          /* of SPACE_PCI, base is the function's number, size is 0 */
	unsigned width;               /* bytes of the largest access that it takes as one */
	const struct device_ops *ops; /* without state: a further range of the device before */
	size_t device;                /* offset in struct machine */
};

#define VIRTIO_MMIO_SLOT(n, device)                                                                \
	SLOT(SPACE_MEMORY, BOARD_VIRTIO_MMIO + (n)*0x1000, VIRTIO_MMIO_SIZE, 8, &virtio_mmio_ops,  \
		device)

#define SLOT(space, base, size, width, ops, device)                                                \
	{                                                                                          \
		space, base, size, width, ops, offsetof(struct machine, device)                    \
	}

/* The memory map, the ports and the PCI functions, in address order. What is not here reads as all
 * ones where PCI functions have no registers now. */
static const struct board_slot board[] = {
	SLOT(SPACE_MEMORY, IOAPIC_ADDRESS, IOAPIC_SIZE, 8, &ioapic_ops, ioapic),
	VIRTIO_MMIO_SLOT(0, rng),
	VIRTIO_MMIO_SLOT(1, console),
	VIRTIO_MMIO_SLOT(2, disks[0]),
	VIRTIO_MMIO_SLOT(3, disks[1]),
	VIRTIO_MMIO_SLOT(4, disks[2]),
	VIRTIO_MMIO_SLOT(5, disks[3]),
	VIRTIO_MMIO_SLOT(6, share),
	SLOT(SPACE_MEMORY, HPET_ADDRESS, HPET_SIZE, 8, &hpet_ops, hpet),
	SLOT(SPACE_MEMORY, ROM_ADDRESS, PHYS_ROM_MAX, 8, &rom_ops, mem),
	SLOT(SPACE_PORT, 0x000, 16, 1, &dma_ops, dma),
	SLOT(SPACE_PORT, 0x020, 2, 1, &pic_ops, pic),
	SLOT(SPACE_PORT, 0x040, 4, 1, &pit_ops, pit),
	SLOT(SPACE_PORT, 0x060, 1, 1, &ps2_ops, ps2),
	SLOT(SPACE_PORT, 0x061, 1, 1, &pit_port61_ops, pit),
	SLOT(SPACE_PORT, 0x064, 1, 1, &ps2_command_ops, ps2),
	SLOT(SPACE_PORT, 0x070, 2, 1, &rtc_ops, rtc),
	SLOT(SPACE_PORT, 0x080, 16, 1, &dma_page_ops, dma),
	SLOT(SPACE_PORT, 0x092, 1, 1, &power_ops, power),
	SLOT(SPACE_PORT, 0x0a0, 2, 1, &pic_slave_ops, pic),
	SLOT(SPACE_PORT, 0x0c0, 32, 1, &dma_second_ops, dma),
	SLOT(SPACE_PORT, FPU_ERROR_PORT, 1, 1, &fpu_error_ops, fpu_error),
	SLOT(SPACE_PORT, DEBUG_EXIT_PORT, 1, 4, &debug_exit_ops, debug_exit),
	SLOT(SPACE_PORT, 0x3f8, 8, 1, &uart_ops, uart),
	SLOT(SPACE_PORT, DEBUG_CONSOLE_PORT, 1, 1, &debug_console_ops, debug_console),
	SLOT(SPACE_PORT, 0x4d0, 2, 1, &pic_elcr_ops, pic),
	SLOT(SPACE_PORT, FW_CFG_PORT, FW_CFG_PORTS, 4, &fw_cfg_ops, fw_cfg),
	SLOT(SPACE_PORT, STIMULUS_PORT, STIMULUS_PORTS, 4, &stimulus_ops, stimulus),
	SLOT(SPACE_PORT, PM_BASE, PM_PORTS, 4, &pm_ops, pm),
	SLOT(SPACE_PORT, 0xcf8, 1, 4, &pci_ops, pci),
	SLOT(SPACE_PORT, POWER_RESET_PORT, 1, 1, &power_control_ops, power),
	SLOT(SPACE_PORT, 0xcfc, 4, 4, &pci_data_ops, pci),
	SLOT(SPACE_PCI, PCI_DEVFN(0, 0), 0, 0, &host_bridge_ops, host_bridge),
	SLOT(SPACE_PCI, PCI_DEVFN(1, 0), 0, 0, &isa_bridge_ops, isa_bridge),
	SLOT(SPACE_PCI, PCI_DEVFN(1, 3), 0, 0, &power_bridge_ops, power_bridge),
	SLOT(SPACE_PCI, PCI_DEVFN(2, 0), 0, 0, &framebuffer_ops, display),
	SLOT(SPACE_PCI, PCI_DEVFN(3, 0), 0, 0, &virtio_rng_ops, rng),
	SLOT(SPACE_PCI, PCI_DEVFN(4, 0), 0, 0, &virtio_console_ops, console),
	SLOT(SPACE_PCI, PCI_DEVFN(5, 0), 0, 0, &virtio_blk_ops[0], disks[0]),
	SLOT(SPACE_PCI, PCI_DEVFN(6, 0), 0, 0, &virtio_blk_ops[1], disks[1]),
	SLOT(SPACE_PCI, PCI_DEVFN(7, 0), 0, 0, &virtio_blk_ops[2], disks[2]),
	SLOT(SPACE_PCI, PCI_DEVFN(8, 0), 0, 0, &virtio_blk_ops[3], disks[3]),
	SLOT(SPACE_PCI, PCI_DEVFN(9, 0), 0, 0, &virtio_9p_ops, share),
	SLOT(SPACE_NONE, 0, 0, 0, &virtio_9p_fids_ops, share.fids),
	SLOT(SPACE_NONE, 0, 0, 0, &isa_ops, isa),
};

unsigned board_slot_count(void)
{
	return ARRAY_LEN(board);
}

static void *slot_device(struct machine *m, const struct board_slot *slot)
{
	return (char *)m + slot->device;
}

struct board_device board_device(struct machine *m, unsigned slot)
{
	const struct board_slot *s = &board[slot];

	return (struct board_device){s->ops, slot_device(m, s)};
}

/* --- accesses --- */

static const struct board_slot *find_slot(enum space space, uint64_t address)
{
	for (unsigned i = 0; i < ARRAY_LEN(board); i++)
		if (board[i].space == space && address - board[i].base < board[i].size)
			return &board[i];
	return NULL;
}

static uint64_t all_ones(unsigned size)
{
	return size == 8 ? UINT64_MAX : BIT(8 * size) - 1;
}

static uint64_t slot_read(struct machine *m, enum space space, uint64_t address, unsigned size);

/* An access that is too wide comes as bytes, each at its own address. */
static uint64_t read_bytes(struct machine *m, enum space space, uint64_t address, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= slot_read(m, space, address + i, 1) << (8 * i);
	return value;
}

static uint64_t slot_read(struct machine *m, enum space space, uint64_t address, unsigned size)
{
	const struct board_slot *s = find_slot(space, address);
	struct pci_place place;

	if (s != NULL && size > s->width)
		return read_bytes(m, space, address, size);
	if (s != NULL)
		return s->ops->read(slot_device(m, s), address - s->base, size) & all_ones(size);
	place = pci_find(&m->pci, space == SPACE_PORT, address);
	if (place.function != NULL)
		return pci_place_read(&place, size) & all_ones(size);
	LOG(&m->log, LOG_BOARD, "%u bytes read from nothing at %#" PRIx64, size, address);
	return all_ones(size);
}

static void slot_write(
	struct machine *m, enum space space, uint64_t address, unsigned size, uint64_t value);

static void write_bytes(
	struct machine *m, enum space space, uint64_t address, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		slot_write(m, space, address + i, 1, value >> (8 * i) & 0xff);
}

static void slot_write(
	struct machine *m, enum space space, uint64_t address, unsigned size, uint64_t value)
{
	const struct board_slot *s = find_slot(space, address);
	struct pci_place place;

	if (s != NULL && size > s->width) {
		write_bytes(m, space, address, size, value);
		return;
	}
	if (s != NULL) {
		s->ops->write(slot_device(m, s), address - s->base, size, value);
		return;
	}
	place = pci_find(&m->pci, space == SPACE_PORT, address);
	if (place.function != NULL)
		pci_place_write(&place, size, value);
	else
		LOG(&m->log, LOG_BOARD, "%u bytes written to nothing at %#" PRIx64, size, address);
}

/* The local APIC of the pcore that asks, where its window is. */
static struct lapic *own_lapic(const struct board_port *port, uint64_t pa)
{
	struct lapic *l = &port->machine->lapics[port->core];

	return lapic_mmio_enabled(l) && (pa & ~PAGE_MASK) == APIC_BASE_ADDRESS ? l : NULL;
}

static uint64_t mmio_read(void *context, uint64_t pa, unsigned size)
{
	struct board_port *port = context;
	struct lapic *l = own_lapic(port, pa);

	if (l != NULL)
		return lapic_read(l, pa & PAGE_MASK) & all_ones(size);
	return slot_read(port->machine, SPACE_MEMORY, pa, size);
}

static void mmio_write(void *context, uint64_t pa, unsigned size, uint64_t value)
{
	struct board_port *port = context;
	struct lapic *l = own_lapic(port, pa);

	if (l != NULL)
		lapic_write(l, pa & PAGE_MASK, (uint32_t)value);
	else
		slot_write(port->machine, SPACE_MEMORY, pa, size, value);
}

static uint64_t port_read(void *context, uint16_t port, unsigned size)
{
	struct board_port *p = context;

	return slot_read(p->machine, SPACE_PORT, port, size);
}

static void port_write(void *context, uint16_t port, unsigned size, uint64_t value)
{
	struct board_port *p = context;

	slot_write(p->machine, SPACE_PORT, port, size, value);
}

static bool fpu_error(void *context, bool is_new)
{
	struct board_port *p = context;

	return fpu_error_report(&p->machine->fpu_error, is_new);
}

struct cpu_bus board_cpu_bus(struct machine *m, unsigned core)
{
	return (struct cpu_bus){
		.context = &m->ports[core],
		.mmio_read = mmio_read,
		.mmio_write = mmio_write,
		.port_read = port_read,
		.port_write = port_write,
		.fpu_error = fpu_error,
	};
}

/* --- events --- */

void board_event(struct machine *m, const struct event *e)
{
	const struct board_slot *s;

	if (e->owner < EVENT_OWNER_DEVICE) {
		lapic_event(&m->lapics[e->owner], e->what);
		return;
	}
	if (e->owner == EVENT_OWNER_HOLD) {
		if (m->control != NULL)
			m->control->due(m->control->context, m, e->what);
		return;
	}
	s = &board[e->owner - EVENT_OWNER_DEVICE];
	s->ops->event(slot_device(m, s), e->what);
}

/* --- construction --- */

static struct device_env device_env(struct machine *m, const void *device)
{
	struct device_env env = {&m->run.now, m->config.machine.hz, &m->events, 0};

	for (unsigned i = 0; i < ARRAY_LEN(board); i++)
		if (slot_device(m, &board[i]) == device && board[i].ops->state_size != 0)
			env.owner = EVENT_OWNER_DEVICE + i;
	return env;
}

static struct irq_line pin(struct machine *m, unsigned number)
{
	return (struct irq_line){ioapic_drive, &m->ioapic, number};
}

static struct irq_line isa(struct machine *m, unsigned number)
{
	return (struct irq_line){isa_drive, &m->isa, number};
}

/* The PCI function that the table gives this device. */
static unsigned devfn(struct machine *m, const void *device)
{
	for (unsigned i = 0; i < ARRAY_LEN(board); i++)
		if (board[i].space == SPACE_PCI && slot_device(m, &board[i]) == device)
			return (unsigned)board[i].base;
	SIM_ASSERT(!"a PCI device is in the table");
	return 0;
}

static void init_pci(struct machine *m)
{
	struct pci_setup setup = {.apic_bus = &m->apic_bus, .mem = &m->mem};

	for (unsigned i = 0; i < PCI_PIRQS; i++)
		setup.gsi[i] = pin(m, PCI_PIRQ_GSI + i);
	for (unsigned i = 0; i < PCI_ISA_IRQS; i++)
		setup.isa[i] = (struct irq_line){isa_drive_pci, &m->isa, i};
	pci_init(&m->pci, &setup);
	host_bridge_init(&m->host_bridge, &m->pci, devfn(m, &m->host_bridge));
	isa_bridge_init(&m->isa_bridge, &m->pci, devfn(m, &m->isa_bridge));
	power_bridge_init(&m->power_bridge, &m->pci, devfn(m, &m->power_bridge));
	if (!m->config.board.framebuffer)
		return;
	framebuffer_init(&m->display, &m->display_memory, &m->pci, devfn(m, &m->display));
	state_add_store(m, framebuffer_ops.name, &m->display_memory);
}

void board_assign_pci(struct machine *m)
{
	pci_assign(&m->pci, BOARD_PCI_MEMORY, BOARD_PCI_PORTS);
}

/* Where a virtio device is: the number-th by MMIO, or on the PCI bus. */
static struct virtio_setup virtio_setup(struct machine *m, const void *device, unsigned number)
{
	return (struct virtio_setup){
		.env = device_env(m, device),
		.mem = &m->mem,
		.latency = m->config.board.virtio_latency,
		.mmio = m->config.board.virtio == VIRTIO_TRANSPORT_MMIO,
		.irq = isa(m, virtio_mmio_isa[number]),
		.pci = &m->pci,
		.devfn = devfn(m, device),
	};
}

static void init_virtio(struct machine *m)
{
	struct virtio_setup rng = virtio_setup(m, &m->rng, 0);
	struct virtio_setup console = virtio_setup(m, &m->console, 1);
	const struct byte_sink nowhere = {.put = NULL};

	virtio_rng_init(&m->rng, &rng, m->config.machine.seed);
	virtio_console_init(&m->console, &console, &nowhere);
}

void board_add_disk(struct machine *m, unsigned number, struct blocks *disk, bool read_only)
{
	struct virtio_setup setup = virtio_setup(m, &m->disks[number], 2 + number);

	virtio_blk_init(&m->disks[number], &setup, disk, number, read_only);
}

void board_add_share(struct machine *m, const struct share *share)
{
	struct virtio_setup setup = virtio_setup(m, &m->share, 2 + VIRTIO_BLK_MAX);

	virtio_9p_init(&m->share, &setup, share);
}

static void init_interrupts(struct machine *m)
{
	const struct irq_line intr = {apic_drive_lint, &m->apic_bus, LINT_INTR};
	const struct irq_line to_pic = {pic_drive, &m->pic, 0};
	const struct irq_line to_ioapic = {ioapic_drive, &m->ioapic, 0};

	ioapic_init(&m->ioapic, &m->apic_bus);
	pic_init(&m->pic, &intr);
	isa_init(&m->isa, &to_pic, &to_ioapic);
}

/* The PIT's and the RTC's interrupt go through the HPET, which may take their place. */
static void init_clocks(struct machine *m)
{
	const struct rtc_setup rtc = {
		.clock = m->config.machine.clock,
		.cpus = m->cpu_count,
		.memory_low = m->mem.low_size,
		.memory_high = m->mem.size - m->mem.low_size,
	};
	const struct irq_line legacy[HPET_LEGACY] = {isa(m, ISA_PIT), isa(m, ISA_RTC)};
	const struct irq_line pit_irq = {hpet_legacy_drive, &m->hpet, 0};
	const struct irq_line rtc_irq = {hpet_legacy_drive, &m->hpet, 1};
	const struct device_env hpet_env = device_env(m, &m->hpet);
	const struct device_env pit_env = device_env(m, &m->pit);
	const struct device_env rtc_env = device_env(m, &m->rtc);
	struct irq_line pins[HPET_PINS];

	for (unsigned i = 0; i < HPET_PINS; i++)
		pins[i] = pin(m, HPET_PIN_FIRST + i);
	hpet_init(&m->hpet, &hpet_env, legacy, pins);
	pit_init(&m->pit, &pit_env, &pit_irq);
	rtc_init(&m->rtc, &rtc_env, &rtc_irq, &rtc);
}

void board_reset(struct machine *m)
{
	for (unsigned i = 0; i < ARRAY_LEN(board); i++)
		if (board[i].ops->state_size != 0)
			board[i].ops->reset(slot_device(m, &board[i]));
}

void board_init(struct machine *m, const struct byte_sink *sink)
{
	const struct irq_line uart_irq = isa(m, ISA_UART), sci = isa(m, ISA_SCI);
	const struct irq_line stimulus_irq = isa(m, STIMULUS_GSI);
	const struct irq_line keyboard = isa(m, ISA_KEYBOARD), mouse = isa(m, ISA_MOUSE);
	const struct irq_line fpu = isa(m, ISA_FPU);
	const struct device_env pm_env = device_env(m, &m->pm);

	init_interrupts(m);
	init_clocks(m);
	uart_init(&m->uart, &uart_irq, sink);
	stimulus_init(&m->stimulus, &stimulus_irq);
	power_init(&m->power);
	fpu_error_init(&m->fpu_error, &fpu);
	pm_init(&m->pm, &pm_env, &sci, &m->power);
	ps2_init(&m->ps2, &keyboard, &mouse, &m->power);
	fw_cfg_init(&m->fw_cfg, &m->mem);
	init_pci(m);
	init_virtio(m);
	board_reset(m);
	firmware_init(m);
}
