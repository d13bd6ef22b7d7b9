#include "sim/hwtrace/mirror.h"

#include <stdio.h>
#include <stdlib.h>

#define WRITABLE_MAX 65536 /* pages; they are looked at whenever the system is called */
#define PIECE        16    /* pages read at a time */

void mirror_free(struct mirror *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->pages[i].data);
	free(m->pages);
	*m = (struct mirror){0};
}

/* --- looking at memory --- */

static bool is_zero(const uint8_t *page)
{
	return page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE - 1) == 0;
}

static bool same_contents(const struct mirror_page *page, const uint8_t *now)
{
	return page->data != NULL ? memcmp(page->data, now, PAGE_SIZE) == 0 : is_zero(now);
}

static void keep_contents(struct mirror_page *page, const uint8_t *now)
{
	if (page->data == NULL)
		page->data = malloc(PAGE_SIZE);
	SIM_ASSERT(page->data != NULL);
	memcpy(page->data, now, PAGE_SIZE);
	page->hash = hw_page_hash(page->la, now);
}

/* What to do with a page whose contents are others now; before they are kept. */
typedef void (*visit_change)(void *context, struct mirror_page *page, const uint8_t *now);

/* Whether the program, or the system, may have changed what is known of a page. */
static bool to_be_read(const struct mirror *m, const struct mirror_page *page, bool all)
{
	if (page->la < m->stack_low && page->la >= m->stack_low - TRACEE_STACK_MAX)
		return false;
	return page->prot & HW_PROT_WRITE || (all && page->known);
}

/* How many pages from the i-th on lie side by side and are to be read. */
static size_t run_length(const struct mirror *m, size_t i, bool all)
{
	size_t n = 0;

	while (n < PIECE && i + n < m->count && to_be_read(m, &m->pages[i + n], all) &&
		m->pages[i + n].la == m->pages[i].la + n * PAGE_SIZE)
		n++;
	return n;
}

static bool look(struct mirror *m, const struct tracee *t, bool all, visit_change visit,
	void *context, struct error *e)
{
	uint8_t now[PIECE * PAGE_SIZE];

	for (size_t i = 0; i < m->count;) {
		size_t n = run_length(m, i, all);

		if (n != 0 && tracee_read(t, m->pages[i].la, now, n * PAGE_SIZE) != n * PAGE_SIZE)
			return fail(e, "the program's memory at 0x%" PRIx64 " cannot be read",
				m->pages[i].la);
		for (size_t k = 0; k < n; k++) {
			struct mirror_page *page = &m->pages[i + k];

			if (same_contents(page, now + k * PAGE_SIZE))
				continue;
			visit(context, page, now + k * PAGE_SIZE);
			keep_contents(page, now + k * PAGE_SIZE);
		}
		i += n != 0 ? n : 1;
	}
	return true;
}

uint64_t mirror_sum(const struct mirror *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++)
		if (m->pages[i].prot & HW_PROT_WRITE)
			sum += m->pages[i].hash;
	return sum;
}

/* --- mappings --- */

struct range {
	uint64_t start, end, backing;
	unsigned prot;
};

struct ranges {
	struct range *at;
	size_t count;
	uint64_t stack_low;
};

static unsigned prot_of(const char *rights)
{
	return (rights[0] == 'r' ? HW_PROT_READ : 0u) | (rights[1] == 'w' ? HW_PROT_WRITE : 0u) |
	       (rights[2] == 'x' ? HW_PROT_EXEC : 0u);
}

static void add_range(struct ranges *r, struct range range)
{
	r->at = realloc(r->at, (r->count + 1) * sizeof(r->at[0]));
	SIM_ASSERT(r->at != NULL);
	r->at[r->count++] = range;
}

/* Also where the stack may still grow. */
static uint64_t stack_start(struct ranges *r, uint64_t start, uint64_t end)
{
	uint64_t low = end - TRACEE_STACK_MAX;
	uint64_t below = r->count > 0 ? r->at[r->count - 1].end : 0;

	r->stack_low = start;
	return min_u64(start, max_u64(low, below));
}

