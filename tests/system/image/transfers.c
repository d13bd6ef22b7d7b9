/* transfers.c - flags and the instructions that change privilege or mode: POPF, IRET, far jumps,
 * calls and returns, SYSCALL, SYSRET, SWAPGS, and code in compatibility mode.
 */
#include "sim/kernel/x86.h"
#include "tests/system/image/tests.h"

#define NONCANONICAL 0x8000000000000000
#define UNMAPPED     0x700000000000
#define SEL(i)       ((uint16_t)(SEL_FREE + 8 * (i)))
#define SEG_D        BIT(54)
#define SEG_P        BIT(47)
#define CONFORMING   BIT(42)
#define DPL(n)       ((uint64_t)(n) << 45)
#define FLAGS_ALL    0x247fd5 /* but VM, VIF and VIP */

/* --- POPF and IRET: which flags each may change, by CPL and IOPL --- */

static void show_popf(const char *name, const void *code, enum mode mode, uint64_t from)
{
	line_begin("flags.%s.ring%u", name, mode == RING3 || mode == COMPAT3 ? 3ul : 0ul);
	for (unsigned iopl = 0; iopl < 4; iopl++) {
		for (unsigned i = 0; i < 2; i++) {
			struct probe p = {.code = code,
				.mode = mode,
				.flags = (uint64_t)iopl << 12,
				.rcx = i == 0 ? from : ~from & FLAGS_ALL & ~RFLAGS_TF};

			if (i == 0)
				p.flags |= 0;
			else
				p.flags |= RFLAGS_AC | RFLAGS_ID | RFLAGS_DF;
			probe_run(&p);
			line_add(" ");
			probe_show_brief();
			line_add("/%x", events[0].frame.rflags & ~(uint64_t)RFLAGS_RF);
		}
	}
	line_end();
}

static void test_flags(void)
{
	const uint64_t all = FLAGS_ALL & ~(RFLAGS_TF | RFLAGS_NT);

	for (unsigned i = 0; i < 2; i++) {
		enum mode mode = i ? RING3 : RING0;

		show_popf("popfq", CODE("push %%rcx; popfq"), mode, all);
		show_popf("popfw", CODE("push %%cx; popfw"), mode, all);
		show_popf("popfq.nt", CODE("push %%rcx; popfq"), mode, all | RFLAGS_NT);
		show_popf("popfq.vm", CODE("push %%rcx; popfq"), mode, BIT(17));
		show_popf("popfq.upper", CODE("push %%rcx; popfq"), mode, -BIT(32));
		show_popf("iretq",
			CODE("mov %%rsp, %%rdx; mov %%ss, %%eax; push %%rax; push %%rdx; push "
			     "%%rcx; mov %%cs, %%eax; push %%rax; lea 1f(%%rip), %%rax; push "
			     "%%rax; iretq; 1:"),
			mode, all);
		show_popf("iretd",
			CODE("mov %%rsp, %%rdx; sub $20, %%rsp; mov %%ss, %%eax; mov %%eax, "
			     "16(%%rsp); mov %%edx, 12(%%rsp); mov %%ecx, 8(%%rsp); mov %%cs, "
			     "%%eax; mov %%eax, 4(%%rsp); lea 1f(%%rip), %%eax; mov %%eax, "
			     "(%%rsp); iretl; 1:"),
			mode, all);
	}
	show_popf("popfd.compat", CODE32("push %%ecx; popf"), COMPAT0, all);
	show_popf("popfd.compat", CODE32("push %%ecx; popf"), COMPAT3, all);
	PROBE("flags.popf.vif", "pushfq; orl $0x180000, (%%rsp); popfq; pushfq; pop %%rax");
	PROBE("flags.pushf.upper", "pushfq; pop %%rax", .flags = RFLAGS_AC | RFLAGS_ID);
	PROBE("flags.popf.unmapped", "popfq", .rsp = UNMAPPED);
	PROBE("flags.iret.upper",
		"mov %%rsp, %%rdx; mov %%ss, %%eax; push %%rax; push %%rdx; "
		"push %%rcx; mov %%cs, %%eax; push %%rax; lea 1f(%%rip), %%rax; "
		"push %%rax; iretq; 1:",
		.rcx = -BIT(32) | 2, .no_registers = true);
}

