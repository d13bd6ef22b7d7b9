/* test_features.c - what each feature brings is there with it and gone without it: encodings, bits
 * of CR4 and EFER, MSRs, and the bit that CPUID shows. A new feature needs a row, or must be named
 * as one that brings nothing but its bit. */
#include <stdio.h>

#include "sim/cpu/decode.h"
#include "sim/machine/machine.h"
#include "tests/unit/unit.h"

#define CODE 0x2000u

/* Bytes of an instruction that needs the feature; lengths with their prefixes. */
static const struct {
	enum cpu_feature feature;
	uint8_t length, bytes[6];
} encodings[] = {
	{FEATURE_tsc, 2, {0x0f, 0x31}},
	{FEATURE_msr, 2, {0x0f, 0x32}},
	{FEATURE_cx8, 3, {0x0f, 0xc7, 0x0f}},
	{FEATURE_sep, 2, {0x0f, 0x34}},
	{FEATURE_cmov, 3, {0x0f, 0x40, 0xc0}},
	{FEATURE_clflush, 3, {0x0f, 0xae, 0x38}},
	{FEATURE_mmx, 3, {0x0f, 0x6e, 0xc0}},
	{FEATURE_fxsr, 3, {0x0f, 0xae, 0x00}},
	{FEATURE_sse, 3, {0x0f, 0x58, 0xc0}},
	{FEATURE_sse2, 4, {0x66, 0x0f, 0x58, 0xc0}},
	{FEATURE_sse3, 4, {0xf2, 0x0f, 0x12, 0xc0}},
	{FEATURE_monitor, 3, {0x0f, 0x01, 0xc8}},
	{FEATURE_monitor, 3, {0x0f, 0x01, 0xc9}},
	{FEATURE_ssse3, 4, {0x0f, 0x38, 0x00, 0xc0}},
	{FEATURE_sse4_1, 5, {0x66, 0x0f, 0x38, 0x10, 0xc0}},
	{FEATURE_sse4_2, 5, {0x66, 0x0f, 0x38, 0x37, 0xc0}},
	{FEATURE_movbe, 4, {0x0f, 0x38, 0xf0, 0x00}},
	{FEATURE_popcnt, 4, {0xf3, 0x0f, 0xb8, 0xc0}},
	{FEATURE_xsave, 3, {0x0f, 0x01, 0xd0}},
	{FEATURE_xsave, 3, {0x0f, 0xae, 0x20}},
	{FEATURE_rdrand, 3, {0x0f, 0xc7, 0xf0}},
	{FEATURE_fsgsbase, 4, {0xf3, 0x0f, 0xae, 0xc0}},
	{FEATURE_bmi1, 5, {0xc4, 0xe2, 0x78, 0xf2, 0xc0}},
	{FEATURE_bmi2, 5, {0xc4, 0xe2, 0x78, 0xf5, 0xc0}},
	{FEATURE_invpcid, 5, {0x66, 0x0f, 0x38, 0x82, 0x00}},
	{FEATURE_rdseed, 3, {0x0f, 0xc7, 0xf8}},
	{FEATURE_adx, 5, {0x66, 0x0f, 0x38, 0xf6, 0xc0}},
	{FEATURE_smap, 3, {0x0f, 0x01, 0xca}},
	{FEATURE_clflushopt, 4, {0x66, 0x0f, 0xae, 0x38}},
	{FEATURE_clwb, 4, {0x66, 0x0f, 0xae, 0x30}},
	{FEATURE_pku, 3, {0x0f, 0x01, 0xee}},
	{FEATURE_rdpid, 4, {0xf3, 0x0f, 0xc7, 0xf8}},
	{FEATURE_xsaveopt, 3, {0x0f, 0xae, 0x30}},
	{FEATURE_xsavec, 3, {0x0f, 0xc7, 0x20}},
	{FEATURE_xsaves, 3, {0x0f, 0xc7, 0x28}},
	{FEATURE_syscall, 2, {0x0f, 0x05}},
	{FEATURE_rdtscp, 3, {0x0f, 0x01, 0xf9}},
	{FEATURE_lm, 3, {0x0f, 0x01, 0xf8}},
	{FEATURE_lahf_lm, 1, {0x9f}},
};

