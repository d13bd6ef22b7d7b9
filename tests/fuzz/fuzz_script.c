/* Any bytes are a console script or an error that names the line; what was accepted has commands
 * with text, and borders that the search may rely on. */
#include "sim/cli/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = {""};
	struct script s;

	if (!script_parse(&s, "fuzz", (const char *)data, size, &e)) {
		SIM_ASSERT(strncmp(e.text, "fuzz:", 5) == 0);
		return 0;
	}
	for (size_t i = 0; i < s.count; i++) {
		const struct script_step *step = &s.steps[i];

		SIM_ASSERT(step->size > 0);
		for (size_t k = 0; k < step->size; k++) {
			size_t border = step->border[k];

			SIM_ASSERT(border <= k);
			SIM_ASSERT(memcmp(step->text, step->text + k + 1 - border, border) == 0);
		}
	}
	script_free(&s);
	return 0;
}