static void test_iopl(void)
{
	static const char *const names[] = {"cli", "sti", "in", "out", "in.dx", "outs", "hlt"};
	const void *code[] = {CODE("cli"), CODE("sti"), CODE("in $0x80, %%al"),
		CODE("out %%al, $0x80"), CODE("mov $0x80, %%edx; in %%dx, %%al"),
		CODE("mov $0x80, %%edx; mov %%rsp, %%rsi; outsb"), CODE("hlt")};

	for (unsigned i = 0; i < ARRAY_LEN(code); i++) {
		line_begin("iopl.%s", names[i]);
		for (unsigned iopl = 0; iopl < 4; iopl++) {
			struct probe p = {
				.code = code[i], .mode = RING3, .flags = (uint64_t)iopl << 12};

			probe_run(&p);
			line_add(" ");
			probe_show_brief();
			line_add("/%x", events[0].frame.rflags & RFLAGS_IF);
		}
		line_end();
	}
}

/* SDM "I/O Permission Bit Map": ports at the map's end, of each width. */
static void show_io(const char *name, const void *code, uint64_t port)
{
	struct probe p = {.code = code, .mode = RING3, .rdx = port};

	line_begin("io-map.%s.%x", name, port);
	probe_run(&p);
	probe_show_brief();
	line_end();
}

static void test_io_map(void)
{
	const void *in8 = CODE("in %%dx, %%al"), *in16 = CODE("in %%dx, %%ax"),
		   *in32 = CODE("in %%dx, %%eax");
	static const uint16_t ports[] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x87, 0x88, 0x3f8 + 7,
		0x3f8 + 6, 0x400, 0x407, 0x408, 0xffff};

	tss.io_map[0x80 / 8] = 0xe0; /* 80h to 84h */
	tss.io_map[0x3f8 / 8] = 0;
	for (unsigned i = 0; i < ARRAY_LEN(ports); i++) {
		show_io("in8", in8, ports[i]);
		show_io("in16", in16, ports[i]);
		show_io("in32", in32, ports[i]);
	}
	tss.io_map_base = 0xfff0;
	show_io("beyond", in8, 0x80);
	tss.io_map_base = sizeof(tss) - 1;
	show_io("one-byte", in8, 0);
	tss.io_map_base = offsetof(struct tss, io_map);
	tss.io_map[0x80 / 8] = 0xff;
	tss.io_map[0x3f8 / 8] = 0xff;
}

/* --- IRETQ --- */

static void show_iret(
	const char *name, enum mode mode, uint64_t ss, uint64_t rsp, uint64_t cs, uint64_t rip)
{
	struct probe p = {.code = CODE("push %%rax; push %%rbx; push $2; push %%rcx; push %%rdx; "
				       "iretq; nop; nop; nop"),
		.mode = mode,
		.no_registers = true,
		.rax = ss,
		.rbx = rsp,
		.rcx = cs};

	p.rdx = rip >= BIT(47) ? rip : (uint64_t)p.code + 9 + (cs & 3 ? USER_ALIAS : 0) + rip;
	probe(name, &p);
}

