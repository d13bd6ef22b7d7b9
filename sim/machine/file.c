#include "sim/machine/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, struct blob *blob)
{
	size_t done = 0;

	while (done < blob->size) {
		ssize_t n = read(fd, blob->data + done, blob->size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	blob->data[done] = 0;
	return true;
}

static bool read_open_file(int fd, const char *path, size_t max, struct blob *blob, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(e, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(e, "%s: not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return fail(e, "%s: %jd bytes; at most %zu were expected", path,
			(intmax_t)st.st_size, max);
	blob->size = (size_t)st.st_size;
	blob->data = malloc(blob->size + 1);
	if (blob->data == NULL)
		return fail(e, "%s: no memory for %zu bytes", path, blob->size);
	errno = 0;
	if (read_all(fd, blob))
		return true;
	blob_free(blob);
	return fail(e, "%s: %s", path, errno != 0 ? strerror(errno) : "became shorter while read");
}

bool file_read(const char *path, size_t max, struct blob *blob, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good;

	*blob = (struct blob){0};
	if (fd < 0)
		return fail(e, "%s: %s", path, strerror(errno));
	good = read_open_file(fd, path, max, blob, e);
	close(fd);
	return good;
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){0};
}

static bool map_open_file(int fd, const char *path, struct file_map *map, struct error *e)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) != 0)
		return fail(e, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(e, "%s: not a regular file", path);
	map->size = (size_t)st.st_size;
	if (map->size == 0)
		return true;
	data = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return fail(e, "%s: %s", path, strerror(errno));
	map->data = data;
	return true;
}

bool file_map(const char *path, struct file_map *map, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good;

	*map = (struct file_map){0};
	if (fd < 0)
		return fail(e, "%s: %s", path, strerror(errno));
	good = map_open_file(fd, path, map, e);
	close(fd);
	return good;
}

void file_unmap(struct file_map *map)
{
	if (map->data != NULL)
		munmap((void *)(uintptr_t)map->data, map->size);
	*map = (struct file_map){0};
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
	while (size != 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* An empty file beside path; its name goes to temporary. -1 on error. */
static int open_temporary(const char *path, char temporary[PATH_MAX], struct error *e)
{
	int fd = -1;

	if ((size_t)snprintf(temporary, PATH_MAX, "%s.XXXXXX", path) >= PATH_MAX)
		errno = ENAMETOOLONG;
	else
		fd = mkstemp(temporary);
	if (fd < 0)
		fail(e, "%s: cannot create: %s", path, strerror(errno));
	return fd;
}

bool file_check_replace(const char *path, struct error *e)
{
	char temporary[PATH_MAX];
	int fd = open_temporary(path, temporary, e);

	if (fd < 0)
		return false;
	close(fd);
	unlink(temporary);
	return true;
}

/* What a file is to hold: bytes, or who gives them. */
struct contents {
	const void *data;
	uint64_t size;
	void (*read)(void *context, uint64_t offset, void *data, size_t size);
	void *context;
};

static bool is_zero(const uint8_t *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static bool write_parts(int fd, const struct contents *c)
{
	static const uint64_t part_max = 1 << 16;
	uint8_t part[1 << 16];

	if (ftruncate(fd, (off_t)c->size) != 0)
		return false;
	for (uint64_t offset = 0; offset < c->size; offset += part_max) {
		size_t size = (size_t)min_u64(part_max, c->size - offset);

		c->read(c->context, offset, part, size);
		if (is_zero(part, size))
			continue;
		if (lseek(fd, (off_t)offset, SEEK_SET) < 0 || !write_all(fd, part, size))
			return false;
	}
	return fsync(fd) == 0;
}

static bool write_contents(int fd, const struct contents *c)
{
	if (c->read != NULL)
		return write_parts(fd, c);
	return write_all(fd, c->data, (size_t)c->size) && fsync(fd) == 0;
}

/* The whole under the temporary name. On error nothing is left. */
static bool write_temporary(
	const char *path, char temporary[PATH_MAX], const struct contents *c, struct error *e)
{
	int fd = open_temporary(path, temporary, e);
	bool good;

	if (fd < 0)
		return false;
	good = fchmod(fd, 0644) == 0 && write_contents(fd, c);
	if (close(fd) == 0 && good)
		return true;
	fail(e, "%s: cannot write: %s", path, strerror(errno));
	unlink(temporary);
	return false;
}

static bool replace(const char *path, const struct contents *c, struct error *e)
{
	char temporary[PATH_MAX];

	if (!write_temporary(path, temporary, c, e))
		return false;
	if (rename(temporary, path) == 0)
		return true;
	fail(e, "%s: cannot write: %s", path, strerror(errno));
	unlink(temporary);
	return false;
}

bool file_replace(const char *path, const void *data, size_t size, struct error *e)
{
	const struct contents c = {.data = data, .size = size};

	return replace(path, &c, e);
}

bool file_replace_large(const char *path, uint64_t size,
	void (*read)(void *context, uint64_t offset, void *data, size_t size), void *context,
	struct error *e)
{
	const struct contents c = {.size = size, .read = read, .context = context};

	return replace(path, &c, e);
}

bool file_create(const char *path, const void *data, size_t size, struct error *e)
{
	const struct contents c = {.data = data, .size = size};
	char temporary[PATH_MAX];
	bool good;

	if (!write_temporary(path, temporary, &c, e))
		return false;
	good = link(temporary, path) == 0;
	if (!good)
		fail(e, "%s: cannot write: %s", path, strerror(errno));
	unlink(temporary);
	return good;
}
