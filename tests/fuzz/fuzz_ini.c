/* Any bytes are an ini text or an error that names the line; what was accepted prints and reads
 * back as itself. */
#include <stdlib.h>

#include "sim/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c, again;
	struct error e = {""};
	size_t length;
	char *text;
	FILE *out;

	config_defaults(&c);
	config_defaults(&again);
	if (!config_read_text(&c, "fuzz", (const char *)data, size, &e)) {
		SIM_ASSERT(strncmp(e.text, "fuzz:", 5) == 0);
		SIM_ASSERT(memcmp(&c, &again, sizeof(c)) == 0);
		return 0;
	}
	out = open_memstream(&text, &length);
	config_print(&c, CONFIG_INI, out);
	fclose(out);
	SIM_ASSERT(config_read_text(&again, "again", text, length, &e));
	SIM_ASSERT(memcmp(&c, &again, sizeof(c)) == 0);
	free(text);
	return 0;
}