static void test_iret(void)
{
	uint64_t rsp = machine_test_stack() + 16, user = rsp + USER_ALIAS;

	show_iret("iret.same", RING0, SEL_KERNEL_DATA, rsp, SEL_KERNEL_CODE, 0);
	show_iret("iret.same.null-ss", RING0, 0, rsp, SEL_KERNEL_CODE, 0);
	show_iret("iret.same.null-ss.rpl3", RING0, 3, rsp, SEL_KERNEL_CODE, 0);
	show_iret("iret.same.unaligned", RING0, SEL_KERNEL_DATA, rsp + 3, SEL_KERNEL_CODE, 0);
	show_iret("iret.same.stack-noncanonical", RING0, SEL_KERNEL_DATA, NONCANONICAL,
		SEL_KERNEL_CODE, 0);
	show_iret("iret.outer", RING0, SEL_USER_DATA, user, SEL_USER_CODE, 0);
	show_iret("iret.outer.stack-noncanonical", RING0, SEL_USER_DATA, NONCANONICAL,
		SEL_USER_CODE, 0);
	show_iret("iret.outer.null-ss", RING0, 0, user, SEL_USER_CODE, 0);
	show_iret("iret.outer.null-ss.rpl3", RING0, 3, user, SEL_USER_CODE, 0);
	show_iret("iret.outer.ss-rpl0", RING0, SEL_USER_DATA & ~3, user, SEL_USER_CODE, 0);
	show_iret("iret.outer.ss-kernel", RING0, SEL_KERNEL_DATA | 3, user, SEL_USER_CODE, 0);
	show_iret("iret.outer.ss-code", RING0, SEL_USER_CODE, user, SEL_USER_CODE, 0);
	show_iret("iret.outer.ss-beyond", RING0, 0xfffb, user, SEL_USER_CODE, 0);
	show_iret("iret.rip-noncanonical", RING0, SEL_KERNEL_DATA, rsp, SEL_KERNEL_CODE, BIT(47));
	show_iret(
		"iret.outer.rip-noncanonical", RING0, SEL_USER_DATA, user, SEL_USER_CODE, BIT(63));
	show_iret("iret.cs-null", RING0, SEL_KERNEL_DATA, rsp, 0, 0);
	show_iret("iret.cs-null3", RING0, SEL_USER_DATA, user, 3, 0);
	show_iret("iret.cs-data", RING0, SEL_KERNEL_DATA, rsp, SEL_KERNEL_DATA, 0);
	show_iret("iret.cs-tss", RING0, SEL_KERNEL_DATA, rsp, SEL_TSS, 0);
	show_iret("iret.cs-beyond", RING0, SEL_KERNEL_DATA, rsp, 0xfff8, 0);
	show_iret("iret.cs-rpl1", RING0, SEL_KERNEL_DATA, rsp, SEL_KERNEL_CODE | 1, 0);
	show_iret("iret.cs-rpl3-dpl0", RING0, SEL_USER_DATA, user, SEL_KERNEL_CODE | 3, 0);
	show_iret("iret.cs-rpl0-dpl3", RING0, SEL_KERNEL_DATA, rsp, SEL_USER_CODE & ~3, 0);
	show_iret("iret.inner", RING3, SEL_KERNEL_DATA, rsp, SEL_KERNEL_CODE, 0);
	show_iret("iret.same3", RING3, SEL_USER_DATA, user, SEL_USER_CODE, 0);
	show_iret("iret.same3.null-ss", RING3, 3, user, SEL_USER_CODE, 0);
	show_iret("iret.compat", RING0, SEL_KERNEL_DATA, rsp, SEL_CODE32, 0);
	show_iret("iret.compat.null-ss", RING0, 0, rsp, SEL_CODE32, 0);
	show_iret("iret.compat.high-rip", RING0, SEL_KERNEL_DATA, rsp, SEL_CODE32, BIT(32));
	show_iret("iret.compat.high-rsp", RING0, SEL_KERNEL_DATA, rsp | BIT(32), SEL_CODE32, 0);
	show_iret("iret.compat3", RING0, SEL_USER_DATA, user, SEL_USER_CODE32, 0);
	gdt[SEL(0) / 8] = gdt[SEL_KERNEL_CODE / 8] & ~SEG_P;
	show_iret("iret.cs-absent", RING0, SEL_KERNEL_DATA, rsp, SEL(0), 0);
	gdt[SEL(0) / 8] = gdt[SEL_KERNEL_CODE / 8] | SEG_D;
	show_iret("iret.cs-long-and-big", RING0, SEL_KERNEL_DATA, rsp, SEL(0), 0);
	gdt[SEL(0) / 8] = gdt[SEL_KERNEL_CODE / 8] | CONFORMING;
	show_iret("iret.cs-conforming3", RING0, SEL_USER_DATA, user, SEL(0) | 3, 0);
	gdt[SEL(0) / 8] = gdt[SEL_KERNEL_DATA / 8] & ~SEG_P;
	show_iret("iret.ss-absent", RING0, SEL(0), rsp, SEL_KERNEL_CODE, 0);
	gdt[SEL(0) / 8] = 0;
	PROBE("iret.nt", "iretq", .flags = RFLAGS_NT);
	PROBE("iret.stack-unmapped", "iretq", .rsp = UNMAPPED);
	PROBE("iret.hides",
		"mov $0x10, %%eax; mov %%eax, %%ds; mov $0x1b, %%ecx; mov %%ecx, %%es; "
		"push $0x1b; push %%rbx; push $2; push $0x23; lea 1f(%%rip), %%rdx; "
		"add %%rsi, %%rdx; push %%rdx; iretq; 1: mov %%ds, %%eax; mov %%es, "
		"%%ecx",
		.rbx = user, .rsi = USER_ALIAS, .keep = BIT(RAX) | BIT(RCX));
}

