/* protected.c - 32-bit protected mode without paging beyond its basics: privilege, call gates,
 * tasks, virtual-8086 mode.
 *
 * A line is as those of legacy.c, and then shows the stack that the event was pushed on, from its
 * top down, without the frame's EIP, CS and EFLAGS; addresses in the snippet as +n, in the targets
 * of gates by name.
 */
#include "tests/system/image/protected.h"
#include "bench/image/lib.h"
#include "tests/system/image/tests.h"

/* Slots of the GDT. */
enum {
	G_TSS_A = 0x78, /* of who runs */
	G_TSS_B = 0x80, /* another one, of 32 bits */
	G_TSS_C = 0x88, /* of 16 bits */
	G_GATE = 0x90,  /* the call gate under test */
	G_TASK = 0x98,  /* task gate */
	G_CONF = 0xa0,  /* conforming code */
	G_LDT = 0xa8,
	G_CODE1 = 0xb0, /* code and data of level 1 */
	G_DATA1 = 0xb8,
	G_ABSENT = 0xc0, /* data that is not present */
	G_SMALL = 0xc8,  /* data of level 0 that expands down to TOP_A */
	G_CODE16 = 0xd0, /* 16-bit code of level 3 at LEGACY_SNIPPET */
};

#define TSS_A     (LEGACY_DATA + 0x4000)
#define TSS_B     (LEGACY_DATA + 0x4200)
#define TSS_C     (LEGACY_DATA + 0x4400)
#define TOP_A     (LEGACY_DATA + 0x6000) /* stacks of level 0 */
#define TOP_B     PROTECTED_STACK
#define USER_TOP  (LEGACY_DATA + 0x7000)
#define ENTRY_TOP (LEGACY_DATA + 0x8000)
#define FRAME     (ENTRY_TOP - 64) /* what IRET takes beyond EFLAGS */
#define IO_MAP    0x88             /* in TSS_A, behind 32 bytes of redirections */

#define FLAT_CODE   0x00cf9b000000fffful
#define FLAT_DATA   0x00cf93000000fffful
#define DPL(n)      ((uint64_t)(n) << 45)
#define CONFORMING  (4ul << 40)
#define TYPE_TSS16  1ul
#define TYPE_TSS32  9ul
#define TYPE_CALL16 4ul
#define TYPE_TASK   5ul
#define TYPE_CALL32 12ul
#define PRESENT     (1ul << 47)

#define RFLAGS_VM  0x20000
#define RFLAGS_VIF 0x80000
#define RFLAGS_VIP 0x100000
#define CR4_VME    1ul
#define CR4_PVI    2ul

struct tss32 {
	uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, gpr[8], es, cs, ss, ds,
		fs, gs, ldt;
	uint16_t trap, io_map;
};

struct tss16 {
	uint16_t link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags, gpr[8], es, cs, ss, ds, ldt;
};

/* Where gates lead: an end, or a return. */
__asm__(".pushsection .text.targets, \"ax\"; .code32\n"
	".globl target_int, target_ret, target_ret8, target_ret16, target_iret\n"
	"target_int: int $0x1e\n"
	"target_ret: lret\n"
	"target_ret8: lret $8\n"
	"target_ret16: lretw\n"
	"target_iret: iretl; nop; int $0x1d\n"
	".code64; .popsection");
extern const char target_int[], target_ret[], target_ret8[], target_ret16[], target_iret[];

static struct tss32 *const tss_a = (struct tss32 *)TSS_A, *const tss_b = (struct tss32 *)TSS_B;
static struct tss16 *const tss_c = (struct tss16 *)TSS_C;
static const char *snippet;

static uint64_t system_descriptor(uint64_t type, uint64_t base, uint64_t limit)
{
	return limit | (base & 0xffffff) << 16 | (base >> 24) << 56 | type << 40 | PRESENT;
}

static uint64_t gate_descriptor(uint64_t type, uint64_t selector, const void *to, uint64_t params)
{
	uint64_t offset = (uint64_t)to;

	return (offset & 0xffff) | selector << 16 | params << 32 | type << 40 | PRESENT |
	       (offset >> 16) << 48;
}

