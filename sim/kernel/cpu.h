/* cpu.h - what this kind of CPU can do, and setting one core up to do it. */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include <stdbool.h>
#include <stdint.h>

struct ancillary_state;

struct cpu_features {
	bool x2apic, tsc_deadline, pages_1g, vmx;
};
extern struct cpu_features cpu_features;

/* Once, on the boot core. Panics when something that the kernel cannot do without is missing. */
void cpu_detect(void);

/* On each core: control registers, SSE for users, global pages. */
void cpu_init_core(void);

/* The user's floating-point state; the kernel itself has none. */
void fpu_save(struct ancillary_state *s);
void fpu_restore(const struct ancillary_state *s);
void fpu_init_state(struct ancillary_state *s);

/* Clears what must not be set in an MXCSR: loading it would fault in the kernel (SDM "LDMXCSR"). */
void fpu_secure(struct ancillary_state *s);
uint32_t mxcsr_secure(uint32_t mxcsr);

#endif
