/* desc.h - segment and interrupt descriptors: the tables that long mode still wants.
 *
 * Every core has a GDT and a TSS of its own (in per_cpu_info) and shares the IDT. Selectors are in
 * the order that SYSCALL and SYSRET expect (SDM "SYSCALL", "SYSRET"). Also included by assembly.
 */
#ifndef KERNEL_DESC_H
#define KERNEL_DESC_H

#define GD_KT       0x08
#define GD_KD       0x10
#define GD_UD       0x1b /* RPL 3 */
#define GD_UT       0x23
#define GD_TSS      0x28
#define GDT_ENTRIES 7

/* Interrupt-stack-table slots: traps that may come on any stack, however broken. */
#define IST_DOUBLE_FAULT 1
#define IST_NMI          2
#define IST_MCE          3
#define IST_STACKS       3

#ifndef __ASSEMBLER__
#include <stdint.h>

struct per_cpu_info;

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map_base;
} __attribute__((packed, aligned(8)));

/* Fills and loads this core's GDT, TSS and the shared IDT, and points GS at pcpui. ist_stacks: top
 * addresses for the IST slots, in order.
 */
void desc_init_core(struct per_cpu_info *pcpui, const uint64_t ist_stacks[IST_STACKS]);

void idt_init(void); /* once, before any core loads it */
#endif
#endif
