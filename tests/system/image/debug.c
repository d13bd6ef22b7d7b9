/* debug.c - breakpoints in the debug registers, and alignment checking.
 *
 * A line is that of a probe (probe.h), or for many accesses one character each: the number of the
 * breakpoint that was met, or `.`; A for #AC.
 */
#include "bench/image/lib.h"
#include "tests/system/image/tests.h"

#define RESUME_DB .resume = {BIT(1), BIT(0)} /* and INT 40h */
#define DATA      .rdi = (uint64_t)data, .rsi = (uint64_t)data, .keep = BIT(RAX)
#define UNMAPPED  0x700000000001

enum condition { ON_EXECUTION, ON_WRITE, ON_PORT, ON_ACCESS };

static uint8_t data[64] __attribute__((aligned(64)));

static void set_dr7(uint64_t value)
{
	__asm__ volatile("mov %0, %%dr7" : : "r"(value));
}

static uint64_t enabling(unsigned n, enum condition condition, unsigned size)
{
	static const uint8_t lengths[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};

	return 2ul << (2 * n) | (uint64_t)condition << (16 + 4 * n) |
	       (uint64_t)lengths[size] << (18 + 4 * n);
}

/* One or two breakpoints, DR0 and DR1. */
static void watch(uint64_t la0, uint64_t la1, uint64_t dr7)
{
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1" : : "r"(la0), "r"(la1));
	set_dr7(dr7);
}

static void watch_data(enum condition condition, unsigned size)
{
	watch((uint64_t)(data + 16), 0, enabling(0, condition, size));
}

static void bp(const char *name, const struct probe *p)
{
	probe(name, p);
	set_dr7(0);
}

#define BP(name, text, ...)                                                                        \
	do {                                                                                       \
		bp(name, &(struct probe){.code = CODE(text), __VA_ARGS__});                        \
	} while (0)

/* --- on execution --- */

/* A breakpoint at an offset of the snippet that follows. */
#define BP_AT(at, name, text, ...)                                                                 \
	do {                                                                                       \
		const struct probe p = {.code = CODE(text), .rf = true, __VA_ARGS__};              \
		watch((uint64_t)p.code + (at) + (p.mode == RING3 ? USER_ALIAS : 0), 0,             \
			enabling(0, ON_EXECUTION, 1));                                             \
		bp(name, &p);                                                                      \
	} while (0)

static void test_execution(void)
{
	BP_AT(0, "bp.exec.first", "nop; nop");
	BP_AT(1, "bp.exec.next", "nop; nop");
	BP_AT(1, "bp.exec.ring3", "nop; nop", .mode = RING3);
	BP_AT(1, "bp.exec.inside", "mov $1, %%eax; nop");
	BP_AT(0, "bp.exec.rf", "nop; nop", .flags = RFLAGS_RF);
	BP_AT(0, "bp.exec.rf.once", "inc %%eax; jmp 88880b", .flags = RFLAGS_RF);
	BP_AT(0, "bp.exec.rf.fault", "ud2", .flags = RFLAGS_RF);
	BP_AT(0, "bp.exec.before-fault", "ud2");
	BP_AT(1, "bp.exec.rf.next", "nop; nop", .flags = RFLAGS_RF);
	BP_AT(0, "bp.exec.rep", "rep stosb; nop", .rcx = 3, .rdi = (uint64_t)data,
		.flags = RFLAGS_RF);
	BP_AT(1, "bp.exec.step", "nop; nop", .flags = RFLAGS_TF);
	BP_AT(4, "bp.exec.mov-ss", "mov %%ss, %%eax; mov %%eax, %%ss; nop; nop");
	BP_AT(5, "bp.exec.after-mov-ss", "mov %%ss, %%eax; mov %%eax, %%ss; nop; nop");
	BP_AT(3, "bp.exec.popf", "pushf; popf; nop; nop");
	BP_AT(2, "bp.exec.iret-rf",
		"jmp 1f; nop; 2: nop; jmp 3f; 1: mov %%rsp, %%rax; push $0x10; push %%rax; push "
		"$0x10002; push $8; lea -1+2b(%%rip), %%rax; push %%rax; iretq; 3:");
	BP_AT(2, "bp.exec.disabled", "mov %%rax, %%dr7; nop", .rax = 0x400);
}

/* --- on data --- */

struct access {
	const char *name;
	const void *code;
	unsigned size;
};

/* At each offset around the 8 bytes of data + 16. */
static void sweep(const struct access *a, enum condition condition, unsigned length)
{
	line_begin("bp.%s%u.%s%u", condition == ON_WRITE ? "w" : "rw", (uint64_t)length, a->name,
		(uint64_t)a->size);
	line_add(" ");
	for (int64_t at = 7; at < 26; at++) {
		struct probe p = {.code = a->code, .rdi = (uint64_t)data + (uint64_t)at};

		watch_data(condition, length);
		probe_run(&p);
		set_dr7(0);
		line_add("%s", events[0].frame.vector != 1 ? "." : events[0].dr6 & 1 ? "0" : "?");
	}
	line_end();
}

