/* sysenter.c - SYSENTER and SYSEXIT: to and from flat segments that no descriptor describes. */
#include "sim/kernel/x86.h"
#include "tests/system/image/protected.h"
#include "tests/system/image/tests.h"

#define MSR_CS  0x174
#define MSR_ESP 0x175
#define MSR_EIP 0x176

#define FLAGS (RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL3 | RFLAGS_NT | RFLAGS_AC | RFLAGS_ID)

/* Where SYSENTER leads. They show width and segments of the code that they are run as: 48h is a
 * REX prefix or DEC EAX. Who comes with RBX = 0 has no stack. */
__asm__(".pushsection .text.sysenter, \"ax\"\n"
	".globl arrived64, arrived32, arrived_stackless\n"
	"arrived64: .byte 0x48; xor %eax, %eax; push %rcx; int $0x20\n"
	"arrived_stackless: mov %rsp, %rax; mov %rbx, %rsp; int $0x20\n"
	".code32\n"
	"arrived32: .byte 0x48; xor %ecx, %ecx; push %eax; int $0x1e\n"
	".code64; .popsection");
extern const char arrived64[], arrived32[], arrived_stackless[];

static void set_sysenter(uint64_t cs, uint64_t esp, const char *eip)
{
	wrmsr(MSR_CS, cs);
	wrmsr(MSR_ESP, esp);
	wrmsr(MSR_EIP, (uint64_t)eip);
}

static void set_cs(uint64_t cs)
{
	set_sysenter(cs, machine_test_stack() - 0x100, arrived64);
}

static void test_sysenter(void)
{
	set_cs(SEL_KERNEL_CODE);
	PROBE("sysenter.ring0", "sysenter", .rax = 5, .flags = FLAGS);
	PROBE("sysenter.ring3", "sysenter", .rax = 5, .mode = RING3, .flags = FLAGS);
	PROBE("sysenter.rf", "sysenter", .rax = 5, .mode = RING3, .flags = RFLAGS_RF, .rf = true);
	PROBE("sysenter.status", "stc; sysenter", .mode = RING3, .status = true);
	PROBE("sysenter.step", "sysenter", .mode = RING3, .flags = RFLAGS_TF);
	PROBE("sysenter.lock", ".byte 0xf0; sysenter", .mode = RING3);
	PROBE("sysenter.prefixes", ".byte 0x66, 0xf3; sysenter", .mode = RING3);
	PROBE32(COMPAT0, "sysenter.compat0", "sysenter", .rax = 5);
	PROBE32(COMPAT3, "sysenter.compat3", "sysenter", .rax = 5, .flags = FLAGS);
	set_cs(0);
	PROBE("sysenter.null", "sysenter", .mode = RING3);
	PROBE("sysenter.null.ring0", "sysenter");
	set_cs(3);
	PROBE("sysenter.null.rpl", "sysenter", .mode = RING3);
	set_cs(0x10000);
	PROBE("sysenter.null.upper", "sysenter", .mode = RING3);
	set_cs(0);
	PROBE32(COMPAT3, "sysenter.null.compat", "sysenter");
	set_cs(SEL_KERNEL_CODE | 3);
	PROBE("sysenter.rpl", "sysenter", .mode = RING3);
	set_cs(0xf00);
	PROBE("sysenter.no-descriptor", "sysenter", .mode = RING3);
	set_cs(0xfffc);
	PROBE("sysenter.wraps", "sysenter", .mode = RING3);
	set_sysenter(SEL_KERNEL_CODE, -BIT(40), arrived_stackless);
	PROBE("sysenter.rsp", "sysenter", .mode = RING3, .rbx = machine_test_stack());
	PROBE32(COMPAT3, "sysenter.rsp.compat", "sysenter", .rbx = machine_test_stack());
	set_sysenter(SEL_KERNEL_CODE, machine_test_stack(), (const char *)-BIT(40));
	PROBE("sysenter.rip", "sysenter", .mode = RING3);
	PROBE32(COMPAT3, "sysenter.rip.compat", "sysenter");
}

/* To label 1, at the alias for ring 3, with a stack there. */
#define SYSEXIT(name, prefix, text, ...)                                                           \
	PROBE("sysexit." name,                                                                     \
		"lea 1f(%%rip), %%rdx; add $0x40000000, %%rdx; lea 0x40000000(%%rsp), %%rcx; "     \
		"xor %%r8, %%rdx; xor %%r9, %%rcx; " prefix "; sysexitl; ud2; " text,              \
		.no_registers = true, __VA_ARGS__)
