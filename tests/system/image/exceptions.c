/* exceptions.c - what raises which vector, and what its delivery pushes and where. */
#include "sim/kernel/x86.h"
#include "tests/system/image/tests.h"

#define NONCANONICAL 0x8000000000000000
#define UNMAPPED     0x700000000000

#define RESUME_DB .resume = {BIT(1)}

/* --- instructions that fault or trap --- */

static void test_plain(void)
{
	PROBE("plain.end", "nop");
	PROBE("plain.end.ring3", "nop", .mode = RING3);
	PROBE("plain.de", "div %%ecx");
	PROBE("plain.de.overflow", "mov $2, %%edx; mov $1, %%ecx; div %%ecx");
	PROBE("plain.de.ring3", "div %%ecx", .mode = RING3);
	PROBE("plain.idiv.min", "cqto; idiv %%rcx", .rax = BIT(63), .rcx = -1ul);
	PROBE("plain.bp", "int3");
	PROBE("plain.bp.ring3", "int3", .mode = RING3);
	PROBE("plain.int3.long", ".byte 0xcd, 3");
	PROBE("plain.ud2", "ud2");
	PROBE("plain.ud1", "ud1 %%eax, %%eax");
	PROBE("plain.ud0", ".byte 0x0f, 0xff, 0xc0");
	PROBE("plain.int", "int $0x40");
	PROBE("plain.int.ring3", "int $0x40", .mode = RING3);
	PROBE("plain.hlt.ring3", "hlt", .mode = RING3);
	PROBE("plain.int1", ".byte 0xf1");
	PROBE("plain.int1.ring3", ".byte 0xf1", .mode = RING3);
	PROBE("plain.too-long", ".fill 14, 1, 0x66; nop; nop");
	PROBE("plain.too-long.16", ".fill 15, 1, 0x66; nop");
	PROBE("plain.lock.register", ".byte 0xf0, 0x01, 0xc0");
	PROBE("plain.lock.load", ".byte 0xf0, 0x8b, 0x04, 0x24");
	PROBE("plain.stack.unaligned", "add $3, %%rsp; ud2");
	PROBE("plain.stack.unaligned.error", "sub $5, %%rsp; mov %%eax, (%%rcx)", .rcx = UNMAPPED);
	PROBE("plain.ring3.any-stack", "ud2", .mode = RING3, .rsp = NONCANONICAL);
	PROBE("plain.error.ring3", "hlt", .mode = RING3, .rsp = 0x1234567);
}

/* One byte after another that 64-bit mode does not know. */
static void test_invalid(void)
{
	PROBE("invalid.06", ".byte 0x06");
	PROBE("invalid.0e", ".byte 0x0e");
	PROBE("invalid.16", ".byte 0x16");
	PROBE("invalid.17", ".byte 0x17");
	PROBE("invalid.1e", ".byte 0x1e");
	PROBE("invalid.27", ".byte 0x27");
	PROBE("invalid.2f", ".byte 0x2f");
	PROBE("invalid.37", ".byte 0x37");
	PROBE("invalid.3f", ".byte 0x3f");
	PROBE("invalid.60", ".byte 0x60");
	PROBE("invalid.61", ".byte 0x61");
	PROBE("invalid.82", ".byte 0x82, 0xc0, 0");
	PROBE("invalid.9a", ".byte 0x9a, 0, 0, 0, 0, 0, 0");
	PROBE("invalid.ce", ".byte 0xce");
	PROBE("invalid.d4", ".byte 0xd4, 10");
	PROBE("invalid.d5", ".byte 0xd5, 10");
	PROBE("invalid.d6", ".byte 0xd6");
	PROBE("invalid.ea", ".byte 0xea, 0, 0, 0, 0, 0, 0");
	PROBE("invalid.fe.7", ".byte 0xfe, 0xf8");
	PROBE("invalid.ff.7", ".byte 0xff, 0xf8");
	PROBE("invalid.ff.5.register", ".byte 0xff, 0xe8");
	PROBE("invalid.ff.3.register", ".byte 0xff, 0xd8");
	PROBE("invalid.8d.register", ".byte 0x8d, 0xc0");
	PROBE("invalid.8c.6", ".byte 0x8c, 0xf0");
	PROBE("invalid.8e.1", ".byte 0x8e, 0xc8");
	PROBE("invalid.8e.7", ".byte 0x8e, 0xf8");
	PROBE("invalid.c6.1", ".byte 0xc6, 0xc8, 0");
	PROBE("invalid.8f.1", ".byte 0x8f, 0xc8");
	PROBE("invalid.0f04", ".byte 0x0f, 0x04");
	PROBE("invalid.0f0a", ".byte 0x0f, 0x0a");
	PROBE("invalid.0f24", ".byte 0x0f, 0x24, 0xc0");
	PROBE("invalid.0f36", ".byte 0x0f, 0x36");
	PROBE("invalid.0fa6", ".byte 0x0f, 0xa6, 0xc0");
	PROBE("invalid.0fba.3", ".byte 0x0f, 0xba, 0xd8, 0");
	PROBE("invalid.0fc7.register", ".byte 0x0f, 0xc7, 0xc8");
	PROBE("invalid.0f00.6", ".byte 0x0f, 0x00, 0xf0");
	PROBE("invalid.0f01.5", ".byte 0x0f, 0x01, 0x28");
	PROBE("invalid.cr1", ".byte 0x0f, 0x20, 0xc8");
	PROBE("invalid.cr5", ".byte 0x0f, 0x22, 0xe8");
	PROBE("invalid.cr9", ".byte 0x44, 0x0f, 0x20, 0xc8");
	PROBE("invalid.cr1.ring3", ".byte 0x0f, 0x20, 0xc8", .mode = RING3);
	PROBE("invalid.dr8", ".byte 0x44, 0x0f, 0x21, 0xc0");
	PROBE("invalid.vmcall", "vmcall");
	PROBE("invalid.sgdt.register", ".byte 0x0f, 0x01, 0xc0 + 0x10 + 0x07");
}

