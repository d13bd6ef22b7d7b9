/* cpio.h - the files of a cpio archive in the "newc" format (cpio(5)), in memory.
 *
 * The archive may be any bytes: each entry is checked against its end.
 */
#ifndef SYMBOLS_CPIO_H
#define SYMBOLS_CPIO_H

#include "sim/base/error.h"

struct cpio {
	const char *file; /* for messages */
	const uint8_t *data;
	size_t size;
	size_t at; /* where the next entry starts */
};

struct cpio_entry {
	const char *name; /* 0-terminated, lies in the archive */
	const uint8_t *data;
	size_t size;
};

/* Does it begin like one? */
bool cpio_is_archive(const uint8_t *data, size_t size);

/* The next entry, in the archive's order. False at the end, and, with e filled, where the archive
 * is broken. */
MUST_CHECK bool cpio_next(struct cpio *c, struct cpio_entry *entry, struct error *e);

#endif
