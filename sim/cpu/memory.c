#include "sim/cpu/memory.h"

#include "sim/base/hash.h"
#include "sim/cpu/access.h"
#include "sim/cpu/code_cache.h"
#include "sim/cpu/debug.h"
#include "sim/cpu/monitor.h"

/* Where an access goes: one part, or two when it crosses a page end. */
struct span {
	uint64_t pa[2];
	unsigned first; /* bytes in the first part */
	unsigned parts;
	bool uncached; /* of either part; memory model tso: SC is as strict with all memory */
};

static enum privilege privilege_of(const struct vcpu *c)
{
	return c->user ? PRIVILEGE_USER : PRIVILEGE_SUPERVISOR;
}

static struct fault not_canonical(unsigned seg)
{
	return fault_error(seg == SS ? VECTOR_SS : VECTOR_GP, 0);
}

MUST_CHECK static struct fault translate_span(struct vcpu *c, uint64_t la, unsigned size,
	enum access how, enum privilege who, struct span *span)
{
	uint64_t next;

	span->first = (unsigned)min_u64(size, PAGE_SIZE - (la & PAGE_MASK));
	span->parts = span->first < size ? 2 : 1;
	TRY(mmu_translate(&c->mmu, la, how, who, &span->pa[0]));
	span->uncached = c->mmu.tso && mmu_is_uncached(&c->mmu, span->pa[0]);
	if (span->parts == 1)
		return no_fault;
	next = la + span->first;
	if (c->mode != CODE_64 && la <= UINT32_MAX)
		next = (uint32_t)next;
	TRY(mmu_translate(&c->mmu, next, how, who, &span->pa[1]));
	span->uncached |= c->mmu.tso && mmu_is_uncached(&c->mmu, span->pa[1]);
	return no_fault;
}

/* SDM "Alignment Check Exception (#AC)". Of 80-bit numbers and far pointers the first part counts,
 * of a state image its words; 16 bytes and more may lie anywhere where they need not be aligned. */
static bool is_misaligned(uint64_t la, unsigned size)
{
	unsigned natural = size == 10 || size == 6 ? size - 2 : size & -size;

	return natural <= 8 && (la & (natural - 1)) != 0;
}

static bool wakes_part(const struct vcpu *c, uint64_t pa, unsigned size)
{
	const struct phys_mem *mem = c->mmu.mem;

	return (mem->flags[phys_page(mem, pa)] & PHYS_MONITORED) &&
	       monitor_wakes_another(c, pa, size);
}

/* Is it a store to RAM that wakes another core? */
static bool wakes(const struct vcpu *c, const struct span *span, unsigned size)
{
	return wakes_part(c, span->pa[0], span->first) ||
	       (span->parts == 2 && wakes_part(c, span->pa[1], size - span->first));
}

/* Translates, and settles whether the access may happen now: to devices, and what wakes another
 * core, only when exclusive. */
MUST_CHECK static struct fault reach(struct vcpu *c, unsigned seg, uint64_t la, unsigned size,
	enum access how, struct span *span, bool *device)
{
	if (!is_canonical(la) || !is_canonical(la + size - 1))
		return not_canonical(seg);
	if (unlikely(c->slow_access) && cpu_checks_alignment(c) && is_misaligned(la, size))
		return fault_error(VECTOR_AC, 0);
	TRY(translate_span(c, la, size, how, privilege_of(c), span));
	*device = false;
	for (unsigned i = 0; i < span->parts; i++)
		*device |= phys_page(c->mmu.mem, span->pa[i]) == PHYS_NO_PAGE;
	if (c->exclusive || c->delivering)
		return no_fault;
	if (!*device)
		return how == ACCESS_WRITE && unlikely(wakes(c, span, size)) ? fault_retry
									     : no_fault;
	return fault_retry;
}

static uint8_t *ram_at(struct vcpu *c, uint64_t pa)
{
	return phys_host(c->mmu.mem, phys_page(c->mmu.mem, pa)) + (pa & PAGE_MASK);
}

