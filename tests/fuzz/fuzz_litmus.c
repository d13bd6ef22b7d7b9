/* Any bytes are a litmus test or an error that names file and line; what is a test and has few
 * instructions has outcomes by the axioms, or an error again. */
#include <stdlib.h>

#include "sim/litmus/axioms.h"

static unsigned insn_count(const struct litmus_test *t)
{
	unsigned count = 0;

	for (unsigned i = 0; i < t->thread_count; i++)
		count += t->thread[i].count + t->handler[i].count;
	return count;
}

static void check_outcomes(const struct litmus_test *t)
{
	struct litmus_outcomes o;
	struct error e = {""};
	char text[64];

	outcomes_init(&o, t->seen_count);
	if (!axioms_allow(t, MEMORY_MODEL_TSO, &o, &e))
		SIM_ASSERT(e.text[0] != '\0');
	for (size_t i = 0; i < o.count; i++) {
		litmus_holds(t, outcomes_nth(&o, i));
		litmus_outcome_text(t, outcomes_nth(&o, i), text, sizeof(text));
		SIM_ASSERT(outcomes_have(&o, outcomes_nth(&o, i)));
	}
	outcomes_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct litmus_test t;
	struct error e = {""};
	char *text = calloc(1, size + 1);

	SIM_ASSERT(text != NULL);
	memcpy(text, data, size);
	if (!litmus_parse(&t, "fuzz", text, &e))
		SIM_ASSERT(strncmp(e.text, "fuzz:", 5) == 0);
	else if (insn_count(&t) <= 6)
		check_outcomes(&t);
	free(text);
	return 0;
}