static void test_sweeps(void)
{
	const struct access accesses[] = {{"read", CODE("mov (%%rdi), %%al"), 1},
		{"read", CODE("mov (%%rdi), %%eax"), 4}, {"read", CODE("mov (%%rdi), %%rax"), 8},
		{"write", CODE("mov %%al, (%%rdi)"), 1}, {"write", CODE("mov %%ax, (%%rdi)"), 2},
		{"write", CODE("mov %%rax, (%%rdi)"), 8}, {"modify", CODE("addl $1, (%%rdi)"), 4}};

	for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
		for (unsigned length = 1; length <= 8; length *= 2) {
			sweep(&accesses[i], ON_WRITE, length);
			sweep(&accesses[i], ON_ACCESS, length);
		}
	}
}

static void test_data(void)
{
	uint64_t stack = machine_test_stack();

	watch_data(ON_WRITE, 4);
	BP("bp.write.trap", "mov %%eax, 16(%%rdi); nop", DATA, RESUME_DB);
	watch((uint64_t)data + USER_ALIAS, 0, enabling(0, ON_WRITE, 4));
	BP("bp.write.ring3", "nop; mov %%eax, (%%rdi); nop", .mode = RING3, RESUME_DB,
		.rdi = (uint64_t)data + USER_ALIAS);
	watch_data(ON_ACCESS, 8);
	BP("bp.rep", "rep lodsq; nop", .rcx = 4, .rsi = (uint64_t)data, RESUME_DB, .rf = true,
		.keep = BIT(RCX));
	watch_data(ON_WRITE, 8);
	BP("bp.rep.stos", "rep stosb; nop", .rcx = 18, .rdi = (uint64_t)data, RESUME_DB, .rf = true,
		.keep = BIT(RCX));
	watch(stack - 8, 0, enabling(0, ON_WRITE, 8));
	BP("bp.push", "push %%rax; nop", RESUME_DB);
	watch(stack - 8, 0, enabling(0, ON_WRITE, 8));
	BP("bp.call", "call 1f; ud2; 1: nop", RESUME_DB);
	watch_data(ON_WRITE, 4);
	BP("bp.step", "mov %%eax, 16(%%rdi); nop", DATA, RESUME_DB, .flags = RFLAGS_TF);
	watch_data(ON_WRITE, 4);
	BP("bp.dr6.stays", "mov %%rax, %%dr6; mov %%eax, 16(%%rdi); nop", .rax = 0xffffcffe,
		.rdi = (uint64_t)data, RESUME_DB);
	watch((uint64_t)data, (uint64_t)data + 4,
		enabling(0, ON_WRITE, 4) | enabling(1, ON_ACCESS, 4));
	BP("bp.two", "mov %%rax, (%%rdi); nop", DATA, RESUME_DB);
	watch((uint64_t)data, (uint64_t)data + 4,
		enabling(0, ON_WRITE, 4) | enabling(1, ON_ACCESS, 4));
	BP("bp.two.reads", "mov (%%rdi), %%rax; nop", .rdi = (uint64_t)data, RESUME_DB);
	watch((uint64_t)data, 0, 1 | enabling(0, ON_WRITE, 4));
	BP("bp.local", "mov %%eax, (%%rdi); nop", DATA, RESUME_DB);
	watch_data(ON_WRITE, 4);
	BP("bp.fault", "mov %%eax, 16(%%rdi); ud2", DATA, RESUME_DB);
	watch_data(ON_WRITE, 4);
	BP("bp.off", "mov %%rax, %%dr7; mov %%eax, 16(%%rdi); nop", DATA, .rax = 0x400);
	watch_data(ON_WRITE, 4);
	set_dr7(0);
	BP("bp.on", "mov %%rbx, %%dr7; mov %%eax, 16(%%rdi); nop", DATA,
		.rbx = 0x400 | enabling(0, ON_WRITE, 4));
}

/* SDM "Masking Exceptions and Interrupts When Switching Stacks": #DB comes at the handler. */
static void test_shadow_of_transfer(void)
{
	struct probe p = {.code = CODE("mov 16(%%rdi), %%ss; int $0x40; nop"), DATA, RESUME_DB};

	watch_data(ON_ACCESS, 2);
	line_begin("bp.mov-ss.int");
	probe_run(&p);
	set_dr7(0);
	for (unsigned i = 0; i < event_count; i++) {
		line_add(" ");
		line_vector(events[i].frame.vector);
		line_add(events[i].frame.rip - (uint64_t)p.code < 16 ? " here" : " there");
	}
	line_end();
}