/* --- the interrupt table --- */

/* Runs INT 40h with the gate changed: names end in the CPL. */
static void show_gate(const char *name, struct gate gate, unsigned size)
{
	struct gate saved = idt[0x40];
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) full = {sizeof(idt) - 1, (uint64_t)idt},
				  small = {(uint16_t)(size - 1), (uint64_t)idt};
	struct probe p = {.code = CODE("int $0x40"), .no_registers = true};

	idt[0x40] = gate;
	for (unsigned ring = 0; ring <= 3; ring += 3) {
		line_begin("gate.%s.ring%u", name, (uint64_t)ring);
		p.mode = ring == 0 ? RING0 : RING3;
		__asm__ volatile("lidt %0" : : "m"(small));
		probe_run(&p);
		__asm__ volatile("lidt %0" : : "m"(full));
		probe_show(&p);
		line_end();
	}
	idt[0x40] = saved;
}

static void with_flags(const char *name, uint16_t flags)
{
	struct gate g = idt[0x40];

	g.flags = flags;
	show_gate(name, g, sizeof(idt));
}

static void with_selector(const char *name, uint16_t selector)
{
	struct gate g = idt[0x40];

	g.selector = selector;
	g.flags |= GATE_DPL3;
	show_gate(name, g, sizeof(idt));
}

static void test_gate_flags(void)
{
	static const char *const names[] = {"type0", "type1", "type2", "type3", "type4", "type5",
		"type6", "type7", "type8", "type9", "typea", "typeb", "typec", "typed", "typee",
		"typef"};

	for (unsigned type = 0; type < 16; type++)
		with_flags(names[type], (uint16_t)(0xe000 | type << 8));
	with_flags("dpl0", 0x8e00);
	with_flags("dpl1", 0xae00);
	with_flags("dpl2", 0xce00);
	with_flags("s-bit", 0xfe00);
	with_flags("absent", 0x6e00);
	with_flags("absent.dpl0", 0x0e00);
	with_flags("absent.type0", 0x6000);
	with_flags("ist2", 0xee02);
	with_flags("ist7", 0xee07);
	with_flags("reserved", 0xeef8);
}

static void test_gate_limits(void)
{
	struct gate g = idt[0x40];

	g.flags |= GATE_DPL3;
	show_gate("limit.exact", g, 0x41 * 16);
	show_gate("limit.short1", g, 0x41 * 16 - 1);
	show_gate("limit.short8", g, 0x41 * 16 - 8);
	show_gate("limit.short16", g, 0x40 * 16);
	g.offset_high = 0x8000;
	show_gate("offset.noncanonical", g, sizeof(idt));
}

