#include "sim/cli/report.h"

#include <stdlib.h>

#include "sim/cli/core_report.h"

static const struct verdict {
	const char *name;
	int exit_code;
} verdicts[] = {
	[STOP_NONE] = {"none", SIM_BUG},
	[STOP_EXIT] = {"pass", SIM_PASS},
	[STOP_OFF] = {"pass", SIM_PASS},
	[STOP_RESET] = {"reset", SIM_PASS},
	[STOP_IDLE] = {"idle", SIM_FAIL},
	[STOP_HELD] = {"idle", SIM_FAIL},
	[STOP_SHUTDOWN] = {"shutdown", SIM_FAIL},
	[STOP_UNIMPLEMENTED] = {"unimplemented", SIM_STUCK},
	[STOP_BREAKPOINT] = {"stopped", SIM_PASS},
	[STOP_STEPS] = {"stopped", SIM_PASS},
	[STOP_CORE_STEPS] = {"stopped", SIM_PASS},
	[STOP_INSNS] = {"stuck", SIM_STUCK},
	[STOP_INTERRUPTED] = {"stopped", SIM_PASS},
};

const char *boot_verdict_name(struct stop stop)
{
	return stop.why == STOP_EXIT && stop.status != 0 ? "fail" : verdicts[stop.why].name;
}

int boot_exit_code(struct stop stop)
{
	return stop.why == STOP_EXIT ? (int)(stop.status & 0xff) : verdicts[stop.why].exit_code;
}

/* --- the whole run --- */

static void describe_stop(const struct report *r, FILE *out)
{
	const struct machine *m = r->machine;

	switch (r->stop.why) {
	case STOP_EXIT:
		fprintf(out, "the image exited with status %u", r->stop.status);
		break;
	case STOP_OFF:
		fprintf(out, "the machine was powered off");
		break;
	case STOP_RESET:
		fprintf(out, "the machine was reset");
		break;
	case STOP_IDLE:
		fprintf(out, "every pcore is halted, and nothing is due that would wake one");
		break;
	case STOP_HELD:
		fprintf(out, "every pcore is halted or held back, and nothing is due");
		break;
	case STOP_SHUTDOWN:
		fprintf(out, "triple fault of pcore %u", r->stop.core);
		break;
	case STOP_UNIMPLEMENTED:
		fprintf(out, "pcore %u needs what ringv does not have: %s", r->stop.core,
			m->absent != NULL ? m->absent : m->cores[r->stop.core].refused);
		break;
	case STOP_INSNS:
		fprintf(out, "the limit of run.max_insns was reached");
		break;
	default:
		fprintf(out, "stopped after %" PRIu64 " steps", m->run.steps);
	}
}

static bool wants_cores(enum stop_why why)
{
	return why != STOP_EXIT && why != STOP_OFF && why != STOP_RESET && why != STOP_STEPS &&
	       why != STOP_INTERRUPTED;
}

void report_text(const struct report *r)
{
	struct machine *m = r->machine;
	uint64_t insns = machine_insns(m);

	fprintf(stderr, "ringv: ");
	describe_stop(r, stderr);
	fprintf(stderr, "\n");
	if (r->runs > 1)
		fprintf(stderr, "ringv: %" PRIu64 " runs, one digest; figures are of the last\n",
			r->runs);
	for (unsigned i = 0; wants_cores(r->stop.why) && i < m->cpu_count; i++)
		if (r->stop.why == STOP_IDLE || r->stop.why == STOP_HELD ||
			r->stop.why == STOP_INSNS || i == r->stop.core)
			print_core(&m->cores[i], i, r->symbols, stderr);
	fprintf(stderr,
		"ringv: %s; %" PRIu64 " instructions in %.2f s (%.0f MIPS), %.6f s simulated; "
		"digest %016" PRIx64 "%016" PRIx64 "\n",
		boot_verdict_name(r->stop), insns, r->seconds,
		r->seconds > 0 ? (double)(insns * r->runs) / 1e6 / r->seconds : 0.0,
		(double)machine_cycles(m) / (double)m->config.machine.hz, r->digest.high,
		r->digest.low);
	if (boot_exit_code(r->stop) != SIM_PASS) {
		fprintf(stderr, "repro: ");
		print_repro(r->session, r->args, stderr);
		fprintf(stderr, "\n");
	}
}

static void json_member(const char *key, const char *text, FILE *out)
{
	fprintf(out, "  \"%s\": ", key);
	json_text(text, out);
	fprintf(out, ",\n");
}

void report_json(const struct report *r, FILE *out)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	SIM_ASSERT(memory != NULL);
	fprintf(out, "{\n");
	json_member("verdict", boot_verdict_name(r->stop), out);
	json_member("expected", "pass", out);
	describe_stop(r, memory);
	putc('\0', memory);
	print_repro(r->session, r->args, memory);
	fclose(memory);
	json_member("reason", text, out);
	json_member("repro", text + strlen(text) + 1, out);
	free(text);
	fprintf(out, "  \"digest\": \"%016" PRIx64 "%016" PRIx64 "\",\n", r->digest.high,
		r->digest.low);
	fprintf(out, "  \"status\": %u,\n", r->stop.why == STOP_EXIT ? r->stop.status : 0);
	fprintf(out, "  \"runs\": %" PRIu64 ",\n", r->runs);
	fprintf(out, "  \"steps\": %" PRIu64 ",\n", r->machine->run.steps);
	fprintf(out, "  \"insns\": %" PRIu64 ",\n", machine_insns(r->machine));
	fprintf(out, "  \"cycles\": %" PRIu64 ",\n", machine_cycles(r->machine));
	fprintf(out, "  \"seconds\": %.6f\n}\n", r->seconds);
}