static void put_gate(
	unsigned vector, uint64_t type, uint64_t selector, const void *to, uint64_t dpl)
{
	legacy_idt[vector] = gate_descriptor(type, selector, to, 0) | DPL(dpl);
}

static void fill_tasks(void)
{
	memset(tss_a, 0, 0x180);
	*tss_a = (struct tss32){.esp0 = TOP_A, .ss0 = SEL_KERNEL_DATA, .io_map = IO_MAP};
	memset((char *)tss_a + IO_MAP - 32, 0xff, 0x60);
	*tss_b = (struct tss32){
		.esp0 = TOP_B,
		.ss0 = SEL_KERNEL_DATA,
		.eip = (uint32_t)(uint64_t)target_int,
		.eflags = RFLAGS_ONE,
		.gpr = {0xa1, 0xc1, 0xd1, 0xb1, TOP_B, 0xb2, 0x51, 0xd2},
		.es = SEL_KERNEL_DATA,
		.cs = SEL_CODE32,
		.ss = SEL_KERNEL_DATA,
		.ds = SEL_KERNEL_DATA,
		.io_map = 0xffff,
	};
	*tss_c = (struct tss16){
		.sp0 = 0x6800,
		.ss0 = SEL_KERNEL_DATA,
		.flags = RFLAGS_ONE,
		.gpr = {0xa1, 0xc1, 0xd1, 0xb1, 0x6800, 0xb2, 0x51, 0xd2},
		.es = SEL_KERNEL_DATA,
		.cs = SEL_CODE16,
		.ss = G_DATA1 + 0x20, /* put there by fill_descriptors: 16 bits, at LEGACY_DATA */
		.ds = SEL_KERNEL_DATA,
		.ip = 0x7f00, /* in LEGACY_BASE's page, at 0 by SEL_CODE16 */
	};
}

static void fill_descriptors(void)
{
	gdt[G_TSS_A / 8] = system_descriptor(TYPE_TSS32, TSS_A, 0x17f);
	gdt[G_TSS_B / 8] = system_descriptor(TYPE_TSS32, TSS_B, 0x67);
	gdt[G_TSS_C / 8] = system_descriptor(TYPE_TSS16, TSS_C, 0x2b);
	gdt[G_GATE / 8] = gate_descriptor(TYPE_CALL32, SEL_CODE32, target_int, 0) | DPL(3);
	gdt[G_TASK / 8] = gate_descriptor(TYPE_TASK, G_TSS_B, NULL, 0) | DPL(3);
	gdt[G_CONF / 8] = FLAT_CODE | CONFORMING;
	gdt[G_LDT / 8] = system_descriptor(2, LEGACY_DATA + 0x5000, 0xf);
	gdt[G_CODE1 / 8] = FLAT_CODE | DPL(1);
	gdt[G_DATA1 / 8] = FLAT_DATA | DPL(1);
	gdt[G_ABSENT / 8] = FLAT_DATA & ~PRESENT;
	gdt[G_SMALL / 8] = 0x0040970000000000ul | (TOP_A & 0xffff) | (TOP_A & 0xf0000ul) << 32;
	gdt[G_CODE16 / 8] = 0x0000fb000000fffful | (uint64_t)LEGACY_SNIPPET << 16;
	gdt[G_DATA1 / 8 + 4] = 0x000093000000fffful | (uint64_t)LEGACY_DATA << 16;
}

void protected_reset(void)
{
	legacy_prepare();
	memset((void *)(TOP_A - 0x1000ul), 0, TOP_B - TOP_A + 0x1000);
	fill_tasks();
	fill_descriptors();
	legacy_idt[VECTOR_END] |= DPL(3);
}

void protected_end(void)
{
	memset(&gdt[SEL_FREE / 8], 0, (GDT_ENTRIES - SEL_FREE / 8) * 8);
}