/* --- far jumps, calls and returns --- */

static void show_far(const char *name, const void *code, enum mode mode, uint64_t selector)
{
	struct probe p = {.code = code,
		.mode = mode,
		.rax = selector,
		.no_registers = true,
		.rbx = machine_test_stack() + 64 + (mode == RING3 ? USER_ALIAS : 0)};

	probe(name, &p);
}

#define FAR_POINTER "lea 1f(%%rip), %%rdx; mov %%edx, (%%rbx); mov %%ax, 4(%%rbx); "

static void show_far_all(
	const char *jump, const char *call, const char *ret, enum mode mode, uint64_t selector)
{
	const void *codes[] = {CODE(FAR_POINTER "ljmpl *(%%rbx); ud2; 1: nop"),
		CODE(FAR_POINTER "lcalll *(%%rbx); ud2; 1: nop"),
		CODE("push %%rax; lea 1f(%%rip), %%rdx; push %%rdx; lretq; ud2; 1: nop")};

	show_far(jump, codes[0], mode, selector);
	show_far(call, codes[1], mode, selector);
	show_far(ret, codes[2], mode, selector);
}

#define FAR(name, mode, selector)                                                                  \
	show_far_all("far.jmp." name, "far.call." name, "far.ret." name, mode, selector)

static void test_far(void)
{
	uint64_t *d = &gdt[SEL(0) / 8], code = gdt[SEL_KERNEL_CODE / 8];

	FAR("same", RING0, SEL_KERNEL_CODE);
	FAR("same3", RING3, SEL_USER_CODE);
	FAR("same3.rpl0", RING3, SEL_USER_CODE & ~3);
	FAR("rpl3", RING0, SEL_KERNEL_CODE | 3);
	FAR("compat", RING0, SEL_CODE32);
	FAR("null", RING0, 0);
	FAR("null3", RING3, 3);
	FAR("data", RING0, SEL_KERNEL_DATA);
	FAR("beyond", RING0, 0xfff8);
	FAR("inner", RING3, SEL_KERNEL_CODE);
	FAR("inner.rpl3", RING3, SEL_KERNEL_CODE | 3);
	FAR("outer", RING0, SEL_USER_CODE);
	FAR("outer.rpl0", RING0, SEL_USER_CODE & ~3);
	*d = code & ~SEG_P;
	FAR("absent", RING0, SEL(0));
	*d = code | SEG_D;
	FAR("long-and-big", RING0, SEL(0));
	*d = code | CONFORMING;
	FAR("conforming", RING0, SEL(0));
	FAR("conforming3", RING3, SEL(0));
	FAR("conforming3.rpl3", RING3, SEL(0) | 3);
	*d = code | CONFORMING | DPL(3);
	FAR("conforming.dpl3", RING0, SEL(0));
	*d = code & ~BIT(40);
	FAR("not-accessed", RING0, SEL(0));
	line_begin("far.accessed-after");
	line_add(" %x", *d >> 40 & 1);
	line_end();
	*d = 0;
}

