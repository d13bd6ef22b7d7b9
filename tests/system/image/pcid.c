/* pcid.c - process-context identifiers and INVPCID (SDM "Process-Context Identifiers (PCIDs)").
 *
 * Where an old translation may or may not be used, nothing is asked: of invalidations a test sees
 * only that the new one is. QEMU has neither.
 */
#include "sim/kernel/x86.h"
#include "tests/system/image/chain.h"
#include "tests/system/image/tests.h"

#define CR4_PCIDE   BIT(17)
#define CR3_NOFLUSH BIT(63)
#define AT          (TEST_BASE + 16)

static uint64_t descriptor[3] __attribute__((aligned(16)));

#define PCID_PROBE(name, text, ...)                                                                \
	PROBE("reckless.pcid." name, text, .cr4_flip = CR4_PCIDE, __VA_ARGS__)

/* rdx: what comes to stand in bits of CR3; rax: which then stand there. */
#define CR3_LOW                                                                                    \
	"mov %%cr3, %%rbx; or %%rbx, %%rdx; mov %%rdx, %%cr3; mov %%cr3, %%rax; mov %%rbx, "       \
	"%%cr3; xor %%rbx, %%rax; xor %%ebx, %%ebx; xor %%edx, %%edx"

static void test_registers(void)
{
	PCID_PROBE("cr3.value", CR3_LOW, .rdx = 0xabc);
	PCID_PROBE("cr3.all-ones", CR3_LOW, .rdx = 0xfff);
	PCID_PROBE("cr3.noflush", CR3_LOW, .rdx = CR3_NOFLUSH | 0x123);
	PCID_PROBE("cr3.bit62", CR3_LOW, .rdx = BIT(62), .no_registers = true);
	PROBE("reckless.pcid.cr3.noflush.off", CR3_LOW, .rdx = CR3_NOFLUSH, .no_registers = true);
	PCID_PROBE("cr0.no-pg", "mov %%cr0, %%rax; btr $31, %%rax; mov %%rax, %%cr0",
		.no_registers = true);
	PROBE32(COMPAT0, "reckless.pcid.cr0.no-pg.compat",
		"mov %%cr0, %%eax; btr $31, %%eax; mov %%eax, %%cr0", .cr4_flip = CR4_PCIDE,
		.no_registers = true);
	PROBE("reckless.pcid.cr4.pcid-not-0",
		"mov %%cr3, %%rbx; mov %%rbx, %%rcx; or $0x18, %%rcx; mov %%rcx, %%cr3; mov %%cr4, "
		"%%rax; bts $17, %%rax; mov %%rax, %%cr4",
		.no_registers = true);
	lcr3(rcr3() & ~0xffful);
	PROBE("reckless.pcid.cr4.pcid-not-0.off",
		"mov %%cr3, %%rbx; mov %%cr4, %%rax; bts $17, %%rax; mov %%rax, %%cr4; mov %%rbx, "
		"%%rcx; or $0x18, %%rcx; mov %%rcx, %%cr3; btr $17, %%rax; mov %%rax, %%cr4; mov "
		"%%cr3, %%rdx; mov %%rbx, %%cr3; xor %%rbx, %%rdx",
		.keep = BIT(RDX));
}

/* --- INVPCID's operands --- */

static void show_operand(const char *name, uint64_t pcide, uint64_t low, uint64_t address)
{
	descriptor[0] = low;
	descriptor[1] = address;
	line_begin("reckless.invpcid.%s.%s", name, pcide ? "on" : "off");
	for (uint64_t type = 0; type < 5; type++) {
		struct probe p = {.code = CODE("invpcid (%%rbx), %%rax"),
			.rax = type,
			.rbx = (uint64_t)descriptor,
			.cr4_flip = pcide};

		probe_run(&p);
		line_add(" %u=", type);
		probe_show_brief();
	}
	line_end();
}

