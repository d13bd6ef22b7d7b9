/* virtio_9p.c - the server's side of 9P2000.L, as Linux speaks it (its file net/9p/protocol.c and
 * the diod project's "9P2000.L Protocol" document the messages). */
#include "sim/dev/virtio_9p.h"

#define F_TAG          BIT(0)
#define MESSAGE_MAX    32768
#define MESSAGE_MIN    512
#define REQUEST_MAX    8192              /* no request that is served is longer */
#define HEADER_SIZE    7                 /* size, type, tag */
#define ANSWER_MIN     (HEADER_SIZE + 4) /* an error */
#define FILE_SYSTEM    0x01021997
#define BLOCK          4096
#define WALK_MAX       16
#define GETATTR_BASIC  0x7ff
#define OPEN_WRITES    01003 /* write, read and write, truncate */
#define QID_SIZE       13
#define DIRECTORY_DOTS 2 /* "." and ".." come first */

/* The values of Linux, whatever the host has. */
enum {
	ERROR_NOENT = 2,
	ERROR_IO = 5,
	ERROR_BADF = 9,
	ERROR_NOTDIR = 20,
	ERROR_ISDIR = 21,
	ERROR_INVAL = 22,
	ERROR_NFILE = 23,
	ERROR_ROFS = 30,
	ERROR_PROTO = 71,
	ERROR_OPNOTSUPP = 95
};

/* Requests; an answer is one more. */
enum {
	T_LERROR = 6,
	T_STATFS = 8,
	T_LOPEN = 12,
	T_LCREATE = 14,
	T_SYMLINK = 16,
	T_MKNOD = 18,
	T_RENAME = 20,
	T_READLINK = 22,
	T_GETATTR = 24,
	T_SETATTR = 26,
	T_READDIR = 40,
	T_FSYNC = 50,
	T_LINK = 70,
	T_MKDIR = 72,
	T_RENAMEAT = 74,
	T_UNLINKAT = 76,
	T_VERSION = 100,
	T_ATTACH = 104,
	T_FLUSH = 108,
	T_WALK = 110,
	T_READ = 116,
	T_WRITE = 118,
	T_CLUNK = 120,
	T_REMOVE = 122
};

/* A request that is read, and its answer that is made. */
struct exchange {
	struct virtio_9p *d;
	const uint8_t *in, *in_end;
	bool short_request; /* it ended before its time */
	bool long_answer;   /* it has no room */
	uint8_t *out;
	uint32_t size, room; /* of out */
};

/* --- values --- */

static uint64_t get(struct exchange *x, unsigned bytes)
{
	uint64_t value = 0;

	if ((size_t)(x->in_end - x->in) < bytes) {
		x->short_request = true;
		x->in = x->in_end;
		return 0;
	}
	memcpy(&value, x->in, bytes);
	x->in += bytes;
	return value;
}

/* A name that is too long is cut: nothing is called so. */
static void get_text(struct exchange *x, char text[SHARE_NAME_MAX + 2])
{
	size_t size = get(x, 2), keep = min_u64(size, SHARE_NAME_MAX + 1);

	if ((size_t)(x->in_end - x->in) < size) {
		x->short_request = true;
		size = keep = 0;
	}
	memcpy(text, x->in, keep);
	text[keep] = '\0';
	x->in += size;
}

static void put_bytes(struct exchange *x, const void *data, size_t size)
{
	if (size > x->room - x->size) {
		x->long_answer = true;
		return;
	}
	if (size != 0)
		memcpy(x->out + x->size, data, size);
	x->size += (uint32_t)size;
}

static void put(struct exchange *x, uint64_t value, unsigned bytes)
{
	put_bytes(x, &value, bytes);
}

static void put_text(struct exchange *x, const char *text, size_t size)
{
	put(x, size, 2);
	put_bytes(x, text, size);
}

static void put_qid(struct exchange *x, uint32_t node)
{
	uint32_t type = share_type(&x->d->share->nodes[node]);

	put(x, type == SHARE_FOLDER ? 0x80 : type == SHARE_LINK ? 0x02 : 0, 1);
	put(x, 0, 4); /* version */
	put(x, node, 8);
}

/* --- fids --- */

static struct virtio_9p_fid *find_fid(struct virtio_9p *d, uint32_t fid)
{
	for (unsigned i = 0; i < VIRTIO_9P_FIDS; i++)
		if (d->fids.at[i].used && d->fids.at[i].fid == fid)
			return &d->fids.at[i];
	return NULL;
}

