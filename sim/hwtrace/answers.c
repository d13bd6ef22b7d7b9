#include "sim/hwtrace/answers.h"

#include <cpuid.h>

#include "sim/hwtrace/player.h"

#define CODE_LA UINT64_C(0x10000)

/* A player is all there is to it. */
struct answers *answers_create(const struct cpu_model *model)
{
	static const uint8_t code[] = {0x0f, 0xa2}; /* CPUID */
	const struct hw_edit edits[] = {
		{.kind = HW_MAP,
			.la = CODE_LA,
			.size = PAGE_SIZE,
			.prot = HW_PROT_READ | HW_PROT_EXEC},
		{.kind = HW_WRITE, .la = CODE_LA, .size = sizeof(code), .data = code},
	};
	struct player *p = player_create(model, PLAYER_MEMORY_MIN);

	for (unsigned i = 0; i < ARRAY_LEN(edits); i++)
		if (!player_edit(p, &edits[i], NULL))
			SIM_ASSERT(!"a new player has room");
	return (struct answers *)p;
}

void answers_destroy(struct answers *a)
{
	player_destroy((struct player *)a);
}

/* The host's CPU executes the program: it must have what is promised. */
static void mask_features(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	uint32_t host[4];

	__cpuid_count(leaf, subleaf, host[0], host[1], host[2], host[3]);
	if (leaf == 7)
		out[1] &= host[1];
	if (leaf == 1 || leaf == 7 || leaf == 0x80000001) {
		out[2] &= host[2];
		out[3] &= host[3];
	}
}

void answer_cpuid(struct answers *a, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	struct player *p = (struct player *)a;
	struct hw_state s = {{[HW_RIP] = CODE_LA, [RAX] = leaf, [RCX] = subleaf}};
	struct player_step step;

	s.w[HW_SELECTOR + CS] = 0x33;
	s.w[HW_SELECTOR + SS] = 0x2b;
	if (!player_put(p, &s))
		SIM_ASSERT(!"a state that programs can have");
	step = player_step(p);
	SIM_ASSERT(step.end == PLAYER_STEPPED);
	player_get(p, &s);
	out[0] = (uint32_t)s.w[RAX];
	out[1] = (uint32_t)s.w[RBX];
	out[2] = (uint32_t)s.w[RCX];
	out[3] = (uint32_t)s.w[RDX];
	mask_features(leaf, subleaf, out);
}
