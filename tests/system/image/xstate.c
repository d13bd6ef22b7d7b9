/* xstate.c - XCR0, XSAVES and XRSTORS (SDM "Managing State Using the XSAVE Feature Set"). What all
 * machines have is asked for: x87, SSE and PKRU, no supervisor components.
 */
#include "bench/image/lib.h"
#include "sim/kernel/x86.h"
#include "tests/system/image/tests.h"

#define CR4_OSXSAVE BIT(18)
#define MSR_XSS     0xda0

#define X87  1ul
#define SSE  2ul
#define PKRU BIT(9)
#define ALL  (X87 | SSE | PKRU)

#define COMPACTED BIT(63)

#define HEADER 64 /* index of XSTATE_BV; XCOMP_BV is next */

static uint64_t area[512] __attribute__((aligned(64)));

#define XPROBE(name, text, ...) PROBE(name, text, .cr4_flip = CR4_OSXSAVE | CR4_PKE, __VA_ARGS__)

/* --- XGETBV, XSETBV --- */

static void set_xcr0(uint64_t value)
{
	struct probe p = {.code = CODE("xsetbv"),
		.rax = value & 0xffffffff,
		.rdx = value >> 32,
		.cr4_flip = CR4_OSXSAVE};

	probe_run(&p);
}

static void show_xcr0(const char *name, uint64_t value)
{
	struct probe p = {.code = CODE("xsetbv; xgetbv; shl $32, %%rdx; or %%rdx, %%rax"),
		.rax = value & 0xffffffff,
		.rdx = value >> 32,
		.cr4_flip = CR4_OSXSAVE};

	set_xcr0(X87);
	line_begin("xcr0.%s", name);
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	if (events[0].frame.vector == VECTOR_END)
		line_add(" %x", events[0].frame.gpr[RAX]);
	line_end();
}

static void show_xcr0_bits(uint64_t bits)
{
	uint64_t faults = 0;

	for (unsigned bit = 0; bit < 64; bit++) {
		if ((bits >> bit & 1) == 0)
			continue;
		set_xcr0(X87 | BIT(bit));
		if (events[0].frame.vector == 13)
			faults |= BIT(bit);
	}
	line_begin("xcr0.bits");
	line_add(" gp=%x", faults);
	line_end();
}

static void test_xcr0(void)
{
	show_xcr0("0", 0);
	show_xcr0("x87", X87);
	show_xcr0("sse-alone", SSE);
	show_xcr0("sse", X87 | SSE);
	show_xcr0("pkru", X87 | PKRU);
	show_xcr0("all", ALL);
	show_xcr0("bit63", X87 | COMPACTED);
	/* but AVX and what is behind it, which not all have */
	show_xcr0_bits(~(0xful << 1 | 0xful << 5 | 0xfful << 11));
	set_xcr0(ALL);
	XPROBE("xgetbv", "xgetbv", .rax = -1ul, .rdx = -1ul);
	XPROBE("xgetbv.ring3", "xgetbv", .mode = RING3);
	XPROBE("xgetbv.rcx-upper", "xgetbv", .rcx = BIT(32));
	XPROBE("xgetbv.2", "xgetbv", .rcx = 2);
	XPROBE("xgetbv.minus1", "xgetbv", .rcx = -1ul);
	PROBE("xgetbv.no-osxsave", "xgetbv");
	PROBE("xgetbv.no-osxsave.2", "xgetbv", .rcx = 2);
	XPROBE("xgetbv.lock", ".byte 0xf0; xgetbv");
	XPROBE("xgetbv.ts", "xgetbv", .cr0_flip = CR0_TS);
	XPROBE("xsetbv.ring3", "xsetbv", .mode = RING3, .rax = ALL);
	XPROBE("xsetbv.ring3.ecx", "xsetbv", .mode = RING3, .rcx = 1);
	XPROBE("xsetbv.ecx", "xsetbv", .rax = ALL, .rcx = 1);
	XPROBE("xsetbv.rcx-upper", "xsetbv", .rax = ALL | BIT(40), .rcx = BIT(32), .rdx = BIT(32));
	PROBE("xsetbv.no-osxsave", "xsetbv", .rax = ALL);
	PROBE("xsetbv.no-osxsave.ring3", "xsetbv", .rax = ALL, .mode = RING3);
	XPROBE("xsetbv.lock", ".byte 0xf0; xsetbv", .rax = ALL);
	PROBE32(COMPAT3, "xgetbv.compat", "xgetbv", .cr4_flip = CR4_OSXSAVE);
	PROBE32(COMPAT0, "xsetbv.compat", "xsetbv; xgetbv", .rax = ALL, .cr4_flip = CR4_OSXSAVE);
}

