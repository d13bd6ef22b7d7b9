/* commands.c - the table of commands, and of the options of each. */
#include "sim/cli/command.h"

#define OPTION(kind, name, value, field, help)                                                     \
	{                                                                                          \
		name, value, kind, offsetof(struct args, field), help, 0                           \
	}
#define FLAG(name, field, help)          OPTION(OPTION_FLAG, name, NULL, field, help)
#define TEXT(name, value, field, help)   OPTION(OPTION_TEXT, name, value, field, help)
#define LIST(name, value, field, help)   OPTION(OPTION_LIST, name, value, field, help)
#define NUMBER(name, value, field, help) OPTION(OPTION_NUMBER, name, value, field, help)
#define HELP                             FLAG("help", help, "this text")
#define JSON                             FLAG("json", json, "print one JSON object instead of text")
#define CONFIG_OPTIONS                                                                             \
	TEXT("config", "FILE", config, "read options from this ini file (default: none)"),         \
		LIST("set", "KEY=VALUE", settings, "set one option; `ringv config` lists them"),   \
		TEXT("cpus", "N", cpus, "the same as --set machine.cpus=N"),                       \
		TEXT("cpu", "MODEL", cpu, "the same as --set cpu.model=MODEL"),                    \
		TEXT("memory", "MIB", memory, "the same as --set machine.memory_mib=MIB")

#define TRACE_OPTIONS                                                                              \
	FLAG("trace", trace, "trace to standard error, or to --trace-file"),                       \
		TEXT("trace-file", "FILE", trace_file, "trace to FILE"),                           \
		LIST("trace-kind", "KIND", trace_kinds,                                            \
			"only insn, access, interrupt, exception or probe; may be repeated"),      \
		LIST("trace-probe", "NAME", trace_probes,                                          \
			"only probes of this name, * and ? as in file names; may be repeated"),    \
		LIST("trace-function", "NAME", trace_functions,                                    \
			"only in this function, or in FROM-TO addresses; may be repeated"),        \
		TEXT("trace-cpu", "N", trace_cpu, "only pcore N"),                                 \
		FLAG("trace-source", trace_source, "with file and line")

static const struct option_row boot_options[] = {
	TEXT("append", "TEXT", append, "the image's command line"),
	LIST("module", "FILE", modules,
		"load a multiboot module, or a part of Linux' initial ramdisk; may be repeated"),
	LIST("initrd", "FILE", modules, "the same"),
	LIST("disk", "FILE[,ro]", disks,
		"a virtio disk that holds FILE, which never changes; may be repeated"),
	LIST("disk-out", "FILE", disks_out,
		"at the end, what the first (second, ...) disk holds then"),
	TEXT("share", "DIR", share, "a 9p file share, tag `share`: DIR as it is now, read-only"),
	TEXT("bios", "FILE", bios, "boot this BIOS, a raw image, in place of IMAGE"),
	TEXT("bios-log", "FILE", bios_log,
		"what a BIOS writes to the debug console, port 0x402, to FILE; - is the terminal"),
	LIST("fault", "NAME", faults,
		"turn a fault point on; `ringv info` lists them; may be repeated"),
	TEXT("schedule", "FILE", schedule, "force the schedule in FILE, a forcing a line"),
	TEXT("program", "NAME", program, "the program that the schedule's names may be of"),
	CONFIG_OPTIONS,
	TEXT("serial", "FILE", serial, "serial output to FILE; - is the terminal (default)"),
	TEXT("script", "FILE", script, "type what FILE says, when it says so, on the serial line"),
	TEXT("console", "FILE", console, "output of the virtio console to FILE (default: none)"),
	TEXT("record", "FILE", record, "write a recording for `ringv replay`"),
	NUMBER("until", "STEP", until, "stop after so many steps of all pcores together"),
	NUMBER("runs", "N", runs, "run N times and compare the digests"),
	FLAG("lockstep", lockstep, "run beside a machine without caches, and compare"),
	NUMBER("drop-caches", "N", drop_every, "drop every cache every N steps; 1: before each"),
	NUMBER("drop-from", "STEP", drop_from, "but not before this step in total"),
	TEXT("gdb", "PORT", gdb, "wait for gdb on a TCP port of this host, or a Unix socket"),
	TRACE_OPTIONS,
	NUMBER("trace-from", "STEP", trace_from, "only after this step in total"),
	NUMBER("trace-to", "STEP", trace_to, "only up to this step in total"),
	LIST("symbols", "FILE", symbols, "symbols of another ELF file; may be repeated"),
	TEXT("log", "TOPICS", log, "messages of the simulator: apic,dev,... or all"),
	JSON,
	FLAG("quiet", quiet, "no serial output, no progress, no report"),
	HELP,
	{0},
};

