/* probe_kinds.h - what the probes of docs/probes.md mean to oracles and explanations.
 */
#ifndef REPLAY_PROBE_KINDS_H
#define REPLAY_PROBE_KINDS_H

#include "sim/base/base.h"

enum probe_kind {
#define PROBE_KIND(name, args, weight, sentence) PROBE_##name,
#include "sim/replay/probe_kinds.inc"
#undef PROBE_KIND
	PROBE_UNKNOWN /* a program's own */
};

struct probe_kind_row {
	const char *name;
	unsigned arg_count, weight;
	const char *sentence;
};

enum probe_kind probe_kind_find(const char *name);

/* kind is not PROBE_UNKNOWN. */
const struct probe_kind_row *probe_kind_row(enum probe_kind kind);

#endif