static void show_leaf(const char *name, uint64_t subleaf, uint64_t xcr0, uint64_t keep)
{
	struct probe p = {.code = CODE("cpuid"),
		.rax = 0xd,
		.rcx = subleaf,
		.rdx = -1ul,
		.rbx = -1ul,
		.cr4_flip = CR4_OSXSAVE,
		.keep = keep};

	set_xcr0(xcr0);
	probe(name, &p);
}

static void test_leaf(void)
{
	show_leaf("leaf-d.size.x87", 0, X87, BIT(RBX));
	show_leaf("leaf-d.size.sse", 0, X87 | SSE, BIT(RBX));
	show_leaf("leaf-d.size.pkru", 0, X87 | PKRU, BIT(RBX));
	show_leaf("leaf-d.compacted.sse", 1, X87 | SSE, BIT(RBX) | BIT(RCX) | BIT(RDX));
	show_leaf("leaf-d.compacted.pkru", 1, ALL, BIT(RBX) | BIT(RCX) | BIT(RDX));
	show_leaf("leaf-d.pkru", 9, X87, BIT(RAX) | BIT(RBX) | BIT(RCX) | BIT(RDX));
	show_leaf("leaf-d.none", 62, X87, BIT(RAX) | BIT(RBX) | BIT(RCX) | BIT(RDX));
}

/* --- XSAVES --- */

/* Brings x87, SSE and PKRU into their initial configurations: x87 and SSE in use afterwards, where
 * use says so, with values that can be told; and MXCSR. */
static void set_state(uint64_t use, uint64_t mxcsr)
{
	struct probe p = {.code = CODE("xrstor (%%rbx)"),
		.rax = ALL,
		.rbx = (uint64_t)area,
		.cr4_flip = CR4_OSXSAVE | CR4_PKE};

	memset(area, 0, sizeof(area));
	area[0] = 0x37f;
	area[3] = mxcsr;
	area[4] = 0x1122334455667788; /* ST0 */
	area[5] = 0x3fff;
	area[20] = 0xaaaaaaaabbbbbbbb; /* XMM0 */
	area[50] = 0xccccccccdddddddd; /* XMM15 */
	area[0xa80 / 8] = 0x55554440;
	area[HEADER] = use;
	set_xcr0(ALL);
	probe_run(&p);
	memset(area, 0xee, sizeof(area));
	memset(&area[HEADER], 0, 64);
}

static void show_word(const char *name, unsigned index)
{
	line_add(" %s=%x", name, area[index]);
}

/* XSAVES of mask, when XCR0 has it; what is in the area. */
static void show_saves(const char *name, const void *code, uint64_t use, uint64_t mask)
{
	struct probe p = {.code = code,
		.rax = mask & 0xffffffff,
		.rdx = mask >> 32,
		.rbx = (uint64_t)area,
		.cr4_flip = CR4_OSXSAVE | CR4_PKE};

	line_begin("%s.%x.%x", name, use, mask);
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	show_word("bv", HEADER);
	show_word("xcomp", HEADER + 1);
	show_word("reserved", HEADER + 2);
	line_add(" fcw=%x", area[0] & 0xffff);
	show_word("mxcsr", 3);
	show_word("st0", 4);
	show_word("xmm0", 20);
	show_word("xmm15", 50);
	show_word("unused", 52);
	show_word("extended", 72);
	show_word("standard", 0xa80 / 8);
	line_end();
}

/* With MXCSR not as it is initially, so that SSE is always in use. */
static void test_saves(void)
{
	static const uint64_t masks[] = {0, X87, SSE, X87 | SSE, ~PKRU};

	for (uint64_t use = 0; use < 8; use++) {
		for (unsigned i = 0; i < ARRAY_LEN(masks); i++) {
			uint64_t in_use = (use & 3) | (use & 4 ? PKRU : 0);

			set_state(in_use, 0x1fa0);
			show_saves("xsaves", CODE("xsaves64 (%%rbx)"), in_use, masks[i]);
		}
	}
	for (uint64_t use = 0; use <= ALL; use += ALL) {
		set_state(use, 0x1f80);
		show_saves("xsaves.init", CODE("xsaves64 (%%rbx)"), use, -1ul);
	}
	set_state(PKRU, 0x1f80);
	show_saves("xsaves.init", CODE("xsaves64 (%%rbx)"), PKRU, PKRU);
}

