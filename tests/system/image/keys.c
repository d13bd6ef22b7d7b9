/* keys.c - protection keys: RDPKRU, WRPKRU, and what they do to accesses (SDM "Protection Keys").
 */
#include "sim/kernel/x86.h"
#include "tests/system/image/chain.h"
#include "tests/system/image/tests.h"

#define KEY           5
#define PTE_KEY(n)    ((uint64_t)(n) << 59)
#define PKRU_AD       1ul
#define PKRU_WD       2ul
#define PKRU_OF(n, r) ((r) << 2 * (n))
#define LARGE_AT      0x4000000

#define LDT_TYPE 0x0000820000000000

static void set_pkru(uint64_t value)
{
	uint64_t cr4 = rcr4();

	lcr4(cr4 | CR4_PKE);
	__asm__ volatile("wrpkru" : : "a"(value), "c"(0), "d"(0));
	lcr4(cr4);
}

static void test_instructions(void)
{
	set_pkru(0x5555aaa0);
	PROBE("keys.rdpkru", "rdpkru", .rax = -1ul, .rdx = -1ul, .cr4_flip = CR4_PKE);
	PROBE("keys.rdpkru.ring3", "rdpkru", .mode = RING3, .cr4_flip = CR4_PKE);
	PROBE32(COMPAT3, "keys.rdpkru.compat", "rdpkru", .cr4_flip = CR4_PKE);
	PROBE("keys.rdpkru.ecx", "rdpkru", .rcx = 1, .cr4_flip = CR4_PKE);
	PROBE("keys.rdpkru.rcx-upper", "rdpkru", .rcx = BIT(32), .cr4_flip = CR4_PKE);
	PROBE("keys.rdpkru.no-pke", "rdpkru", .rcx = 1);
	PROBE("keys.rdpkru.lock", ".byte 0xf0; rdpkru", .cr4_flip = CR4_PKE);
	PROBE("keys.wrpkru", "wrpkru; rdpkru", .rax = 0xfffffffa5a5a5a50, .cr4_flip = CR4_PKE);
	PROBE("keys.wrpkru.ring3", "wrpkru; rdpkru", .mode = RING3, .rax = 4, .cr4_flip = CR4_PKE);
	PROBE("keys.wrpkru.ecx", "wrpkru", .rcx = 1, .cr4_flip = CR4_PKE);
	PROBE("keys.wrpkru.edx", "wrpkru", .rdx = 1, .cr4_flip = CR4_PKE);
	PROBE("keys.wrpkru.upper", "wrpkru", .rcx = BIT(32), .rdx = BIT(32), .cr4_flip = CR4_PKE);
	PROBE("keys.wrpkru.no-pke", "wrpkru", .rdx = 1);
	PROBE("keys.wrpkru.lock", ".byte 0xf0; wrpkru", .cr4_flip = CR4_PKE);
	PROBE("keys.ospke", "cpuid; mov %%ecx, %%eax; and $0x18, %%eax", .rax = 7, .keep = BIT(RAX),
		.cr4_flip = CR4_PKE);
	PROBE("keys.ospke.off", "cpuid; mov %%ecx, %%eax; and $0x18, %%eax", .rax = 7,
		.keep = BIT(RAX));
}

/* --- the matrix: rights of the key, kind of page, control bits --- */

static const struct {
	const char *name;
	struct probe p;
} settings[] = {
	{"off", {.cr4_flip = 0}},
	{"plain", {.cr4_flip = CR4_PKE}},
	{"nowp", {.cr4_flip = CR4_PKE, .cr0_flip = CR0_WP}},
	{"smep", {.cr4_flip = CR4_PKE | CR4_SMEP}},
	{"smap", {.cr4_flip = CR4_PKE | CR4_SMAP}},
	{"smap-ac", {.cr4_flip = CR4_PKE | CR4_SMAP, .flags = RFLAGS_AC}},
	{"smap-ac-nowp", {.cr4_flip = CR4_PKE | CR4_SMAP, .cr0_flip = CR0_WP, .flags = RFLAGS_AC}},
};