static void show_value(uint32_t value)
{
	static const struct {
		const char *at, *name;
	} targets[] = {{target_int, "int"}, {target_ret, "ret"}, {target_ret8, "ret8"},
		{target_ret16, "ret16"}, {target_iret, "iret"}};

	for (unsigned i = 0; i < ARRAY_LEN(targets); i++) {
		if (value == (uint64_t)targets[i].at) {
			line_add(" %s", targets[i].name);
			return;
		}
	}
	if (value - (uint32_t)(uint64_t)snippet < 256)
		line_add(" +%x", (uint64_t)(value - (uint32_t)(uint64_t)snippet));
	else
		line_add(" %x", (uint64_t)value);
}

static void show_stack(const struct legacy *s)
{
	uint32_t top = s->gpr[RSP] > TOP_A ? TOP_B : TOP_A;

	if (s->ss != SEL_KERNEL_DATA || s->gpr[RSP] < TOP_A - 0x100 || s->gpr[RSP] > TOP_B)
		return;
	line_add(" [");
	for (uint32_t at = s->gpr[RSP]; at < top; at += 4)
		show_value(*(uint32_t *)(uint64_t)at);
	line_add(" ]");
}

static void show(const char *group, const char *name, const struct legacy *after)
{
	line_begin("%s.%s", group, name);
	line_add(" ");
	line_vector(after->vector);
	line_add("(%x)", (uint64_t)after->error);
	if (after->eflags & RFLAGS_VM)
		line_add(" %x", (uint64_t)after->eip);
	else
		show_value(after->eip);
	line_add(" cs=%x f=%x sp=%x ss=%x ds=%x eax=%x ecx=%x edx=%x", (uint64_t)after->cs,
		(uint64_t)(after->eflags & ~(RFLAGS_ONE | RFLAGS_STATUS | RFLAGS_RF)),
		(uint64_t)after->gpr[RSP], (uint64_t)after->ss, (uint64_t)after->ds,
		(uint64_t)after->gpr[RAX], (uint64_t)after->gpr[RCX], (uint64_t)after->gpr[RDX]);
	show_stack(after);
}

/* TSSs after a switch: links, busy bits, and what was saved. */
static void show_tasks(void)
{
	line_add(" busy=%x%x%x links=%x,%x,%x saved=", gdt[G_TSS_A / 8] >> 41 & 1,
		gdt[G_TSS_B / 8] >> 41 & 1, gdt[G_TSS_C / 8] >> 41 & 1, (uint64_t)tss_a->link,
		(uint64_t)tss_b->link, (uint64_t)tss_c->link);
	show_value(tss_a->eip);
	line_add(",%x,%x,%x,%x,%x,%x,%x", (uint64_t)(tss_a->eflags & ~(RFLAGS_STATUS | RFLAGS_RF)),
		(uint64_t)tss_a->gpr[RAX], (uint64_t)tss_a->gpr[RSP], (uint64_t)tss_a->gpr[RDI],
		(uint64_t)tss_a->cs, (uint64_t)tss_a->ss, (uint64_t)tss_a->ds);
}

static struct legacy start(const void *code)
{
	snippet = code;
	return (struct legacy){
		.gpr = {0xa, 0xc, 0xd, 0xb, FRAME, 0x5, 0x6, 0x7},
		.eip = (uint32_t)(uint64_t)code,
		.eflags = RFLAGS_ONE,
		.cs = SEL_CODE32,
		.ds = SEL_KERNEL_DATA,
		.es = SEL_KERNEL_DATA,
		.ss = SEL_KERNEL_DATA,
		.tr = G_TSS_A,
	};
}

void protected_ring0(const char *group, const char *name, const void *code)
{
	struct legacy s = start(code);

	s.gpr[RSP] = TOP_A;
	legacy_run(&s);
	show(group, name, &s);
	if (group[0] == 't')
		show_tasks();
	line_end();
	protected_reset();
}