static void test_saved_headers(void)
{
	set_state(ALL, 0x1f80);
	area[HEADER] = area[HEADER + 1] = area[HEADER + 2] = -1ul;
	show_saves("xsaves.header", CODE("xsaves64 (%%rbx)"), ALL, SSE);
	set_state(ALL, 0x1f80);
	set_xcr0(X87 | SSE);
	show_saves("xsaves.xcr0", CODE("xsaves64 (%%rbx)"), ALL, ALL);
	set_xcr0(ALL);
	set_state(ALL, 0x1f80);
	show_saves("xsaves.xgetbv1",
		CODE("mov $1, %%ecx; xgetbv; mov %%rax, 0x1a0(%%rbx); mov $0x203, %%eax"), ALL, 0);
	set_state(PKRU, 0x1f80);
	show_saves(
		"xsaves.xgetbv1", CODE("mov $1, %%ecx; xgetbv; mov %%rax, 0x1a0(%%rbx)"), PKRU, 0);
}

/* --- XRSTORS --- */

/* After XRSTORS of mask from a header: what the registers have, seen by XSAVE. */
static void show_restores_mxcsr(
	const char *name, uint64_t bv, uint64_t xcomp, uint64_t mask, uint64_t mxcsr)
{
	struct probe p = {
		.code = CODE("xrstors64 (%%rbx); mov $-1, %%eax; mov %%eax, %%edx; xsave64 "
			     "0x400(%%rbx)"),
		.rax = mask & 0xffffffff,
		.rdx = mask >> 32,
		.rbx = (uint64_t)area,
		.cr4_flip = CR4_OSXSAVE | CR4_PKE};

	memset(&area[128], 0, 0x400);
	area[0] = 0x27f;
	area[1] = 0;
	area[2] = 0;
	area[3] = mxcsr;
	area[4] = 0x99;
	area[5] = 0x4000;
	area[20] = 0x1010;
	area[50] = 0x5050;
	area[72] = 0xfffffff8;
	area[HEADER] = bv;
	area[HEADER + 1] = xcomp;
	line_begin("xrstors.%s.%x.%x.%x", name, bv, xcomp, mask);
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	if (events[0].frame.vector == VECTOR_END)
		line_add(" bv=%x fcw=%x mxcsr=%x st0=%x xmm0=%x xmm15=%x pkru=%x",
			area[128 + HEADER], area[128] & 0xffff, area[131] & 0xffffffff, area[132],
			area[148], area[178], area[128 + 0xa80 / 8]);
	line_end();
}

static void show_restores(const char *name, uint64_t bv, uint64_t xcomp, uint64_t mask)
{
	show_restores_mxcsr(name, bv, xcomp, mask, bv & SSE ? 0x1fa0 : 0x1f80);
}

static void test_restores(void)
{
	static const uint64_t masks[] = {0, X87, SSE, PKRU, ALL, -1ul};

	for (unsigned i = 0; i < ARRAY_LEN(masks); i++) {
		for (uint64_t bv = 0; bv < 4; bv++) {
			set_state(ALL, 0x1f80);
			show_restores("state", bv | (bv & 1 ? PKRU : 0), COMPACTED | ALL, masks[i]);
		}
	}
	set_state(ALL, 0x1fc0);
	show_restores("init", 0, COMPACTED, ALL);
	set_state(ALL, 0x1fc0);
	show_restores_mxcsr("init.mxcsr", 0, COMPACTED, ALL, 0x1fa0);
	set_state(ALL, 0x1fc0);
	show_restores("listed", X87, COMPACTED | X87, ALL);
	set_state(ALL, 0x1f80);
	show_restores("pkru-alone", PKRU, COMPACTED | PKRU, ALL);
	show_restores("standard", X87, 0, ALL);
	show_restores("standard.listed", X87, ALL, ALL);
	show_restores("not-listed", ALL, COMPACTED | X87, ALL);
	show_restores("not-listed.not-asked", ALL, COMPACTED | X87, X87);
	show_restores("unknown", X87, COMPACTED | X87 | BIT(62), ALL);
	show_restores("unknown.10", X87, COMPACTED | X87 | BIT(10), ALL);
	show_restores("unknown.bv", BIT(62), COMPACTED | X87 | BIT(62), X87);
	show_restores("bv63", BIT(63) | X87, COMPACTED | X87, X87);
	set_xcr0(X87 | SSE);
	show_restores("xcr0", X87, COMPACTED | ALL, X87);
	set_xcr0(ALL);
	for (unsigned i = 2; i < 8; i++) {
		static const char *const names[] = {"reserved.2", "reserved.3", "reserved.4",
			"reserved.5", "reserved.6", "reserved.7"};

		area[HEADER + i] = BIT(i * 7);
		show_restores(names[i - 2], X87, COMPACTED | X87, X87);
		area[HEADER + i] = 0;
	}
	set_state(ALL, 0x1f80);
}

