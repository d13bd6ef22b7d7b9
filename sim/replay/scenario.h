/* scenario.h - reads a scenario: an ini file whose title is a claim, with all that a run needs to
 * show it (DESIGN section 4).
 *
 *	[scenario]	title, program (with arguments), kernel, initrd, append
 *	[machine] ...	any option of ringv, in its section
 *	[fault]		NAME = on
 *	[schedule]	N = forcing, N rising
 *	[expect]	verdict; with pass and unexpected-output also output = TEXT, exit = STATUS
 *	[limit]		steps, cycles
 *
 * Only reads: whether faults, points and probes exist is known when there are images (trial.h).
 * File names are relative to the scenario's folder. docs/formats.md describes each key.
 */
#ifndef REPLAY_SCENARIO_H
#define REPLAY_SCENARIO_H

#include "sim/base/config.h"
#include "sim/replay/schedule.h"
#include "sim/replay/verdict.h"

#define SCENARIO_FAULTS_MAX  32
#define SCENARIO_LINE_MAX    256 /* of the kernel's command line */
#define SCENARIO_LIMIT_STEPS UINT64_C(200000000)

/* What was written on a line, kept for what is found out about it later. */
struct scenario_text {
	char *text; /* NULL: not given */
	unsigned line;
};

struct scenario_limit {
	uint64_t steps, cycles;
};

struct scenario {
	char *path;
	struct scenario_text title, program, kernel, initrd, append;
	struct config config;
	unsigned fault_count;
	struct scenario_text faults[SCENARIO_FAULTS_MAX];
	unsigned forcing_count;
	struct scenario_text forcings[FORCINGS_MAX];
	struct {
		enum verdict verdict;
		unsigned line;
		struct scenario_text output; /* somewhere in the serial output */
		bool has_exit;
		uint32_t exit;
	} expect;
	struct scenario_limit limit;
};

/* Empties s; what it held is freed by scenario_free. On error s is empty. */
MUST_CHECK bool scenario_read(struct scenario *s, const char *path, struct error *e);
MUST_CHECK bool scenario_read_text(
	struct scenario *s, const char *path, const char *text, size_t length, struct error *e);
void scenario_free(struct scenario *s);

/* Puts PATH:LINE: in front of the error; always false. */
bool scenario_fail(const struct scenario *s, unsigned line, struct error *e);

/* The kernel's command line: append, and run= for the program. */
void scenario_command_line(const struct scenario *s, char line[SCENARIO_LINE_MAX]);

/* The program's name without its arguments; "" if there is none. */
void scenario_program(const struct scenario *s, char name[64]);

#endif