/* What a load of SS holds off. */
static void test_shadow(void)
{
	*(uint16_t *)(data + 16) = SEL_KERNEL_DATA;
	watch_data(ON_ACCESS, 2);
	BP("bp.mov-ss", "mov 16(%%rdi), %%ss; nop; nop", DATA, RESUME_DB);
	test_shadow_of_transfer();
	watch_data(ON_ACCESS, 2);
	BP("bp.mov-ss.step", "mov 16(%%rdi), %%ss; nop; nop", DATA, RESUME_DB, .flags = RFLAGS_TF);
	watch_data(ON_ACCESS, 2);
	BP("bp.mov-ds", "mov 16(%%rdi), %%ds; nop; nop", DATA, RESUME_DB);
}

static void test_ports(void)
{
	watch(0x80, 0, enabling(0, ON_PORT, 1));
	BP("bp.port", "in $0x80, %%al; nop", RESUME_DB, .cr4_flip = CR4_DE, .no_registers = true);
	watch(0x80, 0, enabling(0, ON_PORT, 1));
	BP("bp.port.out", "out %%al, $0x80; nop", RESUME_DB, .cr4_flip = CR4_DE);
	watch(0x80, 0, enabling(0, ON_PORT, 4));
	BP("bp.port.near", "out %%al, $0x83; nop", RESUME_DB, .cr4_flip = CR4_DE);
	watch(0x80, 0, enabling(0, ON_PORT, 2));
	BP("bp.port.not", "out %%al, $0x82; nop", RESUME_DB, .cr4_flip = CR4_DE);
	watch(0x80, 0, enabling(0, ON_PORT, 1));
	BP("bp.port.data", "mov %%al, 16(%%rdi); nop", DATA, RESUME_DB, .cr4_flip = CR4_DE);
	watch(0x80, 0, enabling(0, ON_PORT, 1));
	BP("bp.port.string", "outsb; nop", .rdx = 0x80, DATA, RESUME_DB, .cr4_flip = CR4_DE);
}

/* --- alignment --- */

static void align(const char *name, const void *code)
{
	line_begin("ac.%s", name);
	line_add(" ");
	for (unsigned at = 0; at < 16; at++) {
		struct probe p = {.code = code,
			.mode = RING3,
			.flags = RFLAGS_AC,
			.cr0_flip = CR0_AM,
			.rdi = (uint64_t)data + 16 + at + USER_ALIAS,
			.rsi = (uint64_t)data + USER_ALIAS};

		probe_run(&p);
		line_add("%s", events[0].frame.vector == 17 ? "A" : ".");
	}
	line_end();
}

#define ALIGN(name, text) align(name, CODE(text))
#define AC(name, text, ...)                                                                        \
	PROBE("ac." name, text, .flags = RFLAGS_AC, .cr0_flip = CR0_AM, .mode = RING3, __VA_ARGS__)

static void test_alignment(void)
{
	uint64_t user_data = (uint64_t)data + USER_ALIAS;

	ALIGN("byte", "mov (%%rdi), %%al");
	ALIGN("word", "mov (%%rdi), %%ax");
	ALIGN("long", "mov (%%rdi), %%eax");
	ALIGN("quad", "mov (%%rdi), %%rax");
	ALIGN("store", "mov %%eax, (%%rdi)");
	ALIGN("modify", "lock addl $1, (%%rdi)");
	ALIGN("push", "lea (%%rdi), %%rsp; push %%rax");
	ALIGN("push.16", "lea (%%rdi), %%rsp; push %%ax");
	ALIGN("movs", "movsl");
	ALIGN("segment", "mov %%ds, (%%rdi)");
	ALIGN("bt", "bt %%eax, (%%rdi)");
	ALIGN("lea", "lea (%%rdi), %%rax");
	AC("unmapped", "mov (%%rdi), %%eax", .rdi = UNMAPPED);
	AC("noncanonical", "mov (%%rdi), %%eax", .rdi = 0x8000000000000001);
	AC("error", "nop; mov 1(%%rdi), %%eax", .rdi = user_data);
	AC("popf",
		"pushf; andl $~0x40000, (%%rsp); popf; mov 1(%%rdi), %%eax; pushf; "
		"orl $0x40000, (%%rsp); popf; mov 2(%%rdi), %%eax",
		.rdi = user_data, .no_registers = true);
	PROBE("ac.no-am", "mov 1(%%rdi), %%eax", .flags = RFLAGS_AC, .mode = RING3,
		.rdi = user_data, .no_registers = true);
	PROBE("ac.ring0", "mov 1(%%rdi), %%eax", .flags = RFLAGS_AC, .cr0_flip = CR0_AM,
		.rdi = (uint64_t)data, .no_registers = true);
	PROBE32(COMPAT3, "ac.compat", "movw 1(%%edi), %%ax", .flags = RFLAGS_AC, .cr0_flip = CR0_AM,
		.rdi = user_data);
}

void test_debug(void)
{
	test_execution();
	test_sweeps();
	test_data();
	test_shadow();
	test_ports();
	test_alignment();
}
