/* i440fx.h - the functions by which software recognises the board (Intel "82441FX PCI and Memory
 * Controller", "82371SB (PIIX3)", "82371AB (PIIX4)"): the host bridge, the ISA bridge with the
 * routing registers of PIRQ A to D, and the power management function.
 *
 * All memory below 1 MiB is RAM and stays so: the host bridge keeps what is written to PAM and
 * SMRAM and answers with it, which is what a BIOS needs to see after it has copied itself. There
 * is no SMM. The power management ports are where they are (pm.h): their base cannot be moved.
 */
#ifndef DEV_I440FX_H
#define DEV_I440FX_H

#include "sim/dev/pci.h"

struct bridge {
	struct pci_function_state state;
	struct pci_function function;
};

extern const struct device_ops host_bridge_ops;
extern const struct device_ops isa_bridge_ops;
extern const struct device_ops power_bridge_ops;

void host_bridge_init(struct bridge *b, struct pci_bus *bus, unsigned devfn);
void isa_bridge_init(struct bridge *b, struct pci_bus *bus, unsigned devfn);
void power_bridge_init(struct bridge *b, struct pci_bus *bus, unsigned devfn);

#endif