/* --- faults --- */

/* Briefly: of CR2 it is open where in the area it is. */
static void show_fault(const char *name, struct probe p)
{
	for (unsigned save = 0; save < 2; save++) {
		p.code = save ? CODE("xsaves64 (%%rbx)") : CODE("xrstors64 (%%rbx)");
		line_begin("%s.%s", save ? "xsaves" : "xrstors", name);
		probe_run(&p);
		line_add(" ");
		probe_show_brief();
		line_end();
	}
}

#define FAULT(name, address, ...)                                                                  \
	show_fault(name, (struct probe){.rbx = (address), .cr4_flip = CR4_OSXSAVE, __VA_ARGS__})

static void test_faults(void)
{
	uint64_t at = (uint64_t)area;

	memset(&area[HEADER], 0, 64);
	area[HEADER + 1] = COMPACTED;
	FAULT("plain", at, .flags = 0);
	FAULT("ring3", at + USER_ALIAS, .mode = RING3);
	FAULT("ring3.ts", at + USER_ALIAS, .mode = RING3, .cr0_flip = CR0_TS);
	FAULT("ring3.misaligned.ts", at + USER_ALIAS + 8, .mode = RING3, .cr0_flip = CR0_TS);
	FAULT("ts", at, .cr0_flip = CR0_TS);
	FAULT("em", at, .cr0_flip = CR0_EM);
	FAULT("misaligned", at + 8, .flags = 0);
	FAULT("misaligned.ts", at + 8, .cr0_flip = CR0_TS);
	FAULT("unmapped", 0x700000000000, .flags = 0);
	FAULT("noncanonical", BIT(63), .flags = 0);
	show_fault("no-osxsave", (struct probe){.rbx = at});
	show_fault("no-osxsave.ring3", (struct probe){.rbx = at + USER_ALIAS, .mode = RING3});
	XPROBE("xsaves.register", ".byte 0x0f, 0xc7, 0xe8");
	XPROBE("xrstors.register", ".byte 0x0f, 0xc7, 0xd8");
	XPROBE("xsaves.lock", ".byte 0xf0; xsaves (%%rbx)", .rbx = at);
	XPROBE("xrstors.lock", ".byte 0xf0; xrstors (%%rbx)", .rbx = at);
	XPROBE("xrstors.mxcsr",
		"movl $-1, 24(%%rbx); orb $2, 512(%%rbx); orb $2, 520(%%rbx); xrstors "
		"(%%rbx)",
		.rbx = at, .rax = ALL);
	XPROBE("xss.write", "wrmsr", .rcx = MSR_XSS);
	XPROBE("xss.write.x87", "wrmsr", .rcx = MSR_XSS, .rax = X87);
	XPROBE("xss.write.pkru", "wrmsr", .rcx = MSR_XSS, .rax = PKRU);
	XPROBE("xss.write.upper", "wrmsr", .rcx = MSR_XSS, .rdx = BIT(31));
	XPROBE("xss.read", "rdmsr", .rcx = MSR_XSS, .rax = -1ul, .rdx = -1ul);
	PROBE32(COMPAT0, "xsaves.compat", "xsaves (%%ebx)", .rbx = at, .rax = ALL,
		.cr4_flip = CR4_OSXSAVE);
}

void test_xstate(void)
{
	set_xcr0(ALL);
	test_xcr0();
	test_leaf();
	test_saves();
	test_saved_headers();
	test_restores();
	test_faults();
	set_state(0, 0x1f80);
	set_xcr0(X87);
}
