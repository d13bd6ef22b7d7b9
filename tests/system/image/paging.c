/* paging.c - permissions, reserved bits, page sizes, accessed and dirty bits, invalidation. A test
 * changes one entry of the chain.
 */
#include "sim/kernel/x86.h"
#include "tests/system/image/chain.h"
#include "tests/system/image/tests.h"

#define LARGE_AT 0x4000000 /* 64 MiB: memory for a 2 MiB page */
#define UNMAPPED 0x700000000000

static const char *const level_names[] = {"pte", "pde", "pdpte", "pml4e"};

/* --- the permission matrix --- */

static const struct {
	const char *name;
	struct probe p;
} settings[] = {
	{"plain", {.flags = 0}},
	{"ac", {.flags = RFLAGS_AC}},
	{"nowp", {.cr0_flip = CR0_WP}},
	{"nonx", {.efer_flip = EFER_NXE}},
	{"smep", {.cr4_flip = CR4_SMEP}},
	{"smep-nonx", {.cr4_flip = CR4_SMEP, .efer_flip = EFER_NXE}},
	{"smap", {.cr4_flip = CR4_SMAP}},
	{"smap-ac", {.cr4_flip = CR4_SMAP, .flags = RFLAGS_AC}},
	{"smap-nowp", {.cr4_flip = CR4_SMAP, .cr0_flip = CR0_WP}},
	{"smap-ac-nowp", {.cr4_flip = CR4_SMAP, .cr0_flip = CR0_WP, .flags = RFLAGS_AC}},
	{"both", {.cr4_flip = CR4_SMAP | CR4_SMEP}},
	{"both-ac-nowp-nonx", {.cr4_flip = CR4_SMAP | CR4_SMEP,
				      .cr0_flip = CR0_WP,
				      .efer_flip = EFER_NXE,
				      .flags = RFLAGS_AC}},
};

static void show_permissions(unsigned level, unsigned bits)
{
	static const uint64_t flags[] = {PTE_P, PTE_W, PTE_U, PTE_XD};
	uint64_t *entry = chain_entry(level), saved = *entry, value = saved & ~(PTE_ALL | PTE_XD);

	for (unsigned i = 0; i < ARRAY_LEN(flags); i++)
		if (bits >> i & 1)
			value |= flags[i];
	for (unsigned i = 0; i < ARRAY_LEN(settings); i++) {
		line_begin("permission.%s.%s%s%s%s.%s", level_names[level], bits & 1 ? "p" : "-",
			bits & 2 ? "w" : "-", bits & 4 ? "u" : "-", bits & 8 ? "x" : "-",
			settings[i].name);
		*entry = value;
		chain_show_accesses(TEST_BASE, settings[i].p);
		line_end();
	}
	*entry = saved;
	chain_reset();
}

static void test_permissions(void)
{
	for (unsigned level = 0; level < LEVELS; level++)
		for (unsigned bits = 0; bits < 16; bits++)
			show_permissions(level, bits);
}

/* --- reserved bits: one at a time, by level --- */

static void show_reserved_bit(unsigned level, const char *what, uint64_t value, unsigned bit)
{
	uint64_t *entry = chain_entry(level);

	*entry = value | BIT(bit);
	chain_access(READ, RING0, TEST_BASE, (struct probe){.flags = 0});
	if (events[0].frame.vector == VECTOR_END)
		return;
	line_begin("reserved.%s%s.%u", level_names[level], what, (uint64_t)bit);
	probe_show_brief();
	chain_show_accesses(TEST_BASE, (struct probe){.flags = 0});
	line_end();
}

/* Bits 40 to 51: the machines agree on 40 bits of physical address or not at all. */
static void show_reserved(unsigned level, const char *what, uint64_t value)
{
	uint64_t saved = *chain_entry(level);

	for (unsigned bit = 13; bit < 63; bit++)
		if (bit >= 40 || ((value & PTE_PS) && bit < 12 + 9 * level))
			show_reserved_bit(level, what, value, bit);
	*chain_entry(level) = saved;
	chain_reset();
}

