/* abstract.h - what the instructions of a test read and write, for the axioms: a reading of their
 * text, and a small evaluation of its own, apart from the simulator's.
 */
#ifndef LITMUS_ABSTRACT_H
#define LITMUS_ABSTRACT_H

#include "sim/litmus/test.h"

enum abstract_kind {
	ABSTRACT_NOTHING, /* NOP, PAUSE; SFENCE and LFENCE, since memory is write-back */
	ABSTRACT_FENCE,   /* MFENCE; delivery of an interrupt, and IRET */
	ABSTRACT_SEND,    /* of an IPI to all others */
	ABSTRACT_ARRIVE,  /* the interrupt of a handler is taken */
	ABSTRACT_MOV,
	ABSTRACT_ADD,
	ABSTRACT_SUB,
	ABSTRACT_AND,
	ABSTRACT_OR,
	ABSTRACT_XOR,
	ABSTRACT_XCHG,
	ABSTRACT_XADD,
	ABSTRACT_CMPXCHG,
};

struct abstract_operand {
	enum { OPERAND_NONE, OPERAND_NUMBER, OPERAND_REGISTER, OPERAND_MEMORY } place;
	uint64_t value; /* number, register or address */
	bool extends;   /* a 32-bit register: its upper half becomes 0 */
};

struct abstract_insn {
	enum abstract_kind kind;
	bool locked, uncached;
	unsigned size; /* bytes of an operand */
	struct abstract_operand from, to;
};

struct abstract_thread {
	unsigned count;
	struct abstract_insn insn[2 * LITMUS_INSNS + 3]; /* a thread, and a handler within it */
};

/* A thread, and the handler that may interrupt it. False: e says which instruction of which line
 * the axioms do not know. */
MUST_CHECK bool abstract_read(struct abstract_thread *a, struct abstract_thread *handler,
	const struct litmus_test *t, unsigned thread, struct error *e);

/* The thread if the interrupt comes before its instruction `at`: delivering it drains the store
 * buffer, and so does IRET (SDM "Store Buffer" and "Serializing Instructions"). */
void abstract_interrupt(struct abstract_thread *a, const struct abstract_thread *thread,
	const struct abstract_thread *handler, unsigned at);

static inline bool abstract_loads(const struct abstract_insn *in)
{
	return in->from.place == OPERAND_MEMORY ||
	       (in->to.place == OPERAND_MEMORY && in->kind != ABSTRACT_MOV);
}

static inline bool abstract_stores(const struct abstract_insn *in)
{
	return in->to.place == OPERAND_MEMORY;
}

static inline uint64_t abstract_address(const struct abstract_insn *in)
{
	return in->from.place == OPERAND_MEMORY ? in->from.value : in->to.value;
}

/* Executes an instruction on registers: loaded is what it reads from memory, the result what it
 * writes there. */
uint64_t abstract_execute(const struct abstract_insn *in, uint64_t reg[16], uint64_t loaded);

#endif
