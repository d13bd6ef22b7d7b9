/* ini.h - reads an ini text (sim.ini, scenarios, profiles) by inih, with errors that name the line.
 *
 * Sections, `name = value` lines, comments after # or ; at the start of a line, and after " ;"
 * behind a value. Stricter than inih alone: a line of more than 198 characters, a name or
 * section that would be cut short, a NUL byte, an indented line (inih would take it for more of the
 * value before) and a line that means nothing are errors.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "sim/base/error.h"

/* An entry: section is "" before the first heading; lines count from 1. */
struct ini_line {
	const char *section, *name, *value;
	unsigned number;
};

/* Called for each entry in the order of the text; an error that it reports gets FILE:LINE: in
 * front. */
typedef bool ini_entry(void *context, const struct ini_line *line, struct error *e);

/* Reads length bytes of text; file is the name for messages. Stops at the first error. */
MUST_CHECK bool ini_read_text(const char *file, const char *text, size_t length, ini_entry *entry,
	void *context, struct error *e);

MUST_CHECK bool ini_read_file(const char *path, ini_entry *entry, void *context, struct error *e);

#endif