/* A line of /proc/PID/maps. */
static bool add_line(struct ranges *r, const char *line, struct error *e)
{
	uint64_t start, end, offset, inode;
	char rights[8], name[32] = "";

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %" SCNu64 " %31s", &start,
		    &end, rights, &offset, &inode, name) < 5)
		return fail(e, "/proc: cannot be understood: %s", line);
	if (strncmp(name, "[v", 2) == 0 || prot_of(rights) == 0) /* vDSO and its like */
		return true;
	if (rights[1] == 'w' && rights[3] == 's')
		return fail(e, "the program shares memory that can be written, which others may "
			       "change at any time");
	if (strcmp(name, "[stack]") == 0)
		start = stack_start(r, start, end);
	add_range(r, (struct range){start, end, inode != 0 ? inode << 32 ^ (offset + 1) : 0,
			     prot_of(rights)});
	return true;
}

static bool read_ranges(const struct tracee *t, struct ranges *r, struct error *e)
{
	char path[64], line[512];
	bool good = true;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)t->pid);
	in = fopen(path, "r");
	if (in == NULL)
		return fail(e, "%s: %m", path);
	while (good && fgets(line, sizeof(line), in) != NULL)
		good = add_line(r, line, e);
	fclose(in);
	return good;
}

/* Edits of the same kind, side by side, as one. */
struct edit_run {
	struct event_writer *w;
	uint64_t *count;
	struct hw_edit edit; /* size 0: none */
};

static void run_end(struct edit_run *r)
{
	if (r->edit.size == 0)
		return;
	event_put_edit(r->w, &r->edit);
	++*r->count;
	r->edit.size = 0;
}

static void run_add(struct edit_run *r, enum hw_edit_kind kind, uint64_t la, unsigned prot)
{
	if (r->edit.size == 0 || r->edit.kind != kind || r->edit.prot != prot ||
		r->edit.la + r->edit.size != la) {
		run_end(r);
		r->edit = (struct hw_edit){.kind = kind, .la = la, .prot = prot};
	}
	r->edit.size += PAGE_SIZE;
}

static size_t page_count(const struct ranges *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		count += (r->at[i].end - r->at[i].start) / PAGE_SIZE;
	return count;
}

/* The pages as the ranges say, nothing known of any. */
static bool make_pages(const struct ranges *r, struct mirror *m, struct error *e)
{
	size_t writable = 0;

	*m = (struct mirror){.stack_low = r->stack_low};
	m->pages = calloc(page_count(r) + 1, sizeof(m->pages[0]));
	SIM_ASSERT(m->pages != NULL);
	for (size_t i = 0; i < r->count; i++) {
		const struct range *range = &r->at[i];

		for (uint64_t la = range->start; la < range->end; la += PAGE_SIZE) {
			m->pages[m->count++] = (struct mirror_page){
				.la = la,
				.backing = range->backing != 0
						   ? range->backing + (la - range->start)
						   : 0,
				.prot = (uint8_t)range->prot,
				.known = range->prot & HW_PROT_WRITE,
			};
			writable += (range->prot & HW_PROT_WRITE) != 0;
		}
	}
	return writable <= WRITABLE_MAX ||
	       fail(e, "the program has more than %d MiB of memory that it can write",
		       (int)(WRITABLE_MAX * PAGE_SIZE >> 20));
}

static void take_over(struct mirror_page *page, struct mirror_page *old)
{
	page->known |= old->known;
	page->data = old->data;
	page->hash = old->hash;
	old->data = NULL;
}

static unsigned edit_prot(const struct mirror_page *page)
{
	return page->prot | (page->prot & HW_PROT_WRITE ? 0u : HW_HIDDEN);
}

/* Says what is mapped otherwise in now than in old, and lets now keep what is known of the rest. */
static void compare_mappings(struct mirror *old, struct mirror *now, struct edit_run *run)
{
	struct mirror_page *page = now->pages, *end = now->pages + now->count;

	for (size_t i = 0; i < old->count; i++) {
		struct mirror_page *o = &old->pages[i];

		while (page < end && page->la < o->la)
			page++;
		if (page == end || page->la != o->la || page->backing != o->backing)
			run_add(run, HW_UNMAP, o->la, 0);
	}
	run_end(run);
	page = old->pages;
	end = old->pages + old->count;
	for (size_t i = 0; i < now->count; i++) {
		struct mirror_page *n = &now->pages[i];

		while (page < end && page->la < n->la)
			page++;
		if (page == end || page->la != n->la || page->backing != n->backing) {
			run_add(run, HW_MAP, n->la, edit_prot(n));
		} else {
			take_over(n, page);
			if (n->prot != page->prot)
				run_add(run, HW_MAP, n->la, edit_prot(n));
		}
	}
	run_end(run);
}

