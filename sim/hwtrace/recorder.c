#include "sim/hwtrace/recorder.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "sim/hwtrace/answers.h"
#include "sim/hwtrace/classify.h"
#include "sim/hwtrace/mirror.h"

#define CHECK_EVERY    100000 /* steps: memory is looked at even without a system call */
#define PROGRESS_EVERY 16384
#define SYSCALL_LENGTH 2

struct recorder {
	const struct hwtrace_recording *wanted;
	struct hwtrace *trace;
	struct tracee tracee;
	struct tracee_state raw; /* of the host, as of now */
	struct hw_state now;
	struct mirror mirror;
	struct classifier *classifier;
	struct answers *answers;
	struct step_writer steps;
	struct event_writer events;
	uint64_t checked; /* the step before which memory was looked at last */
	bool ended;
};

/* --- state --- */

static void from_raw(struct hw_state *s, const struct tracee_state *raw)
{
	memcpy(&s->w[HW_GPR], raw->gpr, sizeof(raw->gpr));
	memcpy(&s->w[HW_SELECTOR], raw->selectors, sizeof(raw->selectors));
	s->w[HW_RIP] = raw->rip;
	/* TF is the single step's, RF what its trap left behind. */
	s->w[HW_RFLAGS] = raw->rflags & ~(RFLAGS_TF | RFLAGS_RF);
	s->w[HW_FS_BASE] = raw->fs_base;
	s->w[HW_GS_BASE] = raw->gs_base;
	hw_state_set_fxsave(s, raw->fxsave);
}

static bool get_state(struct recorder *r, struct error *e)
{
	if (!tracee_get(&r->tracee, &r->raw))
		return fail(e, "ptrace: the program's registers: %m");
	from_raw(&r->now, &r->raw);
	return true;
}

/* The state after a step is known. */
static bool put_step(struct recorder *r, struct error *e)
{
	if (!get_state(r, e))
		return false;
	step_writer_put(&r->steps, &r->now);
	r->trace->steps++;
	return true;
}

/* --- events --- */

/* Events are written behind what they count. */
struct pending {
	struct bytes body;
	struct event_writer writer;
	uint64_t count;
};

static void pending_begin(struct pending *p, struct recorder *r)
{
	*p = (struct pending){.writer = r->events};
	p->writer.out = &p->body;
}

static void pending_end(struct pending *p, struct recorder *r, const struct hw_event *event)
{
	event_put(&r->events, event);
	bytes_put(r->events.out, p->body.data, p->body.size);
	r->events.page = p->writer.page;
	bytes_free(&p->body);
}

static void put_changed(void *context, const struct mirror_page *page)
{
	struct pending *p = context;

	event_put_page(&p->writer, page->la, page->hash);
	p->count++;
}

/* What the memory is now that the program has made its steps. */
static bool put_check(struct recorder *r, struct error *e)
{
	struct pending p;

	pending_begin(&p, r);
	if (!mirror_check(&r->mirror, &r->tracee, put_changed, &p, e)) {
		bytes_free(&p.body);
		return false;
	}
	pending_end(&p, r,
		&(struct hw_event){.step = r->trace->steps,
			.kind = HW_CHECK,
			.sum = mirror_sum(&r->mirror),
			.count = p.count});
	r->checked = r->trace->steps;
	return true;
}

/* What the environment made of memory; event says for which step. */
static bool put_followed(struct recorder *r, struct hw_event event, bool all, struct error *e)
{
	struct pending p;

	pending_begin(&p, r);
	if (!mirror_follow(&r->mirror, &r->tracee, all, &p.writer, &p.count, e)) {
		bytes_free(&p.body);
		return false;
	}
	event.count = p.count;
	pending_end(&p, r, &event);
	return true;
}

static void put_given(struct recorder *r)
{
	event_put(&r->events, &(struct hw_event){.step = r->trace->steps, .kind = HW_GIVEN});
}

/* --- what is about to be executed --- */

static unsigned read_code(struct recorder *r, uint8_t code[CLASS_BYTES])
{
	uint64_t rip = r->now.w[HW_RIP], offset = rip & PAGE_MASK;
	const struct mirror_page *page = mirror_constant(&r->mirror, rip);

	if (page != NULL && offset + CLASS_BYTES <= PAGE_SIZE) {
		memcpy(code, page->data + offset, CLASS_BYTES);
		return CLASS_BYTES;
	}
	return (unsigned)tracee_read(&r->tracee, rip, code, CLASS_BYTES);
}

