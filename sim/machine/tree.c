#include "sim/machine/tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/machine/file.h"

/* A tree that is being read: folders are read in the order of their nodes, so that the nodes of
 * each stand together. */
struct reading {
	struct share *tree;
	uint32_t room;
	uint64_t bytes;
	const char *root;
};

void tree_free(struct share *tree)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		free(tree->nodes[i].name);
		free(tree->nodes[i].data);
	}
	free(tree->nodes);
	*tree = (struct share){0};
}

/* The path on the host. */
static bool node_path(
	const struct reading *r, uint32_t number, char path[PATH_MAX], struct error *e)
{
	char below[PATH_MAX] = "", longer[PATH_MAX];

	for (; number != 0; number = r->tree->nodes[number].parent) {
		const char *name = r->tree->nodes[number].name;

		if ((size_t)snprintf(longer, PATH_MAX, "/%s%s", name, below) >= PATH_MAX)
			return fail(e, "%s: too deep: %s", r->root, name);
		strcpy(below, longer);
	}
	if ((size_t)snprintf(path, PATH_MAX, "%s%s", r->root, below) >= PATH_MAX)
		return fail(e, "%s: too deep", r->root);
	return true;
}

static bool add_node(struct reading *r, const char *name, uint32_t parent, struct error *e)
{
	struct share *t = r->tree;

	if (t->count == TREE_NODES_MAX)
		return fail(e, "%s: more than %d files", r->root, TREE_NODES_MAX);
	if (t->count == r->room) {
		struct share_node *more;

		r->room = r->room != 0 ? 2 * r->room : 64;
		more = realloc(t->nodes, r->room * sizeof(t->nodes[0]));
		if (more == NULL)
			return fail(e, "%s: the host has no memory", r->root);
		t->nodes = more;
	}
	t->nodes[t->count] = (struct share_node){.name = strdup(name), .parent = parent};
	return t->nodes[t->count++].name != NULL || fail(e, "the host has no memory");
}

static bool read_link(struct share_node *node, const char *path, struct error *e)
{
	ssize_t size;

	node->data = malloc(PATH_MAX);
	if (node->data == NULL)
		return fail(e, "%s: the host has no memory", path);
	size = readlink(path, (char *)node->data, PATH_MAX);
	if (size < 0)
		return fail(e, "%s: %s", path, strerror(errno));
	node->size = (uint64_t)size;
	return true;
}

static bool read_content(
	struct reading *r, struct share_node *node, const char *path, struct error *e)
{
	struct blob blob;

	if (!file_read(path, TREE_BYTES_MAX - r->bytes, &blob, e))
		return false;
	node->data = blob.data;
	node->size = blob.size;
	r->bytes += blob.size;
	return true;
}

static bool read_names(
	struct reading *r, uint32_t number, DIR *folder, const char *path, struct error *e)
{
	struct dirent *entry;

	r->tree->nodes[number].first = r->tree->count;
	for (errno = 0; (entry = readdir(folder)) != NULL; errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!add_node(r, entry->d_name, number, e))
			return false;
		r->tree->nodes[number].count++;
	}
	return errno == 0 || fail(e, "%s: %s", path, strerror(errno));
}

static int by_name(const void *a, const void *b)
{
	const struct share_node *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool read_folder(struct reading *r, uint32_t number, const char *path, struct error *e)
{
	DIR *folder = opendir(path);
	struct share_node *node;
	bool good;

	if (folder == NULL)
		return fail(e, "%s: %s", path, strerror(errno));
	good = read_names(r, number, folder, path, e);
	closedir(folder);
	node = &r->tree->nodes[number];
	if (good)
		qsort(r->tree->nodes + node->first, node->count, sizeof(*node), by_name);
	return good;
}

static bool read_node(struct reading *r, uint32_t number, struct error *e)
{
	struct share_node *node = &r->tree->nodes[number];
	char path[PATH_MAX];
	struct stat st;

	if (!node_path(r, number, path, e))
		return false;
	if ((number == 0 ? stat(path, &st) : lstat(path, &st)) != 0)
		return fail(e, "%s: %s", path, strerror(errno));
	node->mode = st.st_mode & (SHARE_TYPE | 0777);
	switch (share_type(node)) {
	case SHARE_FOLDER:
		return read_folder(r, number, path, e);
	case SHARE_FILE:
		if (number == 0)
			break;
		return read_content(r, node, path, e);
	case SHARE_LINK:
		return read_link(node, path, e);
	}
	return fail(e,
		number == 0 ? "%s: not a folder"
			    : "%s: neither a folder, a file nor a symbolic link",
		path);
}

bool tree_read(const char *path, struct share *tree, struct error *e)
{
	struct reading r = {.tree = tree, .root = path};
	bool good;

	*tree = (struct share){0};
	good = add_node(&r, "", 0, e);
	for (uint32_t i = 0; good && i < tree->count; i++)
		good = read_node(&r, i, e);
	if (!good)
		tree_free(tree);
	return good;
}

struct digest tree_digest(const struct share *tree)
{
	struct digest sum = {0, 0};

	for (uint32_t i = 0; i < tree->count; i++) {
		const struct share_node *n = &tree->nodes[i];
		const uint64_t parts[] = {sum.low, sum.high,
			hash_bytes(n->name, strlen(n->name), 1), hash_bytes(n->data, n->size, 2),
			n->parent, n->mode, n->size};

		sum = digest_bytes(parts, sizeof(parts), 0);
	}
	return sum;
}

uint64_t tree_size(const struct share *tree)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < tree->count; i++)
		bytes += tree->nodes[i].size;
	return bytes;
}