static void test_gate_selectors(void)
{
	uint64_t *d = &gdt[SEL_FREE / 8];

	with_selector("cs.null", 0);
	with_selector("cs.null3", 3);
	with_selector("cs.rpl3", SEL_KERNEL_CODE | 3);
	with_selector("cs.data", SEL_KERNEL_DATA);
	with_selector("cs.user", SEL_USER_CODE);
	with_selector("cs.code32", SEL_CODE32);
	with_selector("cs.tss", SEL_TSS);
	with_selector("cs.beyond", 0xfff8);
	with_selector("cs.ldt", SEL_KERNEL_CODE | 4);
	*d = gdt[1] & ~BIT(47);
	with_selector("cs.absent", SEL_FREE);
	*d = gdt[1] | BIT(42);
	with_selector("cs.conforming", SEL_FREE);
	*d = gdt[1] | BIT(42) | BIT(45) | BIT(46);
	with_selector("cs.conforming3", SEL_FREE);
	*d = gdt[1] | BIT(54);
	with_selector("cs.long-and-big", SEL_FREE);
	*d = gdt[1] | BIT(45);
	with_selector("cs.dpl1", SEL_FREE);
	*d = gdt[1] & ~BIT(40);
	with_selector("cs.not-accessed", SEL_FREE);
	line_begin("gate.cs.accessed-after");
	line_add(" %x", *d >> 40 & 1);
	line_end();
	*d = 0;
}

/* Faults while an exception or interrupt is delivered: EXT is set in their error codes. */
static void show_nested(const char *name, const void *code, unsigned vector, struct gate gate)
{
	struct probe p = {.code = code, .flags = 0};

	for (unsigned ring = 0; ring <= 3; ring += 3) {
		p.mode = ring == 0 ? RING0 : RING3;
		idt[vector] = gate;
		line_begin("nested.%s.ring%u", name, (uint64_t)ring);
		probe_run(&p);
		probe_show(&p);
		line_end();
		gate_reset(vector);
	}
}

static void test_nested(void)
{
	struct gate absent = idt[6], type = idt[6], selector = idt[6], null = idt[6];

	absent.flags &= (uint16_t)~0x8000;
	type.flags &= (uint16_t)~0x0f00;
	selector.selector = 0xfff8;
	null.selector = 0;
	show_nested("ud.absent", CODE("ud2"), 6, absent);
	show_nested("ud.type", CODE("ud2"), 6, type);
	show_nested("ud.selector", CODE("ud2"), 6, selector);
	show_nested("ud.null", CODE("ud2"), 6, null);
	show_nested("de.absent", CODE("div %%ecx"), 0, absent);
	show_nested("de.selector", CODE("div %%ecx"), 0, selector);
	show_nested("pf.absent", CODE("mov %%eax, 0x12345678"), 14, absent);
	show_nested("gp.absent", CODE("mov %%ecx, %%ds"), 13, absent);
	show_nested("int3.absent", CODE(".byte 0xcd, 3"), 3, absent);
	show_nested("int1.absent", CODE("nop"), 1, absent);
}

