/* results_merge.c - the shards of a campaign become one. */
#include <stdlib.h>
#include <unistd.h>

#include "sim/explore/results_parts.h"

/* A kind of one of the shards. */
struct shard_kind {
	unsigned shard, kind; /* in it */
	unsigned merged;      /* here */
	struct results_kind is;
};

struct merge {
	unsigned count; /* of shards */
	struct results **shards;
	unsigned kind_count, merged_count;
	struct shard_kind *kinds;
};

/* --- are they of one campaign --- */

static bool property(const struct results *r, const char *key, char value[200], struct error *e)
{
	sqlite3_stmt *s = results_prepare(r, "SELECT value FROM campaign WHERE key = ?");
	bool there;

	sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	there = sqlite3_step(s) == SQLITE_ROW;
	if (there)
		snprintf(value, 200, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return there || fail(e, "%.400s: damaged: the campaign has no %s", r->path, key);
}

static bool check_same(const struct merge *m, unsigned i, struct error *e)
{
	static const char *const keys[] = {
		"scenario", "images", "ringv", "strategy", "options", "seed", "step"};
	char one[200], other[200];

	for (unsigned k = 0; k < ARRAY_LEN(keys); k++) {
		if (!property(m->shards[0], keys[k], one, e) ||
			!property(m->shards[i], keys[k], other, e))
			return false;
		if (strcmp(one, other) != 0)
			return fail(e,
				"%.200s and %.200s are of two campaigns: %s is %.100s and %.100s",
				m->shards[0]->path, m->shards[i]->path, keys[k], one, other);
	}
	return true;
}

/* Each of the N shards once. */
static bool check_complete(const struct merge *m, struct error *e)
{
	char text[200];
	unsigned long step;

	if (!property(m->shards[0], "step", text, e))
		return false;
	step = strtoul(text, NULL, 10);
	for (unsigned long wanted = 1; wanted <= step; wanted++) {
		unsigned found = 0;

		for (unsigned i = 0; i < m->count; i++) {
			if (!property(m->shards[i], "first", text, e))
				return false;
			found += strtoul(text, NULL, 10) == wanted;
		}
		if (found != 1)
			return fail(e, "shard %lu/%lu is there %u times; expected once", wanted,
				step, found);
	}
	return true;
}

static bool copy_properties(struct results *to, const struct results *from, struct error *e)
{
	sqlite3_stmt *get = results_prepare(from, "SELECT key, value FROM campaign");
	sqlite3_stmt *put = results_prepare(to, "INSERT INTO campaign VALUES (?, ?)");
	bool good = true;

	while (good && sqlite3_step(get) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(get, 0);
		bool split = strcmp(key, "first") == 0 || strcmp(key, "step") == 0;

		sqlite3_bind_text(put, 1, key, -1, SQLITE_TRANSIENT);
		if (split)
			sqlite3_bind_text(put, 2, "1", -1, SQLITE_STATIC);
		else
			sqlite3_bind_value(put, 2, sqlite3_column_value(get, 1));
		good = sqlite3_step(put) == SQLITE_DONE || results_failed(to, e);
		sqlite3_reset(put);
	}
	sqlite3_finalize(get);
	sqlite3_finalize(put);
	return good;
}

/* --- kinds --- */

static int by_first(const void *a, const void *b)
{
	const struct shard_kind *x = a, *y = b;

	if (x->is.first != y->is.first)
		return x->is.first < y->is.first ? -1 : 1;
	return (x->shard > y->shard) - (x->shard < y->shard);
}

static void read_kinds(struct merge *m)
{
	struct results_kind k;

	for (unsigned i = 0; i < m->count; i++)
		for (unsigned kind = 1; results_kind(m->shards[i], kind, &k); kind++) {
			m->kinds = realloc(m->kinds, (m->kind_count + 1) * sizeof(*m->kinds));
			SIM_ASSERT(m->kinds != NULL);
			m->kinds[m->kind_count++] = (struct shard_kind){i, kind, 0, k};
		}
	qsort(m->kinds, m->kind_count, sizeof(*m->kinds), by_first);
}

/* The first run of each kind decides its number. */
static bool add_kinds(struct merge *m, struct results *to, struct error *e)
{
	for (unsigned i = 0; i < m->kind_count; i++) {
		struct shard_kind *k = &m->kinds[i];
		struct testbed_run first = {
			.number = k->is.first, .finding = k->is.finding, .digest = k->is.digest};

		for (unsigned n = 0; n < i && k->merged == 0; n++)
			if (testbed_same_kind(&m->kinds[n].is.finding, &k->is.finding))
				k->merged = m->kinds[n].merged;
		if (k->merged != 0)
			continue;
		k->merged = ++m->merged_count;
		if (!results_add_kind(to, k->merged, &first, k->is.file, k->is.text, e))
			return false;
	}
	return true;
}

static unsigned merged_kind(const struct merge *m, unsigned shard, unsigned kind)
{
	for (unsigned i = 0; i < m->kind_count; i++)
		if (m->kinds[i].shard == shard && m->kinds[i].kind == kind)
			return m->kinds[i].merged;
	return kind; /* one for which there was no room */
}

/* --- runs --- */

static bool copy_runs(const struct merge *m, unsigned shard, struct results *to, struct error *e)
{
	sqlite3_stmt *get = results_prepare(m->shards[shard],
		shard == 0 ? "SELECT * FROM runs" : "SELECT * FROM runs WHERE number > 0");
	bool good = true;

	while (good && sqlite3_step(get) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(get); i++)
			sqlite3_bind_value(to->add, i + 1, sqlite3_column_value(get, i));
		if (sqlite3_column_type(get, 2) != SQLITE_NULL)
			sqlite3_bind_int64(to->add, 3,
				merged_kind(m, shard, (unsigned)sqlite3_column_int64(get, 2)));
		good = sqlite3_step(to->add) == SQLITE_DONE || results_failed(to, e);
		sqlite3_reset(to->add);
	}
	sqlite3_finalize(get);
	return good;
}

static bool fill(struct merge *m, struct results *to, struct error *e)
{
	if (!copy_properties(to, m->shards[0], e))
		return false;
	read_kinds(m);
	if (!add_kinds(m, to, e))
		return false;
	for (unsigned i = 0; i < m->count; i++)
		if (!copy_runs(m, i, to, e))
			return false;
	return results_commit(to, e);
}

static bool open_shards(struct merge *m, const char *const from[], struct error *e)
{
	for (unsigned i = 0; i < m->count; i++) {
		m->shards[i] = results_open_old(from[i], e);
		if (m->shards[i] == NULL || !check_same(m, i, e))
			return false;
	}
	return check_complete(m, e);
}

struct results *results_merge(
	const char *path, const char *const from[], unsigned count, struct error *e)
{
	struct merge m = {.count = count, .shards = calloc(count, sizeof(struct results *))};
	struct results *to = NULL;

	SIM_ASSERT(m.shards != NULL);
	if (open_shards(&m, from, e))
		to = results_create(path, e);
	if (to != NULL && !fill(&m, to, e)) {
		results_close(to);
		unlink(path);
		to = NULL;
	}
	for (unsigned i = 0; i < count; i++)
		results_close(m.shards[i]);
	for (unsigned i = 0; i < m.kind_count; i++)
		results_kind_free(&m.kinds[i].is);
	free(m.kinds);
	free(m.shards);
	return to;
}
