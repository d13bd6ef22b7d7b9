/* descriptors.c - selectors and descriptors: loading them, asking about them, and who may. */
#include "sim/kernel/x86.h"
#include "tests/system/image/tests.h"

#define DESCRIPTOR_A BIT(40) /* accessed, of code and data */
#define DESCRIPTOR_S BIT(44)
#define DESCRIPTOR_P BIT(47)
#define DESCRIPTOR_D BIT(54)
#define DESCRIPTOR_G BIT(55)
#define TYPE(n)      ((uint64_t)(n) << 40)
#define DPL(n)       ((uint64_t)(n) << 45)
#define FLAT         0x000f00000000fffful
#define SEL(i)       ((uint16_t)(SEL_FREE + 8 * (i)))
#define SEL_LDT      SEL(40) /* two slots */
#define UNMAPPED     0x700000000000

static uint64_t ldt[8];

/* After whatever LTR and LLDT did. */
static void task_restore(void)
{
	tss_reset();
	__asm__ volatile("ltr %w0; lldt %w1" : : "r"(SEL_TSS), "r"(0));
}

static uint64_t *free_slot(unsigned i)
{
	return &gdt[SEL_FREE / 8 + i];
}

/* What a selector gives an instruction that takes it in ax. */
static void show_selector(
	const char *format, const char *what, const void *code, enum mode mode, uint64_t selector)
{
	struct probe p = {.code = code, .mode = mode, .rax = selector, .keep = ~BIT(RAX)};

	line_begin(format, what);
	probe_run(&p);
	probe_show(&p);
	line_end();
}

/* Each type of descriptor, each DPL: loaded at CPL 0 and 3 with RPL 0 and 3, briefly. */
static void show_types(const char *name, const void *code)
{
	uint64_t *d = free_slot(0);

	d[1] = 0;
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned type = 0; type < 16; type++) {
			line_begin("load.%s.%s%x", name, s ? "segment" : "system", (uint64_t)type);
			for (unsigned i = 0; i < 24; i++) {
				uint64_t dpl = i / 8 == 0 ? 0 : i / 8 == 1 ? 1 : 3;
				struct probe p = {.code = code,
					.mode = i & 1 ? RING3 : RING0,
					.rax = SEL(0) | (i & 2 ? 3u : 0u)};

				*d = FLAT | DPL(dpl) | TYPE(type) | (s ? DESCRIPTOR_S : 0) |
				     (i & 4 ? 0 : DESCRIPTOR_P);
				probe_run(&p);
				line_add(" d%u%s%s%s=", dpl, i & 1 ? "c3" : "c0",
					i & 2 ? "r3" : "r0", i & 4 ? "-" : "+");
				probe_show_brief();
				if (s && events[0].frame.vector == VECTOR_END)
					line_add("/%x", *d >> 40 & 1);
			}
			line_end();
		}
	}
	*d = 0;
}

static void test_loads(void)
{
	show_types("ds", CODE("mov %%eax, %%ds"));
	show_types("fs", CODE("mov %%eax, %%fs"));
	show_types("ss", CODE("mov %%eax, %%ss"));
	show_types("pop-gs", CODE("push %%rax; pop %%gs"));
	show_types(
		"lss", CODE("mov %%esp, -64(%%rsp); mov %%ax, -60(%%rsp); lss -64(%%rsp), %%esp"));
}

static void test_load_selectors(void)
{
	static const struct {
		const char *name;
		uint64_t selector;
	} cases[] = {
		{"null", 0},
		{"null1", 1},
		{"null3", 3},
		{"beyond", 0xfff8},
		{"beyond.rpl", 0xfffb},
		{"last", GDT_ENTRIES * 8 - 8},
		{"no-ldt", SEL_KERNEL_DATA | 4},
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t s = cases[i].selector;
		const char *n = cases[i].name;

		show_selector("selector.ds.%s.ring0", n, CODE("mov %%eax, %%ds"), RING0, s);
		show_selector("selector.ds.%s.ring3", n, CODE("mov %%eax, %%ds"), RING3, s);
		show_selector("selector.ss.%s.ring0", n, CODE("mov %%eax, %%ss"), RING0, s);
		show_selector("selector.ss.%s.ring3", n, CODE("mov %%eax, %%ss"), RING3, s);
		show_selector("selector.ltr.%s", n, CODE("ltr %%ax"), RING0, s);
		task_restore();
		show_selector("selector.lldt.%s", n, CODE("lldt %%ax; sldt %%ecx"), RING0, s);
		show_selector("selector.lar.%s", n,
			CODE("lar %%eax, %%ecx; pushf; pop %%rdx; and "
			     "$0x40, %%edx"),
			RING0, s);
		show_selector("selector.verr.%s", n,
			CODE("verr %%ax; pushf; pop %%rdx; and $0x40, %%edx"), RING3, s);
	}
	PROBE("selector.readback", "mov %%eax, %%ds; mov %%ds, %%ecx; mov %%ss, %%edx", .rax = 2);
	PROBE("selector.upper",
		"mov %%eax, %%ds; mov $-1, %%rcx; mov %%ds, %%ecx; mov $-1, %%rdx; "
		"mov %%ds, %%dx; mov $-1, %%rbx; mov %%ds, %%rbx",
		.rax = 0x12340000 | SEL_KERNEL_DATA);
	__asm__ volatile("lldt %w0" : : "r"(0));
}