static void test_reserved(void)
{
	for (unsigned level = 0; level < LEVELS; level++)
		show_reserved(level, "", *chain_entry(level));
	show_reserved(1, ".large", LARGE_AT | PTE_ALL | PTE_PS);
	show_reserved(2, ".large", PTE_ALL | PTE_PS);
	line_begin("reserved.pml4e.ps");
	*chain_entry(3) |= PTE_PS;
	chain_show_accesses(TEST_BASE, (struct probe){.flags = 0});
	line_end();
	chain_reset();
	line_begin("reserved.not-present");
	*chain_entry(0) = (PTE_ALL & ~PTE_P) | BIT(45) | PTE_XD;
	chain_show_accesses(TEST_BASE, (struct probe){.efer_flip = EFER_NXE});
	line_end();
	chain_reset();
}

/* --- large pages --- */

static void show_value(const char *name, uint64_t at)
{
	line_begin("large.%s", name);
	chain_access(READ, RING3, at, (struct probe){.flags = 0});
	probe_show_brief();
	line_add(" %x", events[0].frame.gpr[RAX]);
	line_end();
}

static void test_large(void)
{
	volatile uint32_t *memory = (volatile uint32_t *)LARGE_AT;

	memory[0] = 0x11111111;
	memory[0x123400 / 4] = 0x22222222;
	*chain_entry(1) = LARGE_AT | PTE_ALL | PTE_PS;
	show_value("2m.first", TEST_BASE);
	show_value("2m.inside", TEST_BASE + 0x123400);
	*chain_entry(1) |= BIT(12);
	show_value("2m.pat", TEST_BASE + 0x123400);
	*chain_entry(2) = PTE_ALL | PTE_PS;
	show_value("1g.first", TEST_BASE + LARGE_AT);
	show_value("1g.inside", TEST_BASE + LARGE_AT + 0x123400);
	*chain_entry(2) |= BIT(12);
	show_value("1g.pat", TEST_BASE + LARGE_AT + 0x123400);
	chain_reset();
	chain_pt[0] |= PTE_PS;
	show_value("4k.pat", TEST_BASE);
	chain_reset();
}

/* --- accessed and dirty bits --- */

static void show_bits(void)
{
	line_add(" ");
	for (unsigned level = LEVELS; level-- != 0;)
		line_add("%x", (*chain_entry(level) & (PTE_A | PTE_D)) >> 5);
}

static void show_accessed(const char *name, enum access how, enum mode mode, struct probe p)
{
	line_begin("accessed.%s", name);
	chain_access(how, mode, TEST_BASE, p);
	probe_show_brief();
	show_bits();
	line_end();
	chain_reset();
}

static void test_accessed(void)
{
	const struct probe plain = {.flags = 0};

	show_accessed("read", READ, RING0, plain);
	show_accessed("write", WRITE, RING0, plain);
	show_accessed("fetch", FETCH, RING0, plain);
	show_accessed("read3", READ, RING3, plain);
	show_accessed("write3", WRITE, RING3, plain);
	chain_pt[0] |= PTE_D;
	show_accessed("dirty-before", READ, RING0, plain);
	chain_pt[0] &= ~PTE_W;
	show_accessed("fault.write", WRITE, RING0, plain);
	chain_pt[0] &= ~PTE_W;
	show_accessed("write-no-wp", WRITE, RING0, (struct probe){.cr0_flip = CR0_WP});
	chain_pt[0] &= ~PTE_U;
	show_accessed("fault.user", READ, RING3, plain);
	chain_pt[0] |= PTE_XD;
	show_accessed("fault.fetch", FETCH, RING0, plain);
	chain_pt[0] &= ~PTE_P;
	show_accessed("fault.absent", READ, RING0, plain);
	*chain_entry(1) &= ~PTE_P;
	show_accessed("fault.absent.pde", READ, RING0, plain);
	chain_pt[0] |= BIT(50);
	show_accessed("fault.reserved", READ, RING0, plain);
	*chain_entry(1) = LARGE_AT | PTE_ALL | PTE_PS;
	show_accessed("large.read", READ, RING0, plain);
	*chain_entry(1) = LARGE_AT | PTE_ALL | PTE_PS;
	show_accessed("large.write", WRITE, RING0, plain);
	*chain_entry(2) = PTE_ALL | PTE_PS;
	show_accessed("giant.read", READ, RING0, plain);
	show_accessed("invlpg", READ, RING3, plain);
}

