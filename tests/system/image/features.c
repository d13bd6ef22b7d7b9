/* features.c - instructions of optional features that need no tables: random numbers, identity,
 * counters; and INS, the port instruction that writes to memory.
 */
#include "sim/kernel/x86.h"
#include "tests/system/image/chain.h"
#include "tests/system/image/tests.h"

#define MSR_TSC_AUX 0xc0000103
#define CR4_PCE     BIT(8)
#define RFLAGS_CF   1ul

/* --- RDRAND, RDSEED --- */

/* Two numbers, of which the second is thrown away: CF tells, the other status flags are 0. */
#define RANDOM(insn)                                                                               \
	PROBE(insn ".64", insn " %%rax; " insn " %%rcx; cmp %%rax, %%rcx; setne %%dl; xor %%eax, " \
			       "%%eax; xor %%ecx, %%ecx");                                         \
	PROBE(insn ".32",                                                                          \
		insn " %%eax; " insn " %%ecx; cmp %%eax, %%ecx; setne %%dl; shr $32, "             \
		     "%%rax; shr $32, %%rcx",                                                      \
		.rax = -1ul, .rcx = -1ul);                                                         \
	PROBE(insn ".16", insn " %%ax; shr $16, %%rax", .rax = 0x123456789abcdef0);                \
	PROBE(insn ".r15", insn " %%r15; test %%r15, %%r15; setnz %%al; xor %%r15, %%r15");        \
	PROBE(insn ".flags", "sahf; " insn " %%ecx; xor $0, %%rcx; mov $0, %%ecx; pushf",          \
		.rax = 0xff00, .keep = BIT(RAX));                                                  \
	PROBE(insn ".status", insn " %%ecx", .flags = RFLAGS_STATUS & ~RFLAGS_CF, .status = true,  \
		.keep = BIT(RAX));                                                                 \
	PROBE(insn ".ring3", insn " %%rax; xor %%eax, %%eax", .mode = RING3);                      \
	PROBE(insn ".lock", ".byte 0xf0; " insn " %%eax");                                         \
	PROBE(insn ".rep", ".byte 0xf2; " insn " %%eax; xor %%eax, %%eax");                        \
	PROBE32(COMPAT3, insn ".compat",                                                           \
		insn " %%eax; " insn " %%ecx; sub %%ecx, %%eax; setne "                            \
		     "%%dl; xor %%eax, %%eax; xor %%ecx, %%ecx")

static void test_random(void)
{
	RANDOM("rdrand");
	RANDOM("rdseed");
}

/* --- RDTSCP, RDPID --- */

static void test_identity(void)
{
	uint64_t saved = rdmsr(MSR_TSC_AUX);

	wrmsr(MSR_TSC_AUX, 0xfedcba98);
	PROBE("rdpid", "rdpid %%rax", .rax = -1ul);
	PROBE("rdpid.r13", "rdpid %%r13", .status = true, .flags = RFLAGS_STATUS);
	PROBE("rdpid.ring3", "rdpid %%rax", .mode = RING3, .cr4_flip = CR4_TSD);
	PROBE32(COMPAT3, "rdpid.compat", "rdpid %%eax");
	PROBE("rdpid.66", ".byte 0x66; rdpid %%rax", .rax = -1ul);
	PROBE("rdpid.memory", ".byte 0xf3, 0x0f, 0xc7, 0x38", .rax = machine_test_stack());
	PROBE("rdpid.lock", ".byte 0xf0; rdpid %%rax");
	PROBE("rdtscp", "rdtscp; xor %%eax, %%eax; xor %%edx, %%edx", .rcx = -1ul);
	PROBE("rdtscp.ring3", "rdtscp", .mode = RING3, .keep = BIT(RCX));
	PROBE32(COMPAT3, "rdtscp.compat", "rdtscp", .keep = BIT(RCX));
	PROBE("rdtscp.lock", ".byte 0xf0; rdtscp");
	PROBE("rdtscp.upper", "rdtscp; shr $32, %%rax; shr $32, %%rdx; shr $32, %%rcx", .rax = -1ul,
		.rdx = -1ul, .rcx = -1ul);
	wrmsr(MSR_TSC_AUX, saved);
}

