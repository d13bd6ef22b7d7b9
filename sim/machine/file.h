/* file.h - reads a whole file, and writes one whole or not at all.
 */
#ifndef MACHINE_FILE_H
#define MACHINE_FILE_H

#include "sim/base/error.h"

struct blob {
	uint8_t *data; /* one zero byte follows; free with blob_free */
	size_t size;
};

/* Names the file and the cause on error: missing, not a regular file, larger than max bytes. */
MUST_CHECK bool file_read(const char *path, size_t max, struct blob *blob, struct error *e);
void blob_free(struct blob *blob);

/* A regular file in memory, not read before somebody looks; changes of the file may show. Names the
 * file and the cause on error. */
struct file_map {
	const uint8_t *data; /* NULL: the file is empty */
	size_t size;
};

MUST_CHECK bool file_map(const char *path, struct file_map *map, struct error *e);
void file_unmap(struct file_map *map);

/* Under a temporary name in the same folder first: after a crash or an error there is either the
 * old file or the new one. */
MUST_CHECK bool file_replace(const char *path, const void *data, size_t size, struct error *e);

/* The same, but never over a file that is there: that is an error. */
MUST_CHECK bool file_create(const char *path, const void *data, size_t size, struct error *e);

/* The same as file_replace, of a large file whose bytes read gives part by part, in order. Parts of
 * zeros take no room on the host's disk. */
MUST_CHECK bool file_replace_large(const char *path, uint64_t size,
	void (*read)(void *context, uint64_t offset, void *data, size_t size), void *context,
	struct error *e);

/* Could file_replace write there? To know before a long run. */
MUST_CHECK bool file_check_replace(const char *path, struct error *e);

#endif
