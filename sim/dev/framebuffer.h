/* framebuffer.h - a display: memory of pixels on the PCI bus, and the registers that say which part
 * of it is shown ("VBE DISPI interface" of Bochs' display, 1234:1111, in its form without VGA).
 *
 * BAR 0 is the memory, BAR 2 the registers, 16 bits each. A pixel has 32 bits, blue lowest.
 * Nothing is drawn here: who wants to show it asks framebuffer_mode.
 */
#ifndef DEV_FRAMEBUFFER_H
#define DEV_FRAMEBUFFER_H

#include "sim/base/blocks.h"
#include "sim/dev/pci.h"

#define FRAMEBUFFER_SIZE      (16u << 20)
#define FRAMEBUFFER_REGISTERS 12 /* 11, and one that is always zero */

struct framebuffer_state {
	struct pci_function_state pci;
	uint16_t registers[FRAMEBUFFER_REGISTERS];
};

_Static_assert(sizeof(struct framebuffer_state) ==
		       sizeof(struct pci_function_state) + 2 * FRAMEBUFFER_REGISTERS,
	"no padding: the digest sees every byte");

struct framebuffer {
	struct framebuffer_state state;
	struct blocks *memory;
	struct pci_function function; /* its bus is NULL when the board has no display */
};

/* What is shown. */
struct framebuffer_mode {
	unsigned width, height; /* pixels */
	uint64_t start, stride; /* bytes, in memory */
};

extern const struct device_ops framebuffer_ops;

/* memory has FRAMEBUFFER_SIZE bytes. */
void framebuffer_init(
	struct framebuffer *f, struct blocks *memory, struct pci_bus *bus, unsigned devfn);

/* False: it is switched off, or set to what its memory does not hold. */
bool framebuffer_mode(const struct framebuffer *f, struct framebuffer_mode *mode);

#endif
