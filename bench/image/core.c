/* core.c - see core.h. Formats: SDM "Segment Descriptors", "64-Bit Mode IDT", "64-Bit TSS". */
#include "bench/image/core.h"
#include "bench/image/apic.h"
#include "bench/image/lib.h"
#include "sim/kernel/x86.h"

#define SEG_KERNEL_CODE 0x00af9b000000fffful
#define SEG_KERNEL_DATA 0x00cf93000000fffful
#define SEG_USER_DATA   0x00cff3000000fffful
#define SEG_USER_CODE   0x00affb000000fffful
#define SEG_TSS         0x0000890000000000ul /* present, available 64-bit TSS */
#define GATE_INTERRUPT  0x8e00u              /* present, DPL 0; interrupts off on entry */
#define GATE_DPL3       0x6000u
#define STUB_SIZE       16

#define RFLAGS_TF_IF_DF 0x700
#define PIC1_MASK       0x21
#define PIC2_MASK       0xa1
#define DELAY_PORT      0x80
#define DELAY_READS     2000

struct gate {
	uint16_t offset_low, selector, flags, offset_middle;
	uint32_t offset_high, reserved;
};

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static struct core cores[MAX_CORES];
static uint8_t trap_stacks[MAX_CORES][STACK_SIZE] __attribute__((aligned(16)));

extern const char trap_stubs[], syscall_entry[], trampoline_start[], trampoline_end[];

/* Each core fills a table of its own. */
static struct gate idt[MAX_CORES][NUM_VECTORS];

static void fill_idt(struct gate *gates)
{
	for (unsigned v = 0; v < NUM_VECTORS; v++) {
		uint64_t offset = (uint64_t)(trap_stubs + v * STUB_SIZE);

		gates[v] = (struct gate){
			.offset_low = (uint16_t)offset,
			.selector = SEL_KERNEL_CODE,
			.flags = GATE_INTERRUPT | (v == VECTOR_SOFTWARE ? GATE_DPL3 : 0),
			.offset_middle = (uint16_t)(offset >> 16),
			.offset_high = (uint32_t)(offset >> 32),
		};
	}
}

static void fill_gdt(struct core *c)
{
	uint64_t base = (uint64_t)&c->tss;

	c->gdt[SEL_KERNEL_CODE / 8] = SEG_KERNEL_CODE;
	c->gdt[SEL_KERNEL_DATA / 8] = SEG_KERNEL_DATA;
	c->gdt[SEL_USER_DATA / 8] = SEG_USER_DATA;
	c->gdt[SEL_USER_CODE / 8] = SEG_USER_CODE;
	c->gdt[SEL_TSS / 8] = SEG_TSS | (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
			      (base >> 24 & 0xff) << 56;
	c->gdt[SEL_TSS / 8 + 1] = base >> 32;
}

static void load_tables(struct core *c)
{
	struct table_ptr gdt_ptr = {sizeof(c->gdt) - 1, (uint64_t)c->gdt};
	struct table_ptr idt_ptr = {sizeof(idt[c->id]) - 1, (uint64_t)idt[c->id]};

	/* the selectors in use mean the same in the GDT of start.S */
	__asm__ volatile("lgdt %0" : : "m"(gdt_ptr));
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	__asm__ volatile("lidt %0" : : "m"(idt_ptr));
}

void core_init(uint32_t id)
{
	struct core *c = &cores[id];

	c->self = c;
	c->id = id;
	c->arena = (uint8_t *)(uint64_t)ARENA_BASE + (uint64_t)id * ARENA_SIZE;
	c->trap_stack = (uint64_t)trap_stacks[id + 1];
	c->tss.rsp[0] = c->trap_stack;
	c->tss.io_map_base = sizeof(struct tss);
	fill_gdt(c);
	fill_idt(idt[id]);
	load_tables(c);
	wrmsr(MSR_GS_BASE, (uint64_t)c);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_STAR, (uint64_t)SEL_KERNEL_CODE << 32 | (uint64_t)(SEL_KERNEL_DATA | 3) << 48);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
	wrmsr(MSR_SFMASK, RFLAGS_TF_IF_DF);
	apic_init();
}

static void delay(void)
{
	for (unsigned i = 0; i < DELAY_READS; i++)
		(void)inb(DELAY_PORT);
}

/* SDM "MP Initialization Protocol Algorithm for MP Systems" */
void start_cores(void)
{
	outb(PIC1_MASK, 0xff);
	outb(PIC2_MASK, 0xff);
	memcpy((void *)(uint64_t)TRAMPOLINE_BASE, trampoline_start,
		(size_t)(trampoline_end - trampoline_start));
	apic_send(APIC_OTHERS | APIC_INIT);
	delay();
	apic_send(APIC_OTHERS | APIC_STARTUP | TRAMPOLINE_BASE / PAGE_SIZE);
}
