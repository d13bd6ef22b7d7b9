/* oracle_memory.c - a process's memory, read from outside by its own page tables.
 */
#include "sim/mmu/mmu.h"
#include "sim/replay/oracle_parts.h"

static bool load_entry(void *context, uint64_t pa, unsigned size, uint64_t *entry)
{
	return machine_peek(context, pa, entry, size);
}

static uint64_t process_cr3(const struct oracles *o, int pid)
{
	const struct identity *i = watch_identity(o->watch);

	for (unsigned n = 0; pid != 0 && n < IDENTITY_PROCESSES; n++)
		if (i->processes[n].pid == pid)
			return i->processes[n].cr3;
	return 0;
}

bool oracle_translate(const struct oracles *o, uint64_t cr3, uint64_t la, uint64_t *pa)
{
	struct walk w =
		walk_tables(&walk_ia32e, cr3 & walk_ia32e.frame, la, 0, load_entry, o->machine);

	*pa = w.end == WALK_PAGE ? walk_address(&walk_ia32e, &w, la) : 0;
	return w.end == WALK_PAGE;
}

bool oracle_read(const struct oracles *o, int pid, uint64_t la, void *data, uint64_t size)
{
	uint64_t root = process_cr3(o, pid), pa;
	uint8_t *to = data;

	while (root != 0 && size != 0) {
		uint64_t part = min_u64(size, PAGE_SIZE - (la & PAGE_MASK));

		if (!oracle_translate(o, root, la, &pa) || !machine_peek(o->machine, pa, to, part))
			return false;
		la += part;
		to += part;
		size -= part;
	}
	return root != 0;
}

bool oracle_read_of(void *context, uint64_t la, void *data, uint64_t size)
{
	const struct oracle_memory *m = context;

	return oracle_read(m->oracles, m->pid, la, data, size);
}