#define REX_W ".byte 0x48"

static void test_sysexit(void)
{
	set_cs(SEL_KERNEL_CODE);
	SYSEXIT("64", REX_W, "1: push %%rax", .flags = FLAGS);
	SYSEXIT("32", "", ".code32; 1: .byte 0x48; push %%ecx; .code64", .flags = FLAGS);
	SYSEXIT("66", ".byte 0x66", "1:", .flags = 0);
	SYSEXIT("66.rex", ".byte 0x66, 0x48", "1:", .flags = 0);
	SYSEXIT("64.level", REX_W, "1: hlt", .flags = 0);
	SYSEXIT("32.level", "", "1: hlt", .flags = 0);
	SYSEXIT("64.step", REX_W, "1: nop", .flags = RFLAGS_TF, .resume = {BIT(1)});
	SYSEXIT("lock", ".byte 0xf0", "1:", .flags = 0);
	SYSEXIT("64.rip-noncanonical", REX_W, "1:", .r8 = BIT(63));
	SYSEXIT("64.rsp-noncanonical", REX_W, "1:", .r9 = BIT(63));
	SYSEXIT("32.upper-halves", "", "1:", .r8 = BIT(63), .r9 = BIT(63));
	SYSEXIT("ring3", REX_W, "1:", .mode = RING3);
	set_cs(0xf00);
	SYSEXIT("64.no-descriptor", REX_W, "1: push %%rax", .flags = 0);
	SYSEXIT("32.no-descriptor", "", "1: push %%rax", .flags = 0);
	set_cs(SEL_KERNEL_CODE | 3);
	SYSEXIT("64.rpl", REX_W, "1:", .flags = 0);
	set_cs(0xfff0);
	SYSEXIT("64.wraps", REX_W, "1:", .flags = 0);
	SYSEXIT("32.wraps", "", "1:", .flags = 0);
	set_cs(3);
	SYSEXIT("64.null", REX_W, "1:", .flags = 0);
	SYSEXIT("32.null", "", "1:", .flags = 0);
	SYSEXIT("null.ring3", REX_W, "1:", .mode = RING3);
	set_cs(SEL_KERNEL_CODE);
	PROBE32(COMPAT0, "sysexit.compat", "sysexit", .rdx = USER_ALIAS + (uint64_t)arrived64,
		.rcx = USER_ALIAS + machine_test_stack());
	PROBE32(COMPAT3, "sysexit.compat3", "sysexit");
}

/* The same without IA-32e mode; of the MSRs the lower halves count. */
static void test_legacy_modes(void)
{
	set_sysenter(SEL_KERNEL_CODE, PROTECTED_STACK, arrived32);
	protected_reset();
	RING0("sysenter", "legacy.ring0", "mov $5, %%eax; sysenter");
	RING3("sysenter", "legacy.ring3", "mov $5, %%eax; sysenter");
	RING3_IOPL3("sysenter", "legacy.flags", "sti; std; sysenter");
	V8086("sysenter", 0, "mov $5, %%eax; sysenter");
	V8086("sysexit", 0, "sysexit");
	RING3("sysexit", "legacy.ring3", "sysexit");
	RING0("sysexit", "legacy",
		"mov $1f, %%edx; mov %%esp, %%ecx; sysexit; ud2; 1: .byte 0x48; push "
		"%%edx; int $0x20");
	RING0("sysexit", "legacy.level", "mov $1f, %%edx; mov %%esp, %%ecx; sysexit; ud2; 1: hlt");
	set_sysenter(2, PROTECTED_STACK, arrived32);
	RING3("sysenter", "legacy.null", "sysenter");
	RING0("sysexit", "legacy.null", "sysexit");
	set_sysenter(0xf00, PROTECTED_STACK, arrived32);
	RING3("sysenter", "legacy.no-descriptor", "sysenter");
	RING0("sysexit", "legacy.no-descriptor",
		"mov $1f, %%edx; mov %%esp, %%ecx; sysexit; ud2; 1:");
	protected_end();
}

void test_sysenter_sysexit(void)
{
	test_sysenter();
	test_sysexit();
	test_legacy_modes();
	set_sysenter(0, 0, NULL);
}