static void show_rights(uint64_t rights, uint64_t bits)
{
	static const char *const names[] = {"none", "ad", "wd", "ad-wd"};

	*chain_entry(0) = (uint64_t)chain_page[0] | PTE_P | bits | PTE_KEY(KEY);
	set_pkru(PKRU_OF(KEY, rights));
	for (unsigned i = 0; i < ARRAY_LEN(settings); i++) {
		line_begin("keys.%s.%s%s%s.%s", names[rights], bits & PTE_W ? "w" : "-",
			bits & PTE_U ? "u" : "-", bits & PTE_XD ? "x" : "-", settings[i].name);
		chain_show_accesses(TEST_BASE, settings[i].p);
		line_end();
	}
	chain_reset();
}

static void test_matrix(void)
{
	static const uint64_t bits[] = {
		PTE_W | PTE_U, PTE_U, PTE_W, 0, PTE_W | PTE_U | PTE_XD, PTE_U | PTE_XD};

	for (uint64_t rights = 0; rights <= (PKRU_AD | PKRU_WD); rights++)
		for (unsigned i = 0; i < ARRAY_LEN(bits); i++)
			show_rights(rights, bits[i]);
}

static void show_line(const char *name)
{
	line_begin("keys.%s", name);
	chain_show_accesses(TEST_BASE, (struct probe){.cr4_flip = CR4_PKE});
	line_end();
}

/* Each key has rights of its own, which those of the others do not touch. Key 0 stays open: to
 * Bochs the image's own pages, the supervisor's, would be closed with it. */
static void test_each_key(void)
{
	for (unsigned key = 0; key < 16; key++) {
		line_begin("keys.each.%x", (uint64_t)key);
		*chain_entry(0) |= PTE_KEY(key);
		set_pkru(PKRU_OF(key, PKRU_AD));
		chain_show_accesses(TEST_BASE, (struct probe){.cr4_flip = CR4_PKE});
		set_pkru(0xfffffffc & ~PKRU_OF(key, PKRU_AD | PKRU_WD));
		chain_show_accesses(TEST_BASE, (struct probe){.cr4_flip = CR4_PKE});
		line_end();
		chain_reset();
	}
}

static void test_where(void)
{
	set_pkru(PKRU_OF(KEY, PKRU_AD));
	*chain_entry(0) &= ~PTE_P;
	*chain_entry(0) |= PTE_KEY(KEY);
	show_line("absent");
	chain_reset();
	*chain_entry(0) |= PTE_KEY(KEY) | BIT(50);
	show_line("reserved");
	chain_reset();
	for (unsigned level = 1; level < LEVELS; level++)
		*chain_entry(level) |= PTE_KEY(KEY);
	show_line("not-of-tables");
	chain_reset();
	*chain_entry(1) = LARGE_AT | PTE_ALL | PTE_PS | PTE_KEY(KEY);
	*(volatile uint16_t *)LARGE_AT = VECTOR_END << 8 | 0xcd;
	show_line("2m");
	*chain_entry(2) = PTE_ALL | PTE_PS | PTE_KEY(KEY);
	line_begin("keys.1g");
	chain_show_accesses(TEST_BASE + LARGE_AT, (struct probe){.cr4_flip = CR4_PKE});
	line_end();
	chain_reset();
	*chain_entry(2) &= ~PTE_U;
	*chain_entry(0) |= PTE_KEY(KEY);
	show_line("supervisor-above");
	chain_reset();
}