/* Instructions that read a destination which they write: D and the W bit of the error code. */
static void show_modify(const char *name, const void *code, bool writable)
{
	struct probe p = {.code = code, .rcx = TEST_BASE + 16, .mode = RING3};

	line_begin("modify.%s%s", name, writable ? "" : ".readonly");
	if (!writable)
		chain_pt[0] &= ~PTE_W;
	lcr3(rcr3());
	probe_run(&p);
	probe_show_brief();
	line_add(" %x", chain_pt[0] >> 6 & 1);
	line_end();
	chain_reset();
}

static void test_modify(void)
{
	for (unsigned writable = 0; writable < 2; writable++) {
		show_modify("add", CODE("addl $0, (%%rcx)"), writable);
		show_modify("xchg", CODE("xchg %%eax, (%%rcx)"), writable);
		show_modify("bts", CODE("btsl $0, (%%rcx)"), writable);
		show_modify("bt", CODE("btl $0, (%%rcx)"), writable);
		show_modify("cmp", CODE("cmpl $0, (%%rcx)"), writable);
		show_modify("not", CODE("notl (%%rcx)"), writable);
		show_modify("neg", CODE("negb (%%rcx)"), writable);
		show_modify("inc", CODE("incw (%%rcx)"), writable);
		show_modify("shl0", CODE("shll $0, (%%rcx)"), writable);
		show_modify("shl1", CODE("shll (%%rcx)"), writable);
		show_modify("shl.cl",
			CODE("xor %%ecx, %%ecx; mov $0x80000000, %%eax; add %%rax, "
			     "%%rax; shl $7, %%rax; shlb %%cl, 16(%%rax)"),
			writable);
		show_modify("setc", CODE("setc (%%rcx)"), writable);
		show_modify("cmpxchg.fails", CODE("mov $1, %%eax; lock cmpxchg %%edx, (%%rcx)"),
			writable);
		show_modify(
			"cmpxchg8b.fails", CODE("mov $1, %%eax; lock cmpxchg8b (%%rcx)"), writable);
		show_modify("cmpxchg16b.fails", CODE("mov $1, %%eax; lock cmpxchg16b (%%rcx)"),
			writable);
		show_modify("xadd", CODE("xadd %%eax, (%%rcx)"), writable);
		show_modify("sgdt", CODE("sgdt (%%rcx)"), writable);
		show_modify("pop", CODE("push %%rax; popq (%%rcx)"), writable);
		show_modify(
			"stos.0", CODE("mov %%rcx, %%rdi; xor %%ecx, %%ecx; rep stosb"), writable);
		show_modify("fnstcw", CODE("fnstcw (%%rcx)"), writable);
		show_modify("div", CODE("divl (%%rcx)"), writable);
	}
}

/* --- accesses that cross into another page --- */

static void show_crossing(const char *name, const void *code, uint64_t offset, unsigned which)
{
	struct probe p = {.code = code, .rcx = TEST_BASE + offset, .no_registers = true};

	chain_page[0][4095] = 0x90;
	for (unsigned i = 0; i < 2; i++) {
		p.mode = i == 0 ? RING0 : RING3;
		line_begin("crossing.%s.%s.ring%u", name,
			which == 0   ? "first"
			: which == 1 ? "second"
				     : "both",
			i == 0 ? 0ul : 3ul);
		if (which != 1)
			chain_pt[0] &= ~PTE_P;
		if (which != 0)
			chain_pt[1] &= ~PTE_P;
		lcr3(rcr3());
		probe_run(&p);
		probe_show(&p);
		line_add(" %x %x", chain_pt[0] >> 5 & 3, chain_pt[1] >> 5 & 3);
		line_end();
		chain_reset();
	}
}

