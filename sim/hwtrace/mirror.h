/* mirror.h - the recorder's copy of the memory of the program that it traces, page by page, and
 * what has changed since it last looked.
 *
 * Pages that can be written are always known. Of the others a trace has only those that the
 * program touched: mirror_touch. The vDSO is left out; a stack has room to grow.
 */
#ifndef HWTRACE_MIRROR_H
#define HWTRACE_MIRROR_H

#include "sim/hwtrace/hwtrace.h"
#include "sim/hwtrace/tracee.h"

struct mirror_page {
	uint64_t la;
	uint64_t backing; /* of which part of which file, or 0 */
	uint64_t hash;
	uint8_t *data; /* NULL: zeros */
	uint8_t prot;  /* HW_PROT_* */
	bool known;
};

#define MIRROR_TOUCHED 256

struct mirror {
	struct mirror_page *pages; /* by address */
	size_t count;
	uint64_t stack_low;               /* pages of the stack below were never used */
	uint64_t touched[MIRROR_TOUCHED]; /* cache: page addresses that are known */
};

void mirror_free(struct mirror *m);

/* Looks at the memory again, after the program made steps: calls changed for each page whose
 * contents are others now. */
typedef void (*mirror_changed)(void *context, const struct mirror_page *page);
MUST_CHECK bool mirror_check(struct mirror *m, const struct tracee *t, mirror_changed changed,
	void *context, struct error *e);
/* The sum of the hashes of the pages that can be written. */
uint64_t mirror_sum(const struct mirror *m);

/* Looks at mappings and memory after the environment did something, and writes edits that do the
 * same; gives their number. all: pages that the program cannot write may have changed too. */
MUST_CHECK bool mirror_follow(struct mirror *m, const struct tracee *t, bool all,
	struct event_writer *w, uint64_t *edits, struct error *e);

/* The program is about to touch these bytes: writes edits that make the page known, if it is not;
 * gives their number, to which it adds. */
void mirror_touch(struct mirror *m, const struct tracee *t, uint64_t la, struct event_writer *w,
	uint64_t *edits);

/* A known page that the program cannot write, or NULL. */
const struct mirror_page *mirror_constant(struct mirror *m, uint64_t la);

#endif
