#include "sim/hwtrace/bytes.h"

#include <stdlib.h>

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){0};
}

/* --- writing --- */

static void make_room(struct bytes *b, size_t size)
{
	if (b->room - b->size >= size)
		return;
	b->room = 2 * b->room + size + 64;
	b->data = realloc(b->data, b->room);
	SIM_ASSERT(b->data != NULL);
}

void bytes_put(struct bytes *b, const void *data, size_t size)
{
	if (size == 0)
		return;
	make_room(b, size);
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

void bytes_put_byte(struct bytes *b, uint8_t byte)
{
	make_room(b, 1);
	b->data[b->size++] = byte;
}

void bytes_put_number(struct bytes *b, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		bytes_put_byte(b, (uint8_t)(number | 0x80));
	bytes_put_byte(b, (uint8_t)number);
}

void bytes_put_signed(struct bytes *b, uint64_t number)
{
	bytes_put_number(b, number << 1 ^ (number >> 63 != 0 ? UINT64_MAX : 0));
}

void bytes_put_text(struct bytes *b, const char *text)
{
	size_t size = strlen(text);

	bytes_put_number(b, size);
	bytes_put(b, text, size);
}

/* --- reading --- */

struct bytes_reader bytes_read(const struct bytes *b)
{
	/* An empty block may have no data, and NULL + 0 is undefined. */
	return (struct bytes_reader){
		.at = b->data, .end = b->size > 0 ? b->data + b->size : b->data};
}

const uint8_t *bytes_get(struct bytes_reader *r, size_t size)
{
	const uint8_t *at = r->at;

	if (r->bad || at == NULL || (size_t)(r->end - at) < size) {
		r->bad = true;
		return NULL;
	}
	r->at += size;
	return at;
}

uint8_t bytes_get_byte(struct bytes_reader *r)
{
	const uint8_t *at = bytes_get(r, 1);

	return at != NULL ? *at : 0;
}

uint64_t bytes_get_number(struct bytes_reader *r)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = bytes_get_byte(r);

		if (shift == 63 && byte > 1)
			break;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return number;
	}
	r->bad = true;
	return 0;
}

uint64_t bytes_get_signed(struct bytes_reader *r)
{
	uint64_t number = bytes_get_number(r);

	return number >> 1 ^ -(number & 1);
}

char *bytes_get_text(struct bytes_reader *r, size_t max)
{
	uint64_t size = bytes_get_number(r);
	const uint8_t *at;
	char *text;

	if (size > max)
		r->bad = true;
	at = bytes_get(r, r->bad ? 0 : size);
	if (at == NULL || memchr(at, '\0', size) != NULL) {
		r->bad = true;
		return NULL;
	}
	text = malloc(size + 1);
	SIM_ASSERT(text != NULL);
	memcpy(text, at, size);
	text[size] = '\0';
	return text;
}