static void test_crossing(void)
{
	for (unsigned which = 0; which < 3; which++) {
		show_crossing("read", CODE("mov (%%rcx), %%eax"), 4094, which);
		show_crossing("write", CODE("mov %%eax, (%%rcx)"), 4093, which);
		show_crossing("modify", CODE("add %%eax, (%%rcx)"), 4095, which);
		show_crossing("read16", CODE("movups (%%rcx), %%xmm0"), 4090, which);
		show_crossing("push", CODE("mov %%rcx, %%rsp; push %%rax"), 4100, which);
		show_crossing("call", CODE("mov %%rcx, %%rsp; call 1f; 1:"), 4100, which);
		show_crossing("fetch", CODE("jmp *%%rcx"), 4095, which);
		show_crossing("movs",
			CODE("mov %%rcx, %%rdi; mov %%rsp, %%rsi; mov $3, %%ecx; rep movsl"), 4090,
			which);
		show_crossing(
			"stos", CODE("mov %%rcx, %%rdi; mov $9, %%ecx; rep stosb"), 4090, which);
		show_crossing("cmpxchg16b", CODE("cmpxchg16b -8(%%rcx)"), 4096, which);
	}
}

/* --- addresses that are not canonical --- */

static void show_canonical(const char *name, const void *code)
{
	static const uint64_t at[] = {BIT(47) - 8, BIT(47) - 4, BIT(47), -BIT(47) - 4, -BIT(47) - 8,
		-BIT(47), BIT(63), -4ul};

	line_begin("canonical.%s", name);
	for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
		struct probe p = {.code = code, .rcx = at[i], .rbp = at[i]};

		probe_run(&p);
		line_add(" %x=", at[i]);
		probe_show_brief();
		if (events[0].frame.vector == 14)
			line_add("/%x", events[0].cr2);
	}
	line_end();
}

static void test_canonical(void)
{
	show_canonical("read", CODE("mov (%%rcx), %%rax"));
	show_canonical("write", CODE("mov %%rax, (%%rcx)"));
	show_canonical("byte", CODE("mov (%%rcx), %%al"));
	show_canonical("rbp", CODE("mov (%%rbp), %%rax"));
	show_canonical("rbp.ds", CODE(".byte 0x3e; mov (%%rbp), %%rax"));
	show_canonical("ss", CODE(".byte 0x36; mov (%%rcx), %%rax"));
	show_canonical("rbp.fs", CODE("fs mov (%%rbp), %%rax"));
	show_canonical("rsp.index",
		CODE("mov %%rcx, %%rax; xor %%ecx, %%ecx; mov (%%rsp, %%rax), %%al; "));
	show_canonical("push", CODE("mov %%rsp, %%rbx; mov %%rcx, %%rsp; .byte 0x48, 0x8b, 0x04, "
				    "0x24; mov %%rbx, %%rsp"));
	show_canonical("jmp", CODE("jmp *%%rcx"));
	show_canonical("ret", CODE("push %%rcx; ret"));
	show_canonical("movs", CODE("mov %%rcx, %%rsi; mov %%rsp, %%rdi; movsb"));
	show_canonical("stos", CODE("mov %%rcx, %%rdi; stosb"));
	show_canonical("invlpg", CODE("invlpg (%%rcx)"));
	show_canonical("lea", CODE("lea (%%rcx), %%rax"));
	show_canonical("prefetch", CODE("prefetcht0 (%%rcx)"));
	show_canonical("clflush", CODE("clflush (%%rcx)"));
	show_canonical("lgdt", CODE("lgdt (%%rcx)"));
	show_canonical("fxsave", CODE("fxsave (%%rcx)"));
	show_canonical("nop", CODE("nopl (%%rcx)"));
}

/* --- invalidation: what must hold --- */

