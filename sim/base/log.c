#include "sim/base/log.h"

#include <stdarg.h>

static const char *const topic_names[LOG_TOPICS] = {
	"board",
	"cpu",
	"mmu",
	"apic",
	"dev",
	"vmx",
	"replay",
};

const char *log_topic_name(enum log_topic topic)
{
	return topic_names[topic];
}

/* The set that one name of the list stands for, or 0. */
static uint64_t topic_set(const char *name, size_t length)
{
	if (length == 3 && memcmp(name, "all", 3) == 0)
		return BIT(LOG_TOPICS) - 1;
	for (unsigned i = 0; i < LOG_TOPICS; i++)
		if (strlen(topic_names[i]) == length && memcmp(name, topic_names[i], length) == 0)
			return BIT(i);
	return 0;
}

static bool unknown_topic(const char *name, size_t length, struct error *e)
{
	char known[128] = "all";

	for (unsigned i = 0; i < LOG_TOPICS; i++) {
		strcat(known, ", ");
		strcat(known, topic_names[i]);
	}
	return fail(e, "unknown log topic '%.*s' (there are: %s)", (int)min_u64(length, 40), name,
		known);
}

bool log_topics(const char *names, uint64_t *topics, struct error *e)
{
	uint64_t all = 0, one;

	while (*names != '\0') {
		size_t length = strcspn(names, ",");

		one = topic_set(names, length);
		if (one == 0)
			return unknown_topic(names, length, e);
		all |= one;
		names += length + (names[length] == ',');
	}
	*topics = all;
	return true;
}

void log_print(const struct log *l, enum log_topic topic, const char *format, ...)
{
	va_list args;

	if (l->out == NULL)
		return;
	fprintf(l->out, "%" PRIu64 " %s: ", l->now != NULL ? *l->now : 0, topic_names[topic]);
	va_start(args, format);
	vfprintf(l->out, format, args);
	va_end(args);
	fputc('\n', l->out);
}
