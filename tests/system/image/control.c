/* control.c - which bits the control, debug and model-specific registers take, and from whom.
 *
 * Writes are tried one bit at a time; a line shows the bits that raise #GP, and those that changed.
 */
#include "sim/kernel/x86.h"
#include "tests/system/image/tests.h"

#define MSR_APIC_BASE    0x1b
#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_PAT          0x277
#define MSR_MISC_ENABLE  0x1a0
#define MSR_MTRR_BASE    0x200 /* of the first pair */
#define MSR_MTRR_MASK    0x201
#define MSR_MTRR_FIXED   0x250
#define MSR_MTRR_DEFAULT 0x2ff
#define MSR_CSTAR        0xc0000083
#define MSR_TSC_AUX      0xc0000103

/* rax: a value to write, by XOR with what is there; rdx: what is read back. The old one returns. */
#define FLIP(reg)                                                                                  \
	"mov %%" reg ", %%rbx; xor %%rbx, %%rax; mov %%rax, %%" reg "; mov %%" reg                 \
	", %%rdx; mov %%rbx, %%" reg

static void show_bits(const char *name, const void *code, uint64_t bits)
{
	uint64_t faults = 0, changes = 0, others = 0;

	for (unsigned bit = 0; bit < 64; bit++) {
		struct probe p = {.code = code, .rax = BIT(bit)};
		const struct event *e = &events[0];

		if ((bits >> bit & 1) == 0)
			continue;
		probe_run(&p);
		if (e->frame.vector == 13)
			faults |= BIT(bit);
		else if (e->frame.vector != VECTOR_END)
			others |= BIT(bit);
		else if ((e->frame.gpr[RDX] ^ e->frame.gpr[RBX]) >> bit & 1)
			changes |= BIT(bit);
	}
	line_begin("%s", name);
	line_add(" gp=%x changed=%x", faults, changes);
	if (others != 0)
		line_add(" other=%x", others);
	line_end();
}

static void test_control_bits(void)
{
	show_bits("bits.cr0.low", CODE(FLIP("cr0")),
		0x0006fffe & ~0x10ul); /* but PE, ET, PG, caches */
	show_bits("bits.cr0.reserved", CODE(FLIP("cr0")), 0x1ffaffc0);
	show_bits("bits.cr0.upper", CODE(FLIP("cr0")), -BIT(32));
	show_bits("bits.cr0.et", CODE(FLIP("cr0")), BIT(4));
	show_bits("bits.cr0.cd", CODE(FLIP("cr0")), BIT(30));
	show_bits("bits.cr0.nw", CODE(FLIP("cr0")), BIT(29));
	show_bits("bits.cr4", CODE(FLIP("cr4")), 0x00310ef4 & ~BIT(5));
	show_bits("bits.cr4.vme-pvi", CODE(FLIP("cr4")), 3);
	show_bits("bits.cr4.mce-pce", CODE(FLIP("cr4")), 0x140);
	show_bits("bits.cr8", CODE(FLIP("cr8")), -1ul);
	show_bits("bits.cr2", CODE(FLIP("cr2")), -1ul);
	show_bits("bits.dr0", CODE(FLIP("dr0")), -1ul);
	show_bits("bits.dr6", CODE(FLIP("dr6")), -1ul);
	show_bits("bits.dr7.upper", CODE(FLIP("dr7")), 0xffffffff00000000);
	show_bits("bits.dr7.conditions", CODE(FLIP("dr7")), 0xffffdf00);
}

/* QEMU takes some of these, and goes astray. */
static void test_control_recklessly(void)
{
	PROBE("reckless.cr4.no-pae", "mov %%cr4, %%rax; btr $5, %%rax; mov %%rax, %%cr4",
		.no_registers = true);
	PROBE("reckless.cr0.pg-without-pe", "mov %%cr0, %%rax; and $~1, %%rax; mov %%rax, %%cr0",
		.no_registers = true);
	PROBE("reckless.cr0.no-pg", "mov %%cr0, %%rax; btr $31, %%rax; mov %%rax, %%cr0",
		.no_registers = true);
	PROBE("reckless.cr0.no-pg-no-pe",
		"mov %%cr0, %%rax; btr $31, %%rax; btr $0, %%rax; mov %%rax, %%cr0",
		.no_registers = true);
	show_bits("reckless.cr4.la57-vmx-smx", CODE(FLIP("cr4")), 0x7000);
	show_bits("reckless.cr4.pcide-osxsave", CODE(FLIP("cr4")), 0x60000);
	show_bits("reckless.cr4.reserved", CODE(FLIP("cr4")), 0xfe088000);
	show_bits("reckless.cr4.upper", CODE(FLIP("cr4")), -BIT(32));
	show_bits("reckless.cr3.low", CODE(FLIP("cr3")), 0xfff);
	show_bits("reckless.cr3.upper", CODE(FLIP("cr3")), 0x7ff0000000000000);
}