static bool follow_mappings(
	struct mirror *m, const struct tracee *t, struct edit_run *run, struct error *e)
{
	struct ranges ranges = {0};
	struct mirror now = {0};
	bool good = read_ranges(t, &ranges, e) && make_pages(&ranges, &now, e);

	free(ranges.at);
	if (!good) {
		mirror_free(&now);
		return false;
	}
	compare_mappings(m, &now, run);
	mirror_free(m);
	*m = now;
	return true;
}

/* --- edits of contents --- */

/* Bytes that are equal between others are repeated rather than told apart, if they are few. */
#define GAP 8

static void write_range(struct edit_run *run, const struct mirror_page *page, const uint8_t *now,
	size_t from, size_t to)
{
	const struct hw_edit edit = {
		.kind = HW_WRITE, .la = page->la + from, .size = to - from, .data = now + from};

	event_put_edit(run->w, &edit);
	++*run->count;
}

/* The bytes in which a page differs from what it was. */
static void write_changes(void *context, struct mirror_page *page, const uint8_t *now)
{
	static const uint8_t zeros[PAGE_SIZE];
	const uint8_t *old = page->data != NULL ? page->data : zeros;
	size_t from = 0, to = 0;

	for (size_t i = 0; i < PAGE_SIZE; i++) {
		if (old[i] == now[i])
			continue;
		if (to != 0 && i - to > GAP) {
			write_range(context, page, now, from, to);
			from = i;
		}
		from = to == 0 ? i : from;
		to = i + 1;
	}
	if (to != 0)
		write_range(context, page, now, from, to);
}

bool mirror_follow(struct mirror *m, const struct tracee *t, bool all, struct event_writer *w,
	uint64_t *edits, struct error *e)
{
	struct edit_run run = {.w = w, .count = edits};

	return follow_mappings(m, t, &run, e) && look(m, t, all, write_changes, &run, e);
}

struct changes {
	mirror_changed changed;
	void *context;
};

static void tell_changed(void *context, struct mirror_page *page, const uint8_t *now)
{
	const struct changes *c = context;

	keep_contents(page, now);
	c->changed(c->context, page);
}

bool mirror_check(struct mirror *m, const struct tracee *t, mirror_changed changed, void *context,
	struct error *e)
{
	struct changes c = {changed, context};
	struct ranges ranges = {0};
	bool good = read_ranges(t, &ranges, e);

	/* A stack grows without a system call. */
	m->stack_low = ranges.stack_low;
	free(ranges.at);
	return good && look(m, t, false, tell_changed, &c, e);
}

/* --- single pages --- */

static struct mirror_page *find_page(struct mirror *m, uint64_t la)
{
	size_t low = 0, high = m->count;

	la &= ~PAGE_MASK;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (m->pages[middle].la < la)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->count && m->pages[low].la == la ? &m->pages[low] : NULL;
}

void mirror_touch(struct mirror *m, const struct tracee *t, uint64_t la, struct event_writer *w,
	uint64_t *edits)
{
	uint64_t *touched = &m->touched[(la >> PAGE_SHIFT) % MIRROR_TOUCHED];
	struct edit_run run = {.w = w, .count = edits};
	struct mirror_page *page;
	uint8_t now[PAGE_SIZE];

	la &= ~PAGE_MASK;
	if (*touched == (la | 1))
		return;
	page = find_page(m, la);
	if (page == NULL)
		return;
	*touched = la | 1;
	if (page->known || tracee_read(t, la, now, sizeof(now)) != sizeof(now))
		return;
	page->known = true;
	if (is_zero(now))
		write_range(&run, page, now, 0, 1); /* which makes it known, too */
	else
		write_changes(&run, page, now);
	keep_contents(page, now);
}

const struct mirror_page *mirror_constant(struct mirror *m, uint64_t la)
{
	const struct mirror_page *page = find_page(m, la);

	return page != NULL && page->known && page->data != NULL &&
			       (page->prot & HW_PROT_WRITE) == 0
		       ? page
		       : NULL;
}
