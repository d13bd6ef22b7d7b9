/* oracle_race.c - race: two accesses to the same bytes that nothing orders (races.h), unless they
 * are declared (race_rules.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/replay/oracle_parts.h"
#include "sim/replay/race_rules.h"
#include "sim/replay/races.h"

#define CACHE       8192 /* of the rules for instructions */
#define DATA_CACHE  1024 /* of the rules for data */
#define STACK_BELOW 128  /* what a function loads and stores so near to its stack pointer ... */
#define STACK_ABOVE 256  /* ... are its own variables and its return address */

/* Which rule an instruction has; that of a program depends on the process. */
struct cached_rule {
	uint64_t rip;
	uint32_t pid;
	uint32_t rule; /* its number plus 1; 0: none */
};

/* Declared data that was found at an address. */
struct cached_data {
	uint64_t pa;
	uint32_t rule;
};

/* Between the two loads of a sequence counter. */
struct section {
	bool open, torn;
	uint64_t counter; /* as it was loaded first; odd: who reads will not use it */
	struct race race; /* if it is torn: the first */
	struct mem_access access;
};

struct race_oracle {
	struct races *races;
	struct race_rules rules;
	struct cached_rule cache[CACHE];
	struct cached_data data[DATA_CACHE];
	struct section sections[MACHINE_CPUS_MAX];
	struct {
		uint64_t cr3;
		unsigned pid;
	} looked_up[MACHINE_CPUS_MAX]; /* for which data was last looked up */
};

/* --- rules --- */

static const struct elf_image *program_of(const struct oracles *o, unsigned pid)
{
	const char *name = identity_name(watch_identity(o->watch), (int)pid);

	return name != NULL ? images_program(watch_images(o->watch), name) : NULL;
}

static const struct elf_image *image_of(const struct oracles *o, bool user, unsigned pid)
{
	return user ? program_of(o, pid) : images_kernel(watch_images(o->watch));
}

/* The number of the rule plus 1, or 0. */
static uint32_t rule_of(struct oracles *o, const struct mem_access *a, unsigned pid)
{
	struct race_oracle *r = o->race;
	unsigned key = a->user ? pid : 0;
	struct cached_rule *c = &r->cache[(a->rip ^ a->rip >> 13 ^ key * 977) % CACHE];
	const struct race_rule *rule;

	if (c->rip == a->rip && c->pid == key)
		return c->rule;
	rule = race_rules_at(&r->rules, image_of(o, a->user, pid), a->rip);
	*c = (struct cached_rule){
		a->rip, key, rule != NULL ? (uint32_t)(rule - r->rules.rules) + 1 : 0};
	return c->rule;
}

static bool is_own_stack(const struct machine *m, const struct mem_access *a)
{
	uint64_t rsp = m->cores[a->core].arch.gpr[RSP];

	return a->la - (rsp - STACK_BELOW) < STACK_BELOW + STACK_ABOVE;
}

/* --- data --- */

#define USER_HALF BIT(LINEAR_ADDRESS_BITS - 1)

typedef bool on_piece(struct oracles *o, uint64_t pa, uint64_t size, uint64_t wanted);

/* Calls for each piece of the data that is mapped, until one call gives true. */
static bool each_piece(struct oracles *o, uint64_t cr3, const struct data_place *d, on_piece *call,
	uint64_t wanted)
{
	uint64_t pa;

	for (uint64_t i = 0; i < d->count; i++) {
		uint64_t la = d->address + i * d->stride, end = la + d->size, next;

		for (; la < end; la = next) {
			next = min_u64(end, (la & ~PAGE_MASK) + PAGE_SIZE);
			if (oracle_translate(o, cr3, la, &pa) && call(o, pa, next - la, wanted))
				return true;
		}
	}
	return false;
}

static bool is_of_process(const struct oracles *o, const struct race_data *d, int pid)
{
	return d->image->user ? program_of(o, (unsigned)pid) == d->image
			      : d->place.address < USER_HALF;
}

static bool has(struct oracles *o, uint64_t pa, uint64_t size, uint64_t wanted)
{
	(void)o;
	return wanted - pa < size;
}

static bool mark(struct oracles *o, uint64_t pa, uint64_t size, uint64_t wanted)
{
	(void)wanted;
	races_mark(o->race->races, pa, size);
	return false;
}

/* The data of rules sync-data, of a process or (pid 0) of the kernel. */
static void mark_data(struct oracles *o, int pid, uint64_t cr3)
{
	struct race_rules *r = &o->race->rules;

	for (size_t i = 0; i < r->data_count; i++) {
		const struct race_data *d = &r->data[i];
		bool wanted = pid != 0 ? is_of_process(o, d, pid)
				       : !d->image->user && d->place.address >= USER_HALF;

		if (wanted && r->rules[d->rule].kind == RULE_SYNC_DATA) {
			each_piece(o, cr3, &d->place, mark, 0);
			r->rules[d->rule].used++;
		}
	}
}

