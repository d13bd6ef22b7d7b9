/* mwait.c - MONITOR and MWAIT: who may use them, and what ends the wait (SDM "MONITOR/MWAIT
 * Instruction"). How long a core sleeps nobody says: a wait that nothing else ends is ended by the
 * timer, and then the line says so.
 */
#include "bench/image/apic.h"

#include "sim/kernel/x86.h"
#include "tests/system/image/chain.h"
#include "tests/system/image/protected.h"
#include "tests/system/image/tests.h"

#define MSR_MISC_ENABLE 0x1a0

#define APIC_NMI      0x00004400
#define APIC_IRR      0x200
#define APIC_ICR_HIGH 0x310
#define APIC_MASKED   0x10000
#define VECTOR_RESCUE 0x55
#define RESCUE_TICKS  50000000
#define SHORT_TICKS   20000
#define UNMAPPED      0x700000000000

/* What the other core is asked. */
enum { ASK_STORE = 0x91, ASK_STORE_LAST, ASK_NMI, ASK_INTERRUPT };

/* On a page of its own: Bochs misses a store when the core has written to the page before. */
static volatile struct {
	uint64_t words[8], rest[504];
} line __attribute__((aligned(4096)));

void other_core_asked(uint64_t vector)
{
	if (vector < ASK_STORE || vector > ASK_INTERRUPT)
		return;
	for (unsigned i = 0; i < 20; i++)
		wait_a_while();
	apic_write(APIC_ICR_HIGH, 0);
	if (vector == ASK_NMI)
		apic_send(APIC_NMI);
	else if (vector == ASK_INTERRUPT)
		apic_send(APIC_FIXED | 0x66);
	else
		line.words[vector == ASK_STORE ? 0 : 7] = 1;
}

/* --- operands --- */

#define LINE ((uint64_t)&line)

static void test_operands(void)
{
	PROBE("monitor.plain", "monitor", .rax = LINE);
	PROBE("monitor.hints", "monitor", .rax = LINE, .rdx = -1ul);
	PROBE("monitor.ring3", "monitor", .mode = RING3, .rax = LINE + USER_ALIAS);
	PROBE("monitor.ring3.ecx", "monitor", .mode = RING3, .rcx = 1);
	PROBE("monitor.ecx", "monitor", .rax = LINE, .rcx = 1);
	PROBE("monitor.rcx-upper", "monitor", .rax = LINE, .rcx = BIT(32));
	PROBE("monitor.unmapped", "monitor", .rax = UNMAPPED);
	PROBE("monitor.unmapped.ecx", "monitor", .rax = UNMAPPED, .rcx = 1);
	PROBE("monitor.noncanonical", "monitor", .rax = BIT(63));
	PROBE("monitor.gs", "wrmsr; xor %%ecx, %%ecx; .byte 0x65; monitor", .rcx = MSR_GS_BASE,
		.rdx = UNMAPPED >> 32);
	PROBE("monitor.misaligned", "monitor", .rax = LINE + 61);
	PROBE("monitor.addr32", ".byte 0x67; monitor", .rax = LINE | BIT(63));
	PROBE("monitor.lock", ".byte 0xf0; monitor", .rax = LINE);
	PROBE32(COMPAT0, "monitor.compat", "monitor", .rax = LINE);
	PROBE32(COMPAT3, "monitor.compat3", "monitor", .rax = LINE);
	PROBE("mwait.ring3", "mwait", .mode = RING3);
	PROBE("mwait.ring3.ecx", "mwait", .mode = RING3, .rcx = 2);
	PROBE("mwait.ecx", "mwait", .rcx = 2);
	PROBE("mwait.ecx.31", "mwait", .rcx = BIT(31));
	PROBE("mwait.rcx-upper", "mwait", .rcx = BIT(32));
	PROBE("mwait.lock", ".byte 0xf0; mwait");
	PROBE32(COMPAT3, "mwait.compat3", "mwait");
}

/* IA32_MISC_ENABLE turns them off, and CPUID says so. */
#define TURN_OFF "rdmsr; btr $18, %%eax; wrmsr; mov %%esi, %%eax; mov %%edi, %%ecx; "
#define OFF(name, text, ...)                                                                       \
	PROBE("monitor.off." name, TURN_OFF text, .rcx = MSR_MISC_ENABLE, .keep = BIT(RCX),        \
		__VA_ARGS__)

static void test_turned_off(void)
{
	PROBE("monitor.cpuid", "cpuid; and $8, %%ecx", .rax = 1, .keep = BIT(RCX));
	OFF("monitor", "monitor", .rsi = LINE);
	OFF("mwait", "mwait", .rdi = 2);
	OFF("cpuid", "cpuid; and $8, %%ecx", .rsi = 1);
	PROBE("monitor.on", "rdmsr; bts $18, %%eax; wrmsr; xor %%edx, %%edx; xor %%eax, %%eax",
		.rcx = MSR_MISC_ENABLE);
}

