#include "sim/replay/watch.h"

#include <stdio.h>
#include <stdlib.h>

#define LISTENERS_MAX 16

/* An address that watch_address asked for. */
struct extra {
	const struct elf_image *image;
	uint64_t address;
};

struct watch {
	struct machine *machine;
	const struct images *images;
	struct watch_state state;
	struct watch_gate gate;
	unsigned listener_count;
	struct watch_listener listeners[LISTENERS_MAX];
	size_t extra_count;
	struct extra *extras; /* in the order of addresses, then images */
};

/* --- where a core is --- */

static const struct elf_image *program_on(const struct watch *w, unsigned core)
{
	const struct identity *i = &w->state.identity;
	const char *name = identity_name(i, identity_pid(i, core));

	return name != NULL ? images_program(w->images, name) : NULL;
}

/* The image whose code the core is about to execute. */
static const struct elf_image *image_running(const struct watch *w, const struct vcpu *c)
{
	return cpu_cpl(c) == 3 ? program_on(w, c->id) : images_kernel(w->images);
}

const struct elf_image *watch_image(const struct watch *w, unsigned core, uint64_t address)
{
	struct symbol symbol;

	if (symbols_at(images_kernel(w->images)->symbols, address, &symbol))
		return images_kernel(w->images);
	return program_on(w, core);
}

void watch_place(const struct watch *w, unsigned core, uint64_t address, bool with_line, char *text,
	size_t size)
{
	const struct elf_image *image = watch_image(w, core, address);

	text[0] = '\0';
	if (image != NULL)
		symbols_print(image->symbols, address, with_line, text, size);
}

/* --- hits --- */

static struct probe_hit hit_here(
	const struct watch *w, const struct vcpu *c, const struct elf_image *image)
{
	struct probe_hit hit = {
		.image = image,
		.core = c->id,
		.steps = machine_steps_now(w->machine, c->id),
		.core_step = c->arch.step,
		.cycle = c->arch.cycle,
		.rip = c->arch.rip,
		.user = image != NULL && image->user,
	};

	hit.pid = identity_owner(&w->state.identity, c->id, &hit.vcoreid);
	return hit;
}

