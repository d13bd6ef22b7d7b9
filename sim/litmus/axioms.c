#include "sim/litmus/axioms.h"

#include <stdlib.h>

#include "sim/litmus/abstract.h"

#define EVENTS  24
#define SOURCES 64 /* groups of bytes of all reads */
#define NOBODY  (-1)

/* A read or a write of memory; or an IPI is sent, or arrives: as a read of nothing. */
struct event {
	unsigned thread, insn;
	enum abstract_kind kind;
	bool write, locked, uncached;
	int pair;        /* the other event of a locked instruction, or NOBODY */
	unsigned fences; /* before it in its thread */
	uint64_t address;
	unsigned size;
};

/* Bytes of a read that the same writes may have written: they come from one of them. */
struct group {
	unsigned read;
	uint64_t address;
	unsigned size;
	uint32_t writes; /* events that may be the source */
	int source;      /* in the candidate: a write, or NOBODY for the initial state */
};

struct relation {
	uint32_t next[EVENTS]; /* a bit an event */
};

struct axioms {
	const struct litmus_test *test;
	enum memory_model model;
	struct abstract_thread own[LITMUS_THREADS], handler[LITMUS_THREADS];
	struct abstract_thread thread[LITMUS_THREADS]; /* with what interrupts it */
	unsigned event_count, group_count, write_count;
	struct event event[EVENTS];
	struct group group[SOURCES];
	unsigned order[EVENTS];  /* the writes as they reach memory, in the candidate */
	uint32_t after[EVENTS];  /* co: writes that come after a write and overlap it */
	uint32_t placed;         /* writes in order so far */
	struct relation program; /* what is preserved, IPIs too: the same in all candidates of these
				    threads */
	struct litmus_outcomes *outcomes;
};

/* --- relations --- */

static void relate(struct relation *r, unsigned from, unsigned to)
{
	r->next[from] |= (uint32_t)BIT(to);
}

/* Takes away, again and again, what nothing comes before; what is left has a cycle. */
static bool has_cycle(const struct relation *r, unsigned count, uint32_t among)
{
	uint32_t left = among;

	for (;;) {
		uint32_t targets = 0, sources;

		for (unsigned i = 0; i < count; i++)
			if (left & BIT(i))
				targets |= r->next[i];
		sources = left & ~targets;
		if (sources == 0)
			return left != 0;
		left &= ~sources;
	}
}

/* --- the events --- */

static bool overlap(uint64_t a, unsigned a_size, uint64_t b, unsigned b_size)
{
	return a < b + b_size && b < a + a_size;
}

static bool events_overlap(const struct event *a, const struct event *b)
{
	return overlap(a->address, a->size, b->address, b->size);
}

static bool contains(const struct event *a, const struct event *b)
{
	return a->address <= b->address && b->address + b->size <= a->address + a->size;
}

static bool add_event(struct axioms *x, struct event event)
{
	if (x->event_count == EVENTS)
		return false;
	x->event[x->event_count++] = event;
	x->write_count += event.write;
	return true;
}

static bool is_message(const struct abstract_insn *in)
{
	return in->kind == ABSTRACT_SEND || in->kind == ABSTRACT_ARRIVE;
}

static bool add_events(struct axioms *x, unsigned thread)
{
	const struct abstract_thread *a = &x->thread[thread];
	unsigned fences = 0;

	for (unsigned i = 0; i < a->count; i++) {
		const struct abstract_insn *in = &a->insn[i];
		bool both = abstract_loads(in) && abstract_stores(in);
		bool paired = both && (in->locked || in->uncached || x->model == MEMORY_MODEL_SC);
		struct event event = {thread, i, in->kind, false, in->locked, in->uncached, NOBODY,
			fences, abstract_address(in), in->size};

		fences += in->kind == ABSTRACT_FENCE;
		if (paired)
			event.pair = (int)x->event_count + 1;
		if ((abstract_loads(in) || is_message(in)) && !add_event(x, event))
			return false;
		event.write = true;
		event.pair = paired ? (int)x->event_count - 1 : NOBODY;
		if (abstract_stores(in) && !add_event(x, event))
			return false;
	}
	return true;
}

static bool is_po_before(const struct axioms *x, unsigned a, unsigned b)
{
	return a < b && x->event[a].thread == x->event[b].thread;
}