static void test_far_returns(void)
{
	uint64_t user = machine_test_stack() + 16 + USER_ALIAS;

	PROBE("far.ret.outer.full",
		"push $0x1b; push %%rbx; push $0x23; lea 1f(%%rip), %%rdx; add %%rsi, %%rdx; push "
		"%%rdx; lretq; 1: mov %%ds, %%eax",
		.rbx = user, .rsi = USER_ALIAS, .keep = BIT(RAX));
	PROBE("far.ret.outer.release",
		"push $0x1b; push %%rbx; push $7; push $0x23; lea 1f(%%rip), %%rdx; add %%rsi, "
		"%%rdx; push %%rdx; lretq $8; 1: mov %%ds, %%eax",
		.rbx = user, .rsi = USER_ALIAS, .keep = BIT(RAX));
	PROBE("far.ret.release", "push $7; push $8; lea 1f(%%rip), %%rdx; push %%rdx; lretq $8; 1:",
		.no_registers = true);
	PROBE("far.ret.32",
		"sub $8, %%rsp; movl $8, 4(%%rsp); lea 1f(%%rip), %%edx; mov %%edx, "
		"(%%rsp); lretl; 1:",
		.no_registers = true);
	PROBE("far.ret.outer.null-ss",
		"push $3; push %%rbx; push $0x23; lea 1f(%%rip), %%rdx; add %%rsi, %%rdx; push "
		"%%rdx; lretq; 1:",
		.rbx = user, .rsi = USER_ALIAS, .no_registers = true);
	gdt[SEL(0) / 8] = gdt[SEL_USER_DATA / 8] & ~SEG_P;
	PROBE("far.ret.outer.ss-absent", "push $0x5b; push %%rbx; push $0x23; push %%rdx; lretq",
		.rbx = user, .rdx = USER_ALIAS);
	gdt[SEL(0) / 8] = 0;
	PROBE("far.ret.noncanonical", "push $8; push %%rbx; lretq", .rbx = BIT(47));
	PROBE("far.ret.unmapped", "lretq", .rsp = UNMAPPED);
	PROBE("far.jmp.noncanonical", "mov %%rcx, (%%rbx); movw $8, 8(%%rbx); rex64 ljmp *(%%rbx)",
		.rbx = machine_test_stack() + 64, .rcx = BIT(63));
	PROBE("far.jmp.unmapped", "ljmpl *(%%rbx)", .rbx = UNMAPPED);
	PROBE("far.call.stack-unmapped", FAR_POINTER "lcalll *(%%rbx); 1:", .rax = SEL_KERNEL_CODE,
		.rbx = machine_test_stack() + 64, .rsp = UNMAPPED, .no_registers = true);
}

/* --- SYSCALL and SYSRET --- */

static void test_syscall(void)
{
	uint64_t star = rdmsr(MSR_STAR);

	PROBE("syscall.plain", "syscall", .mode = RING3, .flags = RFLAGS_DF | RFLAGS_AC);
	PROBE("syscall.ring0", "syscall");
	wrmsr(MSR_SFMASK, RFLAGS_DF | RFLAGS_ID);
	PROBE("syscall.mask", "syscall", .mode = RING3, .flags = RFLAGS_DF | RFLAGS_AC | RFLAGS_ID);
	wrmsr(MSR_SFMASK, -1u);
	PROBE("syscall.mask.all", "syscall", .mode = RING3, .flags = RFLAGS_DF);
	wrmsr(MSR_SFMASK, 0);
	PROBE("syscall.nt", "syscall", .mode = RING3, .flags = RFLAGS_NT);
	PROBE("syscall.rf", "syscall", .mode = RING3, .flags = RFLAGS_RF, .rf = true);
	PROBE("syscall.no-sce", "syscall", .mode = RING3, .efer_flip = EFER_SCE);
	PROBE("sysret.no-sce", "sysretq", .efer_flip = EFER_SCE);
	wrmsr(MSR_STAR, star | 3ul << 32);
	PROBE("syscall.rpl3", "syscall", .mode = RING3);
	wrmsr(MSR_STAR, star);
	PROBE("syscall.compat", ".byte 0x0f, 0x05", .mode = COMPAT3);
	PROBE("sysret.ring3", "sysretq", .mode = RING3);
	PROBE("sysret.noncanonical", "sysretq", .rcx = BIT(47));
	PROBE("sysret.64", "lea 1f(%%rip), %%rcx; add %%rsi, %%rcx; sysretq; 1:", .rsi = USER_ALIAS,
		.r11 = 2, .no_registers = true);
	PROBE("sysret.64.flags",
		"lea 1f(%%rip), %%rcx; add %%rsi, %%rcx; sysretq; 1:", .rsi = USER_ALIAS,
		.r11 = -1ul & ~RFLAGS_TF, .no_registers = true, .rf = true);
	PROBE("sysret.32", "lea 1f(%%rip), %%rcx; add %%rsi, %%rcx; sysretl; 1: .byte 0x48; nop",
		.rsi = USER_ALIAS, .r11 = 2);
	PROBE("sysret.32.upper",
		"lea 1f(%%rip), %%rcx; add %%rsi, %%rcx; sysretl; 1:", .rsi = USER_ALIAS | BIT(40),
		.r11 = 2, .no_registers = true);
	wrmsr(MSR_STAR, (star & 0xffffffffffff) | 0x10ul << 48);
	PROBE("sysret.rpl0",
		"lea 1f(%%rip), %%rcx; add %%rsi, %%rcx; sysretq; 1:", .rsi = USER_ALIAS, .r11 = 2,
		.no_registers = true);
	wrmsr(MSR_STAR, star);
	PROBE("sysret.compat", ".byte 0x0f, 0x07", .mode = COMPAT0);
}

