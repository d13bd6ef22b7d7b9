#include "sim/machine/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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
	return fsync(fd) == 0;
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

/* The whole under the temporary name. On error nothing is left. */
static bool write_temporary(
	const char *path, char temporary[PATH_MAX], const void *data, size_t size, struct error *e)
{
	int fd = open_temporary(path, temporary, e);
	bool good;

	if (fd < 0)
		return false;
	good = fchmod(fd, 0644) == 0 && write_all(fd, data, size);
	if (close(fd) == 0 && good)
		return true;
	fail(e, "%s: cannot write: %s", path, strerror(errno));
	unlink(temporary);
	return false;
}

bool file_replace(const char *path, const void *data, size_t size, struct error *e)
{
	char temporary[PATH_MAX];

	if (!write_temporary(path, temporary, data, size, e))
		return false;
	if (rename(temporary, path) == 0)
		return true;
	fail(e, "%s: cannot write: %s", path, strerror(errno));
	unlink(temporary);
	return false;
}

bool file_create(const char *path, const void *data, size_t size, struct error *e)
{
	char temporary[PATH_MAX];
	bool good;

	if (!write_temporary(path, temporary, data, size, e))
		return false;
	good = link(temporary, path) == 0;
	if (!good)
		fail(e, "%s: cannot write: %s", path, strerror(errno));
	unlink(temporary);
	return good;
}