static bool lies_in(struct oracles *o, const struct race_data *d, uint64_t pa)
{
	const struct identity *identity = watch_identity(o->watch);

	if (!d->image->user && d->place.address >= USER_HALF)
		return each_piece(o, o->machine->cores[0].arch.cr3, &d->place, has, pa);
	for (unsigned i = 0; i < IDENTITY_PROCESSES; i++) {
		const struct identity_process *p = &identity->processes[i];

		if (p->pid != 0 && is_of_process(o, d, p->pid) &&
			each_piece(o, p->cr3, &d->place, has, pa))
			return true;
	}
	return false;
}

/* The rule for data at that address; NULL: none. */
static struct race_rule *data_rule(struct oracles *o, uint64_t pa)
{
	struct race_oracle *r = o->race;
	struct cached_data *c = &r->data[pa / 4 % DATA_CACHE];

	if (c->rule != 0 && c->pa == pa)
		return &r->rules.rules[c->rule - 1];
	for (size_t i = 0; i < r->rules.data_count; i++) {
		const struct race_data *d = &r->rules.data[i];

		if (r->rules.rules[d->rule].kind == RULE_RACY_DATA && lies_in(o, d, pa)) {
			*c = (struct cached_data){pa, d->rule + 1};
			return &r->rules.rules[d->rule];
		}
	}
	return NULL;
}

/* Is the race one of those that are meant? */
static bool is_declared(struct oracles *o, const struct race *race)
{
	const uint32_t tags[] = {race->first.tag, race->second.tag};
	struct race_rule *rule;

	for (unsigned i = 0; i < ARRAY_LEN(tags); i++) {
		if (tags[i] >> 16 == 0)
			continue;
		rule = &o->race->rules.rules[(tags[i] >> 16) - 1];
		if (rule->kind == RULE_RACY) {
			rule->used++;
			return true;
		}
	}
	rule = data_rule(o, race->pa);
	if (rule != NULL)
		rule->used++;
	return rule != NULL;
}

/* --- the report --- */

struct text {
	char at[200];
};

/* The kernel's if it has that address, else that of the process in the tag. */
static struct text place_text(const struct oracles *o, uint32_t tag, uint64_t rip)
{
	const struct elf_image *image = images_kernel(watch_images(o->watch));
	struct symbol symbol;
	struct text t;

	snprintf(t.at, sizeof(t.at), "%#" PRIx64, rip);
	if (!symbols_at(image->symbols, rip, &symbol))
		image = program_of(o, tag & 0xffff);
	if (image != NULL && symbols_at(image->symbols, rip, &symbol))
		symbols_print(image->symbols, rip, true, t.at, sizeof(t.at));
	return t;
}

static struct text side_text(const struct oracles *o, const struct race_side *s)
{
	static const char *const kinds[] = {[MEM_LOAD] = "loads",
		[MEM_STORE] = "stores",
		[MEM_UPDATE] = "changes",
		[MEM_LOCKED] = "changes"};
	const char *name = identity_name(watch_identity(o->watch), (int)(s->tag & 0xffff));
	struct text place = place_text(o, s->tag, s->rip), t;

	snprintf(t.at, sizeof(t.at), "c%u (%s) %s it at %.140s, step %" PRIu64, s->core,
		!s->user       ? "kernel"
		: name != NULL ? name
			       : "user",
		kinds[s->kind], place.at, s->step);
	return t;
}

/* What lies there, by the address that the second access used. */
static struct text data_text(
	const struct oracles *o, const struct mem_access *a, uint32_t tag, uint64_t pa)
{
	const struct elf_image *kernel = images_kernel(watch_images(o->watch));
	const struct elf_image *program = program_of(o, tag & 0xffff);
	uint64_t la = a->la + (pa - a->pa);
	struct text name = {""}, t;
	struct symbol symbol;

	if (symbols_at(kernel->symbols, la, &symbol))
		symbols_print(kernel->symbols, la, false, name.at, sizeof(name.at));
	else if (program != NULL && symbols_at(program->symbols, la, &symbol))
		symbols_print(program->symbols, la, false, name.at, sizeof(name.at));
	snprintf(t.at, sizeof(t.at), "%#" PRIx64 "%s%.100s%s", la, name.at[0] ? " (" : "", name.at,
		name.at[0] ? ")" : "");
	return t;
}

/* What would have ordered them: the second core takes what the first gives away after its access.
 */
static struct text order_text(const struct oracles *o, const struct race *race)
{
	struct text place, t;

	if (!race->released.any) {
		snprintf(t.at, sizeof(t.at), "c%u has released nothing since", race->first.core);
		return t;
	}
	place = place_text(o, race->first.tag, race->released.rip);
	snprintf(t.at, sizeof(t.at),
		"c%u last released at %.120s, step %" PRIu64 ", which c%u has not taken",
		race->first.core, place.at, race->released.step, race->second.core);
	return t;
}

