/* legacy.c - the basics of real mode, and of protected mode without paging, at CPL 0.
 *
 * A line shows the event that ended the snippet, in real mode relative to its segment: exception
 * and error code, IP, CS if it changed, flags, SP relative to where it began, registers that
 * changed.
 */
#include "tests/system/image/legacy.h"
#include "bench/image/lib.h"
#include "tests/system/image/tests.h"

#define SNIPPET_SIZE 256
#define STACK_AT     0x8000
#define SEL_SNIPPET  SEL_FREE        /* 16-bit code at LEGACY_SNIPPET */
#define SEL_STACK    (SEL_FREE + 8)  /* 16-bit data at LEGACY_DATA */
#define SEL_SMALL    (SEL_FREE + 16) /* data of 4 KiB */
#define SEL_DOWN     (SEL_FREE + 24) /* expand-down above 4 KiB */
#define GATE32       0x8e00

enum legacy_mode { REAL, FLAT32, CODE16 };

uint64_t legacy_idt[LEGACY_VECTORS];

extern const char legacy_low[], legacy_low_end[], legacy_real_stubs[], legacy_stubs[];
void legacy_enter(void);

void legacy_run(struct legacy *s)
{
	*(struct legacy *)(uint64_t)legacy_low_state = *s;
	legacy_enter();
	*s = *(const struct legacy *)(uint64_t)legacy_low_state;
	tss_reset();
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

void legacy_prepare(void)
{
	volatile uint32_t *ivt = (volatile uint32_t *)LEGACY_IVT;
	uint64_t real_stubs = (uint64_t)(legacy_real_stubs - legacy_low) + LEGACY_BASE;

	memcpy((void *)LEGACY_BASE, legacy_low, (size_t)(legacy_low_end - legacy_low));
	for (unsigned v = 0; v < LEGACY_VECTORS; v++) {
		uint64_t at = (uint64_t)(legacy_stubs + 16 * v);

		ivt[v] = (uint32_t)(real_stubs + 8 * v);
		legacy_idt[v] = (at & 0xffff) | (uint64_t)SEL_CODE32 << 16 |
				(uint64_t)GATE32 << 32 | (at >> 16 & 0xffff) << 48;
	}
	gdt[SEL_SNIPPET / 8] = 0x00009b000000ffff | (uint64_t)LEGACY_SNIPPET << 16;
	gdt[SEL_STACK / 8] = 0x000093000000ffff | (uint64_t)LEGACY_DATA << 16;
	gdt[SEL_SMALL / 8] = 0x0040930000000fff | (uint64_t)LEGACY_DATA << 16;
	gdt[SEL_DOWN / 8] = 0x0040970000000fff | (uint64_t)LEGACY_DATA << 16;
}

static struct legacy start_state(enum legacy_mode mode, const void *code)
{
	static const struct legacy starts[] = {
		[REAL] = {.cs = LEGACY_SNIPPET >> 4, .ss = LEGACY_DATA >> 4, .real = 1},
		[FLAT32] = {.cs = SEL_CODE32, .ss = SEL_KERNEL_DATA},
		[CODE16] = {.cs = SEL_SNIPPET, .ss = SEL_KERNEL_DATA},
	};
	struct legacy s = starts[mode];

	s.ds = s.es = s.fs = s.gs = s.ss;
	s.eflags = RFLAGS_ONE;
	s.gpr[RSP] = STACK_AT + (mode == REAL ? 0 : LEGACY_DATA);
	if (mode == FLAT32)
		s.eip = (uint32_t)(uint64_t)code;
	else
		memcpy((void *)LEGACY_SNIPPET, code, SNIPPET_SIZE);
	return s;
}

void legacy_show(const struct legacy *before, const struct legacy *after)
{
	static const char *const names[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};

	line_add(" ");
	line_vector(after->vector);
	if (!before->real)
		line_add("(%x)", (uint64_t)after->error);
	line_add(" %d", (int64_t)after->eip - before->eip);
	if (after->cs != before->cs)
		line_add(" cs=%x", (uint64_t)after->cs);
	line_add(" f=%x", (uint64_t)(after->eflags & ~(RFLAGS_ONE | RFLAGS_STATUS | RFLAGS_RF)));
	line_add(" sp%d", (int64_t)after->gpr[RSP] - before->gpr[RSP]);
	for (unsigned i = 0; i < 8; i++)
		if (i != RSP && after->gpr[i] != before->gpr[i])
			line_add(" e%s=%x", names[i], (uint64_t)after->gpr[i]);
	if (after->ds != before->ds)
		line_add(" ds=%x", (uint64_t)after->ds);
	if (after->es != before->es)
		line_add(" es=%x", (uint64_t)after->es);
	if (after->ss != before->ss)
		line_add(" ss=%x", (uint64_t)after->ss);
}

static void legacy(const char *name, enum legacy_mode mode, uint32_t flags, const void *code)
{
	static const char *const modes[] = {"real", "flat32", "code16"};
	struct legacy before = start_state(mode, code), after;

	before.eflags |= flags;
	after = before;
	legacy_run(&after);
	line_begin("%s.%s", modes[mode], name);
	legacy_show(&before, &after);
	line_end();
}

void legacy_in_real(const char *name, uint32_t flags, const void *code)
{
	legacy(name, REAL, flags, code);
}

#define IN_REAL(name, text)   legacy(name, REAL, 0, CODE_AS(16, text))
#define IN_CODE16(name, text) legacy(name, CODE16, 0, CODE_AS(16, text))
#define IN_FLAT32(name, text) legacy(name, FLAT32, 0, CODE_AS(32, text))

/* What real mode and 16-bit protected mode share. */
#define SIXTEEN(run)                                                                               \
	run("end", "nop");                                                                         \
	run("de", "nop; div %%cx");                                                                \
	run("ud", "ud2");                                                                          \
	run("int", "int $0x10");                                                                   \
	run("int3", "int3");                                                                       \
	run("into", "mov $0x7fff, %%ax; inc %%ax; into");                                          \
	run("into.not", "into");                                                                   \
	run("operand-size", "mov $-1, %%eax; mov $0x1234, %%ax; mov $0x12345678, %%ebx");          \
	run("address-size", "mov $0x12345678, %%ebx; mov $0x11110000, %%esi; lea 4(%%bx, %%si), "  \
			    "%%eax; lea 4(%%ebx, %%esi), %%ecx; lea 4(%%ebx, %%esi, 2), %%dx");    \
	run("address.forms", "mov $0xfff0, %%bx; mov $0x20, %%si; mov $0x30, %%di; mov $0x40, "    \
			     "%%bp; lea (%%bx, %%di), %%ax; lea -1(%%bp, %%si), %%cx; lea "        \
			     "0x1234(%%bp, %%di), %%dx");                                          \
	run("push", "push %%ax; push %%eax; pushw $5; pushl $6; push $-1; push %%es; push %%fs");  \
	run("push.value", "push $-2; pop %%ax; pushl $-2; pop %%ecx; pushl %%es; pop %%edx");      \
	run("pop.seg", "push %%ss; pop %%es; pushl %%ss; popl %%ds; push %%es; pop %%fs");         \
	run("pusha", "mov $1, %%ax; mov $2, %%bp; pusha; pop %%ax; pop %%cx; pop %%dx; pop %%bx"); \
	run("popa", "mov $5, %%eax; mov $7, %%edi; pushal; xor %%eax, %%eax; xor %%edi, %%edi; "   \
		    "popal");                                                                      \
	run("popa.16", "mov $0x55555, %%eax; pushaw; xor %%eax, %%eax; popaw");                    \
	run("enter", "mov $0x77777777, %%ebp; enter $8, $0");                                      \
	run("enter.32", "mov $0x77777777, %%ebp; enterl $8, $0");                                  \
	run("leave", "mov %%esp, %%ebp; sub $6, %%bp; leave");                                     \
	run("call", "call 1f; 1: pop %%ax");                                                       \
	run("call.32", "calll 1f; 1: pop %%eax");                                                  \
	run("ret.n", "push $1; push $2; call 1f; jmp 2f; 1: ret $4; 2:");                          \
	run("lcall", "push %%cs; call 1f; jmp 2f; 1: lret; 2:");                                   \
	run("lcall.32", "pushl %%cs; calll 1f; jmp 2f; 1: lretl; 2:");                             \
	run("iret", "pushf; push %%cs; call 1f; jmp 2f; 1: iret; 2:");                             \
	run("iret.32", "pushfl; pushl %%cs; calll 1f; jmp 2f; 1: iretl; 2:");                      \
	run("popf", "pushw $0x7ed7; popf");                                                        \
	run("popf.32", "pushl $0x247ed7; popfl; pushfl; pop %%eax");                               \
	run("loop", "mov $0x10003, %%ecx; 1: inc %%ax; loop 1b");                                  \
	run("loop.32", "mov $3, %%ecx; 1: inc %%ax; addr32 loop 1b");                              \
	run("jcxz", "mov $0x10000, %%ecx; jcxz 1f; inc %%ax; 1: jecxz 2f; inc %%dx; 2:");          \
	run("smsw", "smsw %%ax; and $1, %%ax");                                                    \
	run("sgdt", "sgdt -16(%%esp); mov -16(%%esp), %%ax");                                      \
	run("mov-cs", ".byte 0x8e, 0xc8");                                                         \
	run("xlat", "mov $0x100, %%bx; xlat %%cs:(%%bx); xor %%al, %%al");                         \
	run("too-long", ".fill 15, 1, 0x66; nop");                                                 \
	run("lock", ".byte 0xf0, 0x90");                                                           \
	run("rep.66", "mov $2, %%cx; mov %%sp, %%di; sub $64, %%di; rep stosl")

static void test_real(void)
{
	SIXTEEN(IN_REAL);
	IN_REAL("word-at-ffff", "mov $0xffff, %%bx; mov (%%bx), %%ax");
	IN_REAL("byte-at-ffff", "mov $0xffff, %%bx; mov (%%bx), %%al; xor %%al, %%al");
	IN_REAL("beyond-64k", "mov $0x10000, %%ebx; mov (%%ebx), %%al");
	IN_REAL("stack.word-at-ffff", "mov $0xffff, %%bp; mov (%%bp), %%ax");
	IN_REAL("stack.wraps", "xor %%sp, %%sp; push %%ax; mov %%sp, %%dx; mov $0x8000, %%sp");
	IN_REAL("segments", "mov $0x1234, %%ax; mov %%ax, %%es; mov %%es, %%cx; mov %%ax, %%ds");
	IN_REAL("segment.value", "mov $0x3800, %%ax; mov %%ax, %%es; movw $0x77, (0x7000); mov "
				 "%%es:(-0x1000 & 0xffff), %%cx");
	IN_REAL("les", "movw $0x1234, (0x100); movw $0x3800, (0x102); les (0x100), %%bx");
	IN_REAL("lds", "movl $0x1234, (0x100); movw $0x3800, (0x104); lds (0x100), %%ebx");
	IN_REAL("ljmp", "ljmp $0x1fff, $1f - 88880b + 16; ud2; 1: nop");
	IN_REAL("lcall.direct", "lcall $0x2000, $1f - 88880b; ud2; 1: pop %%ax; pop %%cx");
	IN_REAL("lret.n", "push $5; push %%cs; push $1f - 88880b; lret $2; 1:");
	IN_REAL("sldt", ".byte 0x0f, 0, 0xc0");
	IN_REAL("str", ".byte 0x0f, 0, 0xc8");
	IN_REAL("lldt", ".byte 0x0f, 0, 0xd0");
	IN_REAL("verr", ".byte 0x0f, 0, 0xe0");
	IN_REAL("lar", "lar %%ax, %%cx");
	IN_REAL("mov-cr0", "mov %%cr0, %%eax; and $1, %%eax");
	IN_REAL("wrmsr", "mov $0xc0000103, %%ecx; mov $5, %%eax; wrmsr; rdmsr; xor %%ecx, %%ecx");
	IN_REAL("sysenter", "sysenter");
	IN_REAL("sysexit", "sysexit");
	IN_REAL("monitor", "xor %%cx, %%cx; monitor");
	IN_REAL("sti-cli", "sti; nop; cli");
	IN_REAL("movs.wraps", "mov $0xfffe, %%si; mov $0x200, %%di; mov $4, %%cx; rep movsb");
	IN_REAL("stos.wraps", "mov $0xffff, %%di; mov $2, %%cx; rep stosb");
	IN_REAL("stos.word-at-ffff", "mov $0xffff, %%di; stosw");
	IN_REAL("lods.down", "std; mov $0, %%si; lodsb; xor %%al, %%al; cld");
	IN_REAL("int.beyond-table", "int $0x21");
	IN_REAL("lidt.24", "sidtl (0x100); mov (0x102), %%eax; lidtw (0x100)");
}

static void test_protected_flat(void)
{
	SIXTEEN(IN_CODE16);
	IN_CODE16("ss16", "mov $0x60, %%ax; mov %%ax, %%ss; mov $0x12340000, %%esp; push %%ax; mov "
			  "%%esp, %%edx; mov $0x8000, %%sp");
	IN_FLAT32("end", "nop");
	IN_FLAT32("ud", "ud2");
	IN_FLAT32("int", "int $0x10");
	IN_FLAT32("int.beyond-table", "int $0x21");
	IN_FLAT32("gp.selector", "mov $0xfff8, %%eax; mov %%eax, %%ds");
	IN_FLAT32("np.selector", "mov $0x28, %%eax; mov %%eax, %%es");
	IN_FLAT32("null.load", "xor %%eax, %%eax; mov %%eax, %%ds");
	IN_FLAT32("null.read", "xor %%eax, %%eax; mov %%eax, %%es; mov %%es:(0x1000), %%ecx");
	IN_FLAT32("null.ss", "xor %%eax, %%eax; mov %%eax, %%ss");
	IN_FLAT32("small.last", "mov $0x68, %%eax; mov %%eax, %%fs; mov %%fs:(0xffc), %%ecx; xor "
				"%%ecx, %%ecx");
	IN_FLAT32("small.beyond", "mov $0x68, %%eax; mov %%eax, %%fs; mov %%fs:(0xffd), %%ecx");
	IN_FLAT32("down.below", "mov $0x70, %%eax; mov %%eax, %%gs; mov %%gs:(0xfff), %%cl");
	IN_FLAT32("down.inside", "mov $0x70, %%eax; mov %%eax, %%gs; mov %%gs:(0x1000), %%cl; xor "
				 "%%ecx, %%ecx");
	IN_FLAT32("cs.write", "movl $0, %%cs:(0x30000)");
	IN_FLAT32("wraps", "mov $0xfffffff0, %%ebx; mov 0x30010(%%ebx), %%al; xor %%al, %%al");
	IN_FLAT32("ljmp.null", "ljmp $0, $0");
	IN_FLAT32("ljmp.data", "ljmp $0x10, $0");
	IN_FLAT32("ljmp.beyond", "ljmp $0xfff8, $0");
	IN_FLAT32("ljmp.long-segment", "ljmp $8, $1f; 1: .byte 0x40, 0x90");
	IN_FLAT32("lcall", "lcall $0x38, $1f; 1: pop %%eax; pop %%ecx; xor %%eax, %%eax");
	IN_FLAT32("lret.rpl1", "push $0x39; push $0; lret");
	IN_FLAT32("enter", "mov $0x77777777, %%ebp; enter $0x10, $0");
	IN_FLAT32("enter.31", "mov %%esp, %%ebp; enter $0x10, $0x20");
	IN_FLAT32("pusha", "pusha; popa");
	IN_FLAT32("popf", "push $0x247ed7; popf; pushf; pop %%eax");
	IN_FLAT32("rex-is-inc", ".byte 0x40, 0x48, 0x49");
	IN_FLAT32("82", ".byte 0x82, 0xc0, 5");
	IN_FLAT32("movs.16",
		"mov $0x30100, %%esi; mov $0x30200, %%edi; mov $0x10002, %%ecx; addr16 "
		"rep movsb");
	IN_FLAT32("swapgs", ".byte 0x0f, 0x01, 0xf8");
	IN_FLAT32("rdfsbase", ".byte 0xf3, 0x0f, 0xae, 0xc0");

	IN_FLAT32("lsl.tss", "mov $0x28, %%eax; lsl %%eax, %%ecx");
}

/* QEMU looks at no limit, has SYSCALL in all modes, and runs away. */
static void test_recklessly(void)
{
	IN_REAL("reckless.syscall", "syscall");
	IN_FLAT32("reckless.syscall", "syscall");
	IN_REAL("reckless.jmp.beyond", "mov $0x10000, %%eax; jmpl *%%eax");
	IN_CODE16("reckless.limit", "mov $0x10000, %%eax; jmpl *%%eax");
	IN_FLAT32("reckless.pcide", "mov %%cr4, %%eax; bts $17, %%eax; mov %%eax, %%cr4");
	IN_FLAT32("reckless.ljmp.limit", "ljmp $0x58, $0x10000");
}

void test_legacy(void)
{
	legacy_prepare();
	test_real();
	test_protected_flat();
	if (reckless)
		test_recklessly();
	for (unsigned s = SEL_FREE; s <= SEL_DOWN; s += 8)
		gdt[s / 8] = 0;
}
