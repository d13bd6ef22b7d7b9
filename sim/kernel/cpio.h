/* cpio.h - files in a cpio archive of the "newc" format (cpio(5)), in memory. Trusts the header
 * fields no further than the end of the archive.
 */
#ifndef KERNEL_CPIO_H
#define KERNEL_CPIO_H

#include <stdbool.h>
#include <stddef.h>

struct cpio {
	const char *data;
	size_t size, at; /* at: where the next entry starts */
};

struct cpio_file {
	const char *name; /* 0-terminated, as in the archive: no leading slash */
	const void *data;
	size_t size;
};

/* Next file, in the archive's order. False at the end, or at something that is no entry. */
bool cpio_next(struct cpio *c, struct cpio_file *f);

/* The file of this name; a leading slash does not count. */
bool cpio_find(const void *archive, size_t size, const char *name, struct cpio_file *f);

/* The same in the initrd that the boot loader gave. */
bool initrd_find(const char *name, struct cpio_file *f);

#endif