/* Made with the feature in real mode, as a 32-bit operand in EAX. */
enum what { CR4_BITS, EFER_BITS, MSR_READ, XGETBV_1 };

static const struct {
	enum cpu_feature feature;
	enum what what;
	uint32_t value; /* bits, or the MSR's number */
} rows[] = {
	{FEATURE_vme, CR4_BITS, CR4_VME},
	{FEATURE_vme, CR4_BITS, CR4_PVI},
	{FEATURE_tsc, CR4_BITS, CR4_TSD},
	{FEATURE_de, CR4_BITS, CR4_DE},
	{FEATURE_pse, CR4_BITS, CR4_PSE},
	{FEATURE_pae, CR4_BITS, CR4_PAE},
	{FEATURE_mce, CR4_BITS, CR4_MCE},
	{FEATURE_pge, CR4_BITS, CR4_PGE},
	{FEATURE_arch_perfmon, CR4_BITS, CR4_PCE},
	{FEATURE_fxsr, CR4_BITS, CR4_OSFXSR},
	{FEATURE_sse, CR4_BITS, CR4_OSXMMEXCPT},
	{FEATURE_umip, CR4_BITS, CR4_UMIP},
	{FEATURE_fsgsbase, CR4_BITS, CR4_FSGSBASE},
	{FEATURE_xsave, CR4_BITS, CR4_OSXSAVE},
	{FEATURE_smep, CR4_BITS, CR4_SMEP},
	{FEATURE_smap, CR4_BITS, CR4_SMAP},
	{FEATURE_pku, CR4_BITS, CR4_PKE},
	{FEATURE_syscall, EFER_BITS, EFER_SCE},
	{FEATURE_lm, EFER_BITS, EFER_LME},
	{FEATURE_nx, EFER_BITS, EFER_NXE},
	{FEATURE_tsc, MSR_READ, 0x10},
	{FEATURE_tsc_adjust, MSR_READ, 0x3b},
	{FEATURE_mtrr, MSR_READ, 0xfe},
	{FEATURE_arch_capabilities, MSR_READ, 0x10a},
	{FEATURE_sep, MSR_READ, 0x174},
	{FEATURE_mca, MSR_READ, 0x179},
	{FEATURE_pat, MSR_READ, 0x277},
	{FEATURE_pdcm, MSR_READ, 0x345},
	{FEATURE_arch_perfmon, MSR_READ, 0x38f},
	{FEATURE_tsc_deadline, MSR_READ, 0x6e0},
	{FEATURE_xsaves, MSR_READ, 0xda0},
	{FEATURE_rdtscp, MSR_READ, 0xc0000103},
	{FEATURE_xgetbv1, XGETBV_1, 1},
};

/* Those that bring nothing that this test can see: bits of entries in page tables (test_paging.c),
 * hints, promises, another meaning of the same bytes, what is in another mode; CMPXCHG16B, whose
 * handler decides; and the FPU, without which its instructions would be ignored, not undefined. */
static const enum cpu_feature only_shown[] = {FEATURE_pcid, FEATURE_cx16, FEATURE_pse36,
	FEATURE_pdpe1gb, FEATURE_x2apic, FEATURE_no_fcs_fds, FEATURE_fdp_excptn_only, FEATURE_fpu,
	FEATURE_arat, FEATURE_invariant_tsc, FEATURE_lzcnt, FEATURE_prefetchw};

static const struct byte_sink nowhere = {.put = NULL};

START_TEST(encodings_go)
{
	struct feature_set all = feature_set_all();

	for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
		struct feature_set without = all;
		struct decoder *d[2];
		struct insn in;

		feature_set_remove(&without, encodings[i].feature);
		d[0] = decoder_create(&all);
		d[1] = decoder_create(&without);
		for (unsigned k = 0; k < 2; k++)
			ck_assert_msg(decode(d[k], CODE_64, encodings[i].bytes, encodings[i].length,
					      0, &in) == (k ? DECODE_INVALID : DECODE_OK),
				"%s, row %zu, %s", feature_row(encodings[i].feature)->name, i,
				k ? "off" : "on");
		decoder_destroy(d[0]);
		decoder_destroy(d[1]);
	}
}
END_TEST