void protected_ring3(const char *group, const char *name, uint32_t flags, const void *code)
{
	uint32_t *frame = (uint32_t *)FRAME;
	struct legacy s = start(code);

	frame[0] = USER_TOP;
	frame[1] = SEL_USER_DATA;
	s.cs = SEL_USER_CODE32;
	s.ds = s.es = SEL_USER_DATA;
	s.eflags |= flags;
	legacy_run(&s);
	show(group, name, &s);
	line_end();
	protected_reset();
}

void protected_v8086(const char *name, uint32_t flags, const void *code)
{
	uint32_t *frame = (uint32_t *)FRAME;
	struct legacy s = start(code);

	memcpy((void *)LEGACY_SNIPPET, code, 256);
	frame[0] = 0xffff7000;
	frame[1] = LEGACY_DATA >> 4;
	frame[2] = 0x1111; /* ES, DS, FS, GS */
	frame[3] = LEGACY_DATA >> 4;
	frame[4] = 0x3333;
	frame[5] = 0x4444;
	s.cs = LEGACY_SNIPPET >> 4;
	s.eip = 0;
	s.eflags |= flags | RFLAGS_VM;
	legacy_run(&s);
	show("v86", name, &s);
	line_end();
	protected_reset();
}

static void gate(uint64_t type, uint64_t selector, const void *to, uint64_t params, uint64_t dpl)
{
	gdt[G_GATE / 8] = gate_descriptor(type, selector, to, params) | DPL(dpl);
}

#define LCALL "lcall $0x90, $0x12345678"
#define LJMP  "ljmp $0x90, $0x12345678"

static void test_call_gates(void)
{
	protected_reset();
	RING0("gates", "same", "push $1; " LCALL);
	RING0("gates", "same.jmp", "push $1; " LJMP);
	gate(TYPE_CALL32, SEL_CODE32, target_ret, 0, 0);
	RING0("gates", "same.return", "push $1; " LCALL);
	memcpy((void *)0x7f00ul, "\xcd\x1e", 2); /* int $0x1e */
	gate(TYPE_CALL16, SEL_CODE32, (void *)0x7f00ul, 0, 0);
	RING0("gates", "same.16", "push $1; " LCALL);
	gate(TYPE_CALL16, SEL_CODE32, (void *)0x7f00ul, 2, 3);
	RING3("gates", "inner.16.params", "push $1; push $2; " LCALL);
	RING3("gates", "inner", "push $1; push $2; " LCALL);
	RING3("gates", "inner.jmp", "push $1; " LJMP);
	gate(TYPE_CALL32, SEL_CODE32, target_int, 3, 3);
	RING3("gates", "inner.params", "push $1; push $2; push $3; " LCALL);
	gate(TYPE_CALL32, SEL_CODE32, target_ret8, 2, 3);
	RING3("gates", "inner.return",
		"push $1; push $2; push $3; " LCALL "; mov %%ss, %%eax; mov "
		"%%esp, %%ecx; mov %%ds, %%edx");
	gate(TYPE_CALL32, G_CONF, target_int, 2, 3);
	RING3("gates", "conforming", "push $1; push $2; " LCALL);
	gate(TYPE_CALL32, G_CONF, target_int, 2, 3);
	RING3("gates", "conforming.jmp", "push $1; push $2; " LJMP);
	gate(TYPE_CALL32, SEL_CODE32, target_int, 0, 2);
	RING3("gates", "dpl", LCALL);
	RING0("gates", "rpl", "lcall $0x93, $0");
	gate(TYPE_CALL32, SEL_CODE32, target_int, 0, 2);
	RING0("gates", "rpl.high", "lcall $0x93, $0");
	gdt[G_GATE / 8] &= ~PRESENT;
	RING0("gates", "absent", LCALL);
	gate(TYPE_CALL32, 0, target_int, 0, 3);
	RING0("gates", "null", LCALL);
	gate(TYPE_CALL32, SEL_KERNEL_DATA, target_int, 0, 3);
	RING0("gates", "data", LCALL);
	gate(TYPE_CALL32, 0xfff8, target_int, 0, 3);
	RING0("gates", "beyond", LCALL);
	gate(TYPE_CALL32, SEL_USER_CODE32, target_int, 0, 3);
	RING0("gates", "outer", LCALL);
	gate(2, SEL_CODE32, target_int, 0, 3);
	RING0("gates", "ldt", LCALL);
	gate(14, SEL_CODE32, target_int, 0, 3);
	RING0("gates", "interrupt", LCALL);
	gate(11, SEL_CODE32, target_int, 0, 3);
	RING0("gates", "busy-tss", LCALL);
	RING3("gates", "conforming.direct", "push $1; lcall $0xa0, $target_int");
	RING3("gates", "inner.direct", "lcall $0x38, $target_int");
	RING0("gates", "outer.direct", "lcall $0x43, $target_int");
}

