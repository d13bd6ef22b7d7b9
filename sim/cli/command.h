/* command.h - the commands of ringv and their options: one table each, from which parsing, help
 * and errors are made.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdio.h>

#include "sim/base/error.h"

#define TEXT_LIST_MAX 4096

struct text_list {
	unsigned count;
	const char *at[TEXT_LIST_MAX];
};

/* Everything that a command line can say, for all commands. */
struct args {
	struct text_list names; /* what is not an option */
	struct text_list disks, disks_out, modules, faults, settings, trace_functions, trace_kinds,
		trace_probes, symbols;
	const char *append, *bios, *bios_log, *cpus, *cpu, *memory, *config, *record, *serial,
		*console, *gdb, *trace_file, *log;
	const char *schedule, *program, *script, *share, *model;
	const char *trace_cpu, *json_file, *kernel, *initrd;
	uint64_t until, runs, times, trace_from, trace_to, drop_every, drop_from;
	struct {
		uint64_t runs, seed, jobs, depth, preemptions, pauses, patience;
		const char *strategy, *save, *shard, *results;
		bool go_on, memory, first;
	} explore;
	struct {
		const char *output;
		uint64_t runs;
	} minimise;
	struct {
		const char *output;
		uint64_t steps;
		bool go_on, mnemonics, coverage;
	} hwtrace;
	bool without_faults, trace, trace_source, lockstep, json, quiet, help;
};

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_NUMBER };

struct option_row {
	const char *name;  /* without the two dashes */
	const char *value; /* how the help calls its value; NULL for a flag */
	enum option_kind kind;
	size_t offset; /* in struct args */
	const char *help;
	char letter; /* may be given as -letter; 0: no */
};

struct command {
	const char *name, *operands, *summary, *details, *example;
	const struct option_row *options; /* ends with a row without a name */
	unsigned operands_min, operands_max;
	int (*run)(const struct args *args, struct error *e); /* an exit code */
};

extern const struct command commands[]; /* ends with one without a name */

const struct command *command_find(const char *name);

/* Fills args from the words after the command's name. */
MUST_CHECK bool command_parse(const struct command *c, int count, char *const words[],
	struct args *args, struct error *e);

void command_help(const struct command *c, FILE *out);
void commands_help(FILE *out);

int boot_command(const struct args *args, struct error *e);
int run_command(const struct args *args, struct error *e);
int explore_command(const struct args *args, struct error *e);
int merge_command(const struct args *args, struct error *e);
int minimise_command(const struct args *args, struct error *e);
int replay_command(const struct args *args, struct error *e);
int diff_command(const struct args *args, struct error *e);
int info_command(const struct args *args, struct error *e);
int oracles_command(const struct args *args, struct error *e);
int hwtrace_command(const struct args *args, struct error *e);
int litmus_command(const struct args *args, struct error *e);
int config_command(const struct args *args, struct error *e);
int help_command(const struct args *args, struct error *e);
int version_command(const struct args *args, struct error *e);

#endif
