#include "sim/hwtrace/validator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/cpu/undefined.h"
#include "sim/debug/disasm.h"
#include "sim/hwtrace/compare.h"
#include "sim/hwtrace/player.h"

#define PROGRESS_EVERY 65536

struct validator {
	const struct hwtrace *trace;
	const char *name;
	const struct hw_validation *wanted;
	struct hw_result *result;
	struct cpu_model model; /* with every feature */
	struct player *player;
	struct disassembler *disassembler;
	struct step_reader steps;
	struct event_reader events;
	struct hw_event event; /* the next one */
	bool has_event;

	/* the step under way */
	uint64_t step;
	struct hw_state before;
	struct insn insn;
	const struct row *row; /* NULL: ringv does not know the instruction */
};

void hw_result_free(struct hw_result *r)
{
	free(r->rows);
	free(r->row_failures);
	*r = (struct hw_result){0};
}

/* --- differences --- */

static struct hw_difference difference_here(struct validator *v)
{
	struct hw_difference d = {.step = v->step, .rip = v->before.w[HW_RIP], .mnemonic = ""};

	if (v->row != NULL)
		d.mnemonic = v->row->name;
	disassemble(v->disassembler, player_core(v->player), d.rip, d.insn, sizeof(d.insn));
	return d;
}

PRINTF(4, 5)
static void differ(
	struct validator *v, struct hw_difference *d, const char *field, const char *format, ...)
{
	va_list list;

	snprintf(d->field, sizeof(d->field), "%s", field);
	va_start(list, format);
	vsnprintf(d->text, sizeof(d->text), format, list);
	va_end(list);
	v->result->differences++;
	if (v->row != NULL)
		v->result->row_failures[v->insn.row]++;
	if (v->wanted->differs != NULL)
		v->wanted->differs(v->wanted->context, d);
}

static void differ_in_word(struct validator *v, const struct hw_state *got, unsigned word)
{
	struct hw_difference d = difference_here(v);
	char name[HW_NAME];

	hw_word_name(word, name);
	d.has_values = true;
	d.expected = v->steps.now.w[word];
	d.got = got->w[word];
	differ(v, &d, name, "%s is 0x%" PRIx64 " on the hardware, 0x%" PRIx64 " in ringv", name,
		d.expected, d.got);
}

/* --- memory --- */

static bool damaged(struct validator *v, struct error *e)
{
	return fail(
		e, "%s: altered: step %" PRIu64 " or its events make no sense", v->name, v->step);
}

static bool apply_edits(struct validator *v, struct error *e)
{
	struct error why = {""};
	struct hw_edit edit;

	for (uint64_t i = 0; i < v->event.count; i++) {
		if (!event_get_edit(&v->events, &edit))
			return damaged(v, e);
		if (!player_edit(v->player, &edit, &why))
			return fail(e, "%s: step %" PRIu64 ": %s", v->name, v->step, why.text);
	}
	return true;
}

static void differ_in_page(struct validator *v, uint64_t la, const char *what)
{
	struct hw_difference d = difference_here(v);

	differ(v, &d, "memory", "before this step, memory at 0x%" PRIx64 " to 0x%" PRIx64 " %s", la,
		la + PAGE_MASK, what);
}

static bool check_memory(struct validator *v, struct error *e)
{
	uint64_t sum = player_check(v->player), la, hash;
	bool found = false;
	uint32_t expected;

	v->result->checks++;
	for (uint64_t i = 0; i < v->event.count; i++) {
		if (!event_get_page(&v->events, &la, &expected))
			return damaged(v, e);
		if (!player_page_hash(v->player, la, &hash) || (uint32_t)hash != expected) {
			if (!found)
				differ_in_page(v, la, "is not what the hardware wrote");
			found = true;
		}
		player_page_known(v->player, la);
	}
	if (!found && player_unknown_change(v->player, &la)) {
		differ_in_page(v, la, "was written, but not by the hardware");
		found = true;
	}
	if (!found && sum != v->event.sum && v->result->differences == 0)
		differ_in_page(v, 0, "has another checksum");
	return true;
}

/* --- a step --- */

/* What only the environment can decide. */
#define GIVEN_ROWS                                                                                 \
	"cpuid rdtsc rdtscp rdrand rdseed rdpid rdpmc xgetbv syscall sysenter int int3 int1"

/* The numbers of Linux, on whatever host. */
enum { SIGNAL_ILL = 4, SIGNAL_BUS = 7, SIGNAL_FPE = 8, SIGNAL_SEGV = 11 };

/* What Linux makes of exceptions. */
static bool is_signal_of(uint64_t signal, unsigned vector)
{
	switch (vector) {
	case VECTOR_DE:
	case VECTOR_MF:
	case VECTOR_XM:
		return signal == SIGNAL_FPE;
	case VECTOR_UD:
		return signal == SIGNAL_ILL;
	case VECTOR_AC:
	case VECTOR_SS:
	case VECTOR_NP:
		return signal == SIGNAL_BUS;
	case VECTOR_PF:
		return signal == SIGNAL_SEGV || signal == SIGNAL_BUS;
	default:
		return signal == SIGNAL_SEGV;
	}
}

static void differ_in_kind(struct validator *v, const struct player_step *step)
{
	struct hw_difference d = difference_here(v);

	if (step->end == PLAYER_REFUSED)
		differ(v, &d, "instruction", "ringv does not have it: %s", step->refused);
	else if (v->row == NULL && step->vector == VECTOR_UD)
		differ(v, &d, "instruction", "ringv does not know it: #UD");
	else if (step->vector == VECTOR_PF)
		differ(v, &d, "exception",
			"ringv raises a page fault at 0x%" PRIx64 ", the hardware does not",
			step->la);
	else
		differ(v, &d, "exception", "ringv raises exception %u, the hardware does not",
			step->vector);
}

