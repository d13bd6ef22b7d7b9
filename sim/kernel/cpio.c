/* cpio.c - see cpio.h. */
#include "sim/kernel/cpio.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/multiboot.h"

#define HEADER_SIZE 110 /* 6 of magic, 13 numbers of 8 hexadecimal digits */
#define FILESIZE    6   /* which number */
#define NAMESIZE    11
#define TRAILER     "TRAILER!!!"

/* -1 when it is not a hexadecimal number. */
static long header_number(const char *header, int which)
{
	char digits[] = "0x00000000";
	const char *end;
	unsigned long v;

	memcpy(digits + 2, header + 6 + 8 * which, 8);
	v = strtoul_prefix(digits, &end);
	return *end == 0 ? (long)v : -1;
}

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

bool cpio_next(struct cpio *c, struct cpio_file *f)
{
	const char *header = c->data + c->at;
	size_t left = c->size - c->at, data_at;
	long name_size, file_size;

	if (left < HEADER_SIZE || strncmp(header, "070701", 6) != 0)
		return false;
	name_size = header_number(header, NAMESIZE);
	file_size = header_number(header, FILESIZE);
	if (name_size < 1 || file_size < 0)
		return false;
	data_at = align4(HEADER_SIZE + (size_t)name_size);
	if (data_at > left || (size_t)file_size > left - data_at)
		return false;
	f->name = header + HEADER_SIZE;
	f->data = header + data_at;
	f->size = (size_t)file_size;
	if (f->name[name_size - 1] != 0 || strcmp(f->name, TRAILER) == 0)
		return false;
	data_at = align4(data_at + (size_t)file_size);
	c->at += data_at < left ? data_at : left;
	return true;
}

bool cpio_find(const void *archive, size_t size, const char *name, struct cpio_file *f)
{
	struct cpio c = {archive, size, 0};

	name += *name == '/';
	while (cpio_next(&c, f))
		if (strcmp(f->name, name) == 0)
			return true;
	return false;
}

bool initrd_find(const char *name, struct cpio_file *f)
{
	size_t size = boot_info.initrd_end - boot_info.initrd_start;

	return cpio_find(KADDR(boot_info.initrd_start), size, name, f);
}