static struct virtio_9p_fid *new_fid(struct virtio_9p *d, uint32_t fid, uint32_t node)
{
	for (unsigned i = 0; i < VIRTIO_9P_FIDS; i++) {
		if (d->fids.at[i].used)
			continue;
		d->fids.at[i] = (struct virtio_9p_fid){fid, node, 1, 0};
		return &d->fids.at[i];
	}
	return NULL;
}

static const struct share_node *node_of(const struct exchange *x, const struct virtio_9p_fid *f)
{
	return &x->d->share->nodes[f->node];
}

/* --- requests: each gives an error, or 0 and its answer --- */

static int serve_version(struct exchange *x)
{
	uint32_t size = (uint32_t)get(x, 4);
	char version[SHARE_NAME_MAX + 2];
	bool known;

	get_text(x, version);
	if (size < MESSAGE_MIN)
		return ERROR_INVAL;
	known = strcmp(version, "9P2000.L") == 0;
	memset(&x->d->fids, 0, sizeof(x->d->fids)); /* a new session */
	put(x, min_u64(size, MESSAGE_MAX), 4);
	put_text(x, known ? version : "unknown", known ? strlen(version) : 7);
	return 0;
}

static int serve_attach(struct exchange *x)
{
	uint32_t fid = (uint32_t)get(x, 4);

	if (find_fid(x->d, fid) != NULL)
		return ERROR_BADF;
	if (new_fid(x->d, fid, 0) == NULL)
		return ERROR_NFILE;
	put_qid(x, 0);
	return 0;
}

/* The node of that name in a folder; UINT32_MAX: there is none. */
static uint32_t look_up(const struct share *share, uint32_t folder, const char *name)
{
	const struct share_node *node = &share->nodes[folder];

	if (strcmp(name, "..") == 0)
		return node->parent;
	for (uint32_t i = 0; i < node->count; i++)
		if (strcmp(share->nodes[node->first + i].name, name) == 0)
			return node->first + i;
	return UINT32_MAX;
}

/* Puts the qids of as many names as there are; the count of them goes in front. */
static uint32_t walk(struct exchange *x, uint32_t node, uint16_t names, uint16_t *found)
{
	char name[SHARE_NAME_MAX + 2];
	uint32_t next;

	for (*found = 0; *found < names; ++*found) {
		get_text(x, name);
		next = look_up(x->d->share, node, name);
		if (x->short_request || next == UINT32_MAX)
			break;
		node = next;
		put_qid(x, node);
	}
	return node;
}

static int serve_walk(struct exchange *x)
{
	struct virtio_9p_fid *f = find_fid(x->d, (uint32_t)get(x, 4));
	uint32_t new = (uint32_t)get(x, 4), count_at = x->size, node;
	uint16_t names = (uint16_t)get(x, 2), found;

	if (f == NULL || (f->fid != new &&find_fid(x->d, new) != NULL))
		return ERROR_BADF;
	if (names > WALK_MAX)
		return ERROR_INVAL;
	put(x, 0, 2);
	node = walk(x, f->node, names, &found);
	if (x->long_answer)
		return ERROR_IO;
	memcpy(x->out + count_at, &found, sizeof(found));
	if (found < names)
		return found == 0 ? ERROR_NOENT : 0;
	if (f->fid == new) {
		f->node = node;
		f->open = 0;
		return 0;
	}
	return new_fid(x->d, new, node) != NULL ? 0 : ERROR_NFILE;
}

static int serve_getattr(struct exchange *x)
{
	struct virtio_9p_fid *f = find_fid(x->d, (uint32_t)get(x, 4));
	const struct share_node *node;

	if (f == NULL)
		return ERROR_BADF;
	node = node_of(x, f);
	put(x, GETATTR_BASIC, 8);
	put_qid(x, f->node);
	put(x, node->mode, 4);
	put(x, 0, 4); /* user */
	put(x, 0, 4); /* group */
	put(x, 1, 8); /* links */
	put(x, 0, 8); /* device */
	put(x, node->size, 8);
	put(x, BLOCK, 8);
	put(x, (node->size + 511) / 512, 8);
	for (unsigned i = 0; i < 10; i++)
		put(x, 0, 8); /* four times, generation, version */
	return 0;
}

