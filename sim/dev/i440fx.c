#include "sim/dev/i440fx.h"

#define VENDOR_INTEL     0x8086
#define SUBSYSTEM_VENDOR 0x1af4 /* with 0x1100: the ID by which software knows a virtual PC */
#define SUBSYSTEM        0x1100

#define HOST_PAM           0x59 /* seven registers */
#define HOST_SMRAM         0x72
#define ISA_ROUTES         0x60 /* PIRQ A to D */
#define ROUTE_OFF          0x80
#define POWER_BASE         0x40
#define POWER_PORTS        0x601 /* I/O space, at PM_BASE of pm.h */
#define POWER_DEVICES_B    0x5b  /* the upper byte of "Device Activity B" */
#define POWER_APMC_ENABLED 0x02  /* which tells a BIOS that SMM is set up: it leaves that alone */
#define POWER_MISC         0x80  /* bit 0: the ports are decoded */
#define POWER_PIN          1     /* INTA#; the SCI is ISA interrupt 9 all the same */

static void host_fill(void *device, uint8_t *config)
{
	(void)device;
	config[HOST_SMRAM] = 0x02;
}

static void isa_fill(void *device, uint8_t *config)
{
	(void)device;
	for (unsigned i = 0; i < PCI_PIRQS; i++)
		config[ISA_ROUTES + i] = ROUTE_OFF;
}

static void isa_written(void *device, unsigned offset, unsigned size)
{
	struct bridge *b = device;

	(void)offset;
	(void)size;
	pci_update_irqs(b->function.bus);
}

static void power_fill(void *device, uint8_t *config)
{
	(void)device;
	config[POWER_BASE] = POWER_PORTS & 0xff;
	config[POWER_BASE + 1] = POWER_PORTS >> 8;
	config[POWER_DEVICES_B] = POWER_APMC_ENABLED;
	config[POWER_MISC] = 1;
	config[PCI_INTERRUPT_LINE] = 9;
}

static const struct pci_writable host_writable[] = {
	{HOST_PAM, 7, 0xff},
	{HOST_SMRAM, 1, 0x7f},
	{0, 0, 0},
};

static const struct pci_writable isa_writable[] = {
	{ISA_ROUTES, PCI_PIRQS, 0x8f},
	{0, 0, 0},
};

static const struct pci_class host_class = {
	.vendor = VENDOR_INTEL,
	.device = 0x1237,
	.subsystem_vendor = SUBSYSTEM_VENDOR,
	.subsystem = SUBSYSTEM,
	.code = 0x060000,
	.revision = 2,
	.writable = host_writable,
	.fill = host_fill,
};

static const struct pci_class isa_class = {
	.vendor = VENDOR_INTEL,
	.device = 0x7000,
	.subsystem_vendor = SUBSYSTEM_VENDOR,
	.subsystem = SUBSYSTEM,
	.code = 0x060100,
	.header_type = 0x80, /* more functions follow */
	.writable = isa_writable,
	.fill = isa_fill,
	.config_written = isa_written,
};

static const struct pci_class power_class = {
	.vendor = VENDOR_INTEL,
	.device = 0x7113,
	.subsystem_vendor = SUBSYSTEM_VENDOR,
	.subsystem = SUBSYSTEM,
	.code = 0x068000,
	.revision = 3,
	.pin = POWER_PIN,
	.fill = power_fill,
};

static void bridge_reset(void *device)
{
	struct bridge *b = device;

	pci_function_reset(&b->function);
}

static void bridge_init(
	struct bridge *b, const struct pci_class *class, struct pci_bus *bus, unsigned devfn)
{
	b->function = (struct pci_function){.class = class, .state = &b->state, .device = b};
	pci_attach(bus, &b->function, devfn);
}

void host_bridge_init(struct bridge *b, struct pci_bus *bus, unsigned devfn)
{
	bridge_init(b, &host_class, bus, devfn);
}

void isa_bridge_init(struct bridge *b, struct pci_bus *bus, unsigned devfn)
{
	bridge_init(b, &isa_class, bus, devfn);
	bus->routes = &b->state.config[ISA_ROUTES];
}

void power_bridge_init(struct bridge *b, struct pci_bus *bus, unsigned devfn)
{
	bridge_init(b, &power_class, bus, devfn);
}

#define BRIDGE_OPS(title)                                                                          \
	{                                                                                          \
		.name = title, .state_size = sizeof(struct pci_function_state),                    \
		.reset = bridge_reset                                                              \
	}

const struct device_ops host_bridge_ops = BRIDGE_OPS("host-bridge");
const struct device_ops isa_bridge_ops = BRIDGE_OPS("isa-bridge");
const struct device_ops power_bridge_ops = BRIDGE_OPS("power-bridge");