static void ram_announce(struct vcpu *c, const struct span *span, unsigned size)
{
	unsigned left[2] = {span->first, size - span->first};

	for (unsigned i = 0; i < span->parts; i++)
		phys_will_write(c->mmu.mem, phys_page(c->mmu.mem, span->pa[i]),
			span->pa[i] & PAGE_MASK, left[i]);
}

static void ram_get(struct vcpu *c, const struct span *span, unsigned size, uint8_t *to)
{
	memcpy(to, ram_at(c, span->pa[0]), span->first);
	if (span->parts == 2)
		memcpy(to + span->first, ram_at(c, span->pa[1]), size - span->first);
}

static void ram_put(struct vcpu *c, const struct span *span, unsigned size, const uint8_t *from)
{
	memcpy(ram_at(c, span->pa[0]), from, span->first);
	if (span->parts == 2)
		memcpy(ram_at(c, span->pa[1]), from + span->first, size - span->first);
}

/* --- the store buffer (memory model tso) --- */

void mem_fence(struct vcpu *c)
{
	stores_drain(&c->mmu.stores, c->mmu.mem);
}

/* The cycle at which a store leaves that is made now. Blocks are of one instruction. */
static uint64_t store_due(const struct vcpu *c, uint64_t now)
{
	uint64_t draw[3] = {c->stores.seed, c->id, now};

	if (c->stores.spread == 0)
		return now + c->stores.drain;
	return now + c->stores.drain + hash_bytes(draw, sizeof(draw), 0) % (c->stores.spread + 1);
}

static void buffer_part(struct vcpu *c, uint64_t pa, unsigned size, const uint8_t *from)
{
	uint64_t now = c->arch.cycle + (uint64_t)(c->begin - c->left);
	uint64_t due = store_due(c, now);

	stores_age(&c->mmu.stores, c->mmu.mem, now);
	for (unsigned done = 0, piece; done < size; done += piece) {
		piece = size - done < STORE_BYTES ? size - done : STORE_BYTES;
		stores_push(&c->mmu.stores, c->mmu.mem, pa + done, from + done, piece, due);
	}
}

static void buffer_store(
	struct vcpu *c, const struct span *span, unsigned size, const uint8_t *from)
{
	buffer_part(c, span->pa[0], span->first, from);
	if (span->parts == 2)
		buffer_part(c, span->pa[1], size - span->first, from + span->first);
	if (unlikely(span->uncached || wakes(c, span, size)))
		mem_fence(c);
}

static void buffer_load(struct vcpu *c, const struct span *span, unsigned size, uint8_t *to)
{
	if (unlikely(span->uncached))
		mem_fence(c);
	stores_load(&c->mmu.stores, c->mmu.mem, span->pa[0], to, span->first);
	if (span->parts == 2)
		stores_load(&c->mmu.stores, c->mmu.mem, span->pa[1], to + span->first,
			size - span->first);
}

/* Does the instruction under way read and write in one, and empty the buffer? */
static bool is_locked(const struct vcpu *c)
{
	return (c->block->prefix & PREFIX_LOCK) ||
	       (insn_attributes(code_cache_decoder(c->code), c->block) & LOCKED);
}

/* --- for who listens to accesses --- */

static void note(struct vcpu *c, enum mem_kind kind, uint64_t la, const struct span *span,
	unsigned size, const void *data)
{
	if (likely(c->accesses.told == NULL))
		return;
	access_note(c, kind, la, span->pa[0], span->first, data);
	if (span->parts == 2)
		access_note(c, kind, la + span->first, span->pa[1], size - span->first,
			(const uint8_t *)data + span->first);
}

/* The fast path of a core whose accesses somebody hears of: that one, by the soft-TLB that it would
 * use. NULL: not here. */
static uint8_t *heard_load(struct vcpu *c, uint64_t la, unsigned size, struct span *span)
{
	const struct soft_entry *e = soft_entry(&c->mmu.soft[c->user], la);

	if (c->accesses.told == NULL || c->alone || !soft_reads(e, la, size))
		return NULL;
	*span = (struct span){.pa = {e->pa + (la & PAGE_MASK)}, .first = size, .parts = 1};
	return soft_host(e, la);
}