/* Pages that it touches become part of the trace. */
static void touch(struct recorder *r, const struct hw_instruction *in)
{
	uint64_t rip = r->now.w[HW_RIP];
	struct pending p;

	pending_begin(&p, r);
	mirror_touch(&r->mirror, &r->tracee, rip, &p.writer, &p.count);
	mirror_touch(&r->mirror, &r->tracee, rip + (in->length != 0 ? in->length - 1u : 0u),
		&p.writer, &p.count);
	for (unsigned i = 0; i < in->operand_count; i++) {
		uint64_t la = hw_operand_address(&in->operands[i], &r->now);

		mirror_touch(&r->mirror, &r->tracee, la, &p.writer, &p.count);
		mirror_touch(
			&r->mirror, &r->tracee, la + in->operands[i].size - 1, &p.writer, &p.count);
	}
	if (p.count != 0)
		pending_end(&p, r,
			&(struct hw_event){
				.step = r->trace->steps, .kind = HW_PAGES, .count = p.count});
}

/* --- steps --- */

static bool end_of_program(struct recorder *r, enum hwtrace_end end, int status)
{
	r->trace->end = end;
	r->trace->status = (uint64_t)status;
	r->ended = true;
	return true;
}

/* A signal that the program handles is a step of its own; others are not delivered. */
static bool deliver(struct recorder *r, struct tracee_stop stop, struct error *e)
{
	struct hw_event event = {
		.step = r->trace->steps, .kind = HW_SIGNAL, .signal = (uint64_t)stop.status};
	int64_t result = (int64_t)r->raw.gpr[0];

	if (!tracee_catches(&r->tracee, stop.status)) {
		if (stop.fault)
			return end_of_program(r, HWTRACE_KILLED, stop.status);
		if (result <= -512 && result >= -516)
			return fail(e, "signal %d interrupts a system call, which has no handler",
				stop.status);
		return true;
	}
	if (!put_check(r, e))
		return false;
	stop = tracee_step(&r->tracee, stop.status);
	if (stop.end != TRACEE_STEPPED)
		return fail(e, "signal %" PRIu64 " cannot be delivered", event.signal);
	return put_followed(r, event, false, e) && put_step(r, e);
}

/* What a step ended in. A signal may come before the instruction is made. */
static bool after_step(struct recorder *r, struct tracee_stop stop, struct error *e)
{
	struct tracee_state before = r->raw;

	switch (stop.end) {
	case TRACEE_STEPPED:
		return put_step(r, e);
	case TRACEE_EXITED:
		return end_of_program(r, HWTRACE_EXITED, stop.status);
	case TRACEE_KILLED:
		return end_of_program(r, HWTRACE_KILLED, stop.status);
	case TRACEE_LOST:
		return fail(e, "ptrace: the program was lost at 0x%" PRIx64, before.rip);
	case TRACEE_SIGNAL:
		break;
	}
	if (stop.fault) {
		event_put(&r->events, &(struct hw_event){.step = r->trace->steps,
					      .kind = HW_FAULT,
					      .signal = (uint64_t)stop.status});
		return put_step(r, e) && deliver(r, stop, e);
	}
	if (!tracee_get(&r->tracee, &r->raw))
		return fail(e, "ptrace: the program's registers: %m");
	if (memcmp(&before, &r->raw, sizeof(before)) != 0)
		return fail(e, "signal %d came in the middle of a step", stop.status);
	return deliver(r, stop, e);
}

static bool step_plain(struct recorder *r, struct error *e)
{
	return after_step(r, tracee_step(&r->tracee, 0), e);
}

/* Makes the step without the CPU. */
static bool step_answered(struct recorder *r, unsigned length, struct error *e)
{
	r->raw.rip += length;
	if (!tracee_set(&r->tracee, &r->raw))
		return fail(e, "ptrace: the program's registers cannot be set: %m");
	put_given(r);
	return put_step(r, e);
}