/* What ends by a task gate, whose task needs no stack of the old one. */
static void bad_stack(const char *name, uint32_t ss0, unsigned vector)
{
	tss_a->ss0 = ss0;
	put_gate(vector, TYPE_TASK, G_TSS_B, NULL, 0);
	RING3("stack", name, LCALL);
}

static void test_inner_stacks(void)
{
	bad_stack("null", 0, 10);
	bad_stack("rpl", SEL_KERNEL_DATA | 3, 10);
	bad_stack("user", SEL_USER_DATA, 10);
	bad_stack("code", SEL_CODE32, 10);
	bad_stack("beyond", 0xfff8, 10);
	if (reckless) { /* QEMU: #TS instead of #SS, and no limits */
		bad_stack("reckless.absent", G_ABSENT, 12);
		tss_a->esp0 = 0x800;
		bad_stack("reckless.limit", G_SMALL, 12);
	}
	gate(TYPE_CALL32, G_CODE1, target_int, 0, 3);
	tss_a->esp1 = TOP_A - 0x100;
	tss_a->ss1 = G_DATA1 | 1;
	RING3("stack", "ring1", "push $1; " LCALL);
	gate(TYPE_CALL32, G_CODE1, target_ret, 0, 3);
	tss_a->esp1 = TOP_A - 0x100;
	tss_a->ss1 = G_DATA1 | 1;
	RING3("stack", "ring1.return", "push $1; " LCALL);
	gdt[G_TSS_A / 8] = system_descriptor(TYPE_TSS32, TSS_A, 12);
	gate(TYPE_CALL32, G_CODE1, target_int, 0, 3);
	RING3("stack", "tss-too-small", LCALL);
}

static void test_interrupt_gates(void)
{
	RING3("interrupt", "ud", "ud2");
	RING3("interrupt", "dpl", "int $0x10");
	RING3("interrupt", "gp", "hlt");
	RING3("interrupt", "int3", "int3");
	memcpy((void *)0x7f00ul, "\xcd\x1e", 2); /* int $0x1e */
	put_gate(0x1c, 6, SEL_CODE32, (void *)0x7f00ul, 3);
	RING0("interrupt", "16", "int $0x1c");
	put_gate(0x1c, 7, SEL_CODE32, (void *)0x7f00ul, 3);
	RING3("interrupt", "16.inner", "int $0x1c");
	put_gate(0x1c, 14, G_CONF, target_int, 3);
	RING3("interrupt", "conforming", "int $0x1c");
	put_gate(0x1c, 14, G_CODE1, target_int, 3);
	tss_a->esp1 = TOP_A - 0x100;
	tss_a->ss1 = G_DATA1 | 1;
	RING3("interrupt", "ring1", "int $0x1c");
	put_gate(0x1c, 14, SEL_CODE32, target_iret, 3);
	RING3("interrupt", "return", "push $1; int $0x1c; mov %%ss, %%eax; mov %%esp, %%ecx");
	put_gate(0x1c, 4, SEL_CODE32, target_iret, 3);
	RING3("interrupt", "call-gate", "int $0x1c");
	put_gate(0x1c, 14, SEL_USER_CODE32, target_iret, 3);
	RING0("interrupt", "outer", "int $0x1c");
	RING3("interrupt", "in.denied", "in $0x80, %%al");
	((uint8_t *)tss_a)[IO_MAP + 0x10] = 0xfe;
	RING3("interrupt", "in.allowed", "in $0x80, %%al; xor %%eax, %%eax");
	((uint8_t *)tss_a)[IO_MAP + 0x10] = 0xfe;
	RING3("interrupt", "in.half", "in $0x80, %%ax");
	RING3_IOPL3("interrupt", "in.iopl", "in $0x80, %%al; xor %%eax, %%eax");
	RING3("interrupt", "cli", "cli");
	RING3_IOPL3("interrupt", "cli.iopl", "cli");
	RING3("interrupt", "popf", "push $0x3202; popf; pushf; pop %%eax");
	RING3("interrupt", "lret.inner", "push $0x38; push $target_int; lret");
	RING3("interrupt", "ds.inner", "mov $0x10, %%eax; mov %%eax, %%ds");
}

