/* image.h - reads an executable image into a list of segments, and nothing else.
 *
 * The image may be any bytes: each range is checked against the file, and segments against each
 * other. Whether they fit into memory is the loader's question.
 */
#ifndef MACHINE_IMAGE_H
#define MACHINE_IMAGE_H

#include "sim/base/error.h"

#define IMAGE_SEGMENTS_MAX 64

struct segment_load {
	uint64_t pa;
	uint64_t memory_size; /* beyond file_size: zeros */
	uint64_t file_offset;
	uint64_t file_size;
};

enum image_kind { IMAGE_MULTIBOOT, IMAGE_MULTIBOOT_ELF, IMAGE_PVH, IMAGE_ELF };

const char *image_kind_name(enum image_kind kind);

struct image {
	enum image_kind kind;
	uint64_t entry; /* physical */
	unsigned count;
	struct segment_load segments[IMAGE_SEGMENTS_MAX]; /* by address; none overlap */
};

/* name is for the message. */
MUST_CHECK bool image_parse(
	struct image *image, const char *name, const uint8_t *data, size_t size, struct error *e);

#endif