static const struct option_row run_options[] = {
	FLAG("no-fault", without_faults,
		"leave the faults out: the same schedule on correct programs"),
	TEXT("kernel", "FILE", kernel, "where the scenario names none (default: beside ringv)"),
	TEXT("initrd", "FILE", initrd, "the same"),
	NUMBER("times", "N", times, "run each N times and compare verdicts and digests"),
	NUMBER("drop-caches", "N", drop_every, "drop every cache every N steps; 1: before each"),
	NUMBER("drop-from", "STEP", drop_from, "but not before this step in total"),
	TEXT("json", "FILE", json_file, "write a JSON object to FILE, - is standard output"),
	TEXT("record", "FILE", record, "write a recording for `ringv replay`"),
	TEXT("serial", "FILE", serial, "serial output to FILE; - is the terminal (default: none)"),
	TRACE_OPTIONS,
	FLAG("quiet", quiet, "no report, only the exit code"),
	HELP,
	{0},
};

static const struct option_row explore_options[] = {
	TEXT("strategy", "NAME", explore.strategy,
		"random, chaos, pct, pause or preempt (default preempt); see below"),
	NUMBER("runs", "N", explore.runs,
		"so many runs (default 1000), besides one without forcings"),
	NUMBER("seed", "S", explore.seed,
		"decides, with a run's number, what is forced (default 1)"),
	FLAG("memory", explore.memory,
		"instructions that touch memory shared by pcores are visible steps too"),
	NUMBER("depth", "D", explore.depth, "pct: looks for bugs of this depth (default 3)"),
	NUMBER("preemptions", "N", explore.preemptions,
		"preempt: asked for in each run (default 36)"),
	NUMBER("pauses", "N", explore.pauses,
		"preempt: of pcores, in each run, at most (default 4)"),
	NUMBER("jobs", "J", explore.jobs,
		"so many processes at a time (default: the host's CPUs); changes no result"),
	NUMBER("patience", "S", explore.patience,
		"a process that takes longer for a run is replaced (default 300 seconds)"),
	FLAG("first", explore.first, "stop at the first finding"),
	TEXT("shard", "I/N", explore.shard, "only the I-th of N parts of the runs"),
	TEXT("results", "FILE", explore.results,
		"every run and finding into FILE, an SQLite database (docs/formats.md)"),
	FLAG("resume", explore.go_on, "go on with the campaign in --results FILE"),
	TEXT("save", "DIR", explore.save, "the folder for findings (default: .)"),
	FLAG("no-fault", without_faults, "leave the faults out: search the correct programs"),
	JSON,
	FLAG("quiet", quiet, "no progress, no report, only the exit code and what is saved"),
	HELP,
	{0},
};

static const struct option_row merge_options[] = {
	TEXT("output", "FILE", explore.results, "the new file"),
	JSON,
	FLAG("quiet", quiet, "no report, only the exit code and the file"),
	HELP,
	{0},
};

static const struct option_row minimise_options[] = {
	{"output", "FILE", OPTION_TEXT, offsetof(struct args, minimise.output),
		"write the scenario to FILE (default: print it)", 'o'},
	NUMBER("runs", "N", minimise.runs, "make about so many runs at most (default 3000)"),
	FLAG("no-fault", without_faults,
		"leave the faults out: minimise a failure of the correct "
		"programs"),
	TEXT("kernel", "FILE", kernel, "where the scenario names none (default: beside ringv)"),
	TEXT("initrd", "FILE", initrd, "the same"),
	JSON,
	FLAG("quiet", quiet, "no progress, no report"),
	HELP,
	{0},
};

static const struct option_row replay_options[] = {
	TEXT("serial", "FILE", serial, "serial output to FILE; - is the terminal (default)"),
	JSON,
	FLAG("quiet", quiet, "no serial output, no progress"),
	HELP,
	{0},
};

static const struct option_row diff_options[] = {JSON, HELP, {0}};

static const struct option_row oracles_options[] = {JSON, HELP, {0}};

static const struct option_row info_options[] = {JSON, HELP, {0}};

static const struct option_row hwtrace_options[] = {
	{"output", "FILE", OPTION_TEXT, offsetof(struct args, hwtrace.output),
		"record: write the trace to FILE (default: trace.hwt)", 'o'},
	NUMBER("steps", "N", hwtrace.steps, "record: stop after N steps"),
	TEXT("cpu", "MODEL", cpu, "record: the CPU model that CPUID describes"),
	FLAG("continue", hwtrace.go_on,
		"validate: go on after a difference, and count them by mnemonic"),
	FLAG("mnemonics", hwtrace.mnemonics, "info: steps by mnemonic"),
	FLAG("coverage", hwtrace.coverage, "info: steps by row of the decode table"),
	JSON,
	FLAG("quiet", quiet, "no progress"),
	HELP,
	{0},
};

