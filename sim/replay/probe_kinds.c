#include "sim/replay/probe_kinds.h"

static const struct probe_kind_row rows[] = {
#define PROBE_KIND(name, args, weight, sentence) {#name, args, weight, sentence},
#include "sim/replay/probe_kinds.inc"
#undef PROBE_KIND
};

enum probe_kind probe_kind_find(const char *name)
{
	unsigned low = 0, high = ARRAY_LEN(rows);

	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = strcmp(name, rows[middle].name);

		if (order == 0)
			return (enum probe_kind)middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return PROBE_UNKNOWN;
}

const struct probe_kind_row *probe_kind_row(enum probe_kind kind)
{
	SIM_ASSERT(kind < PROBE_UNKNOWN);
	return &rows[kind];
}