static void test_task_switches(void)
{
	RING0("tasks", "jmp", "mov $0xaaaa, %%eax; ljmp $0x80, $0");
	RING0("tasks", "call", "mov $0xaaaa, %%eax; lcall $0x80, $0");
	RING0("tasks", "gate.jmp", "ljmp $0x98, $0");
	RING0("tasks", "gate.call", "lcall $0x98, $0");
	tss_b->eip = (uint32_t)(uint64_t)target_iret;
	RING0("tasks", "call.return", "mov $0x77, %%eax; lcall $0x80, $0; mov $0x88, %%ecx");
	tss_b->eip = (uint32_t)(uint64_t)target_iret;
	RING0("tasks", "call.twice", "lcall $0x80, $0; lcall $0x80, $0; smsw %%eax; and $8, %%eax");
	put_gate(6, TYPE_TASK, G_TSS_B, NULL, 0);
	RING0("tasks", "exception", "ud2");
	put_gate(13, TYPE_TASK, G_TSS_B, NULL, 0);
	RING0("tasks", "exception.error", "mov $0xfff8, %%eax; mov %%eax, %%ds");
	put_gate(0x1c, TYPE_TASK, G_TSS_B, NULL, 3);
	RING3("tasks", "interrupt.ring3", "int $0x1c");
	put_gate(0x1c, TYPE_TASK, G_TSS_B, NULL, 0);
	RING3("tasks", "interrupt.dpl", "int $0x1c");
	memcpy((void *)0x7f00ul, "\xcd\x1e", 2);
	RING0("tasks", "16.jmp", "ljmp $0x88, $0");
	memcpy((void *)0x7f00ul, "\xcf", 1); /* iret */
	RING0("tasks", "16.call.return", "mov $0x77, %%eax; lcall $0x88, $0; mov $0x88, %%ecx");
	tss_b->trap = 1;
	RING0("tasks", "trap", "ljmp $0x80, $0");
	tss_b->cs = SEL_USER_CODE32;
	tss_b->ss = tss_b->ds = tss_b->es = SEL_USER_DATA;
	RING0("tasks", "to-ring3", "ljmp $0x80, $0");
	tss_b->eflags = RFLAGS_VM | RFLAGS_ONE | RFLAGS_IOPL3;
	tss_b->cs = tss_b->ds = 0x2000;
	tss_b->ss = 0x3000;
	tss_b->eip = 0;
	*(uint16_t *)LEGACY_SNIPPET = 0x0b0f; /* ud2 */
	RING0("tasks", "to-v86", "lcall $0x80, $0");
}