/* --- RDPMC --- */

static void test_counters(void)
{
	PROBE("rdpmc.ring0", "rdpmc; xor %%eax, %%eax; xor %%edx, %%edx");
	PROBE("rdpmc.upper", "rdpmc; shr $32, %%rax; shr $32, %%rdx", .rax = -1ul, .rdx = -1ul);
	PROBE("rdpmc.ring3", "rdpmc", .mode = RING3);
	PROBE("rdpmc.ring3.pce", "rdpmc; xor %%eax, %%eax; xor %%edx, %%edx", .mode = RING3,
		.cr4_flip = CR4_PCE);
	PROBE("rdpmc.index", "rdpmc", .rcx = 0x12345678);
	PROBE("rdpmc.index.ring3", "rdpmc", .rcx = 0x12345678, .mode = RING3);
	PROBE("rdpmc.index.ring3.pce", "rdpmc", .rcx = 0x12345678, .mode = RING3,
		.cr4_flip = CR4_PCE);
	PROBE("rdpmc.rcx-upper", "rdpmc; xor %%eax, %%eax; xor %%edx, %%edx", .rcx = BIT(32));
	PROBE("rdpmc.lock", ".byte 0xf0; rdpmc");
	PROBE32(COMPAT3, "rdpmc.compat", "rdpmc");
	PROBE32(COMPAT3, "rdpmc.compat.pce", "rdpmc; xor %%eax, %%eax; xor %%edx, %%edx",
		.cr4_flip = CR4_PCE);
}

/* --- INS --- */

/* Ports that give the same on all machines: the mask of the first 8259; the class code in the PCI
 * host bridge's configuration; the register that says which configuration that is. */
#define PORT8        0x21
#define PORT16       0xcfe
#define PORT32       0xcf8
#define PORT8_VALUE  0xa5
#define CONFIG_CLASS 0x80000008
#define UNMAPPED     0x700000000000

static uint8_t target[64] __attribute__((aligned(64)));

/* What reached memory, from the first byte that changed on, and the registers. */
static void show_ins(const char *name, const void *code, struct probe p)
{
	unsigned first = 0, last = sizeof(target);

	for (unsigned i = 0; i < sizeof(target); i++)
		target[i] = 0xee;
	p.code = code;
	line_begin("ins.%s", name);
	probe_run(&p);
	probe_show(&p);
	while (first < last && target[first] == 0xee)
		first++;
	while (last > first && target[last - 1] == 0xee)
		last--;
	line_add(" from=%u:", (uint64_t)first);
	for (unsigned i = first; i < last; i++)
		line_add(" %x", (uint64_t)target[i]);
	line_end();
}

#define INS(name, text, ...)                                                                       \
	show_ins(name, CODE(text), (struct probe){.keep = BIT(RCX) | BIT(RDI), __VA_ARGS__})

static void test_ins_widths(uint64_t at)
{
	INS("b", "insb", .rdx = PORT8, .rdi = at);
	INS("w", "insw", .rdx = PORT16, .rdi = at);
	INS("l", "insl", .rdx = PORT32, .rdi = at);
	INS("rex.w", ".byte 0x48; insl", .rdx = PORT32, .rdi = at);
	INS("rdx-upper", "insb", .rdx = PORT8 | 0x7fff0000, .rdi = at);
	INS("b.down", "std; insb; cld", .rdx = PORT8, .rdi = at + 8);
	INS("l.down", "std; insl; cld", .rdx = PORT32, .rdi = at + 8);
	INS("b.rep", "rep insb", .rdx = PORT8, .rdi = at, .rcx = 5);
	INS("b.repne", "repne insb", .rdx = PORT8, .rdi = at, .rcx = 5);
	INS("w.rep", "rep insw", .rdx = PORT16, .rdi = at, .rcx = 5);
	INS("l.rep", "rep insl", .rdx = PORT32, .rdi = at + 1, .rcx = 5);
	INS("l.rep.down", "std; rep insl; cld", .rdx = PORT32, .rdi = at + 32, .rcx = 5);
	INS("w.rep.down", "std; rep insw; cld", .rdx = PORT16, .rdi = at + 32, .rcx = 5);
	INS("none", "rep insb", .rdx = PORT8, .rdi = UNMAPPED);
	INS("lock", ".byte 0xf0; insb", .rdx = PORT8, .rdi = at);
	INS("segment-ignored", ".byte 0x65; insb", .rdx = PORT8, .rdi = at);
}

