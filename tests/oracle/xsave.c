/* xsave.c - the XSAVE family against the host CPU: x87 and SSE state, areas good and bad, in both
 * formats. Of the host's components ringv has these two and PKRU, so that no other is asked for.
 *
 * What is not in use may be said to be so, or not (SDM "Processor Tracking of XSAVE-Managed
 * State"): the states here are all in use, but for those that the host's XRSTOR initialises.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/cpu/xsave.h"
#include "tests/oracle/oracle.h"

#define CASES   2000
#define AREA_LA DATA_AT(PAGE_A)
#define AREA    (XSAVE_EXTENDED + 64) /* what is compared */
#define SLOT    CODE_LA

#define XSTATE_BV    512 /* in the area */
#define XCOMP_BV     520
#define COMPACTED    BIT(63)
#define STATES       (XSTATE_X87 | XSTATE_SSE)
#define FXSAVE_MXCSR 24

static const struct instruction {
	const char *name;
	uint8_t bytes[4]; /* of memory at RBX */
	bool restores;
	unsigned leaf_bit; /* of CPUID leaf 0D, subleaf 1; 32: none */
} instructions[] = {
	{"xsave64", {0x48, 0x0f, 0xae, 0x23}, false, 32},
	{"xsaveopt64", {0x48, 0x0f, 0xae, 0x33}, false, 0},
	{"xsavec64", {0x48, 0x0f, 0xc7, 0x23}, false, 1},
	{"xrstor64", {0x48, 0x0f, 0xae, 0x2b}, true, 32},
	{"xsave", {0x90, 0x0f, 0xae, 0x23}, false, 32},
	{"xsaveopt", {0x90, 0x0f, 0xae, 0x33}, false, 0},
	{"xsavec", {0x90, 0x0f, 0xc7, 0x23}, false, 1},
	{"xrstor", {0x90, 0x0f, 0xae, 0x2b}, true, 32},
};

static bool host_has(const struct instruction *i)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & 1u << 27) == 0)
		return false;
	return i->leaf_bit == 32 ||
	       (__get_cpuid_count(0xd, 1, &a, &b, &c, &d) && (a >> i->leaf_bit & 1));
}

static void put(uint8_t *area, unsigned offset, uint64_t value, unsigned size)
{
	memcpy(area + offset, &value, size);
}

/* An area that XRSTOR takes, mostly. */
static void make_area(struct rng *r, uint8_t area[AREA])
{
	struct fx_image fx;
	uint64_t states = rng_next(r) & STATES;

	for (unsigned i = 0; i < AREA; i++)
		area[i] = (uint8_t)rng_next(r);
	random_x87(r, &fx, false);
	for (unsigned i = 0; i < ARRAY_LEN(fx.xmm); i++)
		random_vector(r, &fx.xmm[i]);
	fx.mxcsr = rng_next(r) & 0xffff;
	memcpy(area, &fx, offsetof(struct fx_image, mxcsr_mask));
	memcpy(area + 32, fx.st, sizeof(fx.st) + sizeof(fx.xmm));
	memset(area + XSTATE_BV, 0, 64);
	put(area, XSTATE_BV, states, 8);
	if (rng_next(r) & 1)
		put(area, XCOMP_BV, COMPACTED | states | (rng_next(r) & STATES), 8);
	switch (rng_next(r) % 8) {
	case 0: /* a bad header */
		area[XSTATE_BV + rng_next(r) % 64] |= 0x10;
		break;
	case 1:
		put(area, FXSAVE_MXCSR, rng_next(r), 4);
		break;
	case 2:
		put(area, XCOMP_BV, rng_next(r) & (COMPACTED | STATES), 8);
		break;
	}
}

