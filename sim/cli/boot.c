/* boot.c - `ringv boot`. */
#include "sim/cli/debugging.h"
#include "sim/cli/devices.h"
#include "sim/cli/options.h"
#include "sim/cli/report.h"
#include "sim/cli/script.h"
#include "sim/cli/terminal.h"
#include "sim/cli/tty.h"
#include "sim/debug/gdb.h"
#include "sim/replay/lockstep.h"
#include "sim/replay/stage.h"

/* One run, and all that accompanies it. */
struct boot_run {
	const struct args *args;
	struct session session;
	struct recording recording;
	struct serial_output serial, bios_log;
	struct terminal terminal;
	struct script script;
	struct script_run script_run;
	struct device_output devices;
	struct debugging debugging;
	struct machine *machine;
	struct stage stage;
	struct chain chain;
	struct stop stop;
	struct digest digest;
	bool interrupted;
	int failure; /* the exit code if something fails */
};

static bool check_args(const struct args *a, struct error *e)
{
	int modes = (a->runs != 1) + a->lockstep + (a->gdb != NULL) + (a->record != NULL);

	if (a->runs == 0)
		return fail(e, "--runs 0: expected at least 1");
	if (a->schedule != NULL && (a->gdb != NULL || a->trace))
		return fail(e, "--schedule does not go with --gdb and --trace");
	if (a->script != NULL && (a->lockstep || a->gdb != NULL))
		return fail(e, "--script does not go with --lockstep and --gdb");
	if (modes > 1)
		return fail(e, "--runs, --lockstep, --gdb and --record exclude each other");
	if ((a->trace || a->drop_every != 0) && modes > (a->record != NULL))
		return fail(
			e, "--trace and --drop-caches do not go with --runs, --lockstep, --gdb");
	return true;
}

static bool progress_window(void *context, struct machine *m, struct chain *c)
{
	struct boot_run *b = context;

	(void)c;
	terminal_progress(&b->terminal, m, &b->serial);
	return true;
}

static struct run_limit boot_limit(const struct boot_run *b)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = b->args->until;
	limit.please = tty_please();
	return limit;
}

/* A run that the user ends stops after the next step, a position that a replay finds again. */
static void finish_step(struct boot_run *b)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = b->machine->run.steps + 1;
	b->machine->input.poll = NULL;
	b->stop = chain_run(&b->chain, b->machine, &limit, NULL);
}

/* Begins the script anew; returns what the machine's output goes to. */
static struct byte_sink start_script(struct boot_run *b, const struct byte_sink *sink)
{
	b->script_run = (struct script_run){
		.script = &b->script,
		.please = tty_please(),
		.out = *sink,
	};
	return script_begin(&b->script_run);
}

static bool start_machine(struct boot_run *b, struct error *e)
{
	struct byte_sink sink = serial_sink(&b->serial);

	if (b->args->script != NULL)
		sink = start_script(b, &sink);
	b->machine = session_start(&b->session, &sink, e);
	if (b->machine == NULL || !stage_set(&b->stage, &b->session, b->machine, e))
		return false;
	if (b->args->script != NULL)
		b->machine->input = script_input(&b->script_run);
	b->machine->debug_console.sink = serial_sink(&b->bios_log);
	if (b->args->log != NULL) {
		b->machine->log.out = stderr;
		if (!log_topics(b->args->log, &b->machine->log.topics, e))
			return false;
	}
	return true;
}

/* --- the ways to run --- */

/* Switches on and off what is asked for from here on; returns the step at which that changes. */
static uint64_t next_phase(struct boot_run *b)
{
	const struct args *a = b->args;
	struct trace *trace = b->debugging.trace;
	uint64_t now = b->machine->run.steps, next = UINT64_MAX;
	const uint64_t changes[] = {a->trace_from, a->trace_to, a->drop_from};

	b->machine->drop_every = now >= a->drop_from ? a->drop_every : 0;
	if (trace != NULL && now >= a->trace_from && now < a->trace_to)
		trace_start(trace);
	else if (trace != NULL)
		trace_stop(trace);
	for (unsigned i = 0; i < ARRAY_LEN(changes); i++)
		if (changes[i] > now)
			next = min_u64(next, changes[i]);
	return next;
}

