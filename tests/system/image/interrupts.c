/* interrupts.c - the local APIC in xAPIC mode, and when a core takes what it holds pending.
 *
 * A test makes interrupts pending while IF is 0, by self-IPIs, and lets a snippet turn IF on: the
 * events say in which order, and between which instructions they came. Counts of the timer are
 * shown as comparisons only.
 */
#include "bench/image/apic.h"

#include "sim/kernel/x86.h"
#include "tests/system/image/tests.h"

enum {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_PPR = 0xa0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_ISR = 0x100,
	APIC_TMR = 0x180,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_CURRENT = 0x390,
};

#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF    0x340
#define APIC_NMI         0x00004400
#define APIC_LOGICAL     0x800
#define APIC_MASKED      0x10000
#define APIC_PERIODIC    0x20000
#define RESUME_ALL                                                                                 \
	{                                                                                          \
		BIT(2), -1ul, -1ul, -1ul                                                           \
	}
#define DELAY 2000

static void self_ipi(unsigned vector)
{
	apic_send(APIC_FIXED | APIC_SELF | vector);
}

/* PAUSE lets QEMU turn to the other core. */
void wait_a_while(void)
{
	cpu_relax();
	for (volatile unsigned i = 0; i < DELAY; i++)
		;
}

static void show_highest(const char *name, unsigned reg)
{
	line_add(" %s=", name);
	for (unsigned i = 8; i-- != 0;) {
		uint32_t bits = apic_read(reg + i * 16);

		for (unsigned bit = 32; bit-- != 0;)
			if (bits >> bit & 1)
				line_add("%x,", (uint64_t)(i * 32 + bit));
	}
}

/* --- registers --- */

static void show_register(const char *name, unsigned reg)
{
	uint32_t saved = apic_read(reg), ones, zeros;

	apic_write(reg, 0xffffffff);
	ones = apic_read(reg);
	apic_write(reg, 0);
	zeros = apic_read(reg);
	apic_write(reg, saved);
	line_begin("apic.register.%s", name);
	line_add(" %x ones=%x zeros=%x", (uint64_t)saved, (uint64_t)ones, (uint64_t)zeros);
	line_end();
}

/* LVT entries take part in no delivery here: all stay masked. */
static void show_lvt(const char *name, unsigned reg)
{
	uint32_t saved = apic_read(reg), value;

	apic_write(reg, 0xfffef8ff | APIC_MASKED);
	value = apic_read(reg);
	apic_write(reg, APIC_MASKED);
	line_begin("apic.lvt.%s", name);
	line_add(" %x ones=%x", (uint64_t)saved, (uint64_t)value);
	line_end();
	apic_write(reg, saved);
}

static void test_registers(void)
{
	show_register("tpr", APIC_TPR);
	show_register("ldr", APIC_LDR);
	show_register("dfr", APIC_DFR);
	show_register("divide", APIC_TIMER_DIVIDE);
	show_register("icr-high", APIC_ICR_HIGH);
	show_register("version", APIC_VERSION);
	show_register("isr0", APIC_ISR);
	show_lvt("timer", APIC_LVT_TIMER);
	show_lvt("thermal", APIC_LVT_THERMAL);
	show_lvt("perf", APIC_LVT_PERF);
	show_lvt("lint0", APIC_LVT_LINT0);
	show_lvt("lint1", APIC_LVT_LINT1);
	show_lvt("error", APIC_LVT_ERROR);
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	line_begin("apic.svr.off");
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	line_add(" svr=%x timer=%x", (uint64_t)apic_read(APIC_SVR),
		(uint64_t)apic_read(APIC_LVT_TIMER));
	line_end();
	apic_init();
}

/* --- when interrupts are taken --- */

static void show_pending(const char *group, const char *name, const void *code,
	const uint8_t *vectors, unsigned count)
{
	struct probe p = {.code = code, .resume = RESUME_ALL, .no_registers = true};

	line_begin("%s.%s", group, name);
	for (unsigned i = 0; i < count; i++)
		self_ipi(vectors[i]);
	wait_a_while();
	probe_run(&p);
	probe_show(&p);
	show_highest("irr", APIC_IRR);
	show_highest("isr", APIC_ISR);
	line_end();
}

