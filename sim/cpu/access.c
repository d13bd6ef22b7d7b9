#include "sim/cpu/access.h"

#include "sim/cpu/code_cache.h"
#include "sim/cpu/insn.h"

/* Blocks are of one instruction while somebody listens. */
static uint64_t steps_made(const struct vcpu *c)
{
	return (uint64_t)(c->begin - c->left) - c->counted;
}

void accesses_tell(struct vcpu *c)
{
	struct access_list *p = &c->pending;

	for (unsigned i = 0; i < p->count; i++)
		c->accesses.told(c->accesses.context, &p->at[i]);
	p->count = 0;
}

void accesses_forget(struct vcpu *c)
{
	struct access_list *p = &c->pending;

	if (p->count != 0 && p->at[0].step == c->arch.step + steps_made(c))
		p->count = 0;
}

void access_note(struct vcpu *c, enum mem_kind kind, uint64_t la, uint64_t pa, unsigned size,
	const void *data)
{
	struct access_list *p = &c->pending;
	uint64_t made = steps_made(c), step = c->arch.step + made;
	struct mem_access *a;

	if (phys_page(c->mmu.mem, pa) == PHYS_NO_PAGE)
		return;
	if (p->count == ACCESSES_PENDING || (p->count != 0 && p->at[0].step != step))
		accesses_tell(c);
	a = &p->at[p->count++];
	*a = (struct mem_access){
		.step = step,
		.cycle = c->arch.cycle + made,
		.rip = c->arch.rip,
		.la = la,
		.pa = pa,
		.size = size,
		.core = (uint8_t)c->id,
		.kind = (uint8_t)kind,
		.user = c->user,
		.buffered = c->mmu.tso && (kind == MEM_STORE || kind == MEM_UPDATE),
	};
	memcpy(&a->value, data, min_u64(size, sizeof(a->value)));
}

void cpu_watch_accesses(struct code_cache *cache, struct cpu_accesses listener)
{
	unsigned count;
	struct vcpu *cores = code_cache_cores(cache, &count);

	code_cache_one_by_one(cache, listener.told != NULL || cores[0].mmu.tso);
	for (unsigned i = 0; i < count; i++) {
		struct vcpu *c = &cores[i];

		SIM_ASSERT(c->pending.count == 0);
		c->accesses = listener;
		c->slow_access = listener.told != NULL || c->mmu.tso;
		cpu_select_soft(c);
	}
}