static void test_operands(void)
{
	for (unsigned on = 0; on < 2; on++) {
		uint64_t pcide = on ? CR4_PCIDE : 0;

		show_operand("zero", pcide, 0, 0);
		show_operand("pcid", pcide, 0x123, AT);
		show_operand("reserved.12", pcide, BIT(12), AT);
		show_operand("reserved.63", pcide, BIT(63), AT);
		show_operand("address", pcide, 0, AT);
		show_operand("noncanonical", pcide, 0, BIT(47));
		show_operand("noncanonical.63", pcide, 0, BIT(63));
	}
}

#define INVPCID(name, text, ...) PROBE("reckless.invpcid." name, text, .rax = 2, __VA_ARGS__)

static void test_faults(void)
{
	uint64_t at = (uint64_t)descriptor;

	descriptor[0] = descriptor[1] = 0;
	INVPCID("ring3", "invpcid (%%rbx), %%rax", .mode = RING3, .rbx = at + USER_ALIAS);
	INVPCID("ring3.bad-type", "invpcid (%%rbx), %%rcx", .mode = RING3, .rbx = at + USER_ALIAS,
		.rcx = 9);
	INVPCID("type.upper", "invpcid (%%rbx), %%rcx", .rcx = BIT(32), .rbx = at);
	INVPCID("register", ".byte 0x66, 0x0f, 0x38, 0x82, 0xc3", .rbx = at);
	INVPCID("no-66", ".byte 0x0f, 0x38, 0x82, 0x03", .rbx = at);
	INVPCID("f3", ".byte 0x66, 0xf3, 0x0f, 0x38, 0x82, 0x03", .rbx = at);
	INVPCID("lock", ".byte 0xf0; invpcid (%%rbx), %%rax", .rbx = at);
	INVPCID("rex.w", ".byte 0x66, 0x48, 0x0f, 0x38, 0x82, 0x03", .rbx = at);
	INVPCID("misaligned", "invpcid 3(%%rbx), %%rax", .rbx = at);
	INVPCID("unmapped", "invpcid (%%rbx), %%rax", .rbx = 0x700000000000);
	INVPCID("unmapped.bad-type", "invpcid (%%rbx), %%rcx", .rbx = 0x700000000000, .rcx = 9);
	INVPCID("noncanonical-operand", "invpcid (%%rbx), %%rax", .rbx = BIT(63));
	INVPCID("noncanonical-stack", "invpcid (%%rbp), %%rax", .rbp = BIT(63));
	*chain_entry(0) &= ~PTE_W;
	lcr3(rcr3());
	INVPCID("readonly", "invpcid 0x800(%%rbx), %%rax", .rbx = TEST_BASE);
	chain_pt[1] &= ~PTE_P;
	lcr3(rcr3());
	INVPCID("across", "invpcid (%%rbx), %%rax", .rbx = TEST_BASE + 4096 - 8);
	chain_reset();
	PROBE32(COMPAT0, "reckless.invpcid.compat", "invpcid (%%ebx), %%eax", .rax = BIT(32) | 2,
		.rbx = at);
	PROBE32(COMPAT3, "reckless.invpcid.compat3", "invpcid (%%ebx), %%eax", .rax = 2,
		.rbx = at + USER_ALIAS);
}

/* --- what must hold --- */

/* Gives a snippet in rdx CR3 with PCID 1, in rsi with PCID 2, without flushing. It has the old
 * translation of (rcx) in both, and r8 and r9 are what to write where to change it. */
#define LEARN                                                                                      \
	"mov %%rdx, %%cr3; mov (%%rcx), %%eax; mov %%rsi, %%cr3; mov (%%rcx), %%eax; mov %%r8, "   \
	"(%%r9); "
#define LOOK "mov (%%rcx), %%eax; mov %%rdi, %%cr3"

