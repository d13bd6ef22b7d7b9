/* compare.h - what the two sides left behind: the first difference in registers or memory. */
#ifndef ORACLE_COMPARE_H
#define ORACLE_COMPARE_H

#include "tests/oracle/oracle.h"

struct difference {
	char field[32];
	uint64_t host, model;
};

/* After c ran from in. */
bool outcomes_differ(const struct code *c, const struct regs *in, const struct outcome *host,
	const struct outcome *model, struct difference *d);

struct memory {
	uint8_t *model[DATA_PAGES]; /* NULL for holes */
	uint8_t before[DATA_PAGES * PAGE_SIZE];
	bool differs;
	struct difference difference;
};

/* Remembers the windows, as they are on both sides; puts them back into the model's memory. */
void memory_save(struct memory *mem);
void memory_restore_model(struct memory *mem);
bool memory_differs(struct memory *mem, struct difference *d);
void memory_level(struct memory *mem);
/* A write_both: context is the struct memory. */
void memory_write(void *context, uint64_t la, const void *bytes, unsigned size);

#endif
