/* events.c - the stream of events: each its kind and the steps since the last, then its numbers. */
#include "sim/base/hash.h"
#include "sim/hwtrace/hwtrace.h"

#define PAGES_MAX (HW_USER_END / PAGE_SIZE)

uint64_t hw_page_hash(uint64_t la, const uint8_t *page)
{
	/* Equal to the byte before, from the second byte on, and the first is 0. */
	if (page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE - 1) == 0)
		return 0;
	return hash_bytes(page, PAGE_SIZE, la);
}

/* --- writing --- */

void event_put(struct event_writer *w, const struct hw_event *event)
{
	SIM_ASSERT(event->step >= w->step);
	bytes_put_number(w->out, event->step - w->step);
	bytes_put_byte(w->out, (uint8_t)event->kind);
	w->step = event->step;
	if (event->kind == HW_FAULT || event->kind == HW_SIGNAL)
		bytes_put_number(w->out, event->signal);
	if (event->kind == HW_CHECK)
		bytes_put(w->out, &event->sum, sizeof(event->sum));
	if (event->kind != HW_FAULT)
		bytes_put_number(w->out, event->count);
}

void event_put_edit(struct event_writer *w, const struct hw_edit *edit)
{
	bytes_put_byte(w->out, (uint8_t)(edit->kind | edit->prot << 4));
	bytes_put_signed(w->out, edit->la - w->page);
	w->page = edit->la;
	bytes_put_number(w->out, edit->kind == HW_WRITE ? edit->size : edit->size / PAGE_SIZE);
	if (edit->kind == HW_WRITE)
		bytes_put(w->out, edit->data, edit->size);
}

void event_put_page(struct event_writer *w, uint64_t la, uint64_t hash)
{
	uint32_t kept = (uint32_t)hash;

	bytes_put_signed(w->out, la / PAGE_SIZE - w->page / PAGE_SIZE);
	w->page = la;
	bytes_put(w->out, &kept, sizeof(kept));
}

/* --- reading --- */

struct event_reader event_reader_begin(const struct hwtrace *t)
{
	return (struct event_reader){.in = bytes_read(&t->events)};
}

static void get_exactly(struct bytes_reader *in, void *to, size_t size)
{
	const uint8_t *at = bytes_get(in, size);

	memset(to, 0, size);
	if (at != NULL)
		memcpy(to, at, size);
}

bool event_get(struct event_reader *r, struct hw_event *event)
{
	*event = (struct hw_event){0};
	if (r->in.bad || r->in.at == r->in.end)
		return false;
	event->step = r->step += bytes_get_number(&r->in);
	event->kind = bytes_get_byte(&r->in);
	if (event->kind == HW_FAULT || event->kind == HW_SIGNAL)
		event->signal = bytes_get_number(&r->in);
	if (event->kind == HW_CHECK)
		get_exactly(&r->in, &event->sum, sizeof(event->sum));
	if (event->kind != HW_FAULT)
		event->count = bytes_get_number(&r->in);
	if (event->kind >= HW_EVENTS)
		r->in.bad = true;
	return !r->in.bad;
}

static bool edit_is_good(const struct hw_edit *edit)
{
	if (edit->la >= HW_USER_END || edit->size == 0)
		return false;
	if (edit->kind == HW_WRITE)
		return edit->size <= PAGE_SIZE - (edit->la & PAGE_MASK) && edit->prot == 0;
	return (edit->la & PAGE_MASK) == 0 && edit->size <= HW_USER_END - edit->la;
}

bool event_get_edit(struct event_reader *r, struct hw_edit *edit)
{
	uint8_t byte = bytes_get_byte(&r->in);
	uint64_t size;

	*edit = (struct hw_edit){.kind = byte & 15, .prot = byte >> 4};
	edit->la = r->page += bytes_get_signed(&r->in);
	size = bytes_get_number(&r->in);
	if (edit->kind >= HW_EDITS || size > PAGES_MAX)
		r->in.bad = true;
	edit->size = edit->kind == HW_WRITE ? size : size * PAGE_SIZE;
	if (r->in.bad || !edit_is_good(edit)) {
		r->in.bad = true;
		return false;
	}
	if (edit->kind == HW_WRITE)
		edit->data = bytes_get(&r->in, edit->size);
	return !r->in.bad;
}

bool event_get_page(struct event_reader *r, uint64_t *la, uint32_t *hash)
{
	*la = r->page = (r->page / PAGE_SIZE + bytes_get_signed(&r->in)) * PAGE_SIZE;
	get_exactly(&r->in, hash, sizeof(*hash));
	if (*la >= HW_USER_END)
		r->in.bad = true;
	return !r->in.bad;
}