/* From the terminal, unless a script types; what goes in is recorded. */
static void open_input(struct boot_run *b)
{
	struct input_source input = terminal_input(&b->terminal);

	b->terminal.symbols = b->debugging.symbols;
	b->script_run.fed = input.fed;
	b->script_run.fed_context = input.context;
	if (b->args->script == NULL)
		b->machine->input = input;
}

static bool run_once(struct boot_run *b, struct error *e)
{
	struct run_limit limit = boot_limit(b);
	struct chain_watch watch = {progress_window, b};

	if (!debugging_open(&b->debugging, b->args, &b->session, b->machine, b->stage.watch, e))
		return false;
	open_input(b);
	do {
		limit.steps = min_u64(b->args->until, next_phase(b));
		b->stop = chain_run(&b->chain, b->machine, &limit, &watch);
	} while (b->stop.why == STOP_STEPS && limit.steps != b->args->until);
	if (b->stop.why == STOP_INTERRUPTED) {
		b->interrupted = true;
		finish_step(b);
	}
	b->digest = chain_end(&b->chain, b->machine);
	return true;
}

/* The others start afresh each time, and none has input but the script's. Only the first one's
 * output is shown: that of the others is the same, or the digests tell. */
static bool run_again(struct boot_run *b, struct error *e)
{
	struct digest first;

	for (uint64_t i = 0; i < b->args->runs; i++) {
		struct run_limit limit = boot_limit(b);

		if (i != 0) {
			stage_clear(&b->stage);
			machine_destroy(b->machine);
			chain_free(&b->chain);
			chain_init(&b->chain, b->session.config.record.window);
			b->serial.muted = true;
			if (!start_machine(b, e))
				return false;
		}
		b->stop = chain_run(&b->chain, b->machine, &limit, NULL);
		b->digest = chain_end(&b->chain, b->machine);
		if (i == 0)
			first = b->digest;
		b->failure = SIM_BUG;
		if (!digest_equal(first, b->digest))
			return fail(e,
				"run %" PRIu64 " of %" PRIu64 " has another digest than the first",
				i + 1, b->args->runs);
		b->failure = SIM_FAIL;
		if (b->stop.why == STOP_INTERRUPTED)
			return fail(e, "interrupted in run %" PRIu64, i + 1);
	}
	return true;
}

static bool run_beside(struct boot_run *b, struct machine *checker, struct error *e)
{
	struct run_limit limit = boot_limit(b);
	struct difference d;

	if (!debugging_open(&b->debugging, b->args, &b->session, b->machine, b->stage.watch, e) ||
		!lockstep_run(&b->chain, b->machine, checker, &limit, &b->stop, &d, e))
		return false;
	b->digest = chain_end(&b->chain, b->machine);
	if (!d.any)
		return true;
	print_difference(&d, b->machine, checker, b->debugging.symbols, stderr);
	b->failure = SIM_BUG;
	return fail(e, "with and without caches the machine differs");
}

static bool run_lockstep(struct boot_run *b, struct error *e)
{
	struct byte_sink nowhere = {.put = NULL};
	struct machine *checker = session_start(&b->session, &nowhere, e);
	struct stage stage = {0};
	bool good = checker != NULL && stage_set(&stage, &b->session, checker, e) &&
		    run_beside(b, checker, e);

	stage_clear(&stage);
	machine_destroy(checker);
	return good;
}

static bool run_gdb(struct boot_run *b, struct error *e)
{
	if (!debugging_open(&b->debugging, b->args, &b->session, b->machine, b->stage.watch, e) ||
		!gdb_serve(b->machine, b->args->gdb, tty_please(), &b->stop, e))
		return false;
	b->digest = chain_end(&b->chain, b->machine);
	return true;
}

