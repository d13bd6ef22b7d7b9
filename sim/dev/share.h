/* share.h - a tree of files in memory, read once before a run, that never changes: what a guest
 * sees of a folder of the host.
 */
#ifndef DEV_SHARE_H
#define DEV_SHARE_H

#include "sim/base/base.h"

#define SHARE_NAME_MAX 255

#define SHARE_TYPE   0170000 /* of mode, as POSIX has it */
#define SHARE_FOLDER 0040000
#define SHARE_FILE   0100000
#define SHARE_LINK   0120000

struct share_node {
	char *name;            /* "" of the root */
	uint32_t parent;       /* number; the root's is its own, 0 */
	uint32_t mode;         /* type and permissions */
	uint32_t first, count; /* of a folder: its nodes, by name */
	uint64_t size;         /* of a file's content, a link's target */
	uint8_t *data;
};

struct share {
	uint32_t count; /* 0: there is none */
	struct share_node *nodes;
};

static inline uint32_t share_type(const struct share_node *node)
{
	return node->mode & SHARE_TYPE;
}

#endif