static int serve_lopen(struct exchange *x)
{
	struct virtio_9p_fid *f = find_fid(x->d, (uint32_t)get(x, 4));

	if (f == NULL)
		return ERROR_BADF;
	if (get(x, 4) & OPEN_WRITES)
		return ERROR_ROFS;
	f->open = 1;
	put_qid(x, f->node);
	put(x, 0, 4); /* as much at a time as a message holds */
	return 0;
}

/* How much of so many bytes the answer has room for, behind a count. */
static uint32_t data_room(const struct exchange *x, uint64_t count)
{
	uint32_t room = x->room - x->size;

	return room > 4 ? (uint32_t)min_u64(count, room - 4) : 0;
}

static int serve_read(struct exchange *x)
{
	struct virtio_9p_fid *f = find_fid(x->d, (uint32_t)get(x, 4));
	uint64_t offset = get(x, 8);
	uint32_t size = data_room(x, get(x, 4));
	const struct share_node *node;

	if (f == NULL || !f->open)
		return ERROR_BADF;
	node = node_of(x, f);
	if (share_type(node) != SHARE_FILE)
		return ERROR_ISDIR;
	size = offset < node->size ? (uint32_t)min_u64(size, node->size - offset) : 0;
	put(x, size, 4);
	put_bytes(x, size != 0 ? node->data + offset : NULL, size);
	return 0;
}

/* The n-th entry of a folder: its node and name. */
static uint32_t entry(const struct share *share, uint32_t folder, uint64_t n, const char **name)
{
	const struct share_node *node = &share->nodes[folder];

	if (n < DIRECTORY_DOTS) {
		*name = n == 0 ? "." : "..";
		return n == 0 ? folder : node->parent;
	}
	n -= DIRECTORY_DOTS;
	*name = share->nodes[node->first + n].name;
	return node->first + (uint32_t)n;
}

static int serve_readdir(struct exchange *x)
{
	struct virtio_9p_fid *f = find_fid(x->d, (uint32_t)get(x, 4));
	uint64_t n = get(x, 8), limit = get(x, 4);
	uint32_t count_at = x->size, size, room;
	const char *name;

	if (f == NULL || !f->open)
		return ERROR_BADF;
	if (share_type(node_of(x, f)) != SHARE_FOLDER)
		return ERROR_NOTDIR;
	room = data_room(x, limit);
	put(x, 0, 4);
	for (; n < DIRECTORY_DOTS + (uint64_t)node_of(x, f)->count; n++) {
		uint32_t node = entry(x->d->share, f->node, n, &name);

		size = x->size - count_at - 4;
		if (size + QID_SIZE + 8 + 1 + 2 + strlen(name) > room)
			break;
		put_qid(x, node);
		put(x, n + 1, 8);
		put(x, share_type(&x->d->share->nodes[node]) >> 12, 1);
		put_text(x, name, strlen(name));
	}
	if (x->long_answer)
		return ERROR_IO;
	size = x->size - count_at - 4;
	memcpy(x->out + count_at, &size, sizeof(size));
	return 0;
}

static int serve_readlink(struct exchange *x)
{
	struct virtio_9p_fid *f = find_fid(x->d, (uint32_t)get(x, 4));

	if (f == NULL)
		return ERROR_BADF;
	if (share_type(node_of(x, f)) != SHARE_LINK)
		return ERROR_INVAL;
	put_text(x, (const char *)node_of(x, f)->data, node_of(x, f)->size);
	return 0;
}

static int serve_statfs(struct exchange *x)
{
	const struct share *share = x->d->share;
	uint64_t blocks = 0;

	if (find_fid(x->d, (uint32_t)get(x, 4)) == NULL)
		return ERROR_BADF;
	for (uint32_t i = 0; i < share->count; i++)
		blocks += (share->nodes[i].size + BLOCK - 1) / BLOCK;
	put(x, FILE_SYSTEM, 4);
	put(x, BLOCK, 4);
	put(x, blocks, 8);
	put(x, 0, 8); /* free */
	put(x, 0, 8); /* available */
	put(x, share->count, 8);
	put(x, 0, 8); /* free files */
	put(x, 0, 8); /* file system ID */
	put(x, SHARE_NAME_MAX, 4);
	return 0;
}

static int serve_clunk(struct exchange *x)
{
	struct virtio_9p_fid *f = find_fid(x->d, (uint32_t)get(x, 4));

	if (f == NULL)
		return ERROR_BADF;
	memset(f, 0, sizeof(*f));
	return 0;
}