static uint32_t writes_of_byte(const struct axioms *x, uint64_t address)
{
	uint32_t writes = 0;

	for (unsigned i = 0; i < x->event_count; i++)
		if (x->event[i].write && overlap(x->event[i].address, x->event[i].size, address, 1))
			writes |= (uint32_t)BIT(i);
	return writes;
}

static bool add_groups(struct axioms *x, unsigned read)
{
	const struct event *e = &x->event[read];
	struct group *g = NULL;

	for (uint64_t byte = e->address; byte < e->address + e->size; byte++) {
		uint32_t writes = writes_of_byte(x, byte);

		if (g != NULL && g->writes == writes) {
			g->size++;
			continue;
		}
		if (x->group_count == SOURCES)
			return false;
		g = &x->group[x->group_count++];
		*g = (struct group){read, byte, 1, writes, NOBODY};
	}
	return true;
}

/* --- what holds in every candidate --- */

/* The last write of the thread before the read that overlaps it, or NOBODY. */
static int last_own_write(const struct axioms *x, unsigned read)
{
	for (unsigned i = read; i-- > 0 && x->event[i].thread == x->event[read].thread;)
		if (x->event[i].write && events_overlap(&x->event[i], &x->event[read]))
			return (int)i;
	return NOBODY;
}

static bool is_preserved(const struct axioms *x, unsigned a, unsigned b)
{
	const struct event *first = &x->event[a], *second = &x->event[b];

	if (x->model == MEMORY_MODEL_SC || !first->write || second->write)
		return true;
	if (first->locked || second->locked || first->fences != second->fences)
		return true;
	if (first->uncached || second->uncached)
		return true;
	return last_own_write(x, b) == (int)a && !contains(first, second);
}

static bool is_message_to(const struct event *sent, const struct event *arrived)
{
	return sent->kind == ABSTRACT_SEND && arrived->kind == ABSTRACT_ARRIVE &&
	       sent->thread != arrived->thread;
}

static void preserve_order(struct axioms *x)
{
	x->program = (struct relation){{0}};
	for (unsigned a = 0; a < x->event_count; a++)
		for (unsigned b = 0; b < x->event_count; b++)
			if (is_message_to(&x->event[a], &x->event[b]))
				relate(&x->program, a, b);
	for (unsigned a = 0; a < x->event_count; a++)
		for (unsigned b = a + 1; b < x->event_count; b++)
			if (is_po_before(x, a, b) && is_preserved(x, a, b))
				relate(&x->program, a, b);
}

/* --- a candidate: is it allowed? --- */

/* The writes of these that come after what the group reads. */
static uint32_t from_read(const struct axioms *x, const struct group *g)
{
	uint32_t after = g->source == NOBODY ? UINT32_MAX : x->after[g->source], writes = 0;

	for (unsigned i = 0; i < x->event_count; i++)
		if ((after & g->writes) & BIT(i))
			writes |= (uint32_t)BIT(i);
	return writes;
}

static bool is_coherent_at(const struct axioms *x, uint64_t byte)
{
	struct relation r = {{0}};
	uint32_t among = 0;

	for (unsigned i = 0; i < x->event_count; i++)
		if (overlap(x->event[i].address, x->event[i].size, byte, 1))
			among |= (uint32_t)BIT(i);
	for (unsigned a = 0; a < x->event_count; a++) {
		if ((among & BIT(a)) == 0)
			continue;
		r.next[a] = x->after[a];
		for (unsigned b = a + 1; b < x->event_count; b++)
			if (is_po_before(x, a, b))
				relate(&r, a, b);
	}
	for (unsigned i = 0; i < x->group_count; i++) {
		const struct group *g = &x->group[i];

		if (!overlap(g->address, g->size, byte, 1))
			continue;
		if (g->source != NOBODY)
			relate(&r, (unsigned)g->source, g->read);
		r.next[g->read] |= from_read(x, g);
	}
	return !has_cycle(&r, x->event_count, among);
}

static bool is_coherent(const struct axioms *x)
{
	for (unsigned i = 0; i < x->group_count; i++)
		if (!is_coherent_at(x, x->group[i].address))
			return false;
	return true;
}