/* As a load: A is set, D is not. */
static void show_accessed(const char *name, uint64_t clear)
{
	struct probe p = {.code = CODE("monitor"), .rax = TEST_BASE + 64};

	chain_reset();
	*chain_entry(0) &= ~clear;
	lcr3(rcr3());
	line_begin("monitor.page.%s", name);
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	line_add(" %x", *chain_entry(0) >> 5 & 3);
	line_end();
	chain_reset();
}

/* --- waking --- */

static void timer(uint32_t vector, uint32_t ticks)
{
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_1);
	apic_write(APIC_LVT_TIMER, vector);
	apic_timer(ticks);
}

static void stop_timer(void)
{
	apic_timer(0);
	apic_write(APIC_LVT_TIMER, APIC_MASKED);
}

/* Takes what is pending, and what the rescue left. */
static void drain(void)
{
	struct probe p = {
		.code = CODE("sti; nop; nop; nop; cli"), .resume = {BIT(2), -1ul, -1ul, -1ul}};

	stop_timer();
	probe_run(&p);
}

/* Waits until a word of the line is not 0. QEMU's MWAIT does not wait at all. */
#define WAIT_FOR(offset)                                                                           \
	"1: mov %%rbx, %%rax; monitor; cmpl $0, " offset "(%%rbx); jne 2f; mwait; jmp 1b; 2: cli"
#define WAIT_FOREVER "1: mov %%rbx, %%rax; monitor; mwait; jmp 1b"

/* After an earlier wait, and no MONITOR since: it does not wait. What else ends a watch, the SDM's
 * list is of what can; tests/unit/test_monitor.c has it. */
static void show_disarmed(const char *name, const void *code)
{
	struct probe p = {.code = code, .flags = RFLAGS_IF};

	timer(VECTOR_RESCUE, RESCUE_TICKS);
	line_begin("mwait.disarmed.%s", name);
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	line_end();
	drain();
}

static void show_wait(const char *name, unsigned ask, const void *code, struct probe p)
{
	for (unsigned i = 0; i < 8; i++)
		line.words[i] = 0;
	p.code = code;
	p.rbx = LINE;
	timer(VECTOR_RESCUE, RESCUE_TICKS);
	line_begin("mwait.%s", name);
	apic_send(APIC_OTHERS | APIC_FIXED | ask);
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	line_end();
	drain();
}

static void test_waking(void)
{
	const struct probe on = {.flags = RFLAGS_IF}, off = {.flags = 0};

	show_wait("store", ASK_STORE, CODE(WAIT_FOR("0")), on);
	show_wait("store.masked", ASK_STORE, CODE(WAIT_FOR("0")), off);
	show_wait("store.last-of-line", ASK_STORE_LAST, CODE(WAIT_FOR("56")), on);
	show_wait("nmi", ASK_NMI, CODE(WAIT_FOREVER), off);
	show_wait("interrupt", ASK_INTERRUPT, CODE(WAIT_FOREVER), on);
}

/* One MONITOR and one MWAIT: an interrupt that stays pending ends it where ECX says so. */
static void show_masked(const char *name, const void *code)
{
	struct probe p = {.code = code, .rbx = LINE, .rsi = APIC_BASE};

	line.words[0] = 0;
	timer(VECTOR_RESCUE, SHORT_TICKS);
	line_begin("mwait.%s", name);
	probe_run(&p);
	line_add(" ");
	probe_show_brief();
	for (unsigned i = 0; i < 1000 && apic_read(APIC_IRR + 0x20) == 0; i++)
		wait_a_while();
	line_add(" pending=%x", (uint64_t)apic_read(APIC_IRR + 0x20));
	line_end();
	drain();
}

void test_mwait(void)
{
	test_operands();
	test_turned_off();
	protected_reset();
	V8086("monitor", 0, "monitor");
	V8086("mwait", 0, "mwait");
	protected_end();
	show_accessed("read", 0);
	show_accessed("readonly", PTE_W);
	show_accessed("absent", PTE_P);
	if (!other_core_start())
		return;
	test_waking();
	show_disarmed("plain", CODE("mwait"));
	show_disarmed("breaks", CODE("mov $1, %%ecx; mwait"));
	show_masked("breaks", CODE("mov %%rbx, %%rax; monitor; mov $1, %%ecx; mwait"));
	show_masked("breaks.pending", CODE("1: cmpl $0, 0x220(%%rsi); je 1b; mov %%rbx, %%rax; "
					   "monitor; mov $1, %%ecx; mwait"));
}
