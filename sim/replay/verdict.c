#include "sim/replay/verdict.h"

#include <stdio.h>

static const struct {
	const char *name, *meaning;
	bool found; /* an oracle of this ringv can find it */
} verdicts[VERDICTS] = {
	[VERDICT_PASS] = {"pass", "the program ended as it should", true},
	[VERDICT_PANIC] = {"panic", "the kernel found itself broken", true},
	[VERDICT_DEADLOCK] = {"deadlock", "those that wait do so for ever", true},
	[VERDICT_LIVELOCK] = {"livelock", "the program is busy and gets nowhere", true},
	[VERDICT_LOST_EVENT] = {"lost-event",
		"an event whose delivery was guaranteed was never handled", true},
	[VERDICT_LOST_WAKEUP] = {"lost-wakeup", "a pcore sleeps while a message waits for it",
		true},
	[VERDICT_DOUBLE_RUN] = {"double-run", "one context ran on two pcores", true},
	[VERDICT_CONTEXT_CORRUPT] = {"context-corrupt",
		"a context was restored that is not the one that was saved", true},
	[VERDICT_INVARIANT] = {"invariant", "what must always hold did not", true},
	[VERDICT_RACE] = {"race", "two accesses without an order between them", true},
	[VERDICT_ENTRY_FAIL] = {"entry-fail", "a VM entry failed", false},
	[VERDICT_STUCK] = {"stuck", "the limit was reached", true},
	[VERDICT_INFEASIBLE] = {"infeasible", "the schedule did not apply", true},
	[VERDICT_UNEXPECTED_OUTPUT] = {"unexpected-output",
		"the program ended, but not as it should", true},
};

const char *verdict_name(enum verdict v)
{
	return verdicts[v].name;
}

const char *verdict_meaning(enum verdict v)
{
	return verdicts[v].meaning;
}

static bool unknown(const char *name, struct error *e)
{
	char list[256] = "";
	size_t n = 0;

	for (unsigned i = 0; i < VERDICTS; i++)
		if (verdicts[i].found)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				verdicts[i].name);
	return fail(e, "no verdict '%.40s'; expected one of %s", name, list);
}

bool verdict_read(const char *name, enum verdict *v, struct error *e)
{
	for (unsigned i = 0; i < VERDICTS; i++) {
		if (strcmp(verdicts[i].name, name) != 0)
			continue;
		if (!verdicts[i].found)
			return fail(e, "no oracle of this ringv finds '%s'", name);
		*v = i;
		return true;
	}
	return unknown(name, e);
}

int verdict_exit_code(enum verdict expected, enum verdict got)
{
	if (expected == got)
		return SIM_PASS;
	return got == VERDICT_STUCK ? SIM_STUCK : SIM_FAIL;
}
