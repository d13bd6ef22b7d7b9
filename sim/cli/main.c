/* main.c - the ringv command: finds the command, parses its options, runs it. */
#include "sim/cli/command.h"
#include "sim/explore/strategy.h"

int main(int argc, char **argv)
{
	const struct command *c;
	struct args args = {
		.until = UINT64_MAX,
		.runs = 1,
		.times = 1,
		.trace_to = UINT64_MAX,
		.minimise = {.runs = 3000},
		.explore = {.runs = 1000,
			.seed = 1,
			.strategy = "preempt",
			.depth = STRATEGY_DEPTH,
			.preemptions = PREEMPT_PREEMPTIONS,
			.pauses = PREEMPT_PAUSES,
			.patience = 300,
			.save = "."},
	};
	struct error e = {""};
	int code = SIM_USAGE;

	if (argc < 2) {
		commands_help(stderr);
		return SIM_USAGE;
	}
	c = command_find(strcmp(argv[1], "--help") == 0      ? "help"
			 : strcmp(argv[1], "--version") == 0 ? "version"
							     : argv[1]);
	if (c == NULL) {
		fprintf(stderr, "ringv: no command '%s'; `ringv help` lists them\n", argv[1]);
		return SIM_USAGE;
	}
	if (command_parse(c, argc - 2, argv + 2, &args, &e)) {
		if (args.help) {
			command_help(c, stdout);
			return SIM_PASS;
		}
		code = c->run(&args, &e);
	}
	if (e.text[0] != '\0')
		fprintf(stderr, "ringv %s: %s\n", c->name, e.text);
	return code;
}
