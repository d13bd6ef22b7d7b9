#include "sim/replay/fields.h"

#include <stdio.h>

#include "sim/base/core.h"
#include "sim/machine/run.h"

struct field {
	const char *name;
	size_t offset, size, count; /* count > 1: an array */
};

#define CORE(f)                                                                                    \
	{                                                                                          \
#f, offsetof(struct core_state, f), sizeof(((struct core_state *)0)->f), 1         \
	}
#define CORE_ARRAY(f)                                                                              \
	{                                                                                          \
#f, offsetof(struct core_state, f), sizeof(((struct core_state *)0)->f[0]),        \
			ARRAY_LEN(((struct core_state *)0)->f)                                     \
	}
#define GPR(name, index)                                                                           \
	{                                                                                          \
		name, 8 * (index), 8, 1                                                            \
	}
#define SEG(name, index)                                                                           \
	{                                                                                          \
		name, offsetof(struct core_state, seg) + (index) * sizeof(struct segment),         \
			sizeof(struct segment), 1                                                  \
	}

static const struct field core_fields[] = {
	GPR("rax", RAX),
	GPR("rcx", RCX),
	GPR("rdx", RDX),
	GPR("rbx", RBX),
	GPR("rsp", RSP),
	GPR("rbp", RBP),
	GPR("rsi", RSI),
	GPR("rdi", RDI),
	GPR("r8", R8),
	GPR("r9", R9),
	GPR("r10", R10),
	GPR("r11", R11),
	GPR("r12", R12),
	GPR("r13", R13),
	GPR("r14", R14),
	GPR("r15", R15),
	CORE(rip),
	CORE(rflags),
	SEG("es", ES),
	SEG("cs", CS),
	SEG("ss", SS),
	SEG("ds", DS),
	SEG("fs", FS),
	SEG("gs", GS),
	SEG("ldtr", LDTR),
	SEG("tr", TR),
	CORE(gdtr),
	CORE(idtr),
	CORE(cr0),
	CORE(cr2),
	CORE(cr3),
	CORE(cr4),
	CORE_ARRAY(pdpte),
	CORE_ARRAY(dr),
	CORE(efer),
	CORE(star),
	CORE(lstar),
	CORE(cstar),
	CORE(sfmask),
	CORE(kernel_gs_base),
	CORE(sysenter_cs),
	CORE(sysenter_esp),
	CORE(sysenter_eip),
	CORE(pat),
	CORE(tsc_aux),
	CORE(tsc_adjust),
	CORE(misc_enable),
	CORE(mtrr_def_type),
	CORE_ARRAY(mtrr_fixed),
	CORE_ARRAY(mtrr_base),
	CORE_ARRAY(mtrr_mask),
	CORE(mcg_ctl),
	CORE_ARRAY(mc_ctl),
	CORE(x87),
	CORE(mxcsr),
	CORE_ARRAY(xmm),
	CORE(xcr0),
	CORE(pkru),
	CORE_ARRAY(pmu.select),
	CORE(pmu.fixed_control),
	CORE(pmu.global_control),
	CORE(pmu.global_status),
	CORE_ARRAY(pmu.counter),
	CORE(pmu.counting),
	CORE(pmu.branches),
	CORE(random),
	CORE(activity),
	CORE(shadow),
	CORE(monitor),
	CORE(mwait_breaks),
	CORE(nmi_blocked),
	CORE(committed),
	CORE(step),
	CORE(insns),
	CORE(cycle),
	CORE(idle),
};

#define RUN(f)                                                                                     \
	{                                                                                          \
#f, offsetof(struct run_state, f), sizeof(((struct run_state *)0)->f), 1           \
	}

static const struct field run_fields[] = {
	RUN(now),
	RUN(steps),
	RUN(events),
	RUN(idle_events),
	RUN(idle_since),
	RUN(released_at),
	RUN(inputs),
	RUN(slice_core),
	RUN(slice_limit),
	RUN(runnable),
	RUN(paused),
};

static bool find(const struct field *fields, size_t count, uint64_t offset, char *text, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		const struct field *f = &fields[i];

		if (offset - f->offset >= f->size * f->count)
			continue;
		if (f->count == 1)
			snprintf(text, size, "%s", f->name);
		else
			snprintf(text, size, "%s[%zu]", f->name,
				(size_t)(offset - f->offset) / f->size);
		return true;
	}
	return false;
}

void field_name(const char *part, uint64_t offset, char *text, size_t size)
{
	const char *dot = strchr(part, '.');

	if (dot != NULL && strcmp(dot, ".core") == 0 &&
		find(core_fields, ARRAY_LEN(core_fields), offset, text, size))
		return;
	if (strcmp(part, "run") == 0 && find(run_fields, ARRAY_LEN(run_fields), offset, text, size))
		return;
	snprintf(text, size, strcmp(part, "ram") == 0 ? "%#" PRIx64 : "+%#" PRIx64, offset);
}