static void show_remapped(const char *name, const void *code, struct probe p, uint64_t global)
{
	volatile uint32_t *first = (volatile uint32_t *)chain_page[0],
			  *second = (void *)chain_page[1];

	first[4] = 0x11;
	second[4] = 0x22;
	chain_pt[0] |= global;
	lcr3(rcr3());
	(void)*(volatile uint32_t *)(TEST_BASE + 16);
	chain_pt[0] = (uint64_t)chain_page[1] | PTE_ALL;
	p.code = code;
	p.rcx = TEST_BASE + 16;
	line_begin("invalidate.%s%s", name, global ? ".global" : "");
	probe_run(&p);
	probe_show(&p);
	line_end();
	chain_reset();
	lcr4(rcr4() ^ CR4_PGE);
	lcr4(rcr4() ^ CR4_PGE);
}

static void test_invalidate(void)
{
	const struct probe p = {.keep = BIT(RAX)};

	for (uint64_t global = 0; global <= PTE_G; global += PTE_G) {
		show_remapped("invlpg", CODE("invlpg (%%rcx); mov (%%rcx), %%eax"), p, global);
		show_remapped("invlpg.elsewhere-in-page",
			CODE("invlpg 0xabc(%%rcx); mov (%%rcx), %%eax"), p, global);
		show_remapped("cr4.pge",
			CODE("mov %%cr4, %%rdx; btc $7, %%rdx; mov %%rdx, %%cr4; btc $7, %%rdx; "
			     "mov %%rdx, %%cr4; mov (%%rcx), %%eax"),
			p, global);
	}
	show_remapped("cr3", CODE("mov %%cr3, %%rdx; mov %%rdx, %%cr3; mov (%%rcx), %%eax"), p, 0);
	show_remapped("cr3.global-without-pge",
		CODE("mov %%cr3, %%rdx; mov %%rdx, %%cr3; mov (%%rcx), %%eax"),
		(struct probe){.keep = BIT(RAX), .cr4_flip = CR4_PGE}, PTE_G);
	PROBE("invalidate.invlpg.ring3", "invlpg (%%rcx)", .mode = RING3, .rcx = TEST_BASE);
	PROBE("invalidate.invlpg.unmapped", "invlpg (%%rcx)", .rcx = UNMAPPED);
	PROBE("invalidate.invlpg.register", ".byte 0x0f, 0x01, 0xf9 - 0xf9 + 0xff");
}

/* --- more about CR2 --- */

static void test_cr2(void)
{
	PROBE("cr2.kept.by-gp", "hlt", .mode = RING3);
	PROBE("cr2.kept.by-ud", "ud2");
	PROBE("cr2.kept.by-noncanonical", "mov (%%rcx), %%eax", .rcx = BIT(63));
	PROBE("cr2.write", "mov %%rcx, %%cr2; mov %%cr2, %%rax", .rcx = 0x123456789abcdef0);
	PROBE("cr2.rmw", "addl $1, (%%rcx)", .rcx = UNMAPPED + 0x123);
	PROBE("cr2.string", "rep lodsb", .rcx = 5, .rsi = TEST_BASE + 4094, .no_registers = true);
	PROBE("cr2.push", "push %%rax", .mode = RING3, .rsp = UNMAPPED + 0x1008);
	PROBE("cr2.call", "call 1f; 1:", .mode = RING3, .rsp = UNMAPPED + 0x1004);
	PROBE("cr2.enter", "enter $0x2000, $0", .mode = RING3, .rsp = UNMAPPED + 0x1010);
	PROBE("cr2.sp-kept.ret", "ret", .mode = RING3, .rsp = UNMAPPED);
	PROBE("cr2.sp-kept.pop", "popq (%%rcx)", .mode = RING3, .rcx = UNMAPPED);
	PROBE("cr2.sp-kept.leave", "leave", .mode = RING3, .rbp = UNMAPPED);
	PROBE("cr2.fetch", "jmp *%%rcx", .mode = RING3, .rcx = UNMAPPED + 5);
	PROBE("cr2.fetch.supervisor", "jmp *%%rcx", .mode = RING3, .rcx = (uint64_t)chain_page);
}

void test_paging(void)
{
	chain_reset();
	test_permissions();
	test_reserved();
	test_large();
	test_accessed();
	test_modify();
	test_crossing();
	test_canonical();
	test_invalidate();
	test_cr2();
}
