/* explain_parts.h - the records behind an explanation, and which of them it shows. Only for
 * sim/replay/explain*.c.
 */
#ifndef REPLAY_EXPLAIN_PARTS_H
#define REPLAY_EXPLAIN_PARTS_H

#include "sim/replay/explain.h"
#include "sim/replay/probe_kinds.h"

#define EXPLAIN_ARGS 6

struct explain_record {
	const struct elf_image *image; /* NULL: unknown */
	uint64_t order;                /* the machine's: it rises from record to record */
	uint64_t steps, core_step, cycle, rip;
	int32_t pid, vcoreid;
	uint32_t core, kind; /* enum probe_kind; PROBE_UNKNOWN: a note */
	union {
		int64_t args[EXPLAIN_ARGS];
		char note[EXPLAIN_NOTE];
	};
};

/* Steps that matter apart from the others, of which there can be many more. */
struct explain_ring {
	uint64_t count; /* ever; the last EXPLAIN_RECORDS are kept */
	struct explain_record records[EXPLAIN_RECORDS];
};

enum explain_weight { EXPLAIN_STEPS, EXPLAIN_WHAT_MATTERS, EXPLAIN_RINGS };

struct explain_state {
	uint64_t next_order;
	struct explain_ring rings[EXPLAIN_RINGS];
};

struct explain {
	struct machine *machine;
	struct watch *watch;
	struct explain_state state;
	unsigned note_count;
	struct explain_record notes[EXPLAIN_NOTES]; /* by cycle */
};

/* A row of the table: a record, and how many times in a row it happened. */
struct explain_row {
	const struct explain_record *record;
	unsigned times;
	bool failure; /* it is what went wrong */
};

struct explain_rows {
	unsigned count;
	struct explain_row at[EXPLAIN_ROWS + EXPLAIN_NOTES];
	unsigned column_count;
	unsigned columns[4]; /* pcores */
};

void explain_choose(const struct explain *x, const struct finding *f, struct explain_rows *rows);

/* What happened, in words. */
void explain_what(const struct explain *x, const struct explain_record *r, char *text, size_t size);

/* "v1 proc_yield+0x3c (yield.c:71)" */
void explain_where(const struct explain_record *r, char *text, size_t size);

#endif
