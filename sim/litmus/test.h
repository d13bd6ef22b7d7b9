/* test.h - a litmus test as herd's tools write it (X86_64, AT&T syntax), and with interrupts and
 * uncached memory.
 *
 *	X86_64 SB
 *	{
 *	uint64_t x; uncached y; uint64_t 0:rax; 1:rbx=x;
 *	}
 *	 P0          | P1          | I1          ;
 *	 movq $1,(x) | movq $1,(y) | movq $2,(x) ;
 *	exists (0:rax=0 /\ y=1)
 *
 * Before the braces may stand any lines, which are comments. A location has the size of its type;
 * without one, 8 bytes. Its memory is aligned to its size. A register may begin with a number or
 * with the address of a location.
 *
 * I1 is an interrupt handler of thread P1, which ends in an IRET of its own; it uses P1's
 *registers. Its interrupt comes once, at any time. Where another thread sends an IPI to all others,
 *it is that one: `wrmsr` with rcx=0x830, rdx=0 and rax=0xc0040, or `movl $0xc0040,(%rsi)` with
 * rsi=0xfee00300. A location is `uncached` by its page, or `uncached_range` by an MTRR.
 */
#ifndef LITMUS_TEST_H
#define LITMUS_TEST_H

#include "sim/base/error.h"

#define LITMUS_NAME      64
#define LITMUS_THREADS   8
#define LITMUS_INSNS     32 /* of a thread */
#define LITMUS_LOCATIONS 16
#define LITMUS_RANGES    8  /* locations that are uncached by an MTRR */
#define LITMUS_SEEN      24 /* observables */
#define LITMUS_NODES     128
#define LITMUS_TEXT      64 /* of an instruction */

/* An IPI to all others, in the ICR; and where that is. */
#define LITMUS_IPI       0xc0040
#define LITMUS_VECTOR    0x40
#define LITMUS_ICR_MSR   0x830
#define LITMUS_ICR       UINT64_C(0xfee00300)
#define LITMUS_APIC_PAGE (LITMUS_ICR & ~UINT64_C(0xfff))

enum litmus_caching { LITMUS_CACHED, LITMUS_UNCACHED, LITMUS_UNCACHED_RANGE };

struct litmus_location {
	char name[LITMUS_NAME];
	enum litmus_caching caching;
	unsigned size; /* bytes: 1, 2, 4 or 8 */
	int64_t initial;
	bool is_initial_address; /* ... is the number of a location */
};

struct litmus_line {
	char text[LITMUS_TEXT];
	unsigned line; /* in the file */
};

struct litmus_thread {
	unsigned count;
	struct litmus_line insn[LITMUS_INSNS];
	uint64_t reg[16];       /* what they begin with */
	uint32_t holds_address; /* bit r: reg[r] is the number of a location */
};

/* A register of a thread, or a location: what the outcome of a test is told by. */
struct litmus_seen {
	int thread; /* -1: a location */
	unsigned number;
};

/* The condition, in postfix order. */
struct litmus_node {
	enum { NODE_EQUAL, NODE_AND, NODE_OR, NODE_NOT, NODE_TRUE, NODE_FALSE } kind;
	unsigned seen; /* of NODE_EQUAL: number of the observable */
	int64_t value;
};

enum litmus_quantifier { LITMUS_EXISTS, LITMUS_NOT_EXISTS, LITMUS_FORALL };

struct litmus_test {
	char file[256];
	char name[LITMUS_NAME];
	unsigned thread_count, location_count, seen_count, node_count;
	struct litmus_thread thread[LITMUS_THREADS];
	bool has_handler[LITMUS_THREADS];
	struct litmus_thread handler[LITMUS_THREADS]; /* without registers of its own */
	struct litmus_location location[LITMUS_LOCATIONS];
	struct litmus_seen seen[LITMUS_SEEN]; /* registers first, in order */
	enum litmus_quantifier quantifier;
	struct litmus_node node[LITMUS_NODES];
};

/* Reads a test from a text; e says file, line and what was expected. */
MUST_CHECK bool litmus_parse(
	struct litmus_test *t, const char *file, const char *text, struct error *e);

/* Where a location lies in memory. */
uint64_t litmus_address(unsigned location);

/* Is it within the memory of an uncached location? */
bool litmus_is_uncached(const struct litmus_test *t, uint64_t address);

/* The thread that sends an IPI, as its registers say; -1: none. */
int litmus_sender(const struct litmus_test *t);

/* Do local APICs have their registers in memory, in this test? */
bool litmus_has_xapic(const struct litmus_test *t);

/* What an observable begins with, an address where it is to be one. */
uint64_t litmus_initial_register(const struct litmus_test *t, unsigned thread, unsigned reg);
int64_t litmus_initial_value(const struct litmus_test *t, unsigned location);

/* Is it so in an outcome, the values of all observables? */
bool litmus_holds(const struct litmus_test *t, const int64_t *outcome);

/* "0:rax=1; x=2;" */
void litmus_outcome_text(
	const struct litmus_test *t, const int64_t *outcome, char *text, size_t size);

/* The register called so, without %, of any width; -1: none. *size: its bytes. */
int litmus_register(const char *name, size_t length, unsigned *size);

#endif
