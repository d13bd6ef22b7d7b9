#include <stdlib.h>

#include "sim/explore/results_parts.h"

#define APPLICATION 0x726e6776 /* "rngv": SQLite's application_id */

bool results_failed(const struct results *r, struct error *e)
{
	return fail(e, "%.400s: %s", r->path, sqlite3_errmsg(r->db));
}

bool results_execute(struct results *r, const char *sql, struct error *e)
{
	return sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK || results_failed(r, e);
}

/* Our own statements over our own tables: what is wrong with one is a bug. */
sqlite3_stmt *results_prepare(const struct results *r, const char *sql)
{
	sqlite3_stmt *s = NULL;

	SIM_ASSERT(sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) == SQLITE_OK);
	return s;
}

/* Makes a statement that answers nothing, and is done with it. */
static bool make(struct results *r, sqlite3_stmt *s, struct error *e)
{
	bool good = sqlite3_step(s) == SQLITE_DONE || results_failed(r, e);

	sqlite3_reset(s);
	return good;
}

/* The number in the first row and column; 0 where there is none. */
static uint64_t number(const struct results *r, const char *sql, uint64_t argument)
{
	sqlite3_stmt *s = results_prepare(r, sql);
	uint64_t n = 0;

	if (sqlite3_bind_parameter_count(s) != 0)
		sqlite3_bind_int64(s, 1, (int64_t)argument);
	if (sqlite3_step(s) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* --- whose results --- */

struct property {
	const char *key;
	char value[64];
	const char *text; /* NULL: value */
};

#define PROPERTIES 8

static void properties_of(const struct campaign *c, struct property p[PROPERTIES])
{
	const struct property all[PROPERTIES] = {
		{"scenario", "", c->scenario},
		{"images", "", c->images},
		{"ringv", "", c->build},
		{"strategy", "", c->strategy},
		{"options", "", c->options},
		{.key = "seed"},
		{.key = "first"},
		{.key = "step"},
	};

	memcpy(p, all, sizeof(all));
	snprintf(p[5].value, sizeof(p[5].value), "%" PRIu64, c->seed);
	snprintf(p[6].value, sizeof(p[6].value), "%" PRIu64, c->first);
	snprintf(p[7].value, sizeof(p[7].value), "%" PRIu64, c->step);
}

static const char *property_text(const struct property *p)
{
	return p->text != NULL ? p->text : p->value;
}

static bool write_properties(struct results *r, const struct campaign *c, struct error *e)
{
	sqlite3_stmt *s = results_prepare(r, "INSERT INTO campaign VALUES (?, ?)");
	struct property p[PROPERTIES];
	bool good = true;

	properties_of(c, p);
	for (unsigned i = 0; i < PROPERTIES && good; i++) {
		sqlite3_bind_text(s, 1, p[i].key, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, property_text(&p[i]), -1, SQLITE_STATIC);
		good = make(r, s, e);
	}
	sqlite3_finalize(s);
	return good;
}

static bool check_property(struct results *r, const struct property *p, struct error *e)
{
	sqlite3_stmt *s = results_prepare(r, "SELECT value FROM campaign WHERE key = ?");
	const char *text;
	bool good;

	sqlite3_bind_text(s, 1, p->key, -1, SQLITE_STATIC);
	text = sqlite3_step(s) == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
	good = text != NULL && strcmp(text, property_text(p)) == 0;
	if (!good)
		fail(e, "%.300s: results of another campaign: its %s is %.200s, not %.200s",
			r->path, p->key, text != NULL ? text : "not there", property_text(p));
	sqlite3_finalize(s);
	return good;
}

static bool check_properties(struct results *r, const struct campaign *c, struct error *e)
{
	struct property p[PROPERTIES];

	properties_of(c, p);
	for (unsigned i = 0; i < PROPERTIES; i++)
		if (!check_property(r, &p[i], e))
			return false;
	return true;
}

/* --- opening --- */

static const char tables[] =
	"CREATE TABLE campaign (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE runs (number INTEGER PRIMARY KEY, verdict TEXT NOT NULL, kind INTEGER,"
	" steps INTEGER NOT NULL, preemptions INTEGER NOT NULL, gone INTEGER NOT NULL,"
	" unwatched INTEGER NOT NULL, digest TEXT NOT NULL);"
	"CREATE TABLE findings (kind INTEGER PRIMARY KEY, run INTEGER NOT NULL,"
	" verdict TEXT NOT NULL, oracle TEXT NOT NULL, reason TEXT NOT NULL, digest TEXT NOT NULL,"
	" file TEXT NOT NULL, scenario TEXT NOT NULL);";

static bool create(struct results *r, struct error *e)
{
	char version[80];

	snprintf(version, sizeof(version), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		APPLICATION, RESULTS_FORMAT);
	return results_execute(r, version, e) && results_execute(r, tables, e);
}

/* Nobody else has it from here on. */
static bool lock(struct results *r, struct error *e)
{
	int code;

	if (!results_execute(r, "PRAGMA locking_mode = EXCLUSIVE", e))
		return false;
	code = sqlite3_exec(r->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
	if (code == SQLITE_BUSY)
		return fail(e, "%.400s: another campaign is using it", r->path);
	if (code == SQLITE_NOTADB)
		return fail(e, "%.400s: no file of results", r->path);
	return code == SQLITE_OK || results_failed(r, e);
}

/* Its pages and its tables are as they should be. */
static bool check_whole(struct results *r, struct error *e)
{
	sqlite3_stmt *s = results_prepare(r, "PRAGMA quick_check(1)");
	const char *text = sqlite3_step(s) == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0)
							 : sqlite3_errmsg(r->db);
	bool good = strcmp(text, "ok") == 0 || fail(e, "%.300s: damaged: %.200s", r->path, text);

	sqlite3_finalize(s);
	return good && results_execute(r,
			       "SELECT number, verdict, kind, steps, preemptions, gone, unwatched, "
			       "digest FROM runs LIMIT 0; SELECT kind, run, verdict, oracle, "
			       "reason, digest, file, scenario FROM findings LIMIT 0; SELECT key, "
			       "value FROM campaign LIMIT 0",
			       e);
}

static bool check_old(struct results *r, struct error *e)
{
	uint64_t format = number(r, "PRAGMA user_version", 0);

	if (number(r, "PRAGMA application_id", 0) != APPLICATION)
		return fail(e, "%.400s: a database, but not one of results", r->path);
	if (format != RESULTS_FORMAT)
		return fail(e, "%.400s: results of format %" PRIu64 "; this ringv reads format %d",
			r->path, format, RESULTS_FORMAT);
	return check_whole(r, e);
}

static bool is_new(const struct results *r)
{
	return number(r, "SELECT count(*) FROM sqlite_master", 0) == 0;
}

/* Locked, and nothing is known of what it holds. */
static struct results *open_any(const char *path, int flags, struct error *e)
{
	struct results *r = calloc(1, sizeof(*r));

	SIM_ASSERT(r != NULL);
	r->path = strdup(path);
	SIM_ASSERT(r->path != NULL);
	if ((sqlite3_open_v2(path, &r->db, flags, NULL) == SQLITE_OK || results_failed(r, e)) &&
		lock(r, e))
		return r;
	results_close(r);
	return NULL;
}

/* NULL where something went wrong: then it is closed. */
static struct results *ready(struct results *r, bool good)
{
	if (!good) {
		results_close(r);
		return NULL;
	}
	r->add = results_prepare(r, "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
	return r;
}

struct results *results_open_old(const char *path, struct error *e)
{
	struct results *r = open_any(path, SQLITE_OPEN_READWRITE, e);

	return r != NULL ? ready(r, check_old(r, e)) : NULL;
}

struct results *results_create(const char *path, struct error *e)
{
	struct results *r = open_any(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);

	if (r == NULL)
		return NULL;
	return ready(r, (is_new(r) || fail(e, "%.400s: there already", r->path)) && create(r, e));
}

struct results *results_open(
	const char *path, const struct campaign *c, bool go_on, struct error *e)
{
	struct results *r = open_any(
		path != NULL ? path : ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);

	if (r == NULL)
		return NULL;
	if (is_new(r))
		return ready(r, create(r, e) && write_properties(r, c, e) && results_commit(r, e));
	return ready(r, check_old(r, e) &&
				(go_on || fail(e, "%.400s: there already; --resume goes on with it",
						  r->path)) &&
				check_properties(r, c, e));
}

/* What has not been committed is lost. */
void results_close(struct results *r)
{
	if (r == NULL)
		return;
	sqlite3_finalize(r->add);
	sqlite3_close(r->db);
	free(r->path);
	free(r);
}

bool results_commit(struct results *r, struct error *e)
{
	return results_execute(r, "COMMIT; BEGIN EXCLUSIVE", e);
}

/* --- runs --- */

uint64_t results_last(const struct results *r)
{
	return number(r, "SELECT max(number) FROM runs", 0);
}

bool results_empty(const struct results *r)
{
	return number(r, "SELECT count(*) FROM runs", 0) == 0;
}

static void bind_digest(sqlite3_stmt *s, int column, const struct digest *d)
{
	char text[33];

	snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, d->high, d->low);
	sqlite3_bind_text(s, column, text, -1, SQLITE_TRANSIENT);
}

static struct digest column_digest(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	struct digest d = {0};

	if (text != NULL && sscanf(text, "%16" SCNx64 "%16" SCNx64, &d.high, &d.low) != 2)
		d = (struct digest){0};
	return d;
}

bool results_add(struct results *r, const struct testbed_run *run, unsigned kind, struct error *e)
{
	sqlite3_stmt *s = r->add;

	sqlite3_bind_int64(s, 1, (int64_t)run->number);
	sqlite3_bind_text(s, 2, verdict_name(run->finding.verdict), -1, SQLITE_STATIC);
	if (kind != 0)
		sqlite3_bind_int64(s, 3, kind);
	else
		sqlite3_bind_null(s, 3);
	sqlite3_bind_int64(s, 4, (int64_t)run->steps);
	sqlite3_bind_int64(s, 5, (int64_t)run->preemptions);
	sqlite3_bind_int64(s, 6, run->gone);
	sqlite3_bind_int64(s, 7, run->unwatched);
	bind_digest(s, 8, &run->digest);
	return make(r, s, e);
}

uint64_t results_runs(const struct results *r)
{
	return number(r, "SELECT count(*) FROM runs WHERE number > 0", 0);
}

/* --- kinds --- */

bool results_add_kind(struct results *r, unsigned kind, const struct testbed_run *first,
	const char *file, const char *text, struct error *e)
{
	sqlite3_stmt *s =
		results_prepare(r, "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
	const struct finding *f = &first->finding;
	bool good;

	sqlite3_bind_int64(s, 1, kind);
	sqlite3_bind_int64(s, 2, (int64_t)first->number);
	sqlite3_bind_text(s, 3, verdict_name(f->verdict), -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, f->oracle, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, f->reason, -1, SQLITE_STATIC);
	bind_digest(s, 6, &first->digest);
	sqlite3_bind_text(s, 7, file, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 8, text, -1, SQLITE_STATIC);
	good = make(r, s, e);
	sqlite3_finalize(s);
	return good;
}

static char *column_copy(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	char *copy = strdup(text != NULL ? text : "");

	SIM_ASSERT(copy != NULL);
	return copy;
}

static void column_into(sqlite3_stmt *s, int column, char *to, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	snprintf(to, size, "%s", text != NULL ? text : "");
}

bool results_kind(const struct results *r, unsigned kind, struct results_kind *k)
{
	sqlite3_stmt *s =
		results_prepare(r, "SELECT run, verdict, oracle, reason, digest, file, scenario "
				   "FROM findings WHERE kind = ?");
	bool there;
	struct error e;

	*k = (struct results_kind){0};
	sqlite3_bind_int64(s, 1, kind);
	there = sqlite3_step(s) == SQLITE_ROW;
	if (there) {
		char verdict[32];

		k->first = (uint64_t)sqlite3_column_int64(s, 0);
		column_into(s, 1, verdict, sizeof(verdict));
		if (!verdict_read(verdict, &k->finding.verdict, &e))
			k->finding.verdict = VERDICT_STUCK;
		column_into(s, 2, k->finding.oracle, sizeof(k->finding.oracle));
		column_into(s, 3, k->finding.reason, sizeof(k->finding.reason));
		k->digest = column_digest(s, 4);
		k->file = column_copy(s, 5);
		k->text = column_copy(s, 6);
		k->runs = number(r, "SELECT count(*) FROM runs WHERE kind = ?", kind);
	}
	sqlite3_finalize(s);
	return there;
}

void results_kind_free(struct results_kind *k)
{
	free(k->file);
	free(k->text);
}

/* --- sums --- */

static uint64_t nth(const struct results *r, const char *column, uint64_t n)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		"SELECT %s FROM runs WHERE number > 0 ORDER BY %s LIMIT 1 OFFSET ?", column,
		column);
	return number(r, sql, n);
}

static struct results_range range(const struct results *r, const char *column)
{
	uint64_t count = results_runs(r);
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT sum(%s) FROM runs WHERE number > 0", column);
	return (struct results_range){
		.sum = number(r, sql, 0),
		.min = nth(r, column, 0),
		.percentile1 = nth(r, column, count / 100), /* 99 % have at least that */
		.median = nth(r, column, count / 2),
	};
}

struct results_range results_steps(const struct results *r)
{
	return range(r, "steps");
}

struct results_range results_preemptions(const struct results *r)
{
	return range(r, "preemptions");
}

static struct results_tally tally(const struct results *r, const char *where)
{
	char count[160], first[160];

	snprintf(count, sizeof(count), "SELECT count(*) FROM runs WHERE %s", where);
	snprintf(first, sizeof(first), "SELECT min(number) FROM runs WHERE %s", where);
	return (struct results_tally){number(r, count, 0), number(r, first, 0)};
}

struct results_tally results_verdicts(const struct results *r, enum verdict v)
{
	char where[64];

	snprintf(where, sizeof(where), "verdict = '%s'", verdict_name(v));
	return tally(r, where);
}

struct results_tally results_gone(const struct results *r)
{
	return tally(r, "gone");
}

struct results_tally results_unwatched(const struct results *r)
{
	return tally(r, "unwatched");
}

struct digest results_digest(const struct results *r)
{
	sqlite3_stmt *s =
		results_prepare(r, "SELECT number, steps, preemptions, verdict, digest FROM runs "
				   "ORDER BY number");
	struct digest all = {0};

	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *verdict = (const char *)sqlite3_column_text(s, 3);
		struct digest d = column_digest(s, 4), v = {0};
		uint64_t words[8] = {all.low, all.high, (uint64_t)sqlite3_column_int64(s, 0),
			(uint64_t)sqlite3_column_int64(s, 1), (uint64_t)sqlite3_column_int64(s, 2),
			0, d.low, d.high};

		if (verdict != NULL)
			v = digest_bytes(verdict, strlen(verdict), 0);
		words[5] = v.low;
		all = digest_bytes(words, sizeof(words), 0);
	}
	sqlite3_finalize(s);
	return all;
}