static bool run(struct boot_run *b, struct error *e)
{
	if (b->args->lockstep)
		return run_lockstep(b, e);
	if (b->args->gdb != NULL)
		return run_gdb(b, e);
	return b->args->runs > 1 ? run_again(b, e) : run_once(b, e);
}

/* --- the whole --- */

static bool write_recording(struct boot_run *b, struct error *e)
{
	if (b->args->record == NULL)
		return true;
	recording_finish(&b->recording, &b->chain, b->machine, b->stop);
	return record_write(&b->recording, b->args->record, e);
}

static void report(struct boot_run *b)
{
	const struct stop by_user = {.why = STOP_INTERRUPTED};
	struct report r = {
		.session = &b->session,
		.args = b->args,
		.machine = b->machine,
		.symbols = b->debugging.symbols,
		.stop = b->interrupted ? by_user : b->stop,
		.digest = b->digest,
		.seconds = terminal_seconds(&b->terminal),
		.runs = b->args->runs,
	};

	if (b->args->json) {
		report_json(&r, stdout);
	} else if (!b->args->quiet) {
		if (b->serial.mid_line)
			fputc('\n', stderr);
		report_text(&r);
	}
}

static bool boot(struct boot_run *b, struct error *e)
{
	bool input = !b->args->quiet && !b->args->json && b->args->runs == 1 &&
		     !b->args->lockstep && b->args->script == NULL;

	if ((b->args->script != NULL && !script_read(&b->script, b->args->script, e)) ||
		!options_session(b->args, &b->session, e) ||
		!recording_describe(&b->recording, &b->session, e) || !start_machine(b, e) ||
		!serial_open(b->args, &b->serial, e) || !bios_log_open(b->args, &b->bios_log, e))
		return false;
	if (b->args->record != NULL && !file_check_replace(b->args->record, e))
		return false;
	if (!device_output_open(&b->devices, b->args, e))
		return false;
	device_output_connect(&b->devices, b->machine);
	chain_init(&b->chain, b->session.config.record.window);
	terminal_open(&b->terminal, input, !b->args->quiet && !b->args->json, &b->recording);
	if (!run(b, e))
		return false;
	terminal_close(&b->terminal);
	return serial_close(&b->serial, e) && serial_close(&b->bios_log, e) &&
	       device_output_finish(&b->devices, b->args, b->machine, e) && write_recording(b, e);
}

static bool schedule_applied(const struct boot_run *b)
{
	char why[512] = "";

	if (b->stage.director == NULL || b->interrupted ||
		director_feasible(b->stage.director, why, sizeof(why)))
		return true;
	fprintf(stderr, "ringv: infeasible: %s\n", why);
	return false;
}

static bool script_played(const struct boot_run *b)
{
	struct error why = {""};

	if (b->args->script == NULL || script_finished(&b->script_run, &why))
		return true;
	fprintf(stderr, "ringv: %s\n", why.text);
	return false;
}

int boot_command(const struct args *args, struct error *e)
{
	struct boot_run b = {.args = args, .failure = SIM_USAGE};
	int code;

	if (!check_args(args, e))
		return SIM_USAGE;
	if (boot(&b, e)) {
		report(&b);
		code = b.interrupted ? SIM_PASS : boot_exit_code(b.stop);
		if (!schedule_applied(&b) || !script_played(&b))
			code = SIM_FAIL;
	} else {
		code = b.failure;
	}
	terminal_close(&b.terminal);
	if (!debugging_close(&b.debugging, e->text[0] != '\0' ? NULL : e))
		code = SIM_USAGE;
	chain_free(&b.chain);
	recording_free(&b.recording);
	stage_clear(&b.stage);
	machine_destroy(b.machine);
	script_free(&b.script);
	session_free(&b.session);
	return code;
}