static void test_task_faults(void)
{
	gdt[G_TSS_B / 8] |= 1ul << 41;
	RING0("tasks", "busy", "ljmp $0x80, $0");
	gdt[G_TSS_B / 8] &= ~PRESENT;
	RING0("tasks", "absent", "ljmp $0x80, $0");
	gdt[G_TSS_B / 8] = system_descriptor(TYPE_TSS32, TSS_B, 0x66);
	RING0("tasks", "limit", "ljmp $0x80, $0");
	RING3("tasks", "dpl", "ljmp $0x80, $0");
	gdt[G_TASK / 8] = gate_descriptor(TYPE_TASK, SEL_CODE32, NULL, 0);
	RING0("tasks", "gate.code", "ljmp $0x98, $0");
	gdt[G_TASK / 8] = gate_descriptor(TYPE_TASK, G_TSS_B | 4, NULL, 0);
	RING0("tasks", "gate.local", "ljmp $0x98, $0");
	RING0("tasks", "self", "ljmp $0x78, $0");
	tss_b->cs = SEL_KERNEL_DATA;
	RING0("tasks", "cs.data", "ljmp $0x80, $0");
	tss_b->cs = SEL_USER_CODE32 & ~3;
	RING0("tasks", "cs.rpl", "lcall $0x80, $0");
	tss_b->ss = G_ABSENT;
	RING0("tasks", "ss.absent", "ljmp $0x80, $0");
	tss_b->ss = 0;
	RING0("tasks", "ss.null", "ljmp $0x80, $0");
	tss_b->ds = G_ABSENT;
	RING0("tasks", "ds.absent", "ljmp $0x80, $0");
	tss_b->es = G_TSS_C;
	RING0("tasks", "es.system", "ljmp $0x80, $0");
	tss_b->ldt = SEL_CODE32;
	RING0("tasks", "ldt.code", "ljmp $0x80, $0");
	tss_b->ldt = G_LDT;
	RING0("tasks", "ldt", "ljmp $0x80, $0");
	RING0("tasks", "iret.link", "pushf; orl $0x4000, (%%esp); popf; iret");
	tss_a->link = G_TSS_B;
	RING0("tasks", "iret.not-busy", "pushf; orl $0x4000, (%%esp); popf; iret");
	tss_a->link = G_TSS_B;
	gdt[G_TSS_B / 8] |= 1ul << 41;
	RING0("tasks", "iret", "pushf; orl $0x4000, (%%esp); popf; iret");
}

static void test_v8086(void)
{
	V8086("end", RFLAGS_IOPL3, "nop");
	V8086("end.iopl0", 0, "nop");
	V8086("segments", RFLAGS_IOPL3, "mov %%es, %%ax; mov %%ss, %%cx; mov %%gs, %%dx");
	V8086("load", RFLAGS_IOPL3, "mov $0x3400, %%ax; mov %%ax, %%ds; movl (4), %%ecx");
	V8086("limit", RFLAGS_IOPL3, "mov $0xffff, %%bx; movw (%%bx), %%ax");
	V8086("cs.write", RFLAGS_IOPL3, "movw $5, %%cs:(0x200); movw %%cs:(0x200), %%ax");
	V8086("ljmp", RFLAGS_IOPL3, "ljmp $0x2001, $0; nop; .balign 16; mov %%cs, %%ax; ud2");
	V8086("lcall", RFLAGS_IOPL3, "lcall $0x2001, $0; .balign 16; pop %%ax; pop %%cx; ud2");
	V8086("hlt", RFLAGS_IOPL3, "hlt");
	V8086("lar", RFLAGS_IOPL3, "lar %%ax, %%cx");
	V8086("sldt", RFLAGS_IOPL3, "sldt %%ax");
	V8086("smsw", RFLAGS_IOPL3, "smsw %%ax; and $0xffe1, %%ax");
	V8086("mov-cr", RFLAGS_IOPL3, "mov %%cr0, %%eax");
	V8086("in", RFLAGS_IOPL3, "in $0x80, %%al");
	V8086("int3", 0, "int3");
	V8086("into", 0, "mov $0x7f, %%al; add %%al, %%al; into");
	for (unsigned iopl = 0; iopl < 2; iopl++) {
		uint32_t flags = iopl ? RFLAGS_IOPL3 : 0;

		V8086(iopl ? "cli" : "cli.iopl0", flags | RFLAGS_IF, "cli");
		V8086(iopl ? "sti" : "sti.iopl0", flags, "sti; nop");
		V8086(iopl ? "pushf" : "pushf.iopl0", flags, "pushf; pop %%ax");
		V8086(iopl ? "pushfd" : "pushfd.iopl0", flags, "pushfl; pop %%eax");
		V8086(iopl ? "popf" : "popf.iopl0", flags, "pushw $0x4002; popf; pushf; pop %%ax");
		V8086(iopl ? "popfd" : "popfd.iopl0", flags, "pushl $0x1a4002; popfl");
		V8086(iopl ? "iret" : "iret.iopl0", flags,
			"pushf; push %%cs; call 1f; jmp 2f; 1: iret; 2:");
		V8086(iopl ? "iretd" : "iretd.iopl0", flags,
			"pushl $2; pushl %%cs; calll 1f; jmp 2f; 1: iretl; 2:");
	}
	put_gate(0x1c, 14, G_CODE1, target_int, 3);
	V8086("to-ring1", RFLAGS_IOPL3, "int $0x1c");
	put_gate(0x1c, 14, G_CONF, target_int, 3);
	V8086("to-conforming", RFLAGS_IOPL3, "int $0x1c");
	put_gate(0x1c, 14, SEL_CODE32, target_iret, 3);
	V8086("there-and-back", RFLAGS_IOPL3,
		"mov $5, %%eax; int $0x1c; inc %%eax; mov %%ds, %%cx");
	put_gate(0x1c, TYPE_TASK, G_TSS_B, NULL, 3);
	V8086("task", RFLAGS_IOPL3, "int $0x1c");
}