/* --- bases of FS and GS --- */

static void test_bases(void)
{
	wrmsr(MSR_KERNEL_GS_BASE, 0x1234);
	wrmsr(MSR_GS_BASE, 0x5678);
	PROBE("base.swapgs.ring3", "swapgs", .mode = RING3);
	PROBE("base.swapgs.compat", ".byte 0x0f, 0x01, 0xf8", .mode = COMPAT0);
	PROBE("base.rdfsbase.off", "rdfsbase %%rax");
	PROBE("base.rdfsbase",
		"mov $0xc0000100, %%ecx; mov $0x11, %%eax; mov $0x22, %%edx; wrmsr; "
		"rdfsbase %%rax; mov $-1, %%rbx; rdfsbase %%ebx",
		.cr4_flip = CR4_FSGSBASE);
	PROBE("base.wrfsbase.noncanonical", "wrfsbase %%rax", .cr4_flip = CR4_FSGSBASE,
		.rax = BIT(47), .mode = RING3);
	PROBE("base.wrfsbase.32", "wrfsbase %%eax; rdfsbase %%rcx", .cr4_flip = CR4_FSGSBASE,
		.rax = -1ul);
	PROBE("base.wrgsbase.ring3", "wrgsbase %%rax; rdgsbase %%rcx", .cr4_flip = CR4_FSGSBASE,
		.rax = 0x123456789000, .mode = RING3);
	PROBE("base.swapgs",
		"wrgsbase %%rax; mov $0xc0000102, %%ecx; xor %%edx, %%edx; mov $9, "
		"%%eax; wrmsr; swapgs; rdgsbase %%rbx; rdmsr",
		.cr4_flip = CR4_FSGSBASE, .rax = 0x7777);
	PROBE("base.compat.rdfsbase", ".byte 0xf3, 0x0f, 0xae, 0xc0", .mode = COMPAT0,
		.cr4_flip = CR4_FSGSBASE);
	PROBE("base.load-null", "wrfsbase %%rax; mov %%ecx, %%fs; rdfsbase %%rbx",
		.cr4_flip = CR4_FSGSBASE, .rax = 0x7777);
	PROBE("base.load-data", "wrfsbase %%rax; mov %%ecx, %%fs; rdfsbase %%rbx",
		.cr4_flip = CR4_FSGSBASE, .rax = 0x123456789, .rcx = SEL_KERNEL_DATA);
	PROBE("base.used", "wrgsbase %%rsp; push $0x55; mov %%gs:-8, %%rcx",
		.cr4_flip = CR4_FSGSBASE);
	PROBE("base.noncanonical-sum", "wrgsbase %%rax; mov %%gs:0x10, %%rcx",
		.cr4_flip = CR4_FSGSBASE, .rax = BIT(47) - 8);
	PROBE("base.address-size", "wrgsbase %%rax; addr32 mov %%gs:(%%ecx), %%rdx",
		.cr4_flip = CR4_FSGSBASE, .rax = UNMAPPED, .rcx = -BIT(32) | 0x123);
}

