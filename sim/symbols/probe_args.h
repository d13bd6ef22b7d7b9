/* probe_args.h - reads one argument of a probe, N@OPERAND in the assembler's (AT&T) syntax for
 * x86-64:
 *
 *	-4@%edi   1@%ah   8@$5   8@-16(%rbp)   8@table(,%rax,8)   4@flags+4(%rip)   4@%fs:id@tpoff
 */
#ifndef SYMBOLS_PROBE_ARGS_H
#define SYMBOLS_PROBE_ARGS_H

#include "sim/symbols/elf_file.h"
#include "sim/symbols/probes.h"

/* Who knows the symbols: elf_file_symbol, or a test. */
struct probe_names {
	const void *context;
	enum elf_found (*find)(const void *context, const char *name, bool tls, uint64_t *value);
};

/* Reads the argument that *text starts with, and moves *text behind it, to a blank or the end. */
MUST_CHECK bool probe_arg_read(
	struct probe_arg *arg, const char **text, const struct probe_names *names, struct error *e);

#endif
