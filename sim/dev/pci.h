/* pci.h - a PCI bus and its functions ("PCI Local Bus Specification" 3.0): configuration space by
 * mechanism 1, base address registers, INTx and MSI-X.
 *
 * A function's configuration space is truth, and the only place that says where its registers are:
 * the board asks pci_find when no fixed slot has an address. Where regions overlap, the lower
 * function and then the lower BAR has the address, and fixed slots and RAM come before all.
 *
 * INTA# to INTD# of a slot are wired to PIRQ A to D, (slot - 1 + pin) mod 4, as on boards with a
 * PIIX. PIRQ n is pin 16 + n of the I/O APIC, active low as PCI's lines are; and the ISA interrupt
 * that the ISA bridge's routing registers name, active high.
 */
#ifndef DEV_PCI_H
#define DEV_PCI_H

#include "sim/apic/apic.h"
#include "sim/mmu/phys.h"

#define PCI_FUNCTIONS_MAX 24
#define PCI_BARS          6
#define PCI_MSIX_MAX      4
#define PCI_PIRQS         4
#define PCI_PIRQ_GSI      16
#define PCI_ISA_IRQS      16

#define PCI_DEVFN(slot, function) ((slot) << 3 | (function))

/* Offsets in configuration space. */
#define PCI_COMMAND        0x04
#define PCI_STATUS         0x06
#define PCI_BAR            0x10
#define PCI_CAPABILITIES   0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN  0x3d
#define PCI_MSIX           0x40 /* where this model puts that capability */

#define PCI_COMMAND_IO       0x001
#define PCI_COMMAND_MEMORY   0x002
#define PCI_COMMAND_MASTER   0x004
#define PCI_COMMAND_NO_INTX  0x400
#define PCI_STATUS_INTERRUPT 0x08
#define PCI_STATUS_CAPS      0x10

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY, PCI_BAR_MEMORY64 };

struct pci_bar {
	enum pci_bar_kind kind; /* PCI_BAR_MEMORY64 takes the next register too */
	uint32_t size;          /* a power of two, 16 at least */
};

/* Bytes of the configuration space that software may write, beside those that all functions have.
 */
struct pci_writable {
	uint8_t offset, size, mask;
};

/* What a kind of function is. Callbacks may be NULL. */
struct pci_class {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t code; /* class, subclass, interface */
	uint8_t revision;
	uint8_t header_type;
	uint8_t pin; /* 1 to 4: INTA# to INTD#; 0: none */
	uint8_t msix_bar, msix_vectors;
	struct pci_bar bars[PCI_BARS];
	const struct pci_writable *writable; /* ends with a row of size 0 */

	/* Adds capabilities and registers of its own at reset. */
	void (*fill)(void *device, uint8_t *config);
	/* Software is about to read, has written, that part of the configuration space. */
	void (*config_reads)(void *device, unsigned offset, unsigned size);
	void (*config_written)(void *device, unsigned offset, unsigned size);
	uint64_t (*read)(void *device, unsigned bar, uint64_t offset, unsigned size);
	void (*write)(void *device, unsigned bar, uint64_t offset, unsigned size, uint64_t value);
};

struct pci_msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control; /* bit 0: masked */
};

struct pci_function_state {
	uint8_t config[256];
	struct pci_msix_entry msix[PCI_MSIX_MAX];
	uint32_t msix_pending; /* a bit a vector */
	uint32_t intx;         /* wants its pin asserted */
};

_Static_assert(sizeof(struct pci_function_state) == 256 + 16 * PCI_MSIX_MAX + 8,
	"no padding: the digest sees every byte");

struct pci_bus_state {
	uint32_t address; /* as written to port 0xcf8 */
	uint16_t pirqs;   /* asserted, a bit each */
	uint16_t isa;     /* ISA interrupts that are driven because of them */
};

_Static_assert(sizeof(struct pci_bus_state) == 8, "no padding: the digest sees every byte");

struct pci_bus;

struct pci_function {
	const struct pci_class *class;
	struct pci_function_state *state;
	void *device; /* for the class's callbacks */
	struct pci_bus *bus;
	unsigned devfn;
};

/* What the bus is connected to. */
struct pci_setup {
	struct apic_bus *apic_bus;
	struct phys_mem *mem;
	struct irq_line gsi[PCI_PIRQS];
	struct irq_line isa[PCI_ISA_IRQS];
};

struct pci_bus {
	struct pci_bus_state state;
	struct pci_setup setup;
	const uint8_t *routes; /* the ISA bridge's, a byte a PIRQ; NULL: none is routed */
	unsigned count;
	struct pci_function *functions[PCI_FUNCTIONS_MAX]; /* by devfn */
};

extern const struct device_ops pci_ops;      /* port 0xcf8 */
extern const struct device_ops pci_data_ops; /* ports 0xcfc to 0xcff; no state of its own */

void pci_init(struct pci_bus *b, const struct pci_setup *setup);

/* Puts a function on the bus; f->class, state and device are set. */
void pci_attach(struct pci_bus *b, struct pci_function *f, unsigned devfn);

/* Configuration space after reset; the pin is let go, and no vector is pending. */
void pci_function_reset(struct pci_function *f);

uint32_t pci_config_read(struct pci_function *f, unsigned offset, unsigned size);
void pci_config_write(struct pci_function *f, unsigned offset, unsigned size, uint32_t value);

/* The function at that place, or NULL. */
struct pci_function *pci_function_at(const struct pci_bus *b, unsigned devfn);

/* A register that a BAR maps. */
struct pci_place {
	struct pci_function *function; /* NULL: none has this address */
	unsigned bar;
	uint64_t offset;
};

struct pci_place pci_find(const struct pci_bus *b, bool port, uint64_t address);
uint64_t pci_place_read(const struct pci_place *p, unsigned size);
void pci_place_write(const struct pci_place *p, unsigned size, uint64_t value);

/* May it access memory and send messages? */
bool pci_is_master(const struct pci_function *f);

/* Asserts its INTx pin or lets go. */
void pci_set_intx(struct pci_function *f, bool level);

/* MSI-X (pci_msix.c): an interrupt by that vector. A vector that does not exist does nothing. */
bool pci_msix_enabled(const struct pci_function *f);
void pci_msix_notify(struct pci_function *f, unsigned vector);

/* The routing registers, INTX disable or MSI-X enable have changed. */
void pci_update_irqs(struct pci_bus *b);

/* What firmware does before it starts an operating system: gives every BAR a place, in order, from
 * that address and port on, and enables decoding. */
void pci_assign(struct pci_bus *b, uint32_t memory, uint16_t port);

/* For functions: links a capability of that ID into the list, in front. */
void pci_add_capability(uint8_t *config, unsigned at, uint8_t id);

/* For pci.c: a function's MSI-X registers. */
void pci_msix_fill(struct pci_function *f);
void pci_msix_flush(struct pci_function *f); /* sends what is pending and not masked any more */
uint64_t pci_msix_read(struct pci_function *f, uint64_t offset, unsigned size);
void pci_msix_write(struct pci_function *f, uint64_t offset, unsigned size, uint64_t value);

#endif