/* A TSS that ends before IST2. */
static void test_small_tss(void)
{
	uint64_t *d = &gdt[SEL_TSS / 8];

	tss_reset();
	*d = (*d & ~0xffffull) | 0x2b;
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	with_flags("tss-too-small", 0xee02);
	with_flags("tss-large-enough", 0xee01);
	tss_reset();
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

/* --- stacks that delivery cannot use: #DF on IST1 --- */

static void show_stack(const char *name, uint64_t rsp0, const struct probe *p)
{
	tss.rsp[0] = rsp0;
	probe(name, p);
	tss.rsp[0] = machine_trap_stack(0);
}

static void test_stacks(void)
{
	struct probe from3 = {.code = CODE("ud2"), .mode = RING3};
	struct probe gp3 = {.code = CODE("hlt"), .mode = RING3};
	struct probe pf3 = {.code = CODE("mov (%%rcx), %%eax"), .mode = RING3, .rcx = UNMAPPED};
	struct probe de3 = {.code = CODE("div %%ecx"), .mode = RING3};
	struct probe int3 = {.code = CODE("int $0x20"), .mode = RING3};

	show_stack("stack.rsp0.noncanonical.ud", NONCANONICAL, &from3);
	show_stack("stack.rsp0.noncanonical.gp", NONCANONICAL, &gp3);
	show_stack("stack.rsp0.noncanonical.pf", NONCANONICAL, &pf3);
	show_stack("stack.rsp0.noncanonical.de", NONCANONICAL, &de3);
	show_stack("stack.rsp0.noncanonical.int", NONCANONICAL, &int3);
	show_stack("stack.rsp0.noncanonical.low", BIT(47), &from3);
	show_stack("stack.rsp0.unmapped.ud", UNMAPPED, &from3);
	show_stack("stack.rsp0.unmapped.gp", UNMAPPED, &gp3);
	show_stack("stack.rsp0.unmapped.pf", UNMAPPED, &pf3);
	show_stack("stack.rsp0.unaligned", machine_trap_stack(0) - 7, &from3);
	PROBE("stack.same.noncanonical.ud", "ud2", .rsp = NONCANONICAL);
	PROBE("stack.same.noncanonical.gp", "mov %%eax, %%ds", .rsp = NONCANONICAL, .rax = 0xfff8);
	PROBE("stack.same.unmapped.ud", "ud2", .rsp = UNMAPPED);
	PROBE("stack.same.unmapped.pf", "push %%rax", .rsp = UNMAPPED);
	PROBE("stack.same.unmapped.int", "int $0x40", .rsp = UNMAPPED);
	PROBE("stack.push.noncanonical", "push %%rax", .rsp = NONCANONICAL);
}

/* --- #NM, and who may use the FPU --- */

static void show_fpu(const char *name, const void *code)
{
	static const struct {
		uint64_t cr0, cr4;
		const char *name;
	} settings[] = {
		{0, 0, "plain"},
		{CR0_TS, 0, "ts"},
		{CR0_EM, 0, "em"},
		{CR0_EM | CR0_TS, 0, "em+ts"},
		{CR0_MP, 0, "no-mp"},
		{CR0_MP | CR0_TS, 0, "ts-no-mp"},
		{0, CR4_OSFXSR, "no-osfxsr"},
		{CR0_TS, CR4_OSFXSR, "ts-no-osfxsr"},
		{CR0_EM, CR4_OSFXSR, "em-no-osfxsr"},
	};

	line_begin("fpu.%s", name);
	for (unsigned i = 0; i < ARRAY_LEN(settings); i++) {
		struct probe p = {.code = code,
			.cr0_flip = settings[i].cr0,
			.cr4_flip = settings[i].cr4,
			.rcx = machine_test_stack() - 1024};

		probe_run(&p);
		line_add(" %s=", settings[i].name);
		probe_show_brief();
	}
	line_end();
}

static void test_fpu(void)
{
	show_fpu("fninit", CODE("fninit"));
	show_fpu("fwait", CODE("fwait"));
	show_fpu("fnstcw", CODE("fnstcw (%%rcx)"));
	show_fpu("fnstsw", CODE("fnstsw %%ax"));
	show_fpu("fxsave", CODE("fxsave (%%rcx)"));
	show_fpu("fxsave.unaligned", CODE("fxsave 8(%%rcx)"));
	show_fpu("fld1", CODE("fld1"));
	show_fpu("fstp", CODE("fstpt (%%rcx)"));
	show_fpu("fnclex", CODE("fnclex"));
	show_fpu("fnsave", CODE("fnsave (%%rcx)"));
	show_fpu("paddb", CODE("paddb %%mm0, %%mm1"));
	show_fpu("emms", CODE("emms"));
	show_fpu("cvtpi2ps", CODE("cvtpi2ps %%mm0, %%xmm0"));
	show_fpu("cvtpi2ps.memory", CODE("cvtpi2pd (%%rcx), %%xmm0"));
	show_fpu("movaps", CODE("movaps %%xmm0, %%xmm1"));
	show_fpu("movaps.unaligned", CODE("movaps 8(%%rcx), %%xmm1"));
	show_fpu("movq", CODE("movq %%rax, %%xmm1"));
	show_fpu("pxor", CODE("pxor %%xmm0, %%xmm1"));
	show_fpu("ldmxcsr", CODE("movl $0x1f80, (%%rcx); ldmxcsr (%%rcx)"));
	show_fpu("ldmxcsr.reserved", CODE("movl $0x11f80, (%%rcx); ldmxcsr (%%rcx)"));
	show_fpu("prefetch", CODE("prefetchnta (%%rcx)"));
	show_fpu("movnti", CODE("movnti %%eax, (%%rcx)"));
	show_fpu("sfence", CODE("sfence"));
	show_fpu("clflush", CODE("clflush (%%rcx)"));
	PROBE("fpu.clts", "clts; mov %%cr0, %%rax; and $8, %%eax", .cr0_flip = CR0_TS, .rax = 1);
	PROBE("fpu.clts.ring3", "clts", .mode = RING3);
}

/* --- #MF and #XM --- */

/* 1 / 0 with ZE unmasked, which the next waiting instruction reports. */
#define DIVIDE                                                                                     \
	"fninit; pushq $0x37b; fldcw (%%rsp); pop %%rax; xor %%eax, %%eax;"                        \
	"fldz; fld1; fdiv %%st(1), %%st;"

static void test_mf(void)
{
	const uint64_t room = machine_test_stack() - 1024;

	PROBE("mf.none", DIVIDE "nop");
	PROBE("mf.fwait", DIVIDE "fwait");
	PROBE("mf.fwait.ring3", DIVIDE "fwait", .mode = RING3);
	PROBE("mf.fld1", DIVIDE "fld1");
	PROBE("mf.fnop", DIVIDE "fnop");
	PROBE("mf.fldcw", DIVIDE "fldcw (%%rcx)", .rcx = room);
	PROBE("mf.fldenv", DIVIDE "fldenv (%%rcx)", .rcx = room);
	PROBE("mf.fnstsw", DIVIDE "fnstsw %%ax");
	PROBE("mf.fnclex", DIVIDE "fnclex; fwait; fnstsw %%ax");
	PROBE("mf.fninit", DIVIDE "fninit; fwait; fnstsw %%ax");
	PROBE("mf.fnstenv",
		DIVIDE "fnstenv (%%rcx); fwait; mov (%%rcx), %%eax; mov 4(%%rcx), %%ebx",
		.rcx = room);
	PROBE("mf.fnsave", DIVIDE "fnsave (%%rcx); fwait; mov 4(%%rcx), %%eax", .rcx = room);
	PROBE("mf.fxsave", DIVIDE "fxsave (%%rcx); movzwl 2(%%rcx), %%eax", .rcx = room);
	PROBE("mf.fxrstor", DIVIDE "fxsave (%%rcx); fninit; fxrstor (%%rcx); fwait", .rcx = room);
	PROBE("mf.unmasked-later", "fninit; fldz; fld1; fdiv %%st(1), %%st; pushq $0x37b;"
				   "fldcw (%%rsp); fwait");
	PROBE("mf.mmx", DIVIDE "paddb %%mm0, %%mm1");
	PROBE("mf.emms", DIVIDE "emms");
	PROBE("mf.sse", DIVIDE "pxor %%xmm0, %%xmm1");
	PROBE("mf.ts", DIVIDE "mov %%cr0, %%rax; or $8, %%al; mov %%rax, %%cr0; fld1",
		.no_registers = true);
	PROBE("mf.ts.fwait", DIVIDE "mov %%cr0, %%rax; or $8, %%al; mov %%rax, %%cr0; fwait",
		.no_registers = true);
}

#define UNMASK_SSE "pushq $0x1d80; ldmxcsr (%%rsp); pop %%rax; xor %%eax, %%eax;"

/* 1 / 0 with ZM clear. The handler has nothing to undo: MXCSR is set again each time. */
static void test_xm(void)
{
	PROBE("xm.divss", UNMASK_SSE "inc %%eax; cvtsi2ss %%eax, %%xmm0; xorps %%xmm1, %%xmm1;"
				     "divss %%xmm1, %%xmm0");
	PROBE("xm.divss.ring3",
		UNMASK_SSE "inc %%eax; cvtsi2ss %%eax, %%xmm0;"
			   "xorps %%xmm1, %%xmm1; divss %%xmm1, %%xmm0",
		.mode = RING3);
	PROBE("xm.no-osxmmexcpt",
		UNMASK_SSE "inc %%eax; cvtsi2ss %%eax, %%xmm0;"
			   "xorps %%xmm1, %%xmm1; divss %%xmm1, %%xmm0",
		.cr4_flip = CR4_OSXMMEXCPT);
	PROBE("xm.masked", "pushq $0x1f80; ldmxcsr (%%rsp); pop %%rax");
}

/* --- #DB by RFLAGS.TF --- */

static void test_single_step(void)
{
	PROBE("step.nop", "nop; nop", .flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.nop.ring3", "nop; nop", .flags = RFLAGS_TF, .mode = RING3, RESUME_DB);
	PROBE("step.rep", "rep stosb; nop", .flags = RFLAGS_TF, .rcx = 3,
		.rdi = machine_test_stack() - 1024, RESUME_DB);
	PROBE("step.rep.0", "rep stosb; nop", .flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.popf.set", "pushf; orl $0x100, (%%rsp); popf; nop; nop", RESUME_DB);
	PROBE("step.popf.clear", "pushf; andl $~0x100, (%%rsp); popf; nop; nop", .flags = RFLAGS_TF,
		RESUME_DB);
	PROBE("step.mov-ss", "mov %%ss, %%eax; mov %%eax, %%ss; nop; nop", .flags = RFLAGS_TF,
		RESUME_DB);
	PROBE("step.mov-ss-twice", "mov %%ss, %%eax; mov %%eax, %%ss; mov %%eax, %%ss; nop; nop",
		.flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.lss", "mov %%esp, (%%rcx); mov %%ss, 4(%%rcx); lss (%%rcx), %%esp; nop",
		.flags = RFLAGS_TF, RESUME_DB, .rcx = machine_test_stack() + 64);
	PROBE("step.mov-ds", "mov %%ds, %%eax; mov %%eax, %%ds; nop", .flags = RFLAGS_TF,
		RESUME_DB);
	PROBE("step.sti", "sti; nop; cli; nop", .flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.fault", "ud2", .flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.int", "nop; int $0x40; nop", .flags = RFLAGS_TF, .resume = {BIT(1), BIT(0)});
	PROBE("step.int3", "nop; int3; nop", .flags = RFLAGS_TF, .resume = {BIT(1) | BIT(3)});
	PROBE("step.jmp", "jmp 1f; ud2; 1: nop", .flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.call", "call 1f; 1: nop", .flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.cpuid", "cpuid; nop", .flags = RFLAGS_TF, RESUME_DB, .no_registers = true);
	PROBE("step.wrmsr", "mov $0xc0000103, %%ecx; wrmsr; nop", .flags = RFLAGS_TF, RESUME_DB);
	PROBE("step.in", "in $0x80, %%al; nop", .flags = RFLAGS_TF, RESUME_DB,
		.no_registers = true);
	PROBE("step.iret.set",
		"mov %%rsp, %%rax; push $0x10; push %%rax; push $0x102; push $8; lea 1f(%%rip), "
		"%%rax; push %%rax; iretq; ud2; 1: nop; nop",
		RESUME_DB);
	PROBE("step.iret.clear",
		"mov %%rsp, %%rax; push $0x10; push %%rax; push $2; push $8; lea 1f(%%rip), "
		"%%rax; push %%rax; iretq; ud2; 1: nop; nop",
		.flags = RFLAGS_TF, RESUME_DB, .no_registers = true);
	PROBE("step.syscall", "syscall", .flags = RFLAGS_TF, .mode = RING3, RESUME_DB);
	wrmsr(MSR_SFMASK, RFLAGS_TF);
	PROBE("step.syscall.masked", "syscall", .flags = RFLAGS_TF, .mode = RING3, RESUME_DB);
	wrmsr(MSR_SFMASK, 0);
	PROBE("step.page-fault", "mov (%%rcx), %%eax", .flags = RFLAGS_TF, .rcx = UNMAPPED,
		RESUME_DB);
}

static void test_resume_flag(void)
{
	PROBE("rf.fault", "ud2", .rf = true);
	PROBE("rf.page-fault", "mov (%%rcx), %%eax", .rf = true, .rcx = UNMAPPED);
	PROBE("rf.trap", "int3", .rf = true);
	PROBE("rf.int", "int $0x40", .rf = true);
	PROBE("rf.step", "nop", .rf = true, .flags = RFLAGS_TF, RESUME_DB);
	PROBE("rf.entered", "pushf; pop %%rax; nop", .flags = RFLAGS_RF, .rf = true);
	PROBE("rf.entered.fault", "ud2", .flags = RFLAGS_RF, .rf = true);
	PROBE("rf.popf", "pushf; orl $0x10000, (%%rsp); popf; pushf; pop %%rax", .rf = true);
}

void test_exceptions(void)
{
	test_plain();
	test_invalid();
	test_gate_flags();
	test_gate_limits();
	test_gate_selectors();
	test_nested();
	test_small_tss();
	test_stacks();
	test_fpu();
	test_mf();
	test_xm();
	test_single_step();
	test_resume_flag();
}
