/* answers.h - what a CPU model of ringv says of itself, asked by executing its CPUID. Features that
 * the host's CPU lacks are left out.
 */
#ifndef HWTRACE_ANSWERS_H
#define HWTRACE_ANSWERS_H

#include "sim/cpu/model.h"

struct answers;

struct answers *answers_create(const struct cpu_model *model);
void answers_destroy(struct answers *a);

/* EAX, EBX, ECX, EDX. */
void answer_cpuid(struct answers *a, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

#endif
