/* machine.h - runs a piece of code in a given state, and records what stopped it.
 *
 * machine_run enters the context by IRETQ; each exception or interrupt is recorded, and ends the
 * run unless its vector is among those to resume. Gates, descriptors, TSS and page tables are
 * ordinary data that a test may change, and puts back.
 */
#ifndef SYSTEM_MACHINE_H
#define SYSTEM_MACHINE_H

#include "sim/kernel/x86.h"
#include "tests/system/image/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof(a)[0])

enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

#define RFLAGS_ONE    0x2
#define RFLAGS_STATUS 0x8d5
#define RFLAGS_IOPL3  0x3000
#define RFLAGS_RF     0x10000
#define RFLAGS_ID     0x200000

#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)

#define CR4_TSD        BIT(2)
#define DR6_IDLE       0xffff0ff0 /* nothing has happened */
#define CR4_DE         BIT(3)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_FSGSBASE   BIT(16)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_PKE        BIT(22)

#define EFER_SCE BIT(0)
#define EFER_NXE BIT(11)

/* The order is that of the encodings; switch.S knows it. */
struct context {
	uint64_t gpr[16];
	uint64_t rip, rflags, cs, ss;
	uint16_t ds, es, fs, gs;
};

struct trap_frame {
	uint64_t gpr[16]; /* that of RSP means nothing */
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct event {
	struct trap_frame frame;
	uint64_t stack; /* where the frame ends: the RSP that the delivery began to push at */
	uint64_t cr2, dr6;
	uint16_t handler_ss;
};

#define EVENTS 48

extern struct event events[EVENTS];
extern unsigned event_count;

struct gate {
	uint16_t offset_low, selector, flags, offset_middle;
	uint32_t offset_high, reserved;
};

#define GATE_INTERRUPT 0x8e00
#define GATE_TRAP      0x8f00
#define GATE_DPL3      0x6000

/* SDM "64-Bit Task State Segment", with an I/O permission bitmap for the first ports. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3], reserved1, ist[7], reserved2;
	uint16_t reserved3, io_map_base;
	uint8_t io_map[129];
} __attribute__((packed));

extern struct gate idt[VECTORS];
extern uint64_t gdt[GDT_ENTRIES];
extern struct tss tss;
extern uint64_t efer_normal;

extern uint64_t boot_pml4[512]; /* start.S */

/* Tables of the core that calls. The other core shares the IDT, and has no TSS. */
void machine_init(void);
void machine_init_other(void);

/* Makes the other core begin at image_main. */
void machine_start_other(void);

/* Runs from a context until an event whose vector is not in resume[vector / 64]. */
void machine_run(const struct context *c, const uint64_t resume[4]);

/* Stacks: the tops of the one that tests start on, of RSP0, and of IST1 to IST7. */
uint64_t machine_test_stack(void);
uint64_t machine_trap_stack(unsigned ist);

/* Puts back a gate, and the TSS descriptor as available. */
void gate_reset(unsigned vector);
void tss_reset(void);

static inline void write_cr2(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr2" : : "r"(v));
}

#endif