/* --- LTR and LLDT --- */

static void put_system(unsigned slot, unsigned type, uint64_t base, uint64_t limit, bool present)
{
	uint64_t *d = free_slot(slot);

	d[0] = (limit & 0xffff) | (limit >> 16 & 0xf) << 48 | (base & 0xffffff) << 16 |
	       (base >> 24 & 0xff) << 56 | TYPE(type) | (present ? DESCRIPTOR_P : 0);
	d[1] = base >> 32;
}

static void test_system_loads(void)
{
	static const void *code[2];

	code[0] = CODE("ltr %%ax");
	code[1] = CODE("lldt %%ax");
	for (unsigned which = 0; which < 2; which++) {
		for (unsigned type = 0; type < 16; type++) {
			line_begin("system.%s.type%x", which ? "lldt" : "ltr", (uint64_t)type);
			for (unsigned present = 0; present < 2; present++) {
				struct probe p = {.code = code[which], .rax = SEL(0)};

				put_system(0, type, (uint64_t)&tss, sizeof(tss) - 1, present);
				probe_run(&p);
				line_add(" ");
				probe_show_brief();
				line_add("/%x", *free_slot(0) >> 40 & 0xf);
				task_restore();
			}
			line_end();
		}
	}
	put_system(0, 9, BIT(47) * 3, 0x67, true);
	show_selector("system.%s.noncanonical", "ltr", code[0], RING0, SEL(0));
	task_restore();
	put_system(0, 2, BIT(47) * 3, 0x67, true);
	show_selector("system.%s.noncanonical", "lldt", code[1], RING0, SEL(0));
	show_selector("system.%s.last-slot", "ltr", code[0], RING0, GDT_ENTRIES * 8 - 8);
	task_restore();
	show_selector("system.%s.ring3", "ltr", code[0], RING3, SEL(0));
	show_selector("system.%s.ring3", "lldt", code[1], RING3, SEL(0));
	put_system(0, 9, (uint64_t)&tss, sizeof(tss) - 1, true);
	show_selector("system.%s.rpl3", "ltr", CODE("ltr %%ax; str %%ecx"), RING0, SEL(0) | 3);
	show_selector("system.%s.busy", "ltr", code[0], RING0, SEL(0));
	task_restore();
	put_system(0, 9, (uint64_t)&tss, sizeof(tss) - 1, true);
	free_slot(0)[1] |= BIT(8);
	show_selector("system.%s.upper-type", "ltr", code[0], RING0, SEL(0));
	task_restore();
	*free_slot(0) = *free_slot(1) = 0;
}

static void test_ldt(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(ldt); i++)
		ldt[i] = 0;
	ldt[1] = gdt[SEL_USER_DATA / 8];
	ldt[2] = gdt[SEL_KERNEL_CODE / 8] & ~DESCRIPTOR_A;
	put_system((SEL_LDT - SEL_FREE) / 8, 2, (uint64_t)ldt, 3 * 8 - 1, true);
	__asm__ volatile("lldt %w0" : : "r"(SEL_LDT));
	PROBE("ldt.sldt", "sldt %%eax");
	PROBE("ldt.load", "mov %%eax, %%ds; mov %%ds, %%ecx", .rax = 0xf);
	PROBE("ldt.beyond", "mov %%eax, %%ds", .rax = 3 * 8 | 4);
	PROBE("ldt.null-entry", "mov %%eax, %%ds", .rax = 4);
	PROBE("ldt.code", "push $0x14; lea 1f(%%rip), %%rax; push %%rax; lretq; 1: mov %%cs, %%ecx",
		.keep = BIT(RCX));
	line_begin("ldt.accessed");
	line_add(" %x %x", ldt[1] >> 40 & 1, ldt[2] >> 40 & 1);
	line_end();
	__asm__ volatile("lldt %w0" : : "r"(0));
	PROBE("ldt.none", "mov %%eax, %%ds", .rax = 0xf);
}

/* --- LAR, LSL, VERR, VERW on each type --- */