/* Forgets the file, as always, and does not remove it. */
static int serve_remove(struct exchange *x)
{
	int error = serve_clunk(x);

	return error != 0 ? error : ERROR_ROFS;
}

static int serve_nothing(struct exchange *x)
{
	(void)x;
	return 0;
}

static int serve_change(struct exchange *x)
{
	(void)x;
	return ERROR_ROFS;
}

static const struct {
	uint8_t type;
	int (*serve)(struct exchange *x);
} requests[] = {
	{T_STATFS, serve_statfs},
	{T_LOPEN, serve_lopen},
	{T_LCREATE, serve_change},
	{T_SYMLINK, serve_change},
	{T_MKNOD, serve_change},
	{T_RENAME, serve_change},
	{T_READLINK, serve_readlink},
	{T_GETATTR, serve_getattr},
	{T_SETATTR, serve_change},
	{T_READDIR, serve_readdir},
	{T_FSYNC, serve_nothing},
	{T_LINK, serve_change},
	{T_MKDIR, serve_change},
	{T_RENAMEAT, serve_change},
	{T_UNLINKAT, serve_change},
	{T_VERSION, serve_version},
	{T_ATTACH, serve_attach},
	{T_FLUSH, serve_nothing}, /* every request is answered before the next */
	{T_WALK, serve_walk},
	{T_READ, serve_read},
	{T_WRITE, serve_change},
	{T_CLUNK, serve_clunk},
	{T_REMOVE, serve_remove},
};

static int answer(struct exchange *x, uint8_t type)
{
	int error;

	for (unsigned i = 0; i < ARRAY_LEN(requests); i++) {
		if (requests[i].type != type)
			continue;
		error = requests[i].serve(x);
		if (x->short_request)
			return ERROR_PROTO;
		return x->long_answer ? ERROR_IO : error;
	}
	return ERROR_OPNOTSUPP;
}

static uint32_t serve(void *device, unsigned queue, const struct virtio_chain *c)
{
	struct virtio_9p *d = device;
	uint8_t in[REQUEST_MAX], out[MESSAGE_MAX];
	size_t size = virtio_read(&d->virtio, c, 0, in, sizeof(in));
	struct exchange x = {.d = d, .in = in, .in_end = in + size, .out = out};
	uint8_t type;
	uint16_t tag;
	int error;

	(void)queue;
	x.room = (uint32_t)min_u64(MESSAGE_MAX, c->writable_bytes);
	if (size < HEADER_SIZE || x.room < ANSWER_MIN) {
		virtio_break(&d->virtio);
		return 0;
	}
	get(&x, 4);
	type = (uint8_t)get(&x, 1);
	tag = (uint16_t)get(&x, 2);
	x.size = HEADER_SIZE;
	error = answer(&x, type);
	if (error != 0) {
		type = T_LERROR;
		x.size = HEADER_SIZE;
		put(&x, (unsigned)error, 4); /* there is room */
	}
	memcpy(out, &x.size, 4);
	out[4] = (uint8_t)(type + 1);
	memcpy(out + 5, &tag, sizeof(tag));
	return (uint32_t)virtio_write(&d->virtio, c, 0, out, x.size);
}

static void config(void *device, uint8_t *to)
{
	const uint16_t size = sizeof(VIRTIO_9P_TAG) - 1;

	(void)device;
	memcpy(to, &size, sizeof(size));
	memcpy(to + 2, VIRTIO_9P_TAG, size);
}

static const struct virtio_class class = {
	.id = 9,
	.pci_code = 0x00ff00,
	.features = F_TAG,
	.queues = 1,
	.config_size = 2 + sizeof(VIRTIO_9P_TAG) - 1,
	.config = config,
	.serve = serve,
};

void virtio_9p_init(
	struct virtio_9p *d, const struct virtio_setup *setup, const struct share *share)
{
	SIM_ASSERT(share->count != 0);
	d->share = share;
	virtio_connect(&d->virtio, &class, d, setup, 0);
}

static void fids_reset(void *device)
{
	memset(device, 0, sizeof(struct virtio_9p_fids));
}

const struct device_ops virtio_9p_ops = VIRTIO_OPS("share");

const struct device_ops virtio_9p_fids_ops = {
	.name = "share.fids",
	.state_size = sizeof(struct virtio_9p_fids),
	.reset = fids_reset,
};
