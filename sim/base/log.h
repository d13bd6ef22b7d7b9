/* log.h - messages for people, by topic, chosen at run time.
 *
 * The log says why; the trace says what. A struct log is plain wiring that its owner keeps: no
 * globals, and a zeroed one is silent. A line reads `CYCLE TOPIC: TEXT`. A message that nobody
 * asked for costs one test: LOG evaluates its arguments only when the topic is on.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdio.h>

#include "sim/base/error.h"

enum log_topic { LOG_BOARD, LOG_CPU, LOG_MMU, LOG_APIC, LOG_DEV, LOG_VMX, LOG_REPLAY, LOG_TOPICS };

struct log {
	FILE *out;
	uint64_t topics;     /* BIT(enum log_topic) of those that are on */
	const uint64_t *now; /* cycles; NULL before there is a clock */
};

const char *log_topic_name(enum log_topic topic);

/* Turns "apic,dev" (or "all", or "") into a set of topics. */
MUST_CHECK bool log_topics(const char *names, uint64_t *topics, struct error *e);

void log_print(const struct log *l, enum log_topic topic, const char *format, ...) PRINTF(3, 4);

#define LOG(l, topic, ...)                                                                         \
	do {                                                                                       \
		if (unlikely((l)->topics & BIT(topic)))                                            \
			log_print(l, topic, __VA_ARGS__);                                          \
	} while (0)

#endif