static void show_query(const char *name, const void *code)
{
	uint64_t *d = free_slot(0);

	d[1] = 0;
	for (unsigned n = 0; n < 64; n++) {
		line_begin("query.%s.%s%x.dpl%u", name, n & 16 ? "segment" : "system",
			(uint64_t)(n & 15), n & 32 ? 3ul : 0ul);
		*d = 0x00d0123456789abc;
		*d = (*d & ~0xff0000000000ul) | TYPE(n & 15) | (n & 16 ? DESCRIPTOR_S : 0) |
		     DPL(n & 32 ? 3 : 0) | DESCRIPTOR_P;
		for (unsigned i = 0; i < 3; i++) {
			struct probe p = {.code = code,
				.mode = i == 2 ? RING3 : RING0,
				.rax = SEL(0) | (i == 0 ? 0 : 3),
				.rcx = 0x1122334455667788};

			probe_run(&p);
			line_add(" ");
			probe_show_brief();
			line_add("/%x/%x", events[0].frame.rflags >> 6 & 1,
				events[0].frame.gpr[RCX]);
		}
		line_end();
	}
	*d = 0;
}

static void test_queries(void)
{
	show_query("lar", CODE("lar %%eax, %%ecx"));
	show_query("lar64", CODE("lar %%rax, %%rcx"));
	show_query("lar16", CODE("lar %%ax, %%cx"));
	show_query("lsl", CODE("lsl %%eax, %%ecx"));
	show_query("lsl16", CODE("lsl %%ax, %%cx"));
	show_query("verr", CODE("verr %%ax"));
	show_query("verw", CODE("verw %%ax"));
	*free_slot(0) = 0x0055120000000000 | DESCRIPTOR_S | TYPE(2); /* not present */
	PROBE("query.lar.absent", "lar %%eax, %%ecx", .rax = SEL(0), .status = true);
	PROBE("query.lsl.absent", "lsl %%eax, %%ecx", .rax = SEL(0), .status = true);
	PROBE("query.lsl.memory", "lsl (%%rcx), %%ecx", .rcx = UNMAPPED);
	PROBE("query.verr.absent", "verr %%ax", .rax = SEL(0), .status = true);
	*free_slot(0) = 0;
}

/* --- the tables' registers --- */

static void test_umip(void)
{
	static const char *const names[] = {"sgdt", "sidt", "sldt", "str", "smsw", "smsw.memory"};
	const void *code[] = {CODE("sgdt 8(%%rcx)"), CODE("sidt 8(%%rcx)"), CODE("sldt %%eax"),
		CODE("str %%eax"), CODE("smsw %%eax; and $0xffff, %%eax"), CODE("smsw (%%rcx)")};

	for (unsigned i = 0; i < ARRAY_LEN(code); i++) {
		for (unsigned j = 0; j < 4; j++) {
			uint64_t alias = j & 1 ? USER_ALIAS : 0;
			struct probe p = {.code = code[i],
				.mode = j & 1 ? RING3 : RING0,
				.cr4_flip = j & 2 ? CR4_UMIP : 0,
				.rcx = machine_test_stack() - 1024 + alias};

			line_begin("umip.%s.ring%u.%s", names[i], j & 1 ? 3ul : 0ul,
				j & 2 ? "on" : "off");
			probe_run(&p);
			probe_show(&p);
			line_end();
		}
	}
}

static void test_table_registers(void)
{
	uint64_t at = machine_test_stack() + 64;

	PROBE("table.sgdt.bytes",
		"movl $-1, 8(%%rcx); movl $-1, 12(%%rcx); sgdt (%%rcx); movzwl "
		"(%%rcx), %%eax; mov 10(%%rcx), %%edx; lgdt (%%rcx)",
		.rcx = at);
	PROBE("table.lgdt.noncanonical",
		"sgdt 16(%%rcx); movw $0x1ff, (%%rcx); mov %%rdx, 2(%%rcx); lgdt (%%rcx); lgdt "
		"16(%%rcx)",
		.rcx = at, .rdx = BIT(47));
	PROBE("table.lidt.noncanonical",
		"sidt 16(%%rcx); movw $0xfff, (%%rcx); mov %%rdx, 2(%%rcx); lidt (%%rcx); lidt "
		"16(%%rcx)",
		.rcx = at, .rdx = BIT(63));
	PROBE("table.lgdt.ring3", "lgdt (%%rcx)", .mode = RING3, .rcx = at + USER_ALIAS);
	PROBE("table.lidt.ring3.unmapped", "lidt (%%rcx)", .mode = RING3, .rcx = UNMAPPED);
	PROBE("table.lgdt.unmapped", "lgdt (%%rcx)", .rcx = UNMAPPED);
	PROBE("table.lgdt.opsize",
		"sgdt (%%rcx); .byte 0x66; lgdt (%%rcx); mov %%eax, %%ds; sgdt 16(%%rcx); mov "
		"18(%%rcx), %%rdx; cmp 2(%%rcx), %%rdx",
		.rcx = at, .rax = SEL_KERNEL_DATA, .status = true, .keep = BIT(RAX));
	PROBE("table.sldt.upper", "mov $-1, %%rax; sldt %%eax; mov $-1, %%rdx; sldt %%dx; mov $-1, "
				  "%%rbx; sldt %%rbx");
	PROBE("table.str.upper", "mov $-1, %%rax; str %%eax; mov $-1, %%rdx; str %%dx; mov $-1, "
				 "%%rbx; str %%rbx");
	PROBE("table.sldt.memory", "movl $-1, (%%rcx); sldt (%%rcx); mov (%%rcx), %%eax", .rcx = at,
		.keep = BIT(RAX));
	PROBE("table.smsw.upper", "mov $-1, %%rdx; smsw %%dx; smsw %%eax; smsw %%rbx");
}

