/* core_report.h - a pcore's state for people: where it is, and its registers.
 */
#ifndef CLI_CORE_REPORT_H
#define CLI_CORE_REPORT_H

#include <stdio.h>

#include "sim/cpu/cpu.h"
#include "sim/symbols/symbols.h"

/* One line: step, cycle, rip with its function, what the pcore does, and the next instruction.
 * symbols may be NULL. */
void print_core_line(const struct vcpu *c, unsigned core, const struct symbols *symbols, FILE *out);

/* The line and the registers that tell most about a failure. */
void print_core(const struct vcpu *c, unsigned core, const struct symbols *symbols, FILE *out);

#endif
