/* results_parts.h - how results are kept. Only for sim/explore/results*.c. */
#ifndef EXPLORE_RESULTS_PARTS_H
#define EXPLORE_RESULTS_PARTS_H

#include <sqlite3.h>

#include "sim/explore/results.h"

struct results {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *add;
};

/* What the database says is wrong. Answers false. */
bool results_failed(const struct results *r, struct error *e);

bool results_execute(struct results *r, const char *sql, struct error *e);

/* Statements of our own over tables that are as they should be. */
sqlite3_stmt *results_prepare(const struct results *r, const char *sql);

/* Opens a file that must be there, whole, and of this format; nobody else has it until it is
 * closed. */
struct results *results_open_old(const char *path, struct error *e);

/* A new file, without properties; open_old's reverse. */
struct results *results_create(const char *path, struct error *e);

#endif
