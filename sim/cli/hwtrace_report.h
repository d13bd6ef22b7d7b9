/* hwtrace_report.h - what `ringv hwtrace` prints about traces and their validation.
 */
#ifndef CLI_HWTRACE_REPORT_H
#define CLI_HWTRACE_REPORT_H

#include <stdio.h>

#include "sim/hwtrace/validator.h"

#define HWTRACE_SHOWN 10 /* differences that are printed, of a trace */

/* One trace's validation. */
struct hwtrace_outcome {
	const char *name;
	struct hwtrace trace;
	struct hw_result result;
	struct hw_difference first;
	double seconds;
};

void hwtrace_print_difference(const char *name, const struct hw_difference *d);
void hwtrace_print_outcome(const struct hwtrace_outcome *o);
/* How many differences which mnemonic had. */
void hwtrace_print_failures(const struct hwtrace_outcome *o);
void hwtrace_print_json(const struct hwtrace_outcome *o, FILE *out);

/* What is asked for of steps by mnemonic, and by row of the decode table. */
struct hwtrace_counts {
	bool mnemonics, coverage;
};

void hwtrace_print_info(const struct hwtrace_outcome *o, struct hwtrace_counts counts, FILE *out);
void hwtrace_print_info_json(
	const struct hwtrace_outcome *o, struct hwtrace_counts counts, FILE *out);

#endif
