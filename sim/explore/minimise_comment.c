/* minimise_comment.c - says what was found out, for people. */
#include <stdio.h>

#include "sim/explore/minimise.h"

static void print_step(const char *what, const struct cause_step *s, FILE *out)
{
	if (s->known)
		fprintf(out, "%s c%u:s%" PRIu64 " of %s, %s\n", what, s->core, s->step, s->stream,
			s->place[0] != '\0' ? s->place : "code without a name");
}

void cause_print(const struct cause *c, FILE *out)
{
	if (!c->known)
		return;
	fprintf(out,
		"Forcing %u can as well take place before any step from c%u:s%" PRIu64
		" to c%u:s%" PRIu64 ".\n",
		c->forcing + 1, c->late.core, c->first, c->late.core, c->last);
	print_step("Must come first:  ", &c->early, out);
	print_step("Must come between:", &c->between, out);
	print_step("Comes too late:   ", &c->late, out);
	fprintf(out, "Cause: %s\n", c->key);
}

static const char *const fixed_text[] = {
	[FIXED_NOTHING] = "",
	[FIXED_PASSES] = "Without the faults the same schedule passes.\n",
	[FIXED_FAILS] = "Without the faults the same schedule does not pass, or does not apply.\n",
};

void minimised_print(const struct minimised *r, FILE *out)
{
	fprintf(out, "%u of %u forcings are left, after %" PRIu64 " runs%s.\n", r->schedule.count,
		r->from, r->runs, r->cut_short ? " (cut short)" : "");
	if (r->program != NULL)
		fprintf(out, "The workload is smaller now: %s, on %" PRIu64 " pcores.\n",
			r->program, r->cpus);
	fprintf(out, "%s", fixed_text[r->fixed]);
	if (r->reworded)
		fprintf(out, "The same oracle says it in other words than before.\n");
	if (r->exact)
		fprintf(out, "Its points are steps of pcores: it is for this build only.\n");
	cause_print(&r->cause, out);
}

char *minimised_comment(const struct minimised *r, const char *path)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	SIM_ASSERT(out != NULL);
	fprintf(out, "Minimised from %s. %s\n", path, r->finding.reason);
	minimised_print(r, out);
	fclose(out);
	return text;
}