/* Where it is among the extras, or would be. */
static size_t extra_place(const struct watch *w, const struct elf_image *image, uint64_t address)
{
	size_t low = 0, high = w->extra_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct extra *x = &w->extras[middle];

		if (x->address < address || (x->address == address && x->image < image))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_extra(const struct watch *w, const struct elf_image *image, uint64_t address)
{
	size_t i = extra_place(w, image, address);

	return i < w->extra_count && w->extras[i].image == image && w->extras[i].address == address;
}

static void set_probe(struct probe_hit *hit, const struct probe *probe, const struct vcpu *c)
{
	hit->probe = probe;
	hit->arg_count = probe->arg_count;
	memset(hit->args, 0, sizeof(hit->args));
	if (!probe_args(probe, c, hit->args)) {
		/* what is not mapped counts as 0 */
	}
}

static bool gate_stops(struct watch *w, const struct vcpu *c, struct probe_hit hit,
	const struct probe *probes, size_t count, bool extra)
{
	if (w->gate.stop == NULL)
		return false;
	if (extra && w->gate.stop(w->gate.context, w->machine, &hit))
		return true;
	for (size_t i = 0; i < count; i++) {
		set_probe(&hit, &probes[i], c);
		if (w->gate.stop(w->gate.context, w->machine, &hit))
			return true;
	}
	return false;
}

static void tell(struct watch *w, const struct probe_hit *hit)
{
	for (unsigned i = 0; i < w->listener_count; i++)
		w->listeners[i].hit(w->listeners[i].context, w->machine, hit);
}

static void tell_all(struct watch *w, const struct vcpu *c, struct probe_hit hit,
	const struct probe *probes, size_t count, bool extra)
{
	if (extra)
		tell(w, &hit);
	for (size_t i = 0; i < count; i++) {
		set_probe(&hit, &probes[i], c);
		if (!hit.user)
			identity_probe(
				&w->state.identity, c, probes[i].name, hit.arg_count, hit.args);
		hit.pid = identity_owner(&w->state.identity, c->id, &hit.vcoreid);
		tell(w, &hit);
	}
}

/* The guard of each core: before an instruction at a marked address. */
static bool at_mark(void *context, struct vcpu *c)
{
	struct watch *w = context;
	const struct elf_image *image;
	const struct probe *probes;
	struct probe_hit hit;
	size_t count;
	bool extra;

	if (w->state.told[c->id] == c->arch.step + 1)
		return false;
	image = image_running(w, c);
	if (image == NULL)
		return false;
	probes = image_probes_at(image, c->arch.rip, &count);
	extra = is_extra(w, image, c->arch.rip);
	if (count == 0 && !extra)
		return false;
	hit = hit_here(w, c, image);
	if (gate_stops(w, c, hit, probes, count, extra))
		return true;
	w->state.told[c->id] = c->arch.step + 1;
	tell_all(w, c, hit, probes, count, extra);
	return w->machine->please != 0;
}

static bool at_store(void *context, struct vcpu *c, uint64_t la, uint64_t pa, unsigned size)
{
	struct watch *w = context;
	struct probe_hit hit = hit_here(w, c, image_running(w, c));

	(void)la;
	return w->gate.store != NULL && w->gate.store(w->gate.context, w->machine, &hit, pa, size);
}

/* --- life --- */

static void for_each_probe(struct watch *w, void (*change)(struct code_cache *, uint64_t))
{
	for (size_t i = 0; i < images_count(w->images); i++) {
		const struct elf_image *image = images_at(w->images, i);

		for (size_t k = 0; k < image->probe_count; k++)
			change(w->machine->code, image->probes[k].address);
	}
	for (size_t i = 0; i < w->extra_count; i++)
		change(w->machine->code, w->extras[i].address);
}

static void set_guard(struct watch *w, struct cpu_guard guard)
{
	for (unsigned i = 0; i < w->machine->cpu_count; i++)
		w->machine->cores[i].guard = guard;
}

struct watch *watch_create(struct machine *m, const struct images *images)
{
	struct watch *w = calloc(1, sizeof(*w));

	SIM_ASSERT(w != NULL);
	w->machine = m;
	w->images = images;
	machine_attach(m, &w->state, sizeof(w->state));
	identity_init(&w->state.identity);
	for_each_probe(w, cpu_mark);
	set_guard(w, (struct cpu_guard){.context = w, .mark = at_mark, .store = at_store});
	return w;
}

void watch_destroy(struct watch *w)
{
	if (w == NULL)
		return;
	for_each_probe(w, cpu_unmark);
	machine_detach(w->machine, &w->state);
	set_guard(w, (struct cpu_guard){0});
	free(w->extras);
	free(w);
}

void watch_add(struct watch *w, struct watch_listener listener)
{
	SIM_ASSERT(w->listener_count < LISTENERS_MAX);
	w->listeners[w->listener_count++] = listener;
}

void watch_remove(struct watch *w, const void *context)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->listener_count; i++)
		if (w->listeners[i].context != context)
			w->listeners[kept++] = w->listeners[i];
	w->listener_count = kept;
}

void watch_set_gate(struct watch *w, struct watch_gate gate)
{
	w->gate = gate;
}

bool watch_address(struct watch *w, const struct elf_image *image, uint64_t address)
{
	size_t i = extra_place(w, image, address);

	if (is_extra(w, image, address))
		return false;
	w->extras = realloc(w->extras, (w->extra_count + 1) * sizeof(w->extras[0]));
	SIM_ASSERT(w->extras != NULL);
	memmove(&w->extras[i + 1], &w->extras[i], (w->extra_count - i) * sizeof(w->extras[0]));
	w->extras[i] = (struct extra){image, address};
	w->extra_count++;
	cpu_mark(w->machine->code, address);
	return true;
}

const struct images *watch_images(const struct watch *w)
{
	return w->images;
}

const struct identity *watch_identity(const struct watch *w)
{
	return &w->state.identity;
}

struct watch_state *watch_state(struct watch *w)
{
	return &w->state;
}