/* With CR4.VME: IRQs as the program sees them. */
static void test_vme(void)
{
	uint64_t cr4 = rcr4();
	volatile uint16_t *vector = (volatile uint16_t *)(0x21ul * 4);

	__asm__("" : "+r"(vector)); /* near address 0, which C has no objects at */

	lcr4(cr4 | CR4_VME | CR4_PVI);
	vector[0] = 0x80;
	vector[1] = LEGACY_SNIPPET >> 4;
	V8086("vme.cli", RFLAGS_VIF, "cli; pushf; pop %%ax");
	V8086("vme.sti", 0, "sti; pushf; pop %%ax");
	V8086("vme.sti.vip", RFLAGS_VIP, "sti");
	V8086("vme.popf", 0, "pushw $0x4202; popf; pushf; pop %%ax");
	V8086("vme.popf.tf", 0, "pushw $0x4302; popf");
	V8086("vme.popf.vip", RFLAGS_VIP, "pushw $0x4202; popf");
	V8086("vme.popf.vip.off", RFLAGS_VIP, "pushw $0x4002; popf");
	V8086("vme.popfd", 0, "pushl $2; popfl");
	V8086("vme.iret", 0, "pushw $0x202; push %%cs; call 1f; jmp 2f; 1: iret; 2:");
	V8086("vme.int.trapped", RFLAGS_IOPL3, "int $0x21");
	V8086("vme.int.trapped.iopl0", 0, "int $0x21");
	for (unsigned iopl = 0; iopl < 2; iopl++) {
		((uint8_t *)tss_a)[IO_MAP - 32 + 4] = 0xfd;
		V8086(iopl ? "vme.int" : "vme.int.iopl0", (iopl ? RFLAGS_IOPL3 : 0) | RFLAGS_VIF,
			"int $0x21; .balign 128; pop %%ax; pop %%cx; pop %%dx; pushf; pop %%bx; "
			"ud2");
	}
	V8086("vme.pushfd", 0, "pushfl"); /* and leaves VIF clear: on QEMU nothing else does */
	RING3("interrupt", "pvi.cli", "cli; pushf; pop %%eax");
	RING3("interrupt", "pvi.sti", "sti; pushf; pop %%eax");
	protected_ring3("interrupt", "pvi.sti.vip", RFLAGS_VIP, CODE_AS(32, "sti"));
	lcr4(cr4);
}

void test_protected(void)
{
	test_call_gates();
	test_inner_stacks();
	test_interrupt_gates();
	test_task_switches();
	test_task_faults();
	test_v8086();
	test_vme();
	protected_end();
}
