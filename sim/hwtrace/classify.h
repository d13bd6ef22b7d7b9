/* classify.h - what a recorder has to know of an instruction before it is stepped: by Capstone, so
 * that recording does not depend on ringv's own decoder.
 */
#ifndef HWTRACE_CLASSIFY_H
#define HWTRACE_CLASSIFY_H

#include "sim/hwtrace/state.h"

enum hw_class {
	CLASS_PLAIN,
	CLASS_CPUID,
	CLASS_ENVIRONMENT, /* its result is the environment's: the clock, random numbers */
	CLASS_SYSCALL,
	CLASS_PUSHF,
	CLASS_BREAKPOINT, /* INT3 and its like */
	CLASS_AVX,        /* uses state that a trace does not have */
};

#define CLASS_BYTES   15
#define CLASS_MEMORY  2
#define CLASS_NO_REG  255
#define CLASS_ENTRIES 4096

/* A memory operand: registers by their words in struct hw_state. */
struct hw_operand {
	uint8_t base, index, segment; /* segment: the word of its base */
	uint8_t scale;
	uint16_t size;
	bool narrow; /* 32-bit address */
	int64_t disp;
};

struct hw_instruction {
	uint64_t rip;
	uint8_t bytes[CLASS_BYTES];
	uint8_t length; /* 0: not known to Capstone */
	uint8_t operand_count;
	enum hw_class class;
	struct hw_operand operands[CLASS_MEMORY];
};

struct classifier;

struct classifier *classifier_create(void);
void classifier_destroy(struct classifier *c);

/* The instruction at rip, of which size bytes can be read; valid until the next call. */
const struct hw_instruction *classify(
	struct classifier *c, uint64_t rip, const uint8_t *bytes, unsigned size);

/* Where an operand lies. */
uint64_t hw_operand_address(const struct hw_operand *o, const struct hw_state *s);

#endif