static uint8_t *heard_store(struct vcpu *c, uint64_t la, unsigned size, struct span *span)
{
	const struct soft_entry *e = soft_entry(&c->mmu.soft[c->user], la);

	return soft_writes(e, la, size) ? heard_load(c, la, size, span) : NULL;
}

/* --- descriptor tables and their like --- */

static bool is_ram(const struct vcpu *c, uint64_t pa)
{
	return phys_page(c->mmu.mem, pa) != PHYS_NO_PAGE;
}

static void system_get_part(struct vcpu *c, uint64_t pa, unsigned size, uint8_t *to)
{
	if (!is_ram(c, pa))
		return;
	memcpy(to, ram_at(c, pa), size);
	stores_overlay(&c->mmu.stores, pa, to, size);
}

/* A span whose parts are RAM or not, each for itself. */
static void system_get(struct vcpu *c, const struct span *span, unsigned size, uint8_t *to)
{
	memset(to, 0xff, size);
	system_get_part(c, span->pa[0], span->first, to);
	if (span->parts == 2)
		system_get_part(c, span->pa[1], size - span->first, to + span->first);
}

static void system_put_part(struct vcpu *c, uint64_t pa, unsigned size, const uint8_t *from)
{
	if (size == 0 || !is_ram(c, pa))
		return;
	mem_fence(c);
	phys_will_write(c->mmu.mem, phys_page(c->mmu.mem, pa), pa & PAGE_MASK, size);
	memcpy(ram_at(c, pa), from, size);
}

static void system_put(struct vcpu *c, const struct span *span, unsigned size, const uint8_t *from)
{
	system_put_part(c, span->pa[0], span->first, from);
	if (span->parts == 2)
		system_put_part(c, span->pa[1], size - span->first, from + span->first);
}

/* --- devices: accesses of up to 8 bytes, and what is wider or crosses a page in pieces --- */

static unsigned piece_at(uint64_t pa, unsigned left)
{
	unsigned size = 8;

	while (size > left || (pa & (size - 1)) != 0)
		size /= 2;
	return size;
}

static bool is_one_access(const struct span *span, unsigned size)
{
	return span->parts == 1 && size <= 8 && (size & (size - 1)) == 0;
}

static void bus_get_part(struct vcpu *c, uint64_t pa, unsigned size, uint8_t *to)
{
	if (size != 0 && is_ram(c, pa)) {
		memcpy(to, ram_at(c, pa), size);
		return;
	}
	while (size != 0) {
		unsigned piece = piece_at(pa, size);
		uint64_t value = c->bus.mmio_read(c->bus.context, pa, piece);

		memcpy(to, &value, piece);
		pa += piece;
		to += piece;
		size -= piece;
	}
}

static void bus_put_part(struct vcpu *c, uint64_t pa, unsigned size, const uint8_t *from)
{
	if (size != 0 && is_ram(c, pa)) {
		system_put_part(c, pa, size, from);
		return;
	}
	while (size != 0) {
		unsigned piece = piece_at(pa, size);
		uint64_t value = 0;

		memcpy(&value, from, piece);
		c->bus.mmio_write(c->bus.context, pa, piece, value);
		pa += piece;
		from += piece;
		size -= piece;
	}
}

static void bus_get(struct vcpu *c, const struct span *span, unsigned size, uint8_t *to)
{
	if (is_one_access(span, size)) {
		uint64_t value = c->bus.mmio_read(c->bus.context, span->pa[0], size);

		memcpy(to, &value, size);
		return;
	}
	bus_get_part(c, span->pa[0], span->first, to);
	bus_get_part(c, span->pa[1], size - span->first, to + span->first);
}