static bool step_cpuid(struct recorder *r, unsigned length, struct error *e)
{
	uint32_t out[4];

	answer_cpuid(r->answers, (uint32_t)r->raw.gpr[RAX], (uint32_t)r->raw.gpr[RCX], out);
	r->raw.gpr[RAX] = out[0];
	r->raw.gpr[RBX] = out[1];
	r->raw.gpr[RCX] = out[2];
	r->raw.gpr[RDX] = out[3];
	return step_answered(r, length, e);
}

static bool step_environment(struct recorder *r, struct error *e)
{
	struct tracee_stop stop = tracee_step(&r->tracee, 0);

	if (stop.end == TRACEE_STEPPED)
		put_given(r);
	return after_step(r, stop, e);
}

/* PUSHF stores the TF that is the single step's. */
static bool step_pushf(struct recorder *r, struct error *e)
{
	uint16_t flags;
	struct tracee_stop stop = tracee_step(&r->tracee, 0);
	uint64_t rsp;

	if (stop.end != TRACEE_STEPPED)
		return after_step(r, stop, e);
	if (!put_step(r, e))
		return false;
	rsp = r->raw.gpr[RSP];
	if (tracee_read(&r->tracee, rsp, &flags, sizeof(flags)) != sizeof(flags))
		return fail(e, "the program's stack at 0x%" PRIx64 " cannot be read", rsp);
	flags &= (uint16_t)~RFLAGS_TF;
	return tracee_write(&r->tracee, rsp, &flags, sizeof(flags)) ||
	       fail(e, "the program's stack at 0x%" PRIx64 " cannot be written", rsp);
}

/* --- system calls --- */

static const struct {
	long number;
	const char *what;
} refused_calls[] = {
	{SYS_clone, "starts a thread or a process"},
	{SYS_clone3, "starts a thread or a process"},
	{SYS_fork, "starts a process"},
	{SYS_vfork, "starts a process"},
	{SYS_execve, "runs another program"},
	{SYS_execveat, "runs another program"},
	{SYS_ptrace, "traces another program"},
	{SYS_io_uring_setup, "shares memory with the kernel"},
};

/* The kernel would write what rseq registers at any time. */
static bool is_absent_call(uint64_t number)
{
	return number == SYS_rseq;
}

static bool remaps(uint64_t number)
{
	return number == SYS_mmap || number == SYS_munmap || number == SYS_mremap ||
	       number == SYS_mprotect || number == SYS_pkey_mprotect || number == SYS_madvise;
}

static bool step_absent_call(struct recorder *r, struct error *e)
{
	r->raw.gpr[RAX] = (uint64_t)-ENOSYS;
	r->raw.gpr[RCX] = r->raw.rip + SYSCALL_LENGTH;
	r->raw.gpr[R11] = r->now.w[HW_RFLAGS];
	return step_answered(r, SYSCALL_LENGTH, e);
}

static bool call_allowed(const struct recorder *r, uint64_t number, struct error *e)
{
	for (size_t i = 0; i < ARRAY_LEN(refused_calls); i++)
		if ((uint64_t)refused_calls[i].number == number)
			return fail(e,
				"the program %s at step %" PRIu64
				"; only single threads can be traced",
				refused_calls[i].what, r->trace->steps);
	return true;
}

/* A signal may come before the call, or end it. */
static bool call_was_made(struct recorder *r, struct tracee_stop stop)
{
	uint64_t rip = r->raw.rip;

	if (stop.end == TRACEE_STEPPED)
		return true;
	return stop.end == TRACEE_SIGNAL && !stop.fault && tracee_get(&r->tracee, &r->raw) &&
	       r->raw.rip != rip;
}

static bool step_syscall(struct recorder *r, struct error *e)
{
	uint64_t number = r->raw.gpr[RAX];
	struct hw_event event = {.step = r->trace->steps, .kind = HW_GIVEN};
	struct tracee_stop stop;

	if (!call_allowed(r, number, e))
		return false;
	if (is_absent_call(number))
		return step_absent_call(r, e);
	if (!put_check(r, e))
		return false;
	stop = tracee_step(&r->tracee, 0);
	if (!call_was_made(r, stop))
		return after_step(r, stop, e);
	if (!put_followed(r, event, remaps(number), e) || !put_step(r, e))
		return false;
	return stop.end != TRACEE_SIGNAL || deliver(r, stop, e);
}

