#include "sim/symbols/cpio.h"

/* cpio(5), "New ASCII Format": a magic number, 13 numbers of 8 hexadecimal digits each, the name,
 * and the contents; name and contents are padded to multiples of 4 bytes. */
#define MAGIC       "070701" /* "070702" is the same with a checksum */
#define MAGIC_CRC   "070702"
#define MAGIC_SIZE  6
#define DIGITS      8
#define HEADER_SIZE (MAGIC_SIZE + 13 * DIGITS)
#define TRAILER     "TRAILER!!!"

enum header_number { NUMBER_FILESIZE = 6, NUMBER_NAMESIZE = 11 };

static bool has_magic(const uint8_t *at)
{
	return memcmp(at, MAGIC, MAGIC_SIZE) == 0 || memcmp(at, MAGIC_CRC, MAGIC_SIZE) == 0;
}

bool cpio_is_archive(const uint8_t *data, size_t size)
{
	return size >= HEADER_SIZE && has_magic(data);
}

static bool header_number(const uint8_t *header, enum header_number which, uint32_t *value)
{
	const uint8_t *digit = header + MAGIC_SIZE + which * DIGITS;

	*value = 0;
	for (unsigned i = 0; i < DIGITS; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *found = strchr(digits, digit[i] | 0x20);

		if (digit[i] == '\0' || found == NULL)
			return false;
		*value = *value << 4 | (uint32_t)(found - digits);
	}
	return true;
}

static bool broken(const struct cpio *c, const char *what, struct error *e)
{
	return fail(e, "%s: broken cpio archive: the entry at offset %zu %s", c->file, c->at, what);
}

/* From the entry's start, padded. */
static uint64_t align4(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

bool cpio_next(struct cpio *c, struct cpio_entry *entry, struct error *e)
{
	const uint8_t *header = c->data + c->at;
	uint64_t left = c->size - c->at, data_at;
	uint32_t name_size, file_size;

	if (left < HEADER_SIZE)
		return broken(c, "is cut off in its header", e);
	if (!has_magic(header))
		return broken(c, "does not start with " MAGIC, e);
	if (!header_number(header, NUMBER_NAMESIZE, &name_size) ||
		!header_number(header, NUMBER_FILESIZE, &file_size))
		return broken(c, "has a size that is no hexadecimal number", e);
	data_at = align4(HEADER_SIZE + (uint64_t)name_size);
	if (data_at > left || file_size > left - data_at)
		return broken(c, "reaches beyond the end", e);
	*entry = (struct cpio_entry){
		(const char *)header + HEADER_SIZE, header + data_at, file_size};
	if (name_size == 0 || entry->name[name_size - 1] != '\0')
		return broken(c, "has a name that does not end", e);
	c->at += min_u64(align4(data_at + file_size), left);
	return strcmp(entry->name, TRAILER) != 0;
}