/* Without invalidation: rights are looked at as they are at each access. */
static void test_at_once(void)
{
	*chain_entry(0) |= PTE_KEY(KEY);
	lcr3(rcr3());
	PROBE("keys.at-once.closed",
		"wrpkru; mov (%%rbx), %%edi; mov %%esi, %%eax; wrpkru; mov (%%rbx), "
		"%%edi",
		.mode = RING3, .rbx = TEST_BASE + 16, .rsi = PKRU_OF(KEY, PKRU_AD),
		.cr4_flip = CR4_PKE);
	PROBE("keys.at-once.readonly",
		"wrpkru; mov %%edi, (%%rbx); mov %%esi, %%eax; wrpkru; mov (%%rbx), "
		"%%edi; mov %%edi, (%%rbx)",
		.mode = RING3, .rbx = TEST_BASE + 16, .rsi = PKRU_OF(KEY, PKRU_WD),
		.cr4_flip = CR4_PKE);
	PROBE("keys.at-once.opened", "wrpkru; xor %%eax, %%eax; wrpkru; mov %%edi, (%%rbx)",
		.mode = RING3, .rbx = TEST_BASE + 16, .rax = PKRU_OF(KEY, PKRU_AD | PKRU_WD),
		.cr4_flip = CR4_PKE);
	chain_reset();
}

/* What is looked at as a read, and what as a write. */
static void show_kind(const char *name, uint64_t rights, const void *code)
{
	struct probe p = {.code = code, .mode = RING3, .rbx = TEST_BASE + 16, .cr4_flip = CR4_PKE};

	*chain_entry(0) |= PTE_KEY(KEY);
	set_pkru(PKRU_OF(KEY, rights));
	lcr3(rcr3());
	line_begin("keys.kind.%s.%s", name, rights & PKRU_AD ? "ad" : "wd");
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	line_add(" %x", *chain_entry(0) >> 5 & 3);
	line_end();
	chain_reset();
}

static void test_kinds(void)
{
	for (uint64_t rights = PKRU_AD; rights <= PKRU_WD; rights++) {
		show_kind("add", rights, CODE("addl $1, (%%rbx)"));
		show_kind("cmpxchg", rights, CODE("lock cmpxchg %%ecx, (%%rbx)"));
		show_kind("push", rights, CODE("lea 8(%%rbx), %%rsp; push %%rax"));
		show_kind("pop", rights, CODE("mov %%rbx, %%rsp; pop %%rax"));
		show_kind("stos", rights, CODE("mov %%rbx, %%rdi; stosb"));
		show_kind("lods", rights, CODE("mov %%rbx, %%rsi; lodsb"));
		show_kind("prefetch", rights, CODE("prefetcht0 (%%rbx)"));
		show_kind("clflush", rights, CODE("clflush (%%rbx)"));
		show_kind("sgdt", rights, CODE("sgdt (%%rbx)"));
		show_kind("movups", rights, CODE("movups (%%rbx), %%xmm0"));
		show_kind("across", rights, CODE("mov 0xfee(%%rbx), %%eax"));
	}
}

/* The LDT on a page of the user with a key: an implicit access of the supervisor. */
static void show_descriptor(const char *name, uint64_t rights, uint64_t accessed)
{
	uint64_t *d = &gdt[SEL_FREE / 8], *entry = (uint64_t *)(chain_page[0] + 0x100);

	entry[0] = gdt[SEL_KERNEL_DATA / 8] & ~BIT(40);
	entry[0] |= accessed;
	d[0] = LDT_TYPE | 7 | ((TEST_BASE + 0x100) & 0xffffff) << 16 |
	       (TEST_BASE >> 24 & 0xff) << 56;
	d[1] = TEST_BASE >> 32;
	*chain_entry(0) |= PTE_KEY(KEY);
	lcr3(rcr3());
	__asm__ volatile("lldt %w0" : : "r"(SEL_FREE));
	set_pkru(PKRU_OF(KEY, rights));
	line_begin("keys.descriptor.%s", name);
	probe_run(&(struct probe){.code = CODE("mov %%eax, %%es"), .rax = 4, .cr4_flip = CR4_PKE});
	line_add(" ");
	probe_show_brief();
	line_end();
	__asm__ volatile("lldt %w0" : : "r"(0));
	d[0] = d[1] = 0;
	chain_reset();
}

void test_keys(void)
{
	chain_reset();
	test_instructions();
	test_matrix();
	test_each_key();
	test_where();
	test_at_once();
	test_kinds();
	show_descriptor("ad", PKRU_AD, BIT(40));
	show_descriptor("wd", PKRU_WD, BIT(40));
	show_descriptor("wd.set-accessed", PKRU_WD, 0);
	set_pkru(0);
}
