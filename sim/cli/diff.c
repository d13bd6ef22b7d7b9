/* diff.c - `ringv diff`. */
#include "sim/replay/diff.h"
#include "sim/replay/stage.h"

#include "sim/cli/debugging.h"

struct side {
	struct recording recording;
	struct session session;
	struct machine *machine;
	struct stage stage;
};

static bool open_side(struct side *s, const char *name, struct error *e)
{
	const struct byte_sink nowhere = {.put = NULL};

	if (!record_read(&s->recording, name, e) ||
		!record_session(&s->recording, name, &s->session, e))
		return false;
	s->machine = session_start(&s->session, &nowhere, e);
	return s->machine != NULL && stage_set(&s->stage, &s->session, s->machine, e);
}

static void close_side(struct side *s)
{
	stage_clear(&s->stage);
	machine_destroy(s->machine);
	session_free(&s->session);
	recording_free(&s->recording);
}

static void print_json(const struct difference *d)
{
	printf("{\n  \"differs\": %s", d->any ? "true" : "false");
	if (d->any)
		printf(",\n  \"steps\": %" PRIu64
		       ",\n  \"part\": \"%s\",\n  \"field\": \"%s\",\n  \"a\": {\"cpu\": %u, "
		       "\"rip\": %" PRIu64 ", \"value\": %" PRIu64
		       "},\n  \"b\": {\"cpu\": %u, \"rip\": %" PRIu64 ", \"value\": %" PRIu64 "}",
			d->steps, d->part, d->field, d->side[0].core, d->side[0].rip,
			d->side[0].value, d->side[1].core, d->side[1].rip, d->side[1].value);
	printf("\n}\n");
}

static bool compare(struct side side[2], const struct args *args, bool *differ, struct error *e)
{
	const struct recording *const r[2] = {&side[0].recording, &side[1].recording};
	struct machine *const m[2] = {side[0].machine, side[1].machine};
	const struct text_list none = {0};
	struct symbols *symbols;
	struct difference d;

	if (!diff_recordings(r, m, &d, e) ||
		!load_symbols(&symbols, side[0].session.image.path, &none, e))
		return false;
	if (args->json)
		print_json(&d);
	else if (d.any)
		print_difference(&d, m[0], m[1], symbols, stdout);
	else
		printf("no difference in %" PRIu64 " steps\n", m[0]->run.steps);
	symbols_destroy(symbols);
	*differ = d.any;
	return true;
}

int diff_command(const struct args *args, struct error *e)
{
	struct side side[2] = {0};
	bool differ = false;
	bool good = open_side(&side[0], args->names.at[0], e) &&
		    open_side(&side[1], args->names.at[1], e) && compare(side, args, &differ, e);

	close_side(&side[0]);
	close_side(&side[1]);
	if (!good)
		return SIM_USAGE;
	return differ ? SIM_FAIL : SIM_PASS;
}
