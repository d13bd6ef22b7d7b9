#include "sim/dev/pci.h"

#define ADDRESS_ENABLE BIT(31)
#define BAR_FLAGS_IO   0x1
#define BAR_FLAGS_64   0xc /* 64 bits, prefetchable */
#define ROUTE_OFF      0x80
#define ROUTE_IRQ      0x0f
#define ROUTABLE       0xdef8 /* not ISA interrupts 0 to 2, 8 and 13 */

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static void put16(uint8_t *at, uint16_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void put32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static uint16_t command(const struct pci_function *f)
{
	return (uint16_t)get32(&f->state->config[PCI_COMMAND]);
}

bool pci_is_master(const struct pci_function *f)
{
	return command(f) & PCI_COMMAND_MASTER;
}

/* --- interrupts --- */

static bool asserts(const struct pci_function *f)
{
	return f->state->intx && !(command(f) & PCI_COMMAND_NO_INTX) && !pci_msix_enabled(f);
}

static unsigned pirq_of(const struct pci_function *f)
{
	return ((f->devfn >> 3) + PCI_PIRQS - 1 + f->class->pin - 1u) % PCI_PIRQS;
}

static uint16_t isa_levels(const struct pci_bus *b, uint16_t pirqs)
{
	uint16_t isa = 0;

	for (unsigned i = 0; i < PCI_PIRQS && b->routes != NULL; i++)
		if ((pirqs >> i & 1) && !(b->routes[i] & ROUTE_OFF))
			isa |= (uint16_t)(1u << (b->routes[i] & ROUTE_IRQ));
	return isa & ROUTABLE;
}

static void drive_changed(const struct irq_line *lines, uint16_t before, uint16_t now, bool low)
{
	for (unsigned i = 0; i < 16; i++)
		if ((before ^ now) >> i & 1)
			irq_drive(&lines[i], (now >> i & 1) != low);
}

/* Lines that do not change are left alone: others may drive the same ISA interrupt. */
void pci_update_irqs(struct pci_bus *b)
{
	uint16_t pirqs = 0, isa, before = b->state.pirqs, isa_before = b->state.isa;

	for (unsigned i = 0; i < b->count; i++)
		if (b->functions[i]->class->pin != 0 && asserts(b->functions[i]))
			pirqs |= (uint16_t)(1u << pirq_of(b->functions[i]));
	isa = isa_levels(b, pirqs);
	b->state.pirqs = pirqs;
	b->state.isa = isa;
	drive_changed(b->setup.gsi, before, pirqs, true);
	drive_changed(b->setup.isa, isa_before, isa, false);
}

void pci_set_intx(struct pci_function *f, bool level)
{
	f->state->intx = level;
	pci_update_irqs(f->bus);
}

/* --- base address registers --- */

static uint32_t bar_flags(const struct pci_bar *bar)
{
	switch (bar->kind) {
	case PCI_BAR_IO:
		return BAR_FLAGS_IO;
	case PCI_BAR_MEMORY64:
		return BAR_FLAGS_64;
	default:
		return 0;
	}
}

static bool is_high_half(const struct pci_class *class, unsigned bar)
{
	return bar > 0 && class->bars[bar - 1].kind == PCI_BAR_MEMORY64;
}

static uint64_t bar_base(const struct pci_function *f, unsigned bar)
{
	const uint8_t *at = &f->state->config[PCI_BAR + 4 * bar];
	const struct pci_bar *spec = &f->class->bars[bar];
	uint64_t base = get32(at) & ~(spec->size - 1);

	return spec->kind == PCI_BAR_MEMORY64 ? base | (uint64_t)get32(at + 4) << 32 : base;
}

/* Which bits of a BAR's byte software can write; the others say its size. */
static uint8_t bar_writable(const struct pci_class *class, unsigned offset)
{
	unsigned bar = (offset - PCI_BAR) / 4;

	if (is_high_half(class, bar))
		return 0xff;
	if (class->bars[bar].kind == PCI_BAR_NONE)
		return 0;
	return (uint8_t)(~(class->bars[bar].size - 1) >> (8 * (offset % 4)));
}

static bool has_address(
	const struct pci_function *f, unsigned bar, bool port, uint64_t address, uint64_t *offset)
{
	const struct pci_bar *spec = &f->class->bars[bar];

	if (spec->kind == PCI_BAR_NONE || (spec->kind == PCI_BAR_IO) != port)
		return false;
	if (!(command(f) & (port ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
		return false;
	*offset = address - bar_base(f, bar);
	return *offset < spec->size;
}

struct pci_place pci_find(const struct pci_bus *b, bool port, uint64_t address)
{
	struct pci_place p = {.function = NULL};

	for (unsigned i = 0; i < b->count; i++)
		for (p.bar = 0; p.bar < PCI_BARS; p.bar++)
			if (has_address(b->functions[i], p.bar, port, address, &p.offset)) {
				p.function = b->functions[i];
				return p;
			}
	return p;
}

static bool is_msix(const struct pci_place *p)
{
	const struct pci_class *class = p->function->class;

	return class->msix_vectors != 0 && class->msix_bar == p->bar;
}

uint64_t pci_place_read(const struct pci_place *p, unsigned size)
{
	const struct pci_function *f = p->function;

	if (p->offset + size > f->class->bars[p->bar].size)
		return UINT64_MAX;
	if (is_msix(p))
		return pci_msix_read(p->function, p->offset, size);
	return f->class->read(f->device, p->bar, p->offset, size);
}

void pci_place_write(const struct pci_place *p, unsigned size, uint64_t value)
{
	const struct pci_function *f = p->function;

	if (p->offset + size > f->class->bars[p->bar].size)
		return;
	if (is_msix(p))
		pci_msix_write(p->function, p->offset, size, value);
	else
		f->class->write(f->device, p->bar, p->offset, size, value);
}

/* --- configuration space --- */

void pci_add_capability(uint8_t *config, unsigned at, uint8_t id)
{
	config[at] = id;
	config[at + 1] = config[PCI_CAPABILITIES];
	config[PCI_CAPABILITIES] = (uint8_t)at;
	config[PCI_STATUS] |= PCI_STATUS_CAPS;
}

void pci_function_reset(struct pci_function *f)
{
	const struct pci_class *class = f->class;
	uint8_t *config = f->state->config;

	memset(f->state, 0, sizeof(*f->state));
	put16(&config[0x00], class->vendor);
	put16(&config[0x02], class->device);
	put32(&config[0x08], class->code << 8 | class->revision);
	config[0x0e] = class->header_type;
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (!is_high_half(class, i))
			put32(&config[PCI_BAR + 4 * i], bar_flags(&class->bars[i]));
	put16(&config[0x2c], class->subsystem_vendor);
	put16(&config[0x2e], class->subsystem);
	config[PCI_INTERRUPT_PIN] = class->pin;
	pci_msix_fill(f);
	if (class->fill != NULL)
		class->fill(f->device, config);
	pci_update_irqs(f->bus);
}

static uint8_t own_writable(const struct pci_class *class, unsigned offset)
{
	const struct pci_writable *w = class->writable;

	for (; w != NULL && w->size != 0; w++)
		if (offset - w->offset < w->size)
			return w->mask;
	return 0;
}

static uint8_t writable(const struct pci_class *class, unsigned offset)
{
	switch (offset) {
	case PCI_COMMAND:
		return PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	case PCI_COMMAND + 1:
		return PCI_COMMAND_NO_INTX >> 8;
	case 0x0c: /* cache line size, latency timer */
	case 0x0d:
	case PCI_INTERRUPT_LINE:
		return 0xff;
	case PCI_MSIX + 3: /* enable, function mask */
		if (class->msix_vectors != 0)
			return 0xc0;
	}
	if (offset - PCI_BAR < 4 * PCI_BARS)
		return bar_writable(class, offset);
	return own_writable(class, offset);
}

uint32_t pci_config_read(struct pci_function *f, unsigned offset, unsigned size)
{
	uint32_t value = 0;

	SIM_ASSERT(offset + size <= sizeof(f->state->config));
	if (f->class->config_reads != NULL)
		f->class->config_reads(f->device, offset, size);
	memcpy(&value, &f->state->config[offset], size);
	if (f->state->intx && PCI_STATUS - offset < size)
		value |= (uint32_t)PCI_STATUS_INTERRUPT << (8 * (PCI_STATUS - offset));
	return value;
}

void pci_config_write(struct pci_function *f, unsigned offset, unsigned size, uint32_t value)
{
	SIM_ASSERT(offset + size <= sizeof(f->state->config));
	for (unsigned i = 0; i < size; i++) {
		uint8_t mask = writable(f->class, offset + i), *at = &f->state->config[offset + i];

		*at = (uint8_t)((*at & ~mask) | (value >> (8 * i) & mask));
	}
	pci_msix_flush(f);
	pci_update_irqs(f->bus);
	if (f->class->config_written != NULL)
		f->class->config_written(f->device, offset, size);
}

struct pci_function *pci_function_at(const struct pci_bus *b, unsigned devfn)
{
	for (unsigned i = 0; i < b->count; i++)
		if (b->functions[i]->devfn == devfn)
			return b->functions[i];
	return NULL;
}

/* --- mechanism 1 --- */

static struct pci_function *addressed(const struct pci_bus *b)
{
	uint32_t a = b->state.address;

	if (!(a & ADDRESS_ENABLE) || (a >> 16 & 0xff) != 0)
		return NULL;
	return pci_function_at(b, a >> 8 & 0xff);
}

/* Just a whole doubleword reaches the address register. */
static uint64_t address_read(void *device, uint64_t offset, unsigned size)
{
	const struct pci_bus *b = device;

	return offset == 0 && size == 4 ? b->state.address : UINT32_MAX;
}

static void address_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci_bus *b = device;

	if (offset == 0 && size == 4)
		b->state.address = (uint32_t)value & ~0x7f000003u;
}

static uint64_t data_read(void *device, uint64_t offset, unsigned size)
{
	const struct pci_bus *b = device;
	struct pci_function *f = addressed(b);

	if (f == NULL || offset + size > 4)
		return UINT32_MAX;
	return pci_config_read(f, (b->state.address & 0xfc) + (unsigned)offset, size);
}

static void data_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	const struct pci_bus *b = device;
	struct pci_function *f = addressed(b);

	if (f != NULL && offset + size <= 4)
		pci_config_write(
			f, (b->state.address & 0xfc) + (unsigned)offset, size, (uint32_t)value);
}

/* --- the bus --- */

static void pci_reset(void *device)
{
	struct pci_bus *b = device;

	b->state.address = 0;
}

void pci_init(struct pci_bus *b, const struct pci_setup *setup)
{
	memset(b, 0, sizeof(*b));
	b->setup = *setup;
	for (unsigned i = 0; i < PCI_PIRQS; i++)
		irq_drive(&b->setup.gsi[i], true); /* nobody pulls it low */
}

void pci_attach(struct pci_bus *b, struct pci_function *f, unsigned devfn)
{
	unsigned at = b->count;

	SIM_ASSERT(b->count < PCI_FUNCTIONS_MAX);
	SIM_ASSERT(pci_function_at(b, devfn) == NULL);
	f->bus = b;
	f->devfn = devfn;
	for (; at > 0 && b->functions[at - 1]->devfn > devfn; at--)
		b->functions[at] = b->functions[at - 1];
	b->functions[at] = f;
	b->count++;
}

/* --- what firmware does --- */

/* The next place of that alignment; the region after it begins at *next. */
static uint32_t take(uint32_t *next, uint32_t size)
{
	uint32_t at = (*next + size - 1) & ~(size - 1);

	*next = at + size;
	return at;
}

static void assign_function(struct pci_function *f, uint32_t *memory, uint32_t *port)
{
	uint32_t enable = PCI_COMMAND_MASTER;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->class->bars[i];

		if (bar->kind == PCI_BAR_NONE)
			continue;
		enable |= bar->kind == PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
		pci_config_write(f, PCI_BAR + 4 * i, 4,
			take(bar->kind == PCI_BAR_IO ? port : memory, bar->size));
	}
	pci_config_write(f, PCI_COMMAND, 2, enable);
}

void pci_assign(struct pci_bus *b, uint32_t memory, uint16_t port)
{
	uint32_t next_port = port;

	for (unsigned i = 0; i < b->count; i++)
		assign_function(b->functions[i], &memory, &next_port);
}

const struct device_ops pci_ops = {
	.name = "pci",
	.state_size = sizeof(struct pci_bus_state),
	.reset = pci_reset,
	.read = address_read,
	.write = address_write,
};

const struct device_ops pci_data_ops = {
	.name = "pci",
	.read = data_read,
	.write = data_write,
};