static void test_control_values(void)
{
	PROBE("cr0.value", "mov %%cr0, %%rax");
	PROBE("cr4.value", "mov %%cr4, %%rax");
	PROBE("cr0.nw-without-cd", "mov %%cr0, %%rax; or $0x20000000, %%eax; mov %%rax, %%cr0",
		.no_registers = true);
	PROBE("cr.ring3.cr0", "mov %%cr0, %%rax", .mode = RING3);
	PROBE("cr.ring3.cr2", "mov %%cr2, %%rax", .mode = RING3);
	PROBE("cr.ring3.cr3", "mov %%rax, %%cr3", .mode = RING3);
	PROBE("cr.ring3.cr8", "mov %%cr8, %%rax", .mode = RING3);
	PROBE("cr.ring3.dr0", "mov %%dr0, %%rax", .mode = RING3);
	PROBE("cr.ring3.dr7", "mov %%rax, %%dr7", .mode = RING3);
	PROBE("cr.mod-ignored", ".byte 0x0f, 0x20, 0x00; mov %%cr0, %%rcx; sub %%rcx, %%rax; xor "
				"%%ecx, %%ecx");
	PROBE("cr.lmsw.set", "smsw %%eax; or $8, %%eax; lmsw %%ax; smsw %%ecx; and $0xf, %%ecx",
		.keep = BIT(RCX));
	PROBE("cr.lmsw.clear", "smsw %%eax; and $~3, %%eax; lmsw %%ax; smsw %%ecx; and $0xf, %%ecx",
		.keep = BIT(RCX));
	PROBE("cr.lmsw.upper",
		"mov $-1, %%eax; mov %%cr0, %%rbx; lmsw %%ax; mov %%cr0, %%rcx; mov "
		"%%rbx, %%cr0; xor %%rbx, %%rcx",
		.keep = BIT(RCX));
	PROBE("cr.lmsw.ring3", "lmsw %%ax", .mode = RING3);
	PROBE("dr.4", ".byte 0x0f, 0x21, 0xe0");
	PROBE("dr.5", "mov $0x400, %%eax; .byte 0x0f, 0x23, 0xe8; .byte 0x0f, 0x21, 0xe9");
	PROBE("dr.4.de", ".byte 0x0f, 0x21, 0xe0", .cr4_flip = CR4_DE);
	PROBE("dr.5.de", ".byte 0x0f, 0x23, 0xe8", .cr4_flip = CR4_DE);
	PROBE("dr.4.de.ring3", ".byte 0x0f, 0x21, 0xe0", .cr4_flip = CR4_DE, .mode = RING3);
	PROBE("dr.6", "mov %%rax, %%dr6; mov %%dr6, %%rcx", .rax = 0xffffffff);
	PROBE("dr.6.zero", "mov %%rax, %%dr6; mov %%dr6, %%rcx");
	PROBE("dr.7", "mov %%rax, %%dr7; mov %%dr7, %%rcx", .rax = 0);
	PROBE("dr.7.conditions", "mov %%rax, %%dr7; mov %%dr7, %%rcx; mov %%rdx, %%dr7",
		.rax = 0xfffff000, .rdx = 0x400);
}

/* --- MSRs --- */

#define FLIP_MSR                                                                                   \
	"mov %%rax, %%r8; rdmsr; shl $32, %%rdx; or %%rax, %%rdx; mov %%rdx, %%rbx; mov %%rdx, "   \
	"%%rax; xor %%r8, %%rax; mov %%rax, %%rdx; shr $32, %%rdx; wrmsr; rdmsr; shl $32, %%rdx; " \
	"or %%rax, %%rdx; mov %%rdx, %%r9; mov %%rbx, %%rax; mov %%rbx, %%rdx; shr $32, %%rdx; "   \
	"wrmsr; mov %%r9, %%rdx"

