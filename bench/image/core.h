/* core.h - what a core of the image is, and how phases see it.
 *
 * Every core runs the same phase at the same time on data of its own: nothing is shared but code,
 * page tables and the barrier. Interrupts are off in ring 0.
 */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

#include "bench/image/layout.h"

#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof(a)[0])

/* SDM "64-Bit Task State Segment" */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3], reserved1, ist[7], reserved2;
	uint16_t reserved3, io_map_base;
} __attribute__((packed));

struct core {
	uint64_t user_rsp;     /* of ring 3, during a system call */
	uint64_t trap_stack;   /* where traps and system calls from ring 3 begin */
	uint64_t resume_stack; /* of enter_user, while ring 3 runs */
	struct core *self;
	uint32_t id;
	uint32_t cores; /* that run the phases, this one included */
	uint8_t *arena; /* ARENA_SIZE bytes */
	struct tss tss;
	uint64_t gdt[SEL_TSS / 8 + 2];
	uint64_t space;            /* which of its two address spaces, in the privileged phase */
	uint64_t faults, software; /* page faults and software interrupts that were handled */
};

_Static_assert(offsetof(struct core, user_rsp) == CORE_USER_RSP, "entry.S");
_Static_assert(offsetof(struct core, trap_stack) == CORE_TRAP_STACK, "entry.S");
_Static_assert(offsetof(struct core, resume_stack) == CORE_RESUME_STACK, "entry.S");

static inline struct core *this_core(void)
{
	struct core *c;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(c) : "i"(offsetof(struct core, self)));
	return c;
}

/* What entry.S calls and offers. */
uint64_t syscall(uint64_t number, uint64_t argument);
uint64_t enter_user(uint64_t rip, uint64_t rsp, uint64_t argument);
_Noreturn void leave_user(uint64_t result);

/* Descriptors, interrupt table, local APIC and SYSCALL of the core that calls. */
void core_init(uint32_t id);

/* Starts all other cores at ap_start32; they take their numbers as they arrive. */
void start_cores(void);

/* Phases: they do n units of work and return a checksum of what they computed. */
uint64_t phase_integer(struct core *c, uint64_t n);
uint64_t phase_memory(struct core *c, uint64_t n);
uint64_t phase_sse2(struct core *c, uint64_t n);
uint64_t phase_x87(struct core *c, uint64_t n);
uint64_t phase_privileged(struct core *c, uint64_t n);

/* xorshift64 by Marsaglia; a state is never 0. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline uint64_t mix(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * 0x100000001b3;
}

/* Of whole words. */
static inline uint64_t checksum(const void *data, size_t size)
{
	const uint64_t *words = data;
	uint64_t sum = 0;

	for (size_t k = 0; k < size / 8; k++)
		sum = mix(sum, words[k]);
	return sum;
}

#endif
