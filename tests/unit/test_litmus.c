/* What is a fence and what is not: store buffering (SB) ends in 4 ways without one, in 3 with one
 * (SDM "Store Buffer", "Serializing Instructions"). The group litmus has the tests proper. */
#include "sim/litmus/axioms.h"
#include "sim/litmus/explore.h"
#include "tests/unit/unit.h"

#include <stdio.h>

struct fence {
	const char *insn;
	unsigned rcx;
	size_t outcomes;
};

static const struct fence fences[] = {
	{"nop", 0, 4}, {"pause", 0, 4}, {"sfence", 0, 4}, {"lfence", 0, 4}, {"rdtsc", 0, 4},
	{"swapgs", 0, 4}, {"movq %rcx,%cr8", 0, 4}, {"wrmsr", 0x6e0, 4}, /* IA32_TSC_DEADLINE */
	{"incq (z)", 0, 4}, {"mfence", 0, 3}, {"lock incq (z)", 0, 3}, {"xchgq %rcx,(z)", 0, 3},
	{"cpuid", 0, 3}, {"invlpg (z)", 0, 3}, {"wbinvd", 0, 3}, {"movq %rcx,%cr2", 0, 3},
	{"movq %rcx,%dr0", 0, 3}, {"lidt (z)", 0, 3}, {"inb $0x80,%al", 0, 3},
	{"outb %al,$0x80", 0, 3}, {"wrmsr", 0x10, 3}, /* IA32_TIME_STAMP_COUNTER */
};

static void make_test(struct litmus_test *t, const char *insn, unsigned rcx)
{
	struct error e;
	char text[1024];

	snprintf(text, sizeof(text),
		"X86_64 SB\n{ x; y; z; 0:rcx=%u; 1:rcx=%u; }\n P0 | P1 ;\n"
		" movq $1,(x) | movq $1,(y) ;\n %s | %s ;\n movq (y),%%rax | movq (x),%%rax ;\n"
		"exists (0:rax=0 /\\ 1:rax=0)\n",
		rcx, rcx, insn, insn);
	if (!litmus_parse(t, "test", text, &e))
		ck_abort_msg("%s", e.text);
}

static size_t outcomes_of(const struct litmus_test *t, enum memory_model model)
{
	struct litmus_explorer *x = litmus_explorer_create(model, NULL);
	struct litmus_code *code = calloc(1, sizeof(*code));
	struct litmus_outcomes o;
	struct error e;
	uint64_t states;
	size_t count;

	outcomes_init(&o, t->seen_count);
	ck_assert(x != NULL && code != NULL);
	if (!litmus_assemble(t, 1, code, &e) || !litmus_explore(x, t, code, &o, &states, &e))
		ck_abort_msg("%s", e.text);
	count = o.count;
	outcomes_free(&o);
	free(code);
	litmus_explorer_destroy(x);
	return count;
}

START_TEST(fence_or_none)
{
	const struct fence *f = &fences[_i];
	struct litmus_test t;

	make_test(&t, f->insn, f->rcx);
	ck_assert_msg(outcomes_of(&t, MEMORY_MODEL_TSO) == f->outcomes, "%s", f->insn);
	ck_assert_msg(outcomes_of(&t, MEMORY_MODEL_SC) == 3, "%s", f->insn);
}
END_TEST

/* The axioms say 4 and 3 as well: a fence that the cores leave out is a difference. */
START_TEST(axioms_agree)
{
	static const char *const insns[] = {"nop", "mfence"};

	for (size_t i = 0; i < ARRAY_LEN(insns); i++) {
		struct litmus_outcomes o;
		struct litmus_test t;

		make_test(&t, insns[i], 0);
		outcomes_init(&o, t.seen_count);
		ck_assert(axioms_allow(&t, MEMORY_MODEL_TSO, &o, NULL));
		ck_assert_uint_eq(o.count, outcomes_of(&t, MEMORY_MODEL_TSO));
		ck_assert_uint_eq(o.count, i == 0 ? 4 : 3);
		outcomes_free(&o);
	}
}
END_TEST

int main(void)
{
	const struct unit_repeated tests[] = {
		{fence_or_none, ARRAY_LEN(fences)}, {axioms_agree, 1}};

	return unit_run_repeated("litmus", tests, ARRAY_LEN(tests));
}
