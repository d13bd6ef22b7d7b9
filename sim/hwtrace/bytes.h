/* bytes.h - numbers, texts and blocks one behind the other, written to memory and read again.
 *
 * Numbers take seven bits a byte, the lowest first. A reader trusts nothing: once something is
 * missing or too large it is bad for good, and gives zeros.
 */
#ifndef HWTRACE_BYTES_H
#define HWTRACE_BYTES_H

#include "sim/base/base.h"

struct bytes {
	uint8_t *data;
	size_t size, room;
};

void bytes_free(struct bytes *b);
void bytes_put(struct bytes *b, const void *data, size_t size);
void bytes_put_byte(struct bytes *b, uint8_t byte);
void bytes_put_number(struct bytes *b, uint64_t number);
/* Small when the number is near 0 as a signed one. */
void bytes_put_signed(struct bytes *b, uint64_t number);
void bytes_put_text(struct bytes *b, const char *text);

struct bytes_reader {
	const uint8_t *at, *end;
	bool bad;
};

struct bytes_reader bytes_read(const struct bytes *b);
uint8_t bytes_get_byte(struct bytes_reader *r);
uint64_t bytes_get_number(struct bytes_reader *r);
uint64_t bytes_get_signed(struct bytes_reader *r);
/* So many bytes in place, or NULL. */
const uint8_t *bytes_get(struct bytes_reader *r, size_t size);
/* Free with free; NULL when it is bad, or has more than max bytes. */
char *bytes_get_text(struct bytes_reader *r, size_t max);

#endif