static void note_exception(void *vector, struct vcpu *c, unsigned which, uint32_t error)
{
	(void)c;
	(void)error;
	*(unsigned *)vector = which;
}

static unsigned assemble(enum what what, uint8_t *code)
{
	static const uint8_t mov_cr4[] = {0x0f, 0x22, 0xe0}, wrmsr[] = {0x0f, 0x30};
	static const uint8_t rdmsr[] = {0x0f, 0x32}, xgetbv[] = {0x0f, 0x01, 0xd0};

	switch (what) {
	case CR4_BITS:
		memcpy(code, mov_cr4, sizeof(mov_cr4));
		return sizeof(mov_cr4);
	case EFER_BITS:
		memcpy(code, wrmsr, sizeof(wrmsr));
		return sizeof(wrmsr);
	case MSR_READ:
		memcpy(code, rdmsr, sizeof(rdmsr));
		return sizeof(rdmsr);
	default:
		memcpy(code, xgetbv, sizeof(xgetbv));
		return sizeof(xgetbv);
	}
}

/* What one instruction ends in: a vector, or UINT_MAX. */
static unsigned outcome(const char *model, size_t row)
{
	struct run_limit limit = RUN_FREELY;
	unsigned vector = UINT32_MAX;
	struct config config;
	struct core_state *a;
	struct machine *m;
	uint8_t code[8];

	config_defaults(&config);
	config.machine.cpus = 1;
	config.machine.memory_mib = 2;
	snprintf(config.cpu.model, sizeof(config.cpu.model), "%s", model);
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	ck_assert(phys_write(&m->mem, CODE, code, assemble(rows[row].what, code)));
	a = &m->cores[0].arch;
	a->seg[CS].base = 0;
	a->rip = CODE;
	a->cr4 = rows[row].what == XGETBV_1 ? CR4_OSXSAVE : 0;
	a->gpr[RAX] = rows[row].value;
	a->gpr[RDX] = 0;
	a->gpr[RCX] = rows[row].what == EFER_BITS ? 0xc0000080 : rows[row].value;
	m->cores[0].watch.exception = note_exception;
	m->cores[0].watch.context = &vector;
	machine_state_changed(m);
	limit.steps = 1;
	machine_run(m, &limit);
	machine_destroy(m);
	return vector;
}

START_TEST(bits_and_registers_go)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *name = feature_row(rows[i].feature)->name;
		char model[64];

		ck_assert_msg(outcome("ringv-v2", i) == UINT32_MAX, "%s, row %zu, on", name, i);
		snprintf(model, sizeof(model), "ringv-v2,-%s", name);
		ck_assert_msg(outcome(model, i) == VECTOR_GP, "%s, row %zu, off", name, i);
	}
}
END_TEST

static bool has_row(enum cpu_feature f)
{
	for (size_t i = 0; i < ARRAY_LEN(encodings); i++)
		if (encodings[i].feature == f)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].feature == f)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(only_shown); i++)
		if (only_shown[i] == f)
			return true;
	return false;
}

START_TEST(each_has_a_row_and_a_bit)
{
	for (enum cpu_feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
		const struct feature_row *r = feature_row(f);
		struct feature_set set = feature_set_all();
		uint32_t with = feature_set_cpuid(&set, r->leaf, r->subleaf, r->reg);

		ck_assert_msg(has_row(f), "%s has no row in this test", r->name);
		feature_set_remove(&set, f);
		if (r->leaf != 0)
			ck_assert_msg(
				(with & ~feature_set_cpuid(&set, r->leaf, r->subleaf, r->reg)) >>
						r->bit &
					1,
				"%s", r->name);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {encodings_go, bits_and_registers_go, each_has_a_row_and_a_bit};

	return unit_run("features", tests, ARRAY_LEN(tests));
}
