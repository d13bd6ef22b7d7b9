/* recorder.h - runs a program on the host's CPU, one step at a time, and makes a trace of it.
 *
 * The program must have one thread and stay one process. CPUID is answered as a model of ringv
 * does, so that programs choose code that ringv can follow; what uses AVX nevertheless ends the
 * recording with an error. Its standard streams are the recorder's. For x86-64 Linux hosts.
 */
#ifndef HWTRACE_RECORDER_H
#define HWTRACE_RECORDER_H

#include "sim/cpu/model.h"
#include "sim/hwtrace/hwtrace.h"

struct hwtrace_recording {
	char *const *argv;             /* the program and its arguments, NULL at the end */
	uint64_t steps_max;            /* 0: until the program ends */
	const struct cpu_model *model; /* that CPUID describes */
	const char *version;           /* of ringv */
	/* Called now and then; false ends the recording there. May be NULL. */
	bool (*progress)(void *context, uint64_t steps);
	void *context;
};

/* On success the caller frees the trace. */
MUST_CHECK bool hwtrace_record(
	const struct hwtrace_recording *r, struct hwtrace *trace, struct error *e);

#endif
