/* options.h - what several commands make of their options.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "sim/base/json.h"
#include "sim/cli/command.h"
#include "sim/replay/session.h"

/* --config, then --set in order, then --cpus, --cpu and --memory. */
MUST_CHECK bool options_config(const struct args *args, struct config *config, struct error *e);

/* The whole session of `ringv boot`. */
MUST_CHECK bool options_session(const struct args *args, struct session *s, struct error *e);

/* The kernel and initrd that lie beside the ringv that runs, where make puts them. */
#define FILE_NAME_SIZE 1024
void default_files(char kernel[FILE_NAME_SIZE], char initrd[FILE_NAME_SIZE]);

/* Where serial output goes: a file, or the terminal; nothing at all with --quiet. */
struct serial_output {
	FILE *file; /* NULL: nowhere */
	bool close;
	bool muted;    /* put nothing out from now on */
	bool mid_line; /* its last byte was no newline */
	bool covered;  /* a line of progress stands where its next byte goes */
};

/* For a machine; nothing goes there before serial_open, which comes after all input is known to
 * be good, since it overwrites the file. */
struct byte_sink serial_sink(struct serial_output *s);
MUST_CHECK bool serial_open(const struct args *args, struct serial_output *s, struct error *e);

/* The same for what a BIOS writes to the debug console: nowhere, unless it is asked for. */
MUST_CHECK bool bios_log_open(const struct args *args, struct serial_output *s, struct error *e);

/* Shows a line on standard error until the next serial output; not in the middle of a line. */
void serial_progress(struct serial_output *s, const char *text);
void serial_uncover(struct serial_output *s);
MUST_CHECK bool serial_close(struct serial_output *s, struct error *e);

/* A word of a command line, quoted if it needs to be; and " --name value", nothing for NULL. */
void print_word(const char *word, FILE *out);
void print_option(const char *name, const char *value, FILE *out);

/* A command line that repeats the run, on one line. */
void print_repro(const struct session *s, const struct args *args, FILE *out);

#endif