static void bus_put(struct vcpu *c, const struct span *span, unsigned size, const uint8_t *from)
{
	if (is_one_access(span, size)) {
		uint64_t value = 0;

		memcpy(&value, from, size);
		c->bus.mmio_write(c->bus.context, span->pa[0], size, value);
		return;
	}
	bus_put_part(c, span->pa[0], span->first, from);
	bus_put_part(c, span->pa[1], size - span->first, from + span->first);
}

static void tell(
	struct vcpu *c, enum access how, uint64_t la, uint64_t pa, unsigned size, const void *data)
{
	uint64_t value = 0;

	if (c->alone && debug_is_on(c))
		debug_access(c, how, la, size);
	if (c->watch.access == NULL)
		return;
	memcpy(&value, data, min_u64(size, sizeof(value)));
	c->watch.access(c->watch.context, c, how, la, pa, size, value);
}

/* Before anything of a store happens, translation included. */
MUST_CHECK static struct fault heed_store(struct vcpu *c, uint64_t la, unsigned size)
{
	unsigned first = (unsigned)min_u64(size, PAGE_SIZE - (la & PAGE_MASK));
	uint64_t pa[2] = {0, 0};
	enum privilege who = privilege_of(c);

	if (likely(c->mmu.mem->watched_count == 0) || c->guard.store == NULL || c->delivering)
		return no_fault;
	if (!is_canonical(la) || !is_canonical(la + size - 1) ||
		!mmu_probe(&c->mmu, la, ACCESS_WRITE, who, &pa[0]) ||
		(first < size && !mmu_probe(&c->mmu, la + first, ACCESS_WRITE, who, &pa[1])))
		return no_fault;
	if (phys_is_watched(c->mmu.mem, pa[0], first))
		return mem_heed_store(c, la, pa[0], size);
	if (first < size && phys_is_watched(c->mmu.mem, pa[1], size - first))
		return mem_heed_store(c, la, pa[1] - first, size);
	return no_fault;
}

struct fault mem_load_slow(struct vcpu *c, unsigned seg, uint64_t la, unsigned size, void *to)
{
	struct span span;
	bool device;
	const uint8_t *host = heard_load(c, la, size, &span);

	if (host != NULL) {
		memcpy(to, host, size);
		note(c, MEM_LOAD, la, &span, size, to);
		return no_fault;
	}
	TRY(reach(c, seg, la, size, ACCESS_READ, &span, &device));
	if (device && c->delivering) {
		system_get(c, &span, size, to);
	} else if (device) {
		mem_fence(c);
		bus_get(c, &span, size, to);
	} else if (c->mmu.tso) {
		buffer_load(c, &span, size, to);
	} else {
		ram_get(c, &span, size, to);
		if (span.parts == 1)
			mmu_soft_fill(&c->mmu, la, span.pa[0], ACCESS_READ, privilege_of(c));
	}
	note(c, MEM_LOAD, la, &span, size, to);
	tell(c, ACCESS_READ, la, span.pa[0], size, to);
	return no_fault;
}

struct fault mem_store_slow(
	struct vcpu *c, unsigned seg, uint64_t la, unsigned size, const void *from)
{
	struct span span;
	bool device;
	uint8_t *host = heard_store(c, la, size, &span);

	if (host != NULL) {
		memcpy(host, from, size);
		note(c, MEM_STORE, la, &span, size, from);
		return no_fault;
	}
	TRY(heed_store(c, la, size));
	TRY(reach(c, seg, la, size, ACCESS_WRITE, &span, &device));
	if (device && c->delivering) { /* a stack on a device is nobody's stack */
		system_put(c, &span, size, from);
	} else if (device) {
		mem_fence(c);
		bus_put(c, &span, size, from);
	} else if (c->mmu.tso) {
		buffer_store(c, &span, size, from);
	} else {
		ram_announce(c, &span, size);
		ram_put(c, &span, size, from);
		if (span.parts == 1)
			mmu_soft_fill(&c->mmu, la, span.pa[0], ACCESS_WRITE, privilege_of(c));
	}
	note(c, MEM_STORE, la, &span, size, from);
	tell(c, ACCESS_WRITE, la, span.pa[0], size, from);
	return no_fault;
}

