/* machine.c - see machine.h. Formats: SDM "Segment Descriptors", "64-Bit Mode IDT". */
#include "tests/system/image/machine.h"

#include "bench/image/apic.h"
#include "bench/image/console.h"
#include "bench/image/lib.h"
#include "sim/kernel/x86.h"
#include "tests/system/image/probe.h"
#include "tests/system/image/tests.h"

#define STUB_SIZE      16
#define SEG_CODE64     0x00af9b000000fffful
#define SEG_DATA       0x00cf93000000fffful
#define SEG_CODE32     0x00cf9b000000fffful
#define SEG_CODE16     0x00009b000000fffful
#define SEG_DATA16     0x000093000000fffful
#define SEG_DPL3       0x0000600000000000ul
#define SEG_TSS        0x0000890000000000ul
#define DOUBLE_FAULT   8
#define PIC1_MASK      0x21
#define PIC2_MASK      0xa1
#define DELAY_PORT     0x80
#define DELAY_READS    2000
#define PTE_LARGE      0x87 /* P, W, U, PS */
#define PTE_TABLE      0x07
#define PTE_FRAME      0x000ffffffffff000
#define ALIASED_MIB    64
#define FIRST_EXTERNAL 0x30

struct event events[EVENTS];
unsigned event_count;
struct gate idt[VECTORS];
uint64_t gdt[GDT_ENTRIES];
struct tss tss;
uint64_t efer_normal;

static uint8_t stacks[9][8192] __attribute__((aligned(4096)));
static uint64_t alias_pd[512] __attribute__((aligned(4096)));
static const uint64_t *resume_vectors;
static bool running;
static uint64_t other_stack; /* where on its stack the other core loops */

extern const char trap_stubs[], syscall_arrived[], trampoline_start[], trampoline_end[];
void context_enter(const struct context *c);
bool trap(const struct trap_frame *f, uint16_t ss);

uint64_t machine_test_stack(void)
{
	return (uint64_t)stacks[1] - 2048; /* room above, too */
}

uint64_t machine_trap_stack(unsigned ist)
{
	return (uint64_t)stacks[ist + 2];
}

void gate_reset(unsigned vector)
{
	uint64_t offset = (uint64_t)(trap_stubs + vector * STUB_SIZE);

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)offset,
		.selector = SEL_KERNEL_CODE,
		.flags = (uint16_t)(GATE_INTERRUPT | (vector == VECTOR_END ? GATE_DPL3 : 0) |
				    (vector == DOUBLE_FAULT ? 1 : 0)),
		.offset_middle = (uint16_t)(offset >> 16),
		.offset_high = (uint32_t)(offset >> 32),
	};
}

void tss_reset(void)
{
	uint64_t base = (uint64_t)&tss;

	gdt[SEL_TSS / 8] = SEG_TSS | (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
			   (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
}

static void fill_gdt(void)
{
	gdt[SEL_KERNEL_CODE / 8] = SEG_CODE64;
	gdt[SEL_KERNEL_DATA / 8] = SEG_DATA;
	gdt[SEL_USER_DATA / 8] = SEG_DATA | SEG_DPL3;
	gdt[SEL_USER_CODE / 8] = SEG_CODE64 | SEG_DPL3;
	gdt[SEL_CODE32 / 8] = SEG_CODE32;
	gdt[SEL_USER_CODE32 / 8] = SEG_CODE32 | SEG_DPL3;
	gdt[SEL_CODE16 / 8] = SEG_CODE16;
	gdt[SEL_DATA16 / 8] = SEG_DATA16;
	tss_reset();
}

static void fill_tss(void)
{
	tss.rsp[0] = machine_trap_stack(0);
	for (unsigned i = 0; i < ARRAY_LEN(tss.ist); i++)
		tss.ist[i] = machine_trap_stack(i + 1 < 7 ? i + 1 : 6);
	tss.io_map_base = offsetof(struct tss, io_map);
	for (unsigned i = 0; i < sizeof(tss.io_map); i++)
		tss.io_map[i] = 0xff;
}

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static void load_tables(void)
{
	struct table_ptr gdt_ptr = {sizeof(gdt) - 1, (uint64_t)gdt};
	struct table_ptr idt_ptr = {sizeof(idt) - 1, (uint64_t)idt};

	__asm__ volatile("lgdt %0" : : "m"(gdt_ptr));
	__asm__ volatile("lidt %0" : : "m"(idt_ptr));
}

static void map_alias(void)
{
	uint64_t *pdpt = (uint64_t *)(boot_pml4[0] & PTE_FRAME);

	for (unsigned i = 0; i < ALIASED_MIB / 2; i++)
		alias_pd[i] = (uint64_t)i << 21 | PTE_LARGE;
	pdpt[USER_ALIAS >> 30] = (uint64_t)alias_pd | PTE_TABLE;
}

static void init_syscall(void)
{
	efer_normal = rdmsr(MSR_EFER) | EFER_NXE | EFER_SCE;
	wrmsr(MSR_EFER, efer_normal);
	wrmsr(MSR_STAR, (uint64_t)SEL_KERNEL_CODE << 32 | (uint64_t)(SEL_KERNEL_DATA | 3) << 48);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_arrived);
	wrmsr(MSR_SFMASK, 0);
}

void machine_init(void)
{
	fill_gdt();
	fill_tss();
	for (unsigned v = 0; v < VECTORS; v++)
		gate_reset(v);
	map_alias();
	load_tables();
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	init_syscall();
	outb(PIC1_MASK, 0xff);
	outb(PIC2_MASK, 0xff);
	apic_init();
}

void machine_init_other(void)
{
	other_stack = (uint64_t)__builtin_frame_address(0);
	load_tables();
	apic_init();
}

static void fail_outside(const struct trap_frame *f)
{
	print("exception %x outside of a test, error %x, rip %x, cr2 %x\n", f->vector, f->error,
		f->rip, rcr2());
	leave(1);
}

bool trap(const struct trap_frame *f, uint16_t ss)
{
	struct event *e = &events[event_count];
	uint64_t dr6;

	if ((uint64_t)f - other_stack + STACK_SIZE < 2 * STACK_SIZE) {
		other_core_interrupted(f->vector);
		if (f->vector >= FIRST_EXTERNAL)
			apic_write(APIC_EOI, 0);
		return true;
	}
	if (!running)
		fail_outside(f);
	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	*e = (struct event){*f, (uint64_t)(f + 1), rcr2(), dr6, ss};
	__asm__ volatile("mov %0, %%dr6" : : "r"((uint64_t)DR6_IDLE));
	if (f->vector >= FIRST_EXTERNAL)
		apic_write(APIC_EOI, 0);
	event_count++;
	return event_count < EVENTS && (resume_vectors[f->vector / 64] >> (f->vector % 64) & 1);
}

/* SDM "MP Initialization Protocol Algorithm for MP Systems" */
void machine_start_other(void)
{
	memcpy((void *)(uint64_t)TRAMPOLINE_BASE, trampoline_start,
		(size_t)(trampoline_end - trampoline_start));
	apic_send(APIC_OTHERS | APIC_INIT);
	for (unsigned i = 0; i < DELAY_READS; i++)
		(void)inb(DELAY_PORT);
	apic_send(APIC_OTHERS | APIC_STARTUP | TRAMPOLINE_BASE / PAGE_SIZE);
}

void machine_run(const struct context *c, const uint64_t resume[4])
{
	resume_vectors = resume;
	event_count = 0;
	running = true;
	context_enter(c);
	running = false;
}