#define PENDING(name, text, ...)                                                                   \
	show_pending("pending", name, CODE(text), (const uint8_t[]){__VA_ARGS__},                  \
		sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_pending(void)
{
	PENDING("sti", "sti; nop; nop; cli", 0x51);
	PENDING("sti-cli", "sti; cli; nop; nop", 0x51);
	PENDING("sti-sti", "sti; sti; nop; cli", 0x51);
	PENDING("sti-hlt", "sti; hlt; nop; cli", 0x51);
	PENDING("sti-mov-ss", "mov %%ss, %%eax; sti; mov %%eax, %%ss; nop; nop; cli", 0x51);
	PENDING("mov-ss-sti", "mov %%ss, %%eax; mov %%eax, %%ss; sti; nop; nop; cli", 0x51);
	PENDING("popf", "pushf; orl $0x200, (%%rsp); popf; nop; nop; cli", 0x51);
	PENDING("iret",
		"mov %%rsp, %%rax; push $0x10; push %%rax; push $0x202; push $8; lea "
		"1f(%%rip), %%rax; push %%rax; iretq; 1: nop; nop; cli",
		0x51);
	PENDING("sti.rep",
		"mov $5, %%ecx; mov %%rsp, %%rdi; sub $64, %%rdi; sti; nop; rep stosb; "
		"cli",
		0x51);
	PENDING("sti.fault", "sti; ud2", 0x51);
	PENDING("sti.int", "sti; int $0x40; cli", 0x51);
	PENDING("priorities", "sti; nop; nop; nop; nop; nop; cli", 0x51, 0x61, 0x52, 0xf0, 0x31);
	PENDING("same-twice", "sti; nop; nop; cli", 0x51, 0x51);
	PENDING("same-class", "sti; nop; nop; nop; cli", 0x51, 0x5f, 0x50);
	PENDING("cr8.holds",
		"mov $5, %%eax; mov %%rax, %%cr8; sti; nop; nop; xor %%eax, %%eax; mov "
		"%%rax, %%cr8; nop; nop; cli",
		0x51);
	PENDING("cr8.lets",
		"mov $4, %%eax; mov %%rax, %%cr8; sti; nop; nop; xor %%eax, %%eax; mov "
		"%%rax, %%cr8; nop; nop; cli",
		0x51);
	PENDING("cr8.some",
		"mov $5, %%eax; mov %%rax, %%cr8; sti; nop; nop; xor %%eax, %%eax; mov "
		"%%rax, %%cr8; nop; nop; cli",
		0x51, 0x61);
	PENDING("none", "sti; nop; nop; cli");
}

/* Nothing is taken: what the registers say of what is pending. */
static void test_irr(void)
{
	line_begin("apic.irr");
	self_ipi(0x51);
	self_ipi(0xe3);
	wait_a_while();
	show_highest("irr", APIC_IRR);
	show_highest("isr", APIC_ISR);
	show_highest("tmr", APIC_TMR);
	apic_write(APIC_TPR, 0x73);
	line_add(" ppr=%x cr8:", (uint64_t)apic_read(APIC_PPR));
	apic_write(APIC_TPR, 0);
	line_end();
	PENDING("irr.taken", "sti; nop; nop; nop; cli");
}

static void test_tpr(void)
{
	PROBE("apic.tpr.cr8", "mov $0xfee00080, %%edx; movl $0x7b, (%%rdx); mov %%cr8, %%rax; mov "
			      "$3, %%ecx; mov %%rcx, %%cr8; mov (%%rdx), %%ebx; xor %%ecx, %%ecx; "
			      "mov %%rcx, %%cr8; xor %%edx, %%edx");
}

/* An interrupt's handler, nested: PPR while it runs. The snippet is the handler. */
static void test_in_service(void)
{
	struct gate saved = idt[0x61];
	uint64_t at =
		(uint64_t)CODE("mov 0xa0(%%r10), %%eax; mov 0x130(%%r10), %%ebx; mov 0x230(%%r10), "
			       "%%ecx; mov 0x220(%%r10), %%edx; movl $0, 0xb0(%%r10); mov "
			       "0xa0(%%r10), %%esi; mov 0x130(%%r10), %%edi");

	idt[0x61].offset_low = (uint16_t)at;
	idt[0x61].offset_middle = (uint16_t)(at >> 16);
	line_begin("apic.in-service");
	self_ipi(0x51);
	self_ipi(0x61);
	wait_a_while();
	{
		struct probe p = {.code = CODE("sti; nop; nop"), .r10 = APIC_BASE};

		probe_run(&p);
		line_add(" ppr=%x isr=%x irr=%x,%x after: ppr=%x isr=%x", events[0].frame.gpr[RAX],
			events[0].frame.gpr[RBX], events[0].frame.gpr[RCX],
			events[0].frame.gpr[RDX], events[0].frame.gpr[RSI],
			events[0].frame.gpr[RDI]);
	}
	line_end();
	idt[0x61] = saved;
	PENDING("in-service.rest", "sti; nop; nop; cli");
}

/* --- NMI --- */

/* The handler of the first NMI sends a second, which waits until the handler does IRET. */
static void test_nmi_blocking(void)
{
	struct gate saved = idt[2];
	uint64_t at =
		(uint64_t)CODE("inc %%r12; cmp $2, %%r12; je 3f; movl $0x4400, 0x300(%%r10); nop; "
			       "nop; mov $1, %%ebx; mov %%rsp, %%rax; push $0x10; push %%rax; "
			       "push $2; push $8; lea 1f(%%rip), %%rax; push %%rax; iretq; 1: "
			       "mov $2, %%ebx; nop; mov $3, %%ebx; 3:");
	struct probe p = {
		.code = CODE("movl $0x4400, 0x300(%%r10); 2: pause; jmp 2b"), .r10 = APIC_BASE};

	idt[2].offset_low = (uint16_t)at;
	idt[2].offset_middle = (uint16_t)(at >> 16);
	line_begin("nmi.blocked");
	probe_run(&p);
	line_add(" ");
	line_vector(events[0].frame.vector);
	line_add(" rbx=%x r12=%x", events[0].frame.gpr[RBX], events[0].frame.gpr[R12]);
	line_end();
	idt[2] = saved;
}

static void test_nmi(void)
{
	struct probe p = {.code = CODE("movl $0x4400, 0x300(%%r10); nop; nop; nop; nop"),
		.r10 = APIC_BASE,
		.resume = RESUME_ALL};

	line_begin("nmi.self");
	probe_run(&p);
	for (unsigned i = 0; i < event_count; i++) {
		line_add(" ");
		line_vector(events[i].frame.vector);
	}
	line_end();
	test_nmi_blocking();
}

/* --- the timer --- */

static void timer(uint32_t lvt, uint32_t count, uint32_t divide)
{
	apic_write(APIC_TIMER_DIVIDE, divide);
	apic_write(APIC_LVT_TIMER, lvt);
	apic_write(APIC_TIMER_INITIAL, count);
}

static void test_timer(void)
{
	uint32_t first, second;

	timer(APIC_MASKED | 0x55, 0xffffffff, 0xb);
	first = apic_read(APIC_TIMER_CURRENT);
	wait_a_while();
	second = apic_read(APIC_TIMER_CURRENT);
	line_begin("timer.counts");
	line_add(" down=%u initial=%x", (uint64_t)(second < first),
		(uint64_t)apic_read(APIC_TIMER_INITIAL));
	apic_write(APIC_TIMER_INITIAL, 0);
	line_add(" stopped=%x", (uint64_t)apic_read(APIC_TIMER_CURRENT));
	line_end();
	timer(APIC_MASKED | 0x55, 100, 0xb);
	wait_a_while();
	line_begin("timer.one-shot.masked");
	line_add(" current=%x initial=%x", (uint64_t)apic_read(APIC_TIMER_CURRENT),
		(uint64_t)apic_read(APIC_TIMER_INITIAL));
	show_highest("irr", APIC_IRR);
	line_end();
	timer(0x55, 100, 0xb);
	wait_a_while();
	line_begin("timer.one-shot");
	line_add(" current=%x", (uint64_t)apic_read(APIC_TIMER_CURRENT));
	show_highest("irr", APIC_IRR);
	line_end();
	PENDING("timer", "sti; nop; nop; cli");
	timer(APIC_PERIODIC | 0x56, 1000, 0xb);
	wait_a_while();
	line_begin("timer.periodic");
	line_add(" runs=%u", (uint64_t)(apic_read(APIC_TIMER_CURRENT) != 0 ||
					apic_read(APIC_TIMER_CURRENT) != 0));
	apic_write(APIC_TIMER_INITIAL, 0);
	show_highest("irr", APIC_IRR);
	line_end();
	PENDING("timer.periodic", "sti; nop; nop; cli");
	apic_write(APIC_LVT_TIMER, APIC_MASKED);
}

/* --- messages to the other core, which counts what it gets by vector --- */

static volatile uint32_t others_ready;
static volatile uint32_t received[256];
static volatile uint32_t heard; /* by the other core, in total */

/* Called by trap() of the other core. */
void other_core_interrupted(uint64_t vector)
{
	received[vector & 0xff]++;
	heard++;
	other_core_asked(vector);
}

_Noreturn void other_core(void)
{
	machine_init_other();
	apic_write(APIC_LDR, 2u << 24);
	others_ready = 1;
	__asm__ volatile("sti");
	for (;;)
		__asm__ volatile("hlt");
}

static void send_to(const char *name, uint32_t destination, uint32_t command)
{
	uint32_t before = heard;

	apic_write(APIC_ICR_HIGH, destination << 24);
	apic_send(command);
	for (unsigned i = 0; i < 20 && heard == before; i++)
		wait_a_while();
	line_begin("message.%s", name);
	line_add(" %u", (uint64_t)(heard - before));
	show_highest("irr", APIC_IRR);
	line_add(" esr=");
	apic_write(APIC_ESR, 0);
	line_add("%x", (uint64_t)apic_read(APIC_ESR));
	line_end();
	show_pending("taken", name, CODE("sti; nop; nop; nop; cli"), NULL, 0);
}

static void test_messages(void)
{
	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_LDR, 1u << 24);
	send_to("physical", 1, APIC_FIXED | 0x71);
	send_to("physical.self", 0, APIC_FIXED | 0x72);
	send_to("physical.nobody", 9, APIC_FIXED | 0x73);
	send_to("physical.all", 0xff, APIC_FIXED | 0x74);
	send_to("logical.first", 1, APIC_FIXED | APIC_LOGICAL | 0x75);
	send_to("logical.second", 2, APIC_FIXED | APIC_LOGICAL | 0x76);
	send_to("logical.both", 3, APIC_FIXED | APIC_LOGICAL | 0x77);
	send_to("logical.nobody", 4, APIC_FIXED | APIC_LOGICAL | 0x78);
	send_to("shorthand.self", 0, APIC_FIXED | APIC_SELF | 0x79);
	send_to("shorthand.all", 0, APIC_FIXED | 0x80000 | 0x7a);
	send_to("shorthand.others", 0, APIC_FIXED | APIC_OTHERS | 0x7b);
	send_to("illegal-vector", 1, APIC_FIXED | 5);
	send_to("nmi", 1, APIC_NMI);
	apic_write(APIC_DFR, 0x0fffffff);
	apic_write(APIC_LDR, 0x11u << 24);
	send_to("cluster.first", 0x11, APIC_FIXED | APIC_LOGICAL | 0x7c);
	send_to("cluster.nobody", 0x14, APIC_FIXED | APIC_LOGICAL | 0x7d);
	apic_write(APIC_DFR, 0xffffffff);
}

bool other_core_start(void)
{
	static bool started;

	if (!started)
		machine_start_other();
	started = true;
	for (unsigned i = 0; i < 1000 && !others_ready; i++)
		wait_a_while();
	return others_ready;
}

void test_interrupts(void)
{
	test_registers();
	test_pending();
	test_irr();
	test_tpr();
	test_in_service();
	test_nmi();
	test_timer();
	line_begin("message.other-core");
	line_add(" ready=%u", (uint64_t)other_core_start());
	line_end();
	test_messages();
}
