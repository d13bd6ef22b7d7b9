/* test_alignment.c - alignment checking: which addresses of which operands raise #AC in ring 3, and
 * where it comes before #GP. The host's CPU is asked, instruction by instruction.
 *
 * SDM "Alignment Check Exception (#AC)" lists alignments by data type, not by instruction.
 */
#include <setjmp.h>
#include <sys/mman.h>

#include "tests/fuzz/any_tables.h"
#include "tests/oracle/host_signal.h"
#include "tests/unit/fault_watch.h"
#include "tests/unit/unit.h"

#define OFFSETS 16 /* of the operand */
#define OPERAND 0x3000u
#define NAME(text, ...)                                                                            \
	{                                                                                          \
		text, {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})                              \
	}

/* With the operand at [rdi], and all other registers zero. */
static const struct sample {
	const char *name;
	uint8_t code[8];
	size_t length;
} samples[] = {
	NAME("mov 16", 0x66, 0x8b, 0x07),
	NAME("mov 32", 0x8b, 0x07),
	NAME("mov 64", 0x48, 0x8b, 0x07),
	NAME("lgs m16:16", 0x66, 0x0f, 0xb5, 0x07),
	NAME("lgs m16:32", 0x0f, 0xb5, 0x07),
	NAME("lgs m16:64", 0x48, 0x0f, 0xb5, 0x07),
	NAME("bt 32", 0x0f, 0xa3, 0x07),
	NAME("cmpxchg8b", 0x0f, 0xc7, 0x0f),
	NAME("movnti 32", 0x0f, 0xc3, 0x07),
	NAME("crc32 64", 0xf2, 0x48, 0x0f, 0x38, 0xf1, 0x07),
	NAME("movq mm", 0x0f, 0x6f, 0x07),
	NAME("movlps", 0x0f, 0x12, 0x07),
	NAME("movups", 0x0f, 0x10, 0x07),
	NAME("movaps", 0x0f, 0x28, 0x07),
	NAME("movdqu", 0xf3, 0x0f, 0x6f, 0x07),
	NAME("movdqa", 0x66, 0x0f, 0x6f, 0x07),
	NAME("lddqu", 0xf2, 0x0f, 0xf0, 0x07),
	NAME("paddb", 0x66, 0x0f, 0xfc, 0x07),
	NAME("maskmovdqu", 0x66, 0x0f, 0xf7, 0xc1),
	NAME("maskmovq", 0x0f, 0xf7, 0xc1),
	NAME("pmovzxbd", 0x66, 0x0f, 0x38, 0x31, 0x07),
	NAME("pmovzxbq", 0x66, 0x0f, 0x38, 0x32, 0x07),
	NAME("pinsrw", 0x66, 0x0f, 0xc4, 0x07, 0x00),
	NAME("insertps", 0x66, 0x0f, 0x3a, 0x21, 0x07, 0x00),
	NAME("fld 80", 0xdb, 0x2f),
	NAME("fbld", 0xdf, 0x27),
	NAME("fild 64", 0xdf, 0x2f),
	NAME("fnstcw", 0xd9, 0x3f),
	NAME("fnstenv", 0xd9, 0x37),
	NAME("fnsave", 0xdd, 0x37),
	NAME("fxsave", 0x0f, 0xae, 0x07),
	NAME("stmxcsr", 0x0f, 0xae, 0x1f),
	NAME("xsave", 0x0f, 0xae, 0x27),
	NAME("clflush", 0x0f, 0xae, 0x3f),
	NAME("prefetcht0", 0x0f, 0x18, 0x0f),
};

/* --- the host --- */

#define HOST_INSN 0x40 /* where the instruction stands in the page of code */

/* pushfq; or dword [rsp], AC; popfq; xor eax, eax; cdq; xor ecx, ecx; then as far as there are
 * NOPs the instruction */
static const uint8_t begin[] = {
	0x9c, 0x81, 0x0c, 0x24, 0x00, 0x00, 0x04, 0x00, 0x9d, 0x31, 0xc0, 0x99, 0x31, 0xc9};
/* fninit; pushfq; and dword [rsp], ~AC; popfq; ret */
static const uint8_t end[] = {
	0xdb, 0xe3, 0x9c, 0x81, 0x24, 0x24, 0xff, 0xff, 0xfb, 0xff, 0x9d, 0xc3};

static volatile uint64_t host_vector;
static jmp_buf host_back;

static void host_faulted(const struct host_fault *f)
{
	host_vector = f->vector;
}

static void host_resume(void)
{
	longjmp(host_back, 1);
}

static uint8_t *host_code(void)
{
	static uint8_t stack[1 << 16] __attribute__((aligned(16)));
	static uint64_t top;
	uint8_t *code = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	top = (uint64_t)(uintptr_t)stack + sizeof(stack) - 8;
	ck_assert_ptr_ne(code, MAP_FAILED);
	ck_assert(host_catch(host_faulted, host_resume, &top));
	return code;
}

static uint64_t ask_host(uint8_t *code, const struct sample *s, void *operand)
{
	void (*run)(void *);

	memset(code, 0x90, PAGE_SIZE);
	memcpy(code, begin, sizeof(begin));
	memcpy(code + HOST_INSN, s->code, s->length);
	memcpy(code + HOST_INSN + s->length, end, sizeof(end));
	memcpy(&run, &code, sizeof(run));
	host_vector = NO_VECTOR;
	if (setjmp(host_back) == 0)
		run(operand);
	return host_vector;
}

/* --- ringv --- */

static struct machine *make(void)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	any_enter(&m->cores[0], ANY_64);
	return m;
}

static unsigned ask_core(struct machine *m, const struct sample *s, unsigned offset)
{
	struct vcpu *c = &m->cores[0];
	struct core_state start = c->arch;
	struct fault_watch seen;

	any_put(c, ANY_CODE, s->code, s->length);
	c->arch.cr0 |= CR0_AM;
	c->arch.cr4 |= CR4_OSFXSR | CR4_OSXSAVE;
	c->arch.rflags |= RFLAGS_AC;
	c->arch.seg[CS].attr |= SEG_DPL;
	c->arch.seg[CS].selector |= 3;
	c->arch.seg[SS].attr |= SEG_DPL;
	c->arch.seg[SS].selector |= 3;
	c->arch.gpr[RDI] = OPERAND + offset;
	cpu_state_changed(c);
	fault_watch_step(&seen, c);
	fault_watch_restart(c, &start);
	cpu_state_changed(c);
	return seen.vector;
}

START_TEST(alignment_is_that_of_the_host)
{
	static uint8_t operand[1024] __attribute__((aligned(64)));
	uint8_t *code = host_code();
	struct machine *m = make();
	unsigned checked = 0;

	for (unsigned i = 0; i < ARRAY_LEN(samples); i++) {
		for (unsigned offset = 0; offset < OFFSETS; offset++) {
			uint64_t want = ask_host(code, &samples[i], operand + offset);
			unsigned got = ask_core(m, &samples[i], offset);

			memset(operand, 0, sizeof(operand));
			ck_assert_msg(got == want, "%s at offset %u: vector %u, host %" PRIu64,
				samples[i].name, offset, got, want);
			checked += want == VECTOR_AC;
		}
	}
	ck_assert_uint_gt(checked, 0);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {alignment_is_that_of_the_host};

	return unit_run("alignment", tests, ARRAY_LEN(tests));
}
