/* desc.c - see desc.h. Formats: SDM "Segment Descriptors", "64-Bit Mode IDT", "64-Bit TSS". */
#include "sim/kernel/desc.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

#define SEG_KERNEL_CODE 0x00af9b000000fffful
#define SEG_KERNEL_DATA 0x00cf93000000fffful
#define SEG_USER_DATA   0x00cff3000000fffful
#define SEG_USER_CODE   0x00affb000000fffful
#define SEG_TSS         0x0000890000000000ul /* present, available 64-bit TSS */
#define GATE_INTERRUPT  0x8e00u              /* present, DPL 0; interrupts off on entry */
#define GATE_DPL3       0x6000u

struct gate {
	uint16_t offset_low, selector, ist_and_type[2];
	uint32_t offset_high, reserved;
};

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static struct gate idt[NUM_VECTORS];

extern const uint64_t trap_stubs[NUM_VECTORS]; /* entry.S */

static void gate_set(unsigned vector, unsigned ist, unsigned flags)
{
	uint64_t offset = trap_stubs[vector];

	idt[vector].offset_low = (uint16_t)offset;
	idt[vector].selector = GD_KT;
	idt[vector].ist_and_type[0] = (uint16_t)(GATE_INTERRUPT | flags | ist);
	idt[vector].ist_and_type[1] = (uint16_t)(offset >> 16);
	idt[vector].offset_high = (uint32_t)(offset >> 32);
}

void idt_init(void)
{
	for (unsigned v = 0; v < NUM_VECTORS; v++)
		gate_set(v, 0, 0);
	gate_set(TRAP_BREAKPOINT, 0, GATE_DPL3);
	gate_set(TRAP_DOUBLE_FAULT, IST_DOUBLE_FAULT, 0);
	gate_set(TRAP_NMI, IST_NMI, 0);
	gate_set(TRAP_MACHINE_CHECK, IST_MCE, 0);
}

static void gdt_fill(struct per_cpu_info *pcpui)
{
	uint64_t base = (uint64_t)&pcpui->tss;

	pcpui->gdt[GD_KT / 8] = SEG_KERNEL_CODE;
	pcpui->gdt[GD_KD / 8] = SEG_KERNEL_DATA;
	pcpui->gdt[GD_UD / 8] = SEG_USER_DATA;
	pcpui->gdt[GD_UT / 8] = SEG_USER_CODE;
	pcpui->gdt[GD_TSS / 8] = SEG_TSS | (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
				 (base >> 24 & 0xff) << 56;
	pcpui->gdt[GD_TSS / 8 + 1] = base >> 32;
}

void desc_init_core(struct per_cpu_info *pcpui, const uint64_t ist_stacks[IST_STACKS])
{
	struct table_ptr gdt_ptr = {sizeof(pcpui->gdt) - 1, (uint64_t)pcpui->gdt};
	struct table_ptr idt_ptr = {sizeof(idt) - 1, (uint64_t)idt};

	gdt_fill(pcpui);
	pcpui->tss.io_map_base = sizeof(struct tss); /* beyond the limit: no port is allowed */
	pcpui->tss.rsp[0] = pcpui->stacktop;
	for (int i = 0; i < IST_STACKS; i++)
		pcpui->tss.ist[i] = ist_stacks[i];
	/* selectors 8, 16 and 0 mean the same in the boot GDT: only TR has to be loaded */
	__asm__ volatile("lgdt %0" : : "m"(gdt_ptr));
	__asm__ volatile("ltr %w0" : : "r"(GD_TSS));
	__asm__ volatile("lidt %0" : : "m"(idt_ptr));
	wrmsr(MSR_GS_BASE, (uint64_t)pcpui);
}