static void test_ins_addresses(uint64_t at)
{
	INS("addr32", "addr32 insb", .rdx = PORT8, .rdi = at | BIT(63));
	INS("addr32.rep", "addr32 rep insb", .rdx = PORT8, .rdi = at | BIT(40), .rcx = BIT(40) | 3);
	INS("addr32.none", "addr32 rep insb", .rdx = PORT8, .rdi = at, .rcx = BIT(40));
	INS("noncanonical", "insb", .rdx = PORT8, .rdi = BIT(63));
	INS("unmapped", "insb", .rdx = PORT8, .rdi = UNMAPPED);
	show_ins("compat", CODE32("rep insl"),
		(struct probe){.mode = COMPAT0, .rdx = PORT32, .rdi = at, .rcx = 3});
	show_ins("compat.addr16", CODE32("addr16 rep insb"),
		(struct probe){.mode = COMPAT0,
			.rdx = PORT8,
			.rdi = 0x10000 | LEGACY_BASE,
			.rcx = 0x10002,
			.keep = BIT(RCX) | BIT(RDI)});
	INS("ring3", "insb", .mode = RING3, .rdx = PORT8, .rdi = at + USER_ALIAS);
	INS("ring3.none", "rep insb", .mode = RING3, .rdx = PORT8, .rdi = at + USER_ALIAS);
	INS("ring3.iopl3", "rep insb", .mode = RING3, .flags = RFLAGS_IOPL3, .rdx = PORT8,
		.rdi = at + USER_ALIAS, .rcx = 2);
	tss.io_map[PORT8 / 8] &= (uint8_t) ~(1u << PORT8 % 8);
	INS("ring3.map", "rep insb", .mode = RING3, .rdx = PORT8, .rdi = at + USER_ALIAS, .rcx = 2);
	INS("ring3.map.wider", "insw", .mode = RING3, .rdx = PORT8, .rdi = at + USER_ALIAS);
	tss.io_map[PORT8 / 8] = 0xff;
}

/* A page that ends in the middle: what was done before stays done. */
static void test_ins_faults(void)
{
	chain_pt[1] &= ~PTE_P;
	lcr3(rcr3());
	INS("fault.b", "rep insb", .rdx = PORT8, .rdi = TEST_BASE + 4096 - 3, .rcx = 8);
	INS("fault.w", "rep insw", .rdx = PORT16, .rdi = TEST_BASE + 4096 - 3, .rcx = 8);
	INS("fault.l", "rep insl", .rdx = PORT32, .rdi = TEST_BASE + 4096 - 16, .rcx = 8);
	INS("fault.down", "std; rep insb", .rdx = PORT8, .rdi = TEST_BASE + 4096 + 2, .rcx = 8);
	INS("fault.resumed", "rep insb", .rdx = PORT8, .rdi = TEST_BASE + 4096 - 3, .rcx = 4,
		.resume = {BIT(VECTOR_END)});
	chain_reset();
	*chain_entry(0) &= ~PTE_W;
	lcr3(rcr3());
	INS("fault.readonly", "rep insb", .rdx = PORT8, .rdi = TEST_BASE, .rcx = 8);
	INS("fault.level-first", "rep insb", .mode = RING3, .rdx = PORT8, .rdi = TEST_BASE,
		.rcx = 8);
	chain_reset();
	line_begin("ins.fault.last-bytes");
	for (unsigned i = 4096 - 18; i < 4096; i++)
		line_add(" %x", (uint64_t)chain_page[0][i]);
	line_end();
}

static void test_ins(void)
{
	uint8_t mask = inb(PORT8);

	outb(PORT8, PORT8_VALUE);
	outl(PORT32, CONFIG_CLASS);
	test_ins_widths((uint64_t)target);
	test_ins_addresses((uint64_t)target);
	test_ins_faults();
	outb(PORT8, mask);
}

void test_features(void)
{
	chain_reset();
	test_random();
	test_identity();
	test_counters();
	test_ins();
}
