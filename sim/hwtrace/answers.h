/* answers.h - what ringv's CPU says of itself, asked by executing its CPUID.
 */
#ifndef HWTRACE_ANSWERS_H
#define HWTRACE_ANSWERS_H

#include "sim/base/base.h"

struct answers;

struct answers *answers_create(void);
void answers_destroy(struct answers *a);

/* EAX, EBX, ECX, EDX. */
void answer_cpuid(struct answers *a, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

#endif
