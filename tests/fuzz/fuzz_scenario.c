/* Any bytes are a scenario or an error that names the file; nothing is left of one that is refused.
 */
#include <stdlib.h>

#include "sim/replay/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct scenario empty;
	char line[SCENARIO_LINE_MAX], program[64];
	struct scenario s;
	struct error e = {""};

	if (!scenario_read_text(&s, "fuzz", (const char *)data, size, &e)) {
		SIM_ASSERT(strncmp(e.text, "fuzz:", 5) == 0);
		SIM_ASSERT(memcmp(&s, &empty, sizeof(s)) == 0);
		return 0;
	}
	SIM_ASSERT(s.title.text != NULL);
	scenario_command_line(&s, line);
	scenario_program(&s, program);
	scenario_free(&s);
	return 0;
}