/* co within a thread is program order: each byte of two writes is written. */
static bool is_atomic(const struct axioms *x)
{
	for (unsigned i = 0; i < x->group_count; i++) {
		const struct group *g = &x->group[i];
		const struct event *read = &x->event[g->read];
		uint32_t between = from_read(x, g);

		if (read->pair == NOBODY)
			continue;
		for (unsigned w = 0; w < x->event_count; w++)
			if ((between & BIT(w)) && (x->after[w] & BIT(read->pair)))
				return false;
	}
	return true;
}

static bool is_ordered(const struct axioms *x)
{
	struct relation r = x->program;

	for (unsigned i = 0; i < x->event_count; i++)
		r.next[i] |= x->after[i];
	for (unsigned i = 0; i < x->group_count; i++) {
		const struct group *g = &x->group[i];

		if (g->source != NOBODY && x->event[g->source].thread != x->event[g->read].thread)
			relate(&r, (unsigned)g->source, g->read);
		r.next[g->read] |= from_read(x, g);
	}
	return !has_cycle(&r, x->event_count, (uint32_t)(BIT(x->event_count) - 1));
}

/* --- and what comes out? --- */

struct values {
	uint64_t read[EVENTS], written[EVENTS];
	uint64_t reg[LITMUS_THREADS][16];
};

static uint8_t byte_of(uint64_t value, uint64_t n)
{
	return (uint8_t)(value >> 8 * n);
}

static uint8_t initial_byte(const struct axioms *x, uint64_t address)
{
	for (unsigned i = 0; i < x->test->location_count; i++)
		if (address - litmus_address(i) < 8)
			return byte_of((uint64_t)litmus_initial_value(x->test, i),
				address - litmus_address(i));
	return 0;
}

static uint64_t value_read(const struct axioms *x, const struct values *v, unsigned read)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < x->group_count; i++) {
		const struct group *g = &x->group[i];

		for (unsigned k = 0; g->read == read && k < g->size; k++) {
			uint64_t at = g->address + k;
			uint8_t byte = g->source == NOBODY
					       ? initial_byte(x, at)
					       : byte_of(v->written[g->source],
							 at - x->event[g->source].address);

			value |= (uint64_t)byte << 8 * (at - x->event[read].address);
		}
	}
	return value;
}

static void run_threads(const struct axioms *x, struct values *v)
{
	unsigned event = 0;

	for (unsigned t = 0; t < x->test->thread_count; t++) {
		for (unsigned r = 0; r < 16; r++)
			v->reg[t][r] = litmus_initial_register(x->test, t, r);
		for (unsigned i = 0; i < x->thread[t].count; i++) {
			const struct abstract_insn *in = &x->thread[t].insn[i];
			uint64_t loaded = 0, result;

			if (abstract_loads(in) || is_message(in))
				loaded = v->read[event++];
			result = abstract_execute(in, v->reg[t], loaded);
			if (abstract_stores(in))
				v->written[event++] = result;
		}
	}
}

/* Values depend on each other along rf and within threads, which an allowed candidate has no cycle
 * of: so many rounds settle them. */
static void settle_values(const struct axioms *x, struct values *v)
{
	memset(v, 0, sizeof(*v));
	for (unsigned round = 0; round <= x->event_count; round++) {
		run_threads(x, v);
		for (unsigned i = 0; i < x->event_count; i++)
			if (!x->event[i].write)
				v->read[i] = value_read(x, v, i);
	}
	run_threads(x, v);
}

static int64_t final_value(const struct axioms *x, const struct values *v, unsigned location)
{
	unsigned size = x->test->location[location].size;
	uint64_t value = 0;

	for (unsigned k = 0; k < size; k++) {
		uint64_t at = litmus_address(location) + k;
		uint8_t byte = initial_byte(x, at);

		for (unsigned i = 0; i < x->write_count; i++) {
			const struct event *w = &x->event[x->order[i]];

			if (overlap(w->address, w->size, at, 1))
				byte = byte_of(v->written[x->order[i]], at - w->address);
		}
		value |= (uint64_t)byte << 8 * k;
	}
	return (int64_t)value;
}