/* --- compatibility mode --- */

static void test_compat(void)
{
	PROBE32(COMPAT0, "compat.plain", "mov $0x12345678, %%eax; inc %%eax");
	PROBE32(COMPAT0, "compat.int", "int $0x40");
	PROBE32(COMPAT3, "compat.ring3.int", "int $0x40");
	PROBE32(COMPAT3, "compat.ring3.ud", "ud2");
	PROBE32(COMPAT0, "compat.into", "mov $0x7fffffff, %%eax; inc %%eax; into");
	PROBE32(COMPAT0, "compat.into.not", "into");
	PROBE32(COMPAT3, "compat.into.ring3", "mov $0x7fffffff, %%eax; inc %%eax; into");
	PROBE32(COMPAT0, "compat.push",
		"push %%eax; push %%ds; push $5; pushw $6; mov %%esp, %%ecx");
	PROBE32(COMPAT0, "compat.pusha", "pusha; mov %%esp, %%ecx; popa", .rax = 5, .rbx = 6);
	PROBE32(COMPAT0, "compat.call", "call 1f; 1: mov (%%esp), %%ecx");
	PROBE32(COMPAT0, "compat.upper-cleared", "mov %%eax, %%ecx; mov %%esp, %%edx", .rcx = -1ul,
		.rsi = -1ul);
	PROBE32(COMPAT0, "compat.upper-kept", "nop", .rsi = 0x1234567800000000);
	PROBE32(COMPAT0, "compat.16-bit-address", "lea 5(%%bx, %%si), %%ecx", .rbx = 0x1ffff,
		.rsi = 0x20002);
	PROBE32(COMPAT0, "compat.ljmp64", "ljmp $8, $1f; .code64; 1: rex64 nop; mov %%rsp, %%rcx");
	PROBE32(COMPAT0, "compat.lcall.64", "lcall $8, $1f; .code64; 1: mov (%%rsp), %%rcx");
	PROBE32(COMPAT0, "compat.popss", "push %%ss; pop %%ss; nop", .flags = RFLAGS_TF,
		.resume = {BIT(1)});
	if (reckless)
		PROBE32(COMPAT0, "reckless.compat.pae",
			"mov %%cr4, %%eax; and $~0x20, %%eax; mov %%eax, %%cr4",
			.no_registers = true);
	PROBE32(COMPAT0, "compat.lgdt", "sgdt (%%ecx); mov (%%ecx), %%eax; lgdt (%%ecx)",
		.rcx = machine_test_stack() + 64, .keep = 1);
	PROBE32(COMPAT0, "compat.inc-reg", ".byte 0x40, 0x48, 0x41");
	PROBE32(COMPAT0, "compat.iret", "pushf; push %%cs; call 1f; jmp 2f; 1: iret; 2:");
	PROBE32(COMPAT0, "compat.iret.outer",
		"push $0x1b; push %%ebx; push $2; push $0x43; push $1f + 0x40000000; iret; 1:",
		.rbx = machine_test_stack() + USER_ALIAS);
	PROBE32(COMPAT0, "compat.lret.outer",
		"push $0x1b; push %%ebx; push $0x43; push $1f + 0x40000000; lret; 1:",
		.rbx = machine_test_stack() + USER_ALIAS);
	PROBE32(COMPAT0, "compat.noncanonical.impossible", "mov -4(%%eax), %%ecx");
	PROBE32(COMPAT0, "compat.ss-null", "xor %%eax, %%eax; mov %%eax, %%ss");
	PROBE32(COMPAT0, "compat.stack-wrap", "push %%eax", .rsp = 0x100000002);
	PROBE32(COMPAT0, "compat.eip-wrap", "jmp *%%eax", .rax = 0xfffffffe);
}

void test_transfers(void)
{
	test_flags();
	test_iopl();
	test_io_map();
	test_iret();
	test_far();
	test_far_returns();
	test_syscall();
	test_bases();
	test_compat();
}