static void show_msr(const char *name, uint32_t msr, uint64_t bits)
{
	uint64_t faults = 0, changes = 0;
	const void *code = CODE(FLIP_MSR);

	for (unsigned bit = 0; bit < 64; bit++) {
		struct probe p = {.code = code, .rax = BIT(bit), .rcx = msr};
		const struct event *e = &events[0];

		if ((bits >> bit & 1) == 0)
			continue;
		probe_run(&p);
		if (e->frame.vector == 13)
			faults |= BIT(bit);
		else if ((e->frame.gpr[RDX] ^ e->frame.gpr[RBX]) >> bit & 1)
			changes |= BIT(bit);
	}
	line_begin("msr.%s", name);
	line_add(" %x gp=%x changed=%x", rdmsr(msr), faults, changes);
	line_end();
}

static void show_canonical_msr(const char *name, uint32_t msr)
{
	static const uint64_t values[] = {
		0x123456789abc, BIT(47) - 1, BIT(47), -BIT(47), BIT(63), -1ul};
	uint64_t saved = rdmsr(msr);

	line_begin("msr.%s.canonical", name);
	for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
		struct probe p = {.code = CODE("wrmsr"), .rcx = msr};

		p.rax = values[i] & 0xffffffff;
		p.rdx = values[i] >> 32;
		probe_run(&p);
		line_add(" ");
		probe_show_brief();
		line_add("/%x", rdmsr(msr));
		wrmsr(msr, saved);
	}
	line_end();
}

/* What the firmware left there is not of interest; nor where physical addresses end. */
static void show_mtrr(const char *name, uint32_t msr)
{
	wrmsr(msr, 0);
	show_msr(name, msr, ~0x00ffff0000000000ul);
}

static void test_msrs(void)
{
	show_msr("efer", MSR_EFER, 0xffffffffffff72fe & ~BIT(10));
	show_msr("efer.lme-lma", MSR_EFER, BIT(8) | BIT(10));
	show_msr("efer.sce-nxe", MSR_EFER, BIT(0) | BIT(11));
	show_msr("efer.amd", MSR_EFER, BIT(12) | BIT(14) | BIT(15));
	show_msr("star", MSR_STAR, -1ul);
	show_msr("sfmask", MSR_SFMASK, -1ul);
	show_msr("tsc-aux", MSR_TSC_AUX, -1ul);
	show_msr("sysenter-cs", MSR_SYSENTER_CS, -1ul);
	show_msr("pat", MSR_PAT, -1ul);
	show_mtrr("mtrr-default", MSR_MTRR_DEFAULT);
	show_mtrr("mtrr-fixed", MSR_MTRR_FIXED);
	show_mtrr("mtrr-base", MSR_MTRR_BASE);
	show_mtrr("mtrr-mask", MSR_MTRR_MASK);
	PROBE("msr.misc-enable.reserved", "wrmsr", .rcx = MSR_MISC_ENABLE, .rax = 3);
	show_msr("apic-base", MSR_APIC_BASE, 0xffffff0000000fff & ~(BIT(10) | BIT(11) | BIT(8)));
	show_canonical_msr("lstar", MSR_LSTAR);
	show_canonical_msr("cstar", MSR_CSTAR);
	show_canonical_msr("sysenter-esp", MSR_SYSENTER_ESP);
	show_canonical_msr("sysenter-eip", MSR_SYSENTER_EIP);
	show_canonical_msr("fs-base", MSR_FS_BASE);
	show_canonical_msr("gs-base", MSR_GS_BASE);
	show_canonical_msr("kernel-gs-base", MSR_KERNEL_GS_BASE);
	PROBE("msr.pat.types", "wrmsr; rdmsr", .rcx = MSR_PAT, .rax = 0x07060504,
		.rdx = 0x00010007);
	PROBE("msr.pat.type2", "wrmsr", .rcx = MSR_PAT, .rax = 0x00070402, .rdx = 0x00070406);
	PROBE("msr.pat.type3", "wrmsr", .rcx = MSR_PAT, .rax = 0x00070406, .rdx = 0x03070406);
	PROBE("msr.pat.restore", "wrmsr", .rcx = MSR_PAT, .rax = 0x00070406, .rdx = 0x00070406);
	PROBE("msr.unknown.read", "rdmsr", .rcx = 0x12345678);
	PROBE("msr.unknown.write", "wrmsr", .rcx = 0x12345678);
	PROBE("msr.ring3.read", "rdmsr", .rcx = MSR_EFER, .mode = RING3);
	PROBE("msr.ring3.write", "wrmsr", .rcx = MSR_TSC_AUX, .mode = RING3);
	PROBE("msr.upper-cleared", "rdmsr", .rcx = MSR_TSC_AUX, .rax = -1ul, .rdx = -1ul);
	PROBE("msr.rcx-upper", "rdmsr", .rcx = MSR_EFER | 0x12300000000);
}

