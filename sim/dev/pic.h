/* pic.h - the two interrupt controllers of a PC (Intel "8259A Programmable Interrupt Controller"),
 * the second at the first one's input 2, with the ELCR at ports 0x4d0 and 0x4d1.
 *
 * Turns the levels of 16 ISA interrupts into one level, INTR, and an acknowledge cycle into a
 * vector. An edge asks only as long as its line stays high, as the data sheet has it: who lets go
 * before the acknowledge gets the spurious interrupt 7 or 15. The 8080 mode and buffered mode
 * change nothing that software on a PC can see: their bits are taken and do nothing. The data sheet
 * leaves the state at power-on open; here all inputs are masked.
 */
#ifndef DEV_PIC_H
#define DEV_PIC_H

#include "sim/base/bus.h"

#define PIC_CHIPS   2
#define PIC_INPUTS  8 /* of each */
#define PIC_CASCADE 2 /* the first one's input that is the second */

/* Masks have a bit an input. */
struct pic_chip {
	uint8_t lines;  /* the levels */
	uint8_t edges;  /* that rose, and have neither fallen nor been acknowledged */
	uint8_t levels; /* ELCR: level-triggered inputs */
	uint8_t isr, imr;
	uint8_t base;         /* of its vectors, a multiple of 8 */
	uint8_t cascade;      /* ICW3 */
	uint8_t icw;          /* the initialization word that comes next, 2 to 4; 0: none */
	uint8_t icw1, icw4;   /* as written */
	uint8_t lowest;       /* the input that has the lowest priority now */
	uint8_t read_isr;     /* a read of the command port shows the ISR, not the IRR */
	uint8_t poll;         /* and the next one is an acknowledge */
	uint8_t special_mask; /* of OCW3 */
	uint8_t rotate_aeoi;
	uint8_t output; /* the level of INT */
};

struct pic_state {
	struct pic_chip chip[PIC_CHIPS];
};

_Static_assert(sizeof(struct pic_state) == 32, "no padding: the digest sees every byte");

struct pic {
	struct pic_state state;
	struct irq_line intr;
};

extern const struct device_ops pic_ops;       /* ports 0x20 and 0x21 */
extern const struct device_ops pic_slave_ops; /* ports 0xa0 and 0xa1 */
extern const struct device_ops pic_elcr_ops;  /* ports 0x4d0 and 0x4d1 */

void pic_init(struct pic *p, const struct irq_line *intr);

/* The function of an irq_line that ends here; pin is the ISA interrupt, 0 to 15 but not 2. */
void pic_drive(void *pic, unsigned pin, bool level);

/* The core's acknowledge cycle: the vector, spurious if nothing asks any more. */
uint8_t pic_acknowledge(void *pic);

#endif