static void show_seen(const char *name, const void *code, uint64_t global)
{
	volatile uint32_t *first = (volatile uint32_t *)chain_page[0];
	volatile uint32_t *second = (volatile uint32_t *)chain_page[1];
	uint64_t cr3 = rcr3();
	struct probe p = {
		.code = code,
		.rcx = AT,
		.rbx = (uint64_t)descriptor,
		.rdx = cr3 | CR3_NOFLUSH | 1,
		.rsi = cr3 | CR3_NOFLUSH | 2,
		.rdi = cr3,
		.r8 = (uint64_t)chain_page[1] | PTE_ALL | global,
		.r9 = (uint64_t)chain_entry(0),
		.cr4_flip = CR4_PCIDE,
		.keep = BIT(RAX),
	};

	first[4] = 0x11;
	second[4] = 0x22;
	*chain_entry(0) |= global;
	lcr3(cr3);
	line_begin("reckless.pcid.seen.%s%s", name, global ? ".global" : "");
	probe_run(&p);
	probe_show(&p);
	line_end();
	lcr3(cr3);
	chain_reset();
	lcr4(rcr4() ^ CR4_PGE);
	lcr4(rcr4() ^ CR4_PGE);
}

static void test_moves(void)
{
	show_seen("cr3.flush", CODE(LEARN "btr $63, %%rsi; mov %%rsi, %%cr3; " LOOK), 0);
	show_seen("cr3.flush.then-keep",
		CODE(LEARN
			"mov %%rdx, %%r10; btr $63, %%r10; mov %%r10, %%cr3; mov %%rsi, %%cr3; mov "
			"%%rdx, %%cr3; " LOOK),
		0);
	show_seen(
		"cr3.third", CODE(LEARN "mov %%rsi, %%r10; inc %%r10; mov %%r10, %%cr3; " LOOK), 0);
	show_seen("invlpg", CODE(LEARN "invlpg (%%rcx); " LOOK), 0);
	show_seen("invlpg", CODE(LEARN "invlpg (%%rcx); " LOOK), PTE_G);
	show_seen("invlpg.other",
		CODE(LEARN "mov %%rdx, %%cr3; invlpg (%%rcx); mov (%%rcx), %%eax; " LOOK), 0);
	show_seen("invlpg.global.other", CODE(LEARN "invlpg (%%rcx); mov %%rdx, %%cr3; " LOOK),
		PTE_G);
	for (uint64_t global = 0; global <= PTE_G; global += PTE_G) {
		show_seen("pge",
			CODE(LEARN
				"mov %%cr4, %%r10; btc $7, %%r10; mov %%r10, %%cr4; btc $7, %%r10; "
				"mov %%r10, %%cr4; mov %%rdx, %%cr3; " LOOK),
			global);
		show_seen("pcide",
			CODE(LEARN
				"mov %%cr4, %%r10; btr $17, %%r10; mov %%r10, %%cr4; mov (%%rcx), "
				"%%eax; mov %%rdi, %%cr3; bts $17, %%r10; mov %%r10, %%cr4; mov "
				"%%rdx, "
				"%%cr3; " LOOK),
			global);
	}
}

static void test_invpcid_effects(void)
{
	descriptor[0] = 1;
	descriptor[1] = AT + 0x123;
	show_seen("invpcid.0",
		CODE(LEARN "xor %%eax, %%eax; invpcid (%%rbx), %%rax; mov %%rdx, %%cr3; " LOOK), 0);
	descriptor[1] = 0;
	show_seen("invpcid.1",
		CODE(LEARN "mov $1, %%eax; invpcid (%%rbx), %%rax; mov %%rdx, %%cr3; " LOOK), 0);
	descriptor[0] = 2;
	show_seen(
		"invpcid.1.current", CODE(LEARN "mov $1, %%eax; invpcid (%%rbx), %%rax; " LOOK), 0);
	descriptor[0] = 0;
	show_seen("invpcid.2",
		CODE(LEARN "mov $2, %%eax; invpcid (%%rbx), %%rax; mov %%rdx, %%cr3; " LOOK), 0);
	show_seen("invpcid.2",
		CODE(LEARN "mov $2, %%eax; invpcid (%%rbx), %%rax; mov %%rdx, %%cr3; " LOOK),
		PTE_G);
	show_seen("invpcid.3",
		CODE(LEARN "mov $3, %%eax; invpcid (%%rbx), %%rax; mov %%rdx, %%cr3; " LOOK), 0);
}

void test_pcid(void)
{
	if (!reckless)
		return;
	chain_reset();
	test_registers();
	test_operands();
	test_faults();
	test_moves();
	test_invpcid_effects();
}