/* --- data segments in compatibility mode: limits, types, bases --- */

static void show_compat(const char *name, const void *code, uint64_t descriptor)
{
	struct probe p = {.code = code, .mode = COMPAT0, .rax = SEL(0), .no_registers = true};

	*free_slot(0) = descriptor;
	line_begin("compat.%s", name);
	probe_run(&p);
	probe_show(&p);
	line_end();
	*free_slot(0) = 0;
}

/* At 64 MiB, where nothing lies. */
#define DATA16(limit, type)                                                                        \
	((uint64_t)(limit) | 0x04ul << 56 | TYPE(type) | DESCRIPTOR_S | DESCRIPTOR_P | DESCRIPTOR_D)

static void test_compat_limits(void)
{
	show_compat(
		"limit.last", CODE32("mov %%eax, %%es; mov %%es:0xfff, %%cl"), DATA16(0xfff, 2));
	show_compat(
		"limit.beyond", CODE32("mov %%eax, %%es; mov %%es:0x1000, %%cl"), DATA16(0xfff, 2));
	show_compat(
		"limit.across", CODE32("mov %%eax, %%es; mov %%es:0xffd, %%ecx"), DATA16(0xfff, 2));
	show_compat("limit.gs", CODE32("mov %%eax, %%gs; mov %%gs:0x1000, %%cl"), DATA16(0xfff, 2));
	show_compat("limit.g", CODE32("mov %%eax, %%es; mov %%es:0x1fff, %%cl"),
		DATA16(0x1, 2) | DESCRIPTOR_G);
	show_compat("limit.g.beyond", CODE32("mov %%eax, %%es; mov %%es:0x2000, %%cl"),
		DATA16(0x1, 2) | DESCRIPTOR_G);
	show_compat("readonly.read", CODE32("mov %%eax, %%es; mov %%es:0, %%cl"), DATA16(0xfff, 0));
	show_compat(
		"readonly.write", CODE32("mov %%eax, %%es; mov %%cl, %%es:0"), DATA16(0xfff, 0));
	show_compat("code.read", CODE32("mov %%eax, %%es; mov %%es:0, %%cl"), DATA16(0xfff, 0xa));
	show_compat("code.write", CODE32("mov %%eax, %%es; mov %%cl, %%es:0"), DATA16(0xfff, 0xa));
	show_compat("cs.write", CODE32("movb $0, %%cs:0x200000"), 0);
	show_compat(
		"down.inside", CODE32("mov %%eax, %%es; mov %%es:0x1000, %%cl"), DATA16(0xfff, 6));
	show_compat(
		"down.below", CODE32("mov %%eax, %%es; mov %%es:0xfff, %%cl"), DATA16(0xfff, 6));
	show_compat("down.16.top", CODE32("mov %%eax, %%es; mov %%es:0xffff, %%cl"),
		DATA16(0xfff, 6) & ~DESCRIPTOR_D);
	show_compat("down.16.beyond", CODE32("mov %%eax, %%es; mov %%es:0x10000, %%cl"),
		DATA16(0xfff, 6) & ~DESCRIPTOR_D);
	show_compat("null.read", CODE32("xor %%eax, %%eax; mov %%eax, %%es; mov %%es:0, %%cl"), 0);
	show_compat(
		"null.fs.write", CODE32("xor %%eax, %%eax; mov %%eax, %%fs; mov %%cl, %%fs:0"), 0);
	show_compat("string.es",
		CODE32("mov %%eax, %%es; mov $0xffe, %%edi; mov $4, %%ecx; rep "
		       "stosb"),
		DATA16(0xfff, 2));
	show_compat("wrap", CODE32("mov $0x80000000, %%ebx; mov -0x7fe00000(%%ebx), %%cl"), 0);
}

void test_descriptors(void)
{
	test_loads();
	test_load_selectors();
	test_system_loads();
	test_ldt();
	test_queries();
	test_umip();
	test_table_registers();
	test_compat_limits();
}
