/* tree.h - reads a folder of the host, with all below it, into memory.
 */
#ifndef MACHINE_TREE_H
#define MACHINE_TREE_H

#include "sim/base/error.h"
#include "sim/base/hash.h"
#include "sim/dev/share.h"

#define TREE_BYTES_MAX (UINT64_C(1) << 30)
#define TREE_NODES_MAX 65536

/* Folders, regular files and symbolic links; anything else is an error, as is too much. */
MUST_CHECK bool tree_read(const char *path, struct share *tree, struct error *e);
void tree_free(struct share *tree);

/* Of names, types, permissions and contents; and the bytes of all contents. */
struct digest tree_digest(const struct share *tree);
uint64_t tree_size(const struct share *tree);

#endif
