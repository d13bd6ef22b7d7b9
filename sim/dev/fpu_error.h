/* fpu_error.h - how a PC reports x87 errors to software that wants no #MF (CR0.NE is 0): FERR# of
 * the processors becomes IRQ 13, whose handler writes to port 0xf0. That takes the interrupt back
 * and activates IGNNE#, under which the processor goes on in spite of the error, until FERR# is
 * inactive (Intel "82371SB (PIIX3)", "Coprocessor Error Register"; SDM "MS-DOS Compatibility
 * Sub-mode").
 *
 * The FERR# of all processors are one line here. The port reads all ones.
 */
#ifndef DEV_FPU_ERROR_H
#define DEV_FPU_ERROR_H

#include "sim/base/bus.h"

struct fpu_error_state {
	uint8_t irq, ignne; /* levels */
	uint8_t zero[6];
};

_Static_assert(sizeof(struct fpu_error_state) == 8, "no padding: the digest sees every byte");

struct fpu_error {
	struct fpu_error_state state;
	struct irq_line irq;
};

#define FPU_ERROR_PORT 0xf0

extern const struct device_ops fpu_error_ops;

void fpu_error_init(struct fpu_error *f, const struct irq_line *irq);

/* FERR# is active, and was not before if it is new: whether IGNNE# is. */
bool fpu_error_report(struct fpu_error *f, bool is_new);

#endif