static void add_outcome(struct axioms *x)
{
	int64_t outcome[LITMUS_SEEN];
	struct values v;

	settle_values(x, &v);
	for (unsigned i = 0; i < x->test->seen_count; i++) {
		const struct litmus_seen *s = &x->test->seen[i];

		outcome[i] = s->thread < 0 ? final_value(x, &v, s->number)
					   : (int64_t)v.reg[s->thread][s->number];
	}
	outcomes_add(x->outcomes, outcome);
}

/* --- all candidates --- */

static void choose_sources(struct axioms *x, unsigned group)
{
	struct group *g = &x->group[group];

	if (group == x->group_count) {
		if (is_coherent(x) && is_atomic(x) && is_ordered(x))
			add_outcome(x);
		return;
	}
	g->source = NOBODY;
	choose_sources(x, group + 1);
	for (unsigned i = 0; i < x->event_count; i++) {
		if ((g->writes & BIT(i)) == 0 || is_po_before(x, g->read, i))
			continue;
		g->source = (int)i;
		choose_sources(x, group + 1);
	}
}

/* Could the write reach memory next? Those of its thread before it must have. Writes that overlap
 * nothing placed later are told apart in vain; there are few. */
static bool may_come_next(const struct axioms *x, unsigned write)
{
	if (!x->event[write].write || (x->placed & BIT(write)))
		return false;
	for (unsigned i = 0; i < write; i++)
		if (is_po_before(x, i, write) && x->event[i].write && (x->placed & BIT(i)) == 0)
			return false;
	return true;
}

static void choose_order(struct axioms *x, unsigned place)
{
	if (place == x->write_count) {
		choose_sources(x, 0);
		return;
	}
	for (unsigned w = 0; w < x->event_count; w++) {
		if (!may_come_next(x, w))
			continue;
		x->order[place] = w;
		x->placed |= (uint32_t)BIT(w);
		x->after[w] = 0;
		for (unsigned i = 0; i < place; i++)
			if (events_overlap(&x->event[x->order[i]], &x->event[w]))
				x->after[x->order[i]] |= (uint32_t)BIT(w);
		choose_order(x, place + 1);
		for (unsigned i = 0; i < place; i++)
			x->after[x->order[i]] &= ~(uint32_t)BIT(w);
		x->placed &= ~(uint32_t)BIT(w);
	}
}

static bool allow_threads(struct axioms *x, struct error *e)
{
	const struct litmus_test *t = x->test;

	x->event_count = x->group_count = x->write_count = 0;
	for (unsigned i = 0; i < t->thread_count; i++)
		if (!add_events(x, i))
			return fail(
				e, "%s: expected at most %d accesses to memory", t->file, EVENTS);
	for (unsigned i = 0; i < x->event_count; i++)
		if (!x->event[i].write && !add_groups(x, i))
			return fail(e, "%s: expected fewer accesses of mixed sizes", t->file);
	preserve_order(x);
	choose_order(x, 0);
	return true;
}

/* From this thread on: all places that its handler may have. */
static bool choose_places(struct axioms *x, unsigned thread, struct error *e)
{
	if (thread == x->test->thread_count)
		return allow_threads(x, e);
	if (!x->test->has_handler[thread]) {
		x->thread[thread] = x->own[thread];
		return choose_places(x, thread + 1, e);
	}
	for (unsigned at = 0; at <= x->own[thread].count; at++) {
		abstract_interrupt(&x->thread[thread], &x->own[thread], &x->handler[thread], at);
		if (!choose_places(x, thread + 1, e))
			return false;
	}
	return true;
}

static unsigned count_sends(const struct abstract_thread *a)
{
	unsigned count = 0;

	for (unsigned i = 0; i < a->count; i++)
		count += a->insn[i].kind == ABSTRACT_SEND;
	return count;
}

bool axioms_allow(const struct litmus_test *t, enum memory_model model, struct litmus_outcomes *o,
	struct error *e)
{
	struct axioms x = {.test = t, .model = model, .outcomes = o};
	unsigned sends = 0;

	for (unsigned i = 0; i < t->thread_count; i++) {
		if (!abstract_read(&x.own[i], &x.handler[i], t, i, e))
			return false;
		sends += count_sends(&x.own[i]) + count_sends(&x.handler[i]);
	}
	if (sends > 1 || (sends == 0 && litmus_sender(t) >= 0))
		return fail(e,
			"%s: expected one IPI where registers are made for one, and no other",
			t->file);
	return choose_places(&x, 0, e);
}