static const struct option_row litmus_options[] = {
	TEXT("model", "MODEL", model, "memory model: tso (default) or sc"),
	JSON,
	HELP,
	{0},
};

static const struct option_row config_options[] = {CONFIG_OPTIONS, JSON, HELP, {0}};

static const struct option_row help_options[] = {HELP, {0}};

const struct command commands[] = {
	{
		.name = "boot",
		.operands = "[IMAGE] [options]",
		.summary = "boot a multiboot, PVH or ELF image, Linux, or a BIOS",
		.details = "Boots IMAGE on a simulated PC, with the serial line on the terminal.\n"
			   "Ctrl-A x ends the run, Ctrl-A c stops it to look at the machine.\n"
			   "Ends with the status that the image writes to "
			   "the debug-exit port, 0xf4.",
		.example = "ringv boot build/kernel/ringv-kernel.elf --cpus 4 --module "
			   "build/initrd.cpio --record run.rec",
		.options = boot_options,
		.operands_max = 1,
		.run = boot_command,
	},
	{
		.name = "run",
		.operands = "SCENARIO... [options]",
		.summary = "run scenarios, and say whether what they claim is so",
		.details = "Runs each SCENARIO, an ini file (scenarios/, docs/formats.md): injects "
			   "its "
			   "faults, forces its\nschedule, and lets the oracles watch. A failure is "
			   "explained: the streams side by side.\nExit code 0: the verdict is the "
			   "expected one; 1: another; 3: the limit was reached instead.",
		.example = "ringv run scenarios/events/yield-without-recheck.ini",
		.options = run_options,
		.operands_min = 1,
		.operands_max = TEXT_LIST_MAX,
		.run = run_command,
	},
	{
		.name = "explore",
		.operands = "SCENARIO [options]",
		.summary = "search for schedules under which a scenario fails",
		.details =
			"Runs SCENARIO's programs, without its schedule, from the point where the "
			"program begins, each time\nunder other forcings. What fails is run again "
			"with exact points and from boot, and the first of each\nkind is saved as "
			"DIR/NAME-STRATEGY-SEED-RUN.ini, for `ringv run`.\n"
			"Strategies:\n"
			"  random   at visible steps, as often as the run has drawn, any pcore "
			"goes "
			"on\n"
			"  chaos    priorities and slices that change at random; some pcores "
			"starve "
			"for a while\n"
			"  pct      random priorities, which change at D-1 visible steps: finds a "
			"bug of depth D with a\n"
			"           probability of at least 1/(n k^(D-1)) a run, with n pcores and "
			"k "
			"steps\n"
			"  pause    each visible step of each pcore is paused in turn, then each "
			"pair "
			"of them\n"
			"  preempt  vcores preempted, pcores paused, interrupts late, at random "
			"points\n"
			"Visible steps are probes (docs/probes.md), and with --memory accesses to "
			"shared "
			"memory.\n"
			"Exit code 0: nothing was found; 1: something was; 4: a run came out "
			"differently the second time.",
		.example =
			"ringv explore scenarios/events/yield-without-recheck.ini --strategy pct "
			"--runs 1000 --save found",
		.options = explore_options,
		.operands_min = 1,
		.operands_max = 1,
		.run = explore_command,
	},
	{
		.name = "merge",
		.operands = "RESULTS... --output FILE",
		.summary = "join the shards of a campaign",
		.details =
			"RESULTS are files of `ringv explore --shard I/N --results`, of one "
			"campaign, "
			"each of its N shards\nonce. FILE then holds what the campaign would have "
			"without shards.",
		.example = "ringv merge 1.db 2.db 3.db 4.db --output all.db",
		.options = merge_options,
		.operands_min = 1,
		.operands_max = TEXT_LIST_MAX,
		.run = merge_command,
	},
	{
		.name = "minimise",
		.operands = "SCENARIO [options]",
		.summary = "find the one or two forcings that a failure hangs on",
		.details =
			"Runs SCENARIO, which fails, under fewer forcings and shorter pauses, as "
			"long as it ends in the same\nway; moves points to probes and functions; "
			"and finds the two steps whose order it hangs on. Prints\nwhat is left as "
			"a scenario, with the findings in its comment, after a run from boot.\n"
			"Ctrl-C: what is left so far.",
		.example = "ringv minimise found/yield-without-recheck-1-209.ini -o lost.ini && "
			   "ringv run lost.ini",
		.options = minimise_options,
		.operands_min = 1,
		.operands_max = 1,
		.run = minimise_command,
	},
	{
		.name = "replay",
		.operands = "RECORDING [options]",
		.summary = "run a recording again and compare it window by window",
		.details =
			"Runs what RECORDING was made of, with its input, and compares the chain "
			"of digests and the end.\nImage, modules and ringv must be the same.",
		.example = "ringv replay run.rec",
		.options = replay_options,
		.operands_min = 1,
		.operands_max = 1,
		.run = replay_command,
	},
	{
		.name = "diff",
		.operands = "RECORDING RECORDING [options]",
		.summary = "find the first step in which two recordings differ",
		.details =
			"Runs both recordings up to the first window whose digests differ, then "
			"searches for the first\nstep, pcore, instruction and field. Exit code 0: "
			"no difference; 1: there is one.",
		.example = "ringv diff a.rec b.rec",
		.options = diff_options,
		.operands_min = 2,
		.operands_max = 2,
		.run = diff_command,
	},
	{
		.name = "info",
		.operands = "FILE",
		.summary = "say what an image, an archive or a recording holds",
		.details =
			"FILE is an image that `ringv boot` takes, a cpio archive of programs, or "
			"a recording.\nOf images it lists probes with their arguments, and fault "
			"points, each with its place in the sources.",
		.example = "ringv info build/kernel/ringv-kernel.elf",
		.options = info_options,
		.operands_min = 1,
		.operands_max = 1,
		.run = info_command,
	},
	{
		.name = "oracles",
		.operands = "[options]",
		.summary = "list the oracles that judge a scenario",
		.details = "Prints what each oracle claims, the verdict it gives, and the probes "
			   "without which it is blind,\nin the order in which they judge.",
		.example = "ringv oracles",
		.options = oracles_options,
		.operands_max = 0,
		.run = oracles_command,
	},
	{
		.name = "hwtrace",
		.operands = "record|validate|info ... [options]",
		.summary =
			"record what the host's CPU does with a program, and compare ringv with it",
		.details =
			"  ringv hwtrace record [-o FILE] [--steps N] -- PROGRAM [ARGUMENTS]\n"
			"      runs a program of one thread and makes a trace: every register "
			"after "
			"every instruction, and\n      what system calls did (x86-64 Linux "
			"hosts).\n"
			"  ringv hwtrace validate FILE... [--continue]\n"
			"      makes the same steps in ringv, and names the first register or page "
			"that differs.\n      Exit code 0: there is none; 1: there is one.\n"
			"  ringv hwtrace info FILE... [--mnemonics] [--coverage]\n"
			"      says what a trace is of.",
		.example = "ringv hwtrace record -o true.hwt -- /bin/true && ringv hwtrace "
			   "validate true.hwt",
		.options = hwtrace_options,
		.operands_min = 2,
		.operands_max = TEXT_LIST_MAX,
		.run = hwtrace_command,
	},
	{
		.name = "litmus",
		.operands = "FILE... [options]",
		.summary = "search all that litmus tests can end in, and compare with the axioms",
		.details =
			"Runs each test, a file as herd's tools write it for X86_64, as real code "
			"on simulated cores, through\nevery interleaving of steps and of stores "
			"that leave store buffers; FILE may be a folder with files\n*.litmus. "
			"Prints the outcomes, and those that the axioms of the memory model have "
			"more or less.\nNeeds the assembler `as`. Exit code 0: there are none; 1: "
			"there are some.",
		.example = "ringv litmus tests/litmus",
		.options = litmus_options,
		.operands_min = 1,
		.operands_max = TEXT_LIST_MAX,
		.run = litmus_command,
	},
	{
		.name = "config",
		.operands = "[options]",
		.summary = "print the effective options, each with its help",
		.details = "Prints every option as an ini file that --config reads again.",
		.example = "ringv config --cpus 4 --set machine.quantum=100",
		.options = config_options,
		.operands_max = 0,
		.run = config_command,
	},
	{
		.name = "help",
		.operands = "[COMMAND]",
		.summary = "say how to use ringv, or a command",
		.details = "Says how to use ringv, or COMMAND.",
		.example = "ringv help boot",
		.options = help_options,
		.operands_max = 1,
		.run = help_command,
	},
	{
		.name = "version",
		.operands = "",
		.summary = "print version and build",
		.details = "Recordings are bound to the build that is printed here.",
		.example = "ringv version",
		.options = help_options,
		.operands_max = 0,
		.run = version_command,
	},
	{0},
};