static void make_regs(struct rng *r, struct regs *in)
{
	*in = (struct regs){
		.rip = SLOT + SLOT_INSN,
		.gpr = {[RBX] = AREA_LA, [RAX] = rng_next(r) & STATES},
		.rflags = RFLAGS_IF | RFLAGS_ONE,
		.fs_base = host_fs_base(),
		.gs_base = GS_BASE,
		.selector = {[CS] = USER_CS, [SS] = USER_SS},
	};
	random_x87(r, &in->fx, false);
	in->fx.fcw |= 0x7f; /* in use, and no exception pending */
	in->fx.fcw &= (uint16_t)~0xc00;
	in->fx.fcw |= 0x800;
	in->fx.fsw &= 0x3f00;
	in->fx.fop |= 1;
	for (unsigned i = 0; i < ARRAY_LEN(in->fx.xmm); i++)
		random_vector(r, &in->fx.xmm[i]);
	in->fx.xmm[3].q[1] |= 1;
	in->fx.mxcsr = 0x1f80 | (rng_next(r) & MXCSR_MODES);
}

struct side {
	struct outcome out;
	uint8_t area[AREA];
};

static const char *difference(const struct side *host, const struct side *model)
{
	if (host->out.vector != model->out.vector)
		return "fault";
	if (memcmp(host->area, model->area, AREA) != 0)
		return "memory";
	if (host->out.vector != NO_VECTOR)
		return NULL;
	if (memcmp(host->out.regs.gpr, model->out.regs.gpr, sizeof(host->out.regs.gpr)) != 0)
		return "registers";
	if (memcmp(&host->out.regs.fx, &model->out.regs.fx,
		    offsetof(struct fx_image, mxcsr_mask)) != 0)
		return "control";
	if (memcmp(host->out.regs.fx.st, model->out.regs.fx.st, sizeof(host->out.regs.fx.st)) != 0)
		return "ST";
	if (memcmp(host->out.regs.fx.xmm, model->out.regs.fx.xmm, sizeof(host->out.regs.fx.xmm)) !=
		0)
		return "XMM";
	return NULL;
}

/* NULL: the same on both sides. */
static const char *run_case(struct model *m, struct rng *r)
{
	uint8_t *host_area = (uint8_t *)(uintptr_t)AREA_LA, *area = model_data(m, AREA_LA);
	struct side host, model;
	const char *refused;
	uint64_t steps = 0;
	struct regs in;

	make_regs(r, &in);
	make_area(r, host_area);
	memcpy(area, host_area, AREA);
	host_run(&in, SLOT, 4, &host.out);
	if (!model_run(m, &in, 4, &steps, &model.out, &refused))
		return refused;
	memcpy(host.area, host_area, AREA);
	memcpy(model.area, area, AREA);
	return difference(&host, &model);
}

static bool run_instruction(struct model *m, const struct instruction *i)
{
	struct rng r = rng_from(stream_seed(1, i->name));
	const struct form form = {.mode = CODE_64};
	struct code code = {.form = &form, .len = sizeof(i->bytes)};

	memcpy(code.bytes, i->bytes, sizeof(i->bytes));
	host_write_code(SLOT, &code);
	model_write_code(m, SLOT + SLOT_INSN, i->bytes, sizeof(i->bytes));
	for (unsigned n = 0; n < CASES; n++) {
		const char *what = run_case(m, &r);

		if (what != NULL) {
			printf("not ok oracle/xsave/%s: case %u: %s\n", i->name, n, what);
			return false;
		}
	}
	printf("ok oracle/xsave/%s x%u\n", i->name, CASES);
	return true;
}

int main(void)
{
	struct model *m = model_create();
	bool good = true;

	host_init();
	model_core(m)->arch.cr4 |= CR4_OSXSAVE;
	model_core(m)->arch.xcr0 = STATES;
	for (size_t i = 0; i < ARRAY_LEN(instructions); i++)
		if (host_has(&instructions[i]))
			good &= run_instruction(m, &instructions[i]);
	model_destroy(m);
	return good ? 0 : 1;
}