/* Lets the bounce buffer, which holds the bytes, stand for that place until they are committed. */
static void bounce(
	struct vcpu *c, uint64_t la, unsigned size, const struct span *span, uint8_t **host)
{
	c->bounce.pa[0] = span->pa[0];
	c->bounce.pa[1] = span->pa[1];
	c->bounce.first = span->first;
	c->bounce.size = size;
	c->bounce.uncached = span->uncached;
	c->bounce.la = la;
	*host = c->bounce.data;
}

struct fault mem_open_slow(struct vcpu *c, unsigned seg, uint64_t la, unsigned size, uint8_t **host)
{
	struct span span;
	bool device;

	*host = heard_store(c, la, size, &span);
	if (*host != NULL) {
		memcpy(c->bounce.data, *host, size);
		bounce(c, la, size, &span, host);
		return no_fault;
	}
	TRY(heed_store(c, la, size));
	TRY(reach(c, seg, la, size, ACCESS_WRITE, &span, &device));
	if (device || (c->mmu.tso && is_locked(c)))
		mem_fence(c);
	if (!device && c->mmu.tso) {
		buffer_load(c, &span, size, c->bounce.data);
	} else if (!device) {
		ram_announce(c, &span, size);
		if (span.parts == 1)
			mmu_soft_fill(&c->mmu, la, span.pa[0], ACCESS_WRITE, privilege_of(c));
		if (span.parts == 1 && c->watch.access == NULL && !c->slow_access) {
			*host = ram_at(c, span.pa[0]);
			return no_fault;
		}
		ram_get(c, &span, size, c->bounce.data);
	} else {
		bus_get(c, &span, size, c->bounce.data);
	}
	tell(c, ACCESS_READ, la, span.pa[0], size, c->bounce.data);
	bounce(c, la, size, &span, host);
	return no_fault;
}

void mem_commit_slow(struct vcpu *c)
{
	unsigned size = c->bounce.size;
	struct span span = {
		.pa = {c->bounce.pa[0], c->bounce.pa[1]},
		.first = c->bounce.first,
		.parts = c->bounce.first < size ? 2 : 1,
		.uncached = c->bounce.uncached,
	};

	if (!is_ram(c, span.pa[0]) || (span.parts == 2 && !is_ram(c, span.pa[1])))
		bus_put(c, &span, size, c->bounce.data);
	else if (c->mmu.tso)
		buffer_store(c, &span, size, c->bounce.data);
	else
		ram_put(c, &span, size, c->bounce.data);
	if (c->mmu.tso && is_locked(c))
		mem_fence(c);
	note(c, is_locked(c) ? MEM_LOCKED : MEM_UPDATE, c->bounce.la, &span, size, c->bounce.data);
	tell(c, ACCESS_WRITE, c->bounce.la, span.pa[0], size, c->bounce.data);
}

MUST_CHECK static struct fault system_span(
	struct vcpu *c, uint64_t la, unsigned size, enum access how, struct span *span)
{
	if ((c->arch.efer & EFER_LMA) == 0)
		la = (uint32_t)la;
	if (!is_canonical(la) || !is_canonical(la + size - 1))
		return fault_gp(0);
	return translate_span(c, la, size, how, PRIVILEGE_IMPLICIT, span);
}

struct fault mem_system_load(struct vcpu *c, uint64_t la, unsigned size, void *to)
{
	struct span span;

	TRY(system_span(c, la, size, ACCESS_READ, &span));
	system_get(c, &span, size, to);
	return no_fault;
}

struct fault mem_system_store(struct vcpu *c, uint64_t la, unsigned size, const void *from)
{
	struct span span;

	TRY(system_span(c, la, size, ACCESS_WRITE, &span));
	system_put(c, &span, size, from);
	return no_fault;
}

struct fault mem_system_touch(struct vcpu *c, uint64_t la, unsigned size, enum access how)
{
	struct span span;

	return system_span(c, la, size, how, &span);
}
