/* replay.c - `ringv replay`. */
#include "sim/replay/replay.h"
#include "sim/cli/options.h"
#include "sim/cli/report.h"
#include "sim/cli/terminal.h"
#include "sim/cli/tty.h"
#include "sim/replay/stage.h"

struct replay {
	const struct args *args;
	struct recording recording;
	struct session session;
	struct serial_output serial;
	struct terminal terminal;
	struct machine *machine;
	struct stage stage;
	struct replay_result result;
};

static bool progress_window(void *context, struct machine *m, struct chain *c)
{
	struct replay *r = context;

	(void)c;
	terminal_progress(&r->terminal, m, &r->serial);
	return *tty_please() == 0;
}

static void report(const struct replay *r)
{
	const struct replay_result *result = &r->result;
	const char *verdict = result->same ? "pass" : "diverged";
	double seconds = terminal_seconds(&r->terminal);

	if (r->args->json) {
		printf("{\n  \"verdict\": \"%s\",\n  \"expected\": \"pass\",\n  \"reason\": ",
			verdict);
		json_text(result->difference, stdout);
		printf(",\n  \"repro\": \"ringv replay\",\n  \"digest\": \"%016" PRIx64
		       "%016" PRIx64 "\",\n  \"steps\": %" PRIu64 ",\n  \"insns\": %" PRIu64
		       ",\n  \"cycles\": %" PRIu64 ",\n  \"seconds\": %.6f\n}\n",
			result->end.high, result->end.low, r->machine->run.steps,
			machine_insns(r->machine), machine_cycles(r->machine), seconds);
		return;
	}
	if (result->same)
		fprintf(stderr,
			"ringv: the replay is equal: %zu windows of %" PRIu64
			" steps, and the end; digest %016" PRIx64 "%016" PRIx64 "\n",
			r->recording.chain.count, r->recording.chain.window, result->end.high,
			result->end.low);
	else
		fprintf(stderr, "ringv: the replay differs: %s\n", result->difference);
}

static bool replay(struct replay *r, struct error *e)
{
	const char *name = r->args->names.at[0];
	const struct byte_sink sink = serial_sink(&r->serial);
	struct chain_watch watch = {progress_window, r};

	if (!record_read(&r->recording, name, e) ||
		!record_session(&r->recording, name, &r->session, e))
		return false;
	r->machine = session_start(&r->session, &sink, e);
	if (r->machine == NULL || !stage_set(&r->stage, &r->session, r->machine, e) ||
		!serial_open(r->args, &r->serial, e))
		return false;
	terminal_open(&r->terminal, false, !r->args->quiet && !r->args->json, NULL);
	replay_run(&r->recording, r->machine, &watch, &r->result);
	return serial_close(&r->serial, e);
}

int replay_command(const struct args *args, struct error *e)
{
	struct replay r = {.args = args};
	int code = SIM_USAGE;

	if (replay(&r, e)) {
		report(&r);
		code = r.result.same ? SIM_PASS : SIM_FAIL;
	}
	stage_clear(&r.stage);
	machine_destroy(r.machine);
	session_free(&r.session);
	recording_free(&r.recording);
	return code;
}