static void test_tsc(void)
{
	PROBE("tsc.tsd.ring0", "rdtsc", .cr4_flip = CR4_TSD, .no_registers = true);
	PROBE("tsc.tsd.ring3", "rdtsc", .cr4_flip = CR4_TSD, .mode = RING3);
	PROBE("tsc.tsd.rdtscp.ring3", "rdtscp", .cr4_flip = CR4_TSD, .mode = RING3);
	PROBE("tsc.ring3", "rdtsc", .mode = RING3, .no_registers = true);
	PROBE("tsc.rdtscp", "mov $0xc0000103, %%ecx; mov $77, %%eax; xor %%edx, %%edx; wrmsr; "
			    "rdtscp; xor %%eax, %%eax; xor %%edx, %%edx");
	PROBE("tsc.write", "mov $0x10, %%ecx; mov $5, %%edx; xor %%eax, %%eax; wrmsr; rdtsc; mov "
			   "%%edx, %%ebx; xor %%eax, %%eax; xor %%edx, %%edx");
	PROBE("tsc.rdpmc.ring3", "rdpmc", .mode = RING3);
}

/* The LDT on pages of the user: what loads a descriptor takes no account of RFLAGS.AC. */
static void show_implicit(const char *name, uint64_t flags)
{
	static uint64_t ldt[2];
	uint64_t base = (uint64_t)ldt + USER_ALIAS, *d = &gdt[SEL_FREE / 8];

	ldt[1] = gdt[SEL_KERNEL_DATA / 8];
	d[0] = 0x0000820000000000 | (sizeof(ldt) - 1) | (base & 0xffffff) << 16 | base >> 24 << 56;
	d[1] = 0;
	__asm__ volatile("lldt %w0" : : "r"(SEL_FREE));
	for (unsigned smap = 0; smap < 2; smap++) {
		struct probe p = {.code = CODE("mov %%eax, %%es"),
			.flags = flags,
			.rax = 12,
			.cr4_flip = smap ? CR4_SMAP : 0};

		line_begin("smap.implicit.%s.%s", name, smap ? "on" : "off");
		probe_run(&p);
		line_add(" ");
		probe_show_brief();
		line_end();
	}
	__asm__ volatile("lldt %w0" : : "r"(0));
	d[0] = 0;
}

static void test_smap_flags(void)
{
	PROBE("smap.stac", "stac; pushf; pop %%rax; clac; pushf; pop %%rcx");
	PROBE("smap.stac.ring3", "stac", .mode = RING3);
	PROBE("smap.clac.ring3", "clac", .mode = RING3);
	PROBE("smap.clac.compat", "clac", .flags = RFLAGS_AC);
	PROBE("smap.ac-across-int", "int $0x40", .flags = RFLAGS_AC, .cr4_flip = CR4_SMAP);
	PROBE("smap.user-stack", "ud2", .cr4_flip = CR4_SMAP,
		.rsp = machine_test_stack() + USER_ALIAS);
	PROBE("smap.user-stack.ac", "ud2", .cr4_flip = CR4_SMAP, .flags = RFLAGS_AC,
		.rsp = machine_test_stack() + USER_ALIAS);
	PROBE("smap.user-read", "mov (%%rcx), %%eax", .cr4_flip = CR4_SMAP,
		.rcx = machine_test_stack() + USER_ALIAS);
	PROBE("smap.user-read.lgdt", "lgdt (%%rcx)", .cr4_flip = CR4_SMAP,
		.rcx = machine_test_stack() + USER_ALIAS);
}

void test_control(void)
{
	test_control_bits();
	if (reckless)
		test_control_recklessly();
	test_control_values();
	test_msrs();
	test_tsc();
	test_smap_flags();
	show_implicit("plain", 0);
	show_implicit("ac", RFLAGS_AC);
}