static bool resume(struct validator *v, struct error *e)
{
	return player_put(v->player, &v->steps.now) || damaged(v, e);
}

/* The environment decided; or ringv went wrong, and starts again from what the hardware has. */
static bool step_given(struct validator *v, struct error *e)
{
	v->result->given++;
	if (v->row == NULL)
		differ_in_kind(v, &(struct player_step){PLAYER_FAULTED, .vector = VECTOR_UD});
	else if (!names_include(GIVEN_ROWS, v->row->name))
		return damaged(v, e);
	return resume(v, e);
}

static bool step_signal(struct validator *v, struct error *e)
{
	v->result->signals++;
	return resume(v, e);
}

static bool step_fault(struct validator *v, struct error *e)
{
	struct player_step step = player_step(v->player);

	if (step.end != PLAYER_FAULTED || !is_signal_of(v->event.signal, step.vector)) {
		struct hw_difference d = difference_here(v);

		differ(v, &d, "exception",
			"the hardware raises an exception that Linux makes signal %" PRIu64
			" of, ringv does not",
			v->event.signal);
	}
	if (memcmp(&v->before, &v->steps.now, sizeof(v->before)) != 0)
		return damaged(v, e);
	return resume(v, e);
}

static bool step_plain(struct validator *v, struct error *e)
{
	struct player_step step = player_step(v->player);
	struct hw_state got;
	struct hw_comparison c = {.row = v->row,
		.insn = &v->insn,
		.before = &v->before,
		.hardware = &v->steps.now,
		.ringv = &got};

	if (step.end != PLAYER_STEPPED) {
		differ_in_kind(v, &step);
		return resume(v, e);
	}
	player_get(v->player, &got);
	if (!hw_compare(&c)) {
		differ_in_word(v, &got, c.word);
		return resume(v, e);
	}
	v->result->bounded += c.bounded;
	return !c.taken_over || resume(v, e);
}

/* --- the trace --- */

static bool next_event(struct validator *v, struct error *e)
{
	v->has_event = event_get(&v->events, &v->event);
	return v->has_event || !v->events.in.bad || damaged(v, e);
}

/* The events in front of the step. */
static bool events_before(struct validator *v, struct error *e)
{
	while (v->has_event && v->event.step == v->step && v->event.kind <= HW_CHECK) {
		bool good = v->event.kind == HW_PAGES ? apply_edits(v, e) : check_memory(v, e);

		if (!good || !next_event(v, e))
			return false;
	}
	return true;
}

static bool step_with_event(struct validator *v, struct error *e)
{
	bool good = apply_edits(v, e);

	switch (v->event.kind) {
	case HW_GIVEN:
		good = good && step_given(v, e);
		break;
	case HW_FAULT:
		good = good && step_fault(v, e);
		break;
	default:
		good = good && step_signal(v, e);
	}
	return good && next_event(v, e);
}

static bool one_step(struct validator *v, struct error *e)
{
	bool event;

	v->before = v->steps.now;
	v->row = NULL;
	if (!events_before(v, e))
		return false;
	event = v->has_event && v->event.step == v->step;
	v->row = player_next(v->player, &v->insn);
	if (v->row != NULL && !(event && v->event.kind == HW_SIGNAL))
		v->result->rows[v->insn.row]++;
	if (!step_reader_next(&v->steps))
		return damaged(v, e);
	return event ? step_with_event(v, e) : step_plain(v, e);
}

static bool go_on(struct validator *v)
{
	const struct hw_validation *w = v->wanted;

	if (v->step == v->trace->steps || (v->result->differences != 0 && !w->go_on))
		return false;
	if (v->step % PROGRESS_EVERY != 0 || w->progress == NULL)
		return true;
	v->result->interrupted = !w->progress(w->context, v->step);
	return !v->result->interrupted;
}

/* Nothing may be left over. */
static bool finish(struct validator *v, struct error *e)
{
	if (v->step != v->trace->steps)
		return true;
	v->before = v->steps.now;
	v->row = NULL;
	if (!events_before(v, e))
		return false;
	return (!v->has_event && step_reader_is_at_end(&v->steps)) || damaged(v, e);
}

static bool run(struct validator *v, struct error *e)
{
	if (!next_event(v, e) || !player_put(v->player, &v->steps.now))
		return damaged(v, e);
	while (go_on(v)) {
		if (!one_step(v, e))
			return false;
		v->result->steps = ++v->step;
	}
	return finish(v, e);
}

bool hwtrace_validate(const struct hwtrace *t, const char *name, const struct hw_validation *wanted,
	struct hw_result *result, struct error *e)
{
	struct validator v = {.trace = t, .name = name, .wanted = wanted, .result = result};
	bool good;

	*result = (struct hw_result){
		.rows = calloc(decoder_row_count(), sizeof(result->rows[0])),
		.row_failures = calloc(decoder_row_count(), sizeof(result->row_failures[0])),
	};
	SIM_ASSERT(result->rows != NULL && result->row_failures != NULL);
	model_of_everything(&v.model);
	v.player = player_create(&v.model, wanted->memory != 0 ? wanted->memory : PLAYER_MEMORY);
	v.disassembler = disassembler_create();
	v.events = event_reader_begin(t);
	step_reader_begin(&v.steps, &t->first, t->streams);
	good = run(&v, e);
	step_reader_end(&v.steps);
	disassembler_destroy(v.disassembler);
	player_destroy(v.player);
	return good;
}
