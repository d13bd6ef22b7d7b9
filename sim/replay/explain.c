/* explain.c - keeps records, and says in words what each is.
 */
#include "sim/replay/explain_parts.h"

#include <stdlib.h>

#include "sim/replay/abi_view.h"

static struct explain_record *next_record(struct explain *x, enum explain_weight weight)
{
	struct explain_ring *ring = &x->state.rings[weight];

	return &ring->records[ring->count++ % EXPLAIN_RECORDS];
}

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct explain *x = context;
	enum probe_kind kind;
	struct explain_record *r;

	(void)m;
	if (hit->probe == NULL)
		return;
	kind = probe_kind_find(hit->probe->name);
	if (kind == PROBE_UNKNOWN || probe_kind_row(kind)->weight == 0)
		return;
	r = next_record(x, probe_kind_row(kind)->weight > 1 ? EXPLAIN_WHAT_MATTERS : EXPLAIN_STEPS);
	*r = (struct explain_record){
		.order = x->state.next_order++,
		.image = hit->image,
		.steps = hit->steps,
		.core_step = hit->core_step,
		.cycle = hit->cycle,
		.rip = hit->rip,
		.pid = hit->pid,
		.vcoreid = hit->vcoreid,
		.core = hit->core,
		.kind = kind,
	};
	memcpy(r->args, hit->args, sizeof(r->args));
}

struct explain *explain_create(struct machine *m, struct watch *w)
{
	struct explain *x = calloc(1, sizeof(*x));

	SIM_ASSERT(x != NULL);
	x->machine = m;
	x->watch = w;
	watch_add(w, (struct watch_listener){x, take_hit});
	return x;
}

void explain_destroy(struct explain *x)
{
	free(x);
}

void explain_note(
	struct explain *x, unsigned core, uint64_t core_step, uint64_t cycle, const char *text)
{
	struct explain_record *r;
	unsigned at;

	if (x->note_count == EXPLAIN_NOTES)
		return;
	for (at = x->note_count++; at > 0 && x->notes[at - 1].cycle > cycle; at--)
		x->notes[at] = x->notes[at - 1];
	r = &x->notes[at];
	*r = (struct explain_record){
		.core = core,
		.core_step = core_step,
		.cycle = cycle,
		.vcoreid = -1,
		.kind = PROBE_UNKNOWN,
	};
	snprintf(r->note, sizeof(r->note), "%s", text);
}

size_t explain_state_size(void)
{
	return sizeof(struct explain_state);
}

void explain_save(const struct explain *x, void *state)
{
	memcpy(state, &x->state, sizeof(x->state));
}

void explain_restore(struct explain *x, const void *state)
{
	memcpy(&x->state, state, sizeof(x->state));
	x->note_count = 0;
}

/* --- words --- */

static int argument_text(const struct explain *x, char how, int64_t value, char *text, size_t size)
{
	const struct elf_image *kernel = images_kernel(watch_images(x->watch));

	switch (how) {
	case 'x':
		return snprintf(text, size, "%#" PRIx64, (uint64_t)value);
	case 'e':
		return snprintf(text, size, "%s", abi_event_name((uint64_t)value));
	case 'v':
		if (value < 0)
			return snprintf(text, size, "of the program");
		return snprintf(text, size, "of vcore %" PRId64, value);
	case 's':
		return snprintf(text, size, "%s", abi_state_name((uint64_t)value));
	case 'f':
		snprintf(text, size, "%#" PRIx64, (uint64_t)value);
		symbols_print(kernel->symbols, (uint64_t)value, false, text, size);
		text[strcspn(text, "+")] = '\0';
		return (int)strlen(text);
	default:
		return snprintf(text, size, "%" PRId64, value);
	}
}

/* Fills the {...} of a sentence in. */
void explain_what(const struct explain *x, const struct explain_record *r, char *text, size_t size)
{
	const char *from;
	size_t n = 0;

	if (r->kind == PROBE_UNKNOWN) {
		snprintf(text, size, "%s", r->note);
		return;
	}
	for (from = probe_kind_row(r->kind)->sentence; *from != '\0' && n + 1 < size; from++) {
		char how = 'd';

		if (*from != '{') {
			text[n++] = *from;
			continue;
		}
		if (from[1] < '0' || from[1] > '9')
			how = *++from;
		n += (size_t)argument_text(x, how, r->args[from[1] - '0'], text + n, size - n);
		from += 2;
	}
	text[n < size ? n : size - 1] = '\0';
}

/* The last part of a file's name is enough: functions are named too. */
static void shorten_file(char *place)
{
	char *open = strstr(place, " ("), *slash = open != NULL ? strrchr(open, '/') : NULL;

	if (slash != NULL)
		memmove(open + 2, slash + 1, strlen(slash + 1) + 1);
}

void explain_where(const struct explain_record *r, char *text, size_t size)
{
	char place[200] = "";

	if (r->image != NULL && r->image->symbols != NULL)
		symbols_print(r->image->symbols, r->rip, true, place, sizeof(place));
	if (place[0] == '\0' && r->kind != PROBE_UNKNOWN)
		snprintf(place, sizeof(place), "%#" PRIx64, r->rip);
	shorten_file(place);
	if (r->pid != 0 && r->vcoreid >= 0)
		snprintf(text, size, "v%d %s", r->vcoreid, place);
	else
		snprintf(text, size, "%s", place);
}