static void report(struct oracles *o, const struct race *race, const struct mem_access *a)
{
	struct finding *f = &o->state.finding;
	struct machine *m = o->machine;
	int please = m->please;
	struct text data = data_text(o, a, race->second.tag, race->pa);

	if (!oracle_found(o, "race", VERDICT_RACE, NULL, a->core,
		    "nothing orders two accesses to %s: %s; %s; %s", data.at,
		    side_text(o, &race->first).at, side_text(o, &race->second).at,
		    order_text(o, race).at))
		return;
	m->please = please; /* how late an access is told depends on the caches: who runs the
			     * machine looks for a finding at steps of his own */
	f->steps = m->run.steps + (a->step - m->step_base);
	f->core_step = a->step;
	f->cycle = a->cycle;
	f->rip = a->rip;
	f->cores = BIT(race->first.core) | BIT(a->core);
	f->pid = (int)(race->second.tag & 0xffff);
	f->object = race->pa;
}

/* --- accesses --- */

static void end_section(struct oracles *o, struct section *s, bool validated)
{
	if (s->open && s->torn && !validated && !is_declared(o, &s->race))
		report(o, &s->race, &s->access);
	*s = (struct section){0};
}

/* How the detector shall take an access that has that rule. */
static enum race_use use_of(struct oracles *o, const struct mem_access *a, struct race_rule *rule)
{
	struct section *s = &o->race->sections[a->core];

	if (rule == NULL || rule->kind == RULE_RACY || is_own_stack(o->machine, a))
		return s->open && a->kind == MEM_LOAD ? RACE_READ : RACE_DATA;
	rule->used++;
	if (a->kind == MEM_LOAD && rule->kind != RULE_SYNC) {
		end_section(o, s, rule->kind == RULE_SEQ_END || (s->counter & 1));
		s->open = rule->kind == RULE_SEQ_BEGIN;
		s->counter = a->value;
	}
	return RACE_SYNC;
}

/* A core has another address space: what it brings along is marked. */
static void look_up_data(struct oracles *o, unsigned core, unsigned pid)
{
	uint64_t cr3 = o->machine->cores[core].arch.cr3;

	if (o->race->looked_up[core].cr3 == cr3 && o->race->looked_up[core].pid == pid)
		return;
	o->race->looked_up[core].cr3 = cr3;
	o->race->looked_up[core].pid = pid;
	mark_data(o, 0, cr3);
	if (pid != 0)
		mark_data(o, (int)pid, cr3);
}

static void on_access(void *context, struct machine *m, const struct mem_access *a)
{
	struct oracles *o = context;
	struct section *s = &o->race->sections[a->core];
	unsigned pid = (unsigned)identity_pid(watch_identity(o->watch), a->core) & 0xffff;
	uint32_t rule = rule_of(o, a, pid);
	enum race_use use = use_of(o, a, rule != 0 ? &o->race->rules.rules[rule - 1] : NULL);
	struct race race;

	(void)m;
	look_up_data(o, a->core, pid);
	if (!races_access(o->race->races, a, use, rule << 16 | pid, &race))
		return;
	if (use != RACE_READ) {
		if (!is_declared(o, &race))
			report(o, &race, a);
	} else if (!s->torn) {
		s->torn = true;
		s->race = race;
		s->access = *a;
	}
}

static void on_sent(void *context, struct machine *m, unsigned from, unsigned to, unsigned vector,
	bool start_up)
{
	struct oracles *o = context;

	(void)m;
	if (start_up)
		races_start(o->race->races, from, to);
	else
		races_send(o->race->races, from, to, vector);
}

static void on_taken(void *context, struct machine *m, unsigned core, unsigned vector)
{
	struct oracles *o = context;

	(void)m;
	races_take(o->race->races, core, vector);
}

/* --- life --- */

bool oracles_watch_races(struct oracles *o, const char *rules, struct error *e)
{
	struct machine *m = o->machine;
	struct race_oracle *r = calloc(1, sizeof(*r));
	uint32_t last = (uint32_t)(m->mem.size / PAGE_SIZE - 1);

	SIM_ASSERT(r != NULL);
	if (!race_rules_load(&r->rules, watch_images(o->watch), rules, e)) {
		free(r);
		return false;
	}
	r->races = races_create(m->cpu_count, phys_page_address(&m->mem, last) + PAGE_SIZE);
	o->race = r;
	machine_watch_accesses(m, (struct access_listener){o, on_access, on_sent, on_taken});
	return true;
}

void race_forget(struct oracles *o)
{
	if (o->race == NULL)
		return;
	races_forget(o->race->races);
	memset(o->race->sections, 0, sizeof(o->race->sections));
	memset(o->race->data, 0, sizeof(o->race->data));
	memset(o->race->looked_up, 0, sizeof(o->race->looked_up));
}

void race_end(struct oracles *o)
{
	if (o->race == NULL)
		return;
	machine_unwatch_accesses(o->machine, o);
	races_destroy(o->race->races);
	race_rules_free(&o->race->rules);
	free(o->race);
	o->race = NULL;
}

bool race_overflow(const struct oracles *o)
{
	return o->race != NULL && races_overflow(o->race->races);
}

bool oracles_race_rule(const struct oracles *o, unsigned number, struct oracle_race_rule *rule)
{
	const struct race_rules *r = o->race != NULL ? &o->race->rules : NULL;

	if (r == NULL || number >= r->count)
		return false;
	*rule = (struct oracle_race_rule){
		r->rules[number].where, r->rules[number].name, r->rules[number].used};
	return true;
}
