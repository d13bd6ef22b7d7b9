/* legacy_debug.c - the trap flag and the debug registers in real and virtual-8086 mode, whose
 * addresses are linear ones there, too. Each line is followed by one with what DR6 says.
 */
#include "tests/system/image/protected.h"
#include "tests/system/image/tests.h"

#define DATA_AT (LEGACY_DATA + 0x100)

enum { ON_EXECUTION, ON_WRITE, ON_PORT, ON_ACCESS };

/* DR0, of that many bytes less one. */
static void watch(uint64_t la, uint64_t condition, uint64_t length)
{
	uint64_t dr6 = DR6_IDLE, dr7 = 2 | condition << 16 | length << 18;

	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr6; mov %2, %%dr7"
			 :
			 : "r"(la), "r"(dr6), "r"(dr7));
}

static void show_dr6(const char *mode, const char *name)
{
	uint64_t dr6;

	__asm__ volatile("mov %%dr6, %0; mov %1, %%dr7" : "=&r"(dr6) : "r"(0ul));
	line_begin("%s.%s.dr6", mode, name);
	line_add(" %x", dr6);
	line_end();
}

/* Both modes have the snippet and the data at the same addresses. */
static void in_both(const char *name, uint32_t flags, const void *code, uint64_t la,
	uint64_t condition, uint64_t length)
{
	watch(la, condition, length);
	legacy_in_real(name, flags, code);
	show_dr6("real", name);
	watch(la, condition, length);
	protected_v8086(name, flags | RFLAGS_IOPL3, code);
	show_dr6("v86", name);
}

#define STEP(name, text)                                                                           \
	in_both("step." name, RFLAGS_TF, CODE_AS(16, text), DATA_AT, ON_EXECUTION, 0)
#define AT(name, at, flags, text)                                                                  \
	in_both("reckless.bp." name, flags, CODE_AS(16, text), LEGACY_SNIPPET + (at),              \
		ON_EXECUTION, 0)
#define ON_DATA(name, condition, length, text)                                                     \
	in_both("bp." name, 0, CODE_AS(16, text), DATA_AT, condition, (length)-1)
#define ON_80(name, text) in_both("bp." name, 0, CODE_AS(16, text), 0x80, ON_PORT, 0)

static void test_steps(void)
{
	STEP("plain", "nop; nop");
	STEP("rep", "mov $3, %%cx; rep lodsb; nop");
	STEP("mov-ss", "nop; nop; nop");
	STEP("fault", "ud2");
	in_both("step.by-popf", 0, CODE_AS(16, "pushw $0x3102; popf; nop; nop"), DATA_AT,
		ON_EXECUTION, 0);
	in_both("step.by-iret", 0,
		CODE_AS(16, "pushw $0x3102; push %%cs; pushw $1f - 88880b; iret; ud2; 1: nop; nop"),
		DATA_AT, ON_EXECUTION, 0);
	in_both("step.shadow", 0,
		CODE_AS(16, "pushw $0x3102; mov %%ss, %%ax; popf; mov %%ax, %%ss; nop; nop"),
		DATA_AT, ON_EXECUTION, 0);
}

/* Debian's QEMU crashes. */
static void test_recklessly(void)
{
	AT("exec.first", 0, 0, "nop; nop");
	AT("exec.next", 1, 0, "nop; nop");
	AT("exec.inside", 1, 0, "mov $1, %%ax; nop");
	AT("exec.rf", 0, RFLAGS_RF, "nop; nop");
	AT("exec.step", 1, RFLAGS_TF, "nop; nop");
	AT("exec.mov-ss", 4, 0, "mov %%ss, %%ax; mov %%ax, %%ss; nop; nop");
}

static void test_breakpoints(void)
{
	ON_DATA("write", ON_WRITE, 2, "movw $5, (0x100); nop");
	ON_DATA("write.read", ON_WRITE, 2, "mov (0x100), %%ax; nop");
	ON_DATA("write.near", ON_WRITE, 2, "movb $5, (0x102); nop");
	ON_DATA("write.part", ON_WRITE, 2, "movl $5, (0xfe); nop");
	ON_DATA("access", ON_ACCESS, 4, "mov (0x103), %%al; xor %%al, %%al; nop");
	ON_DATA("rep", ON_ACCESS, 1, "mov $0xff, %%si; mov $3, %%cx; rep lodsb; nop");
	ON_80("port.data", "mov (0x80), %%al; xor %%al, %%al; nop");
	ON_80("port", "out %%al, $0x80; nop");
	ON_80("port.near", "out %%al, $0x81; nop");
}

void test_legacy_debug(void)
{
	uint64_t cr4 = rcr4();

	legacy_prepare();
	protected_reset();
	test_steps();
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_DE));
	test_breakpoints();
	if (reckless)
		test_recklessly();
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
	protected_end();
}