static bool step(struct recorder *r, struct error *e)
{
	uint8_t code[CLASS_BYTES];
	const struct hw_instruction *in =
		classify(r->classifier, r->now.w[HW_RIP], code, read_code(r, code));

	touch(r, in);
	switch (in->class) {
	case CLASS_PLAIN:
		return step_plain(r, e);
	case CLASS_CPUID:
		return step_cpuid(r, in->length, e);
	case CLASS_ENVIRONMENT:
		return step_environment(r, e);
	case CLASS_SYSCALL:
		return step_syscall(r, e);
	case CLASS_PUSHF:
		return step_pushf(r, e);
	case CLASS_BREAKPOINT:
		return fail(e, "a breakpoint instruction at 0x%" PRIx64, in->rip);
	case CLASS_AVX:
		return fail(e,
			"an AVX instruction at 0x%" PRIx64
			", though CPUID does not offer it: traces have no AVX state",
			in->rip);
	}
	return fail(e, "unknown class of instruction");
}

/* --- a recording --- */

static bool go_on(struct recorder *r)
{
	const struct hwtrace_recording *w = r->wanted;
	uint64_t steps = r->trace->steps;

	if (w->steps_max != 0 && steps >= w->steps_max)
		return false;
	return steps % PROGRESS_EVERY != 0 || w->progress == NULL || w->progress(w->context, steps);
}

static bool record_steps(struct recorder *r, struct error *e)
{
	struct hw_event first = {.kind = HW_PAGES};

	if (!get_state(r, e) || !put_followed(r, first, false, e))
		return false;
	r->trace->first = r->now;
	step_writer_begin(&r->steps, &r->now, r->trace->streams);
	r->trace->end = HWTRACE_LIMIT;
	while (!r->ended && go_on(r)) {
		if (r->trace->steps - r->checked >= CHECK_EVERY && !put_check(r, e))
			return false;
		if (!step(r, e))
			return false;
	}
	if (!r->ended && !put_check(r, e))
		return false;
	step_writer_end(&r->steps);
	return true;
}

static void describe_host(struct hwtrace_host *h)
{
	uint32_t brand[13] = {0}, eax, ebx, ecx, edx;
	const char *name = (const char *)brand;

	for (uint32_t i = 0; i < 3; i++)
		__cpuid(0x80000002 + i, brand[4 * i], brand[4 * i + 1], brand[4 * i + 2],
			brand[4 * i + 3]);
	__cpuid(1, eax, ebx, ecx, edx);
	h->name = strdup(name + strspn(name, " "));
	SIM_ASSERT(h->name != NULL);
	h->stepping = eax & 15;
	h->model = (eax >> 4 & 15) | (eax >> 12 & 0xf0);
	h->family = (eax >> 8 & 15) + ((eax >> 8 & 15) == 15 ? eax >> 20 & 0xff : 0);
}

static char *command_line(char *const argv[])
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	SIM_ASSERT(out != NULL);
	for (unsigned i = 0; argv[i] != NULL; i++)
		fprintf(out, "%s%s", i == 0 ? "" : " ", argv[i]);
	SIM_ASSERT(fclose(out) == 0);
	return text;
}

bool hwtrace_record(const struct hwtrace_recording *wanted, struct hwtrace *trace, struct error *e)
{
	struct recorder r = {.wanted = wanted, .trace = trace, .events = {.out = &trace->events}};
	uint32_t features[4];
	bool good;

	memset(trace, 0, sizeof(*trace));
	trace->version = strdup(wanted->version);
	trace->program = command_line(wanted->argv);
	describe_host(&trace->host);
	r.classifier = classifier_create();
	r.answers = answers_create(wanted->model);
	answer_cpuid(r.answers, 1, 0, features);
	good = tracee_start(&r.tracee, wanted->argv, features[3], e) && record_steps(&r, e);
	tracee_kill(&r.tracee);
	mirror_free(&r.mirror);
	classifier_destroy(r.classifier);
	answers_destroy(r.answers);
	predictor_destroy(r.steps.predictor);
	if (!good)
		hwtrace_free(trace);
	return good;
}
