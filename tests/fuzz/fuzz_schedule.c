/* Any bytes are a schedule or an error that names the line; what was accepted prints and reads back
 * as itself. */
#include <stdlib.h>

#include "sim/replay/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct schedule *s, size_t *length)
{
	char *text;
	FILE *out = open_memstream(&text, length);

	schedule_print(s, out);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct schedule s, again;
	struct error e = {""};
	size_t length, length_again;
	char *text, *text_again;

	s.count = again.count = 0;
	if (!schedule_read(&s, "fuzz", (const char *)data, size, &e)) {
		SIM_ASSERT(strncmp(e.text, "fuzz:", 5) == 0);
		return 0;
	}
	text = print(&s, &length);
	SIM_ASSERT(schedule_read(&again, "again", text, length, &e));
	text_again = print(&again, &length_again);
	SIM_ASSERT(length == length_again);
	SIM_ASSERT(memcmp(text, text_again, length) == 0);
	for (unsigned i = 0; i < s.count; i++) {
		memset(s.at[i].where, 0, SCHEDULE_WHERE);
		memset(again.at[i].where, 0, SCHEDULE_WHERE);
	}
	SIM_ASSERT(memcmp(s.at, again.at, s.count * sizeof(s.at[0])) == 0);
	free(text);
	free(text_again);
	return 0;
}
