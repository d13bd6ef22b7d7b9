/* probe.h - a test: a snippet of code, the state it starts in, and the line that says what it did.
 *
 * PROBE("name", "assembly", .member = value...) runs the assembly text, which ends in INT 20h, and
 * prints `name: ` followed by one item an event:
 *
 *	GP(18) +2 cs=8 f=202 sp=-8 ss=10 @S-30 rax=5
 *
 * the exception with its error code; RIP, relative to the snippet; CS, SS and RSP of the frame
 * where they are not those at the start; RFLAGS without the status flags, RF and bit 1; where the
 *frame was pushed; general registers that changed. `end` stands for INT 20h. Addresses in the
 *snippet print as +n or u+n (its alias for ring 3), addresses near the stacks as S, u S, or Tn
 *(RSP0, ISTn). Of #PF CR2 is printed, of others only if it changed; of #DB DR6.
 */
#ifndef SYSTEM_PROBE_H
#define SYSTEM_PROBE_H

#include "tests/system/image/machine.h"

enum mode { RING0, RING3, COMPAT0, COMPAT3 };

struct probe {
	const void *code;
	enum mode mode;
	uint64_t flags; /* RFLAGS, beside bit 1 */
	union {
		uint64_t gpr[16];
		struct {
			uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11;
		};
	};
	uint64_t cr0_flip, cr4_flip, efer_flip; /* bits that differ from the normal ones */
	uint64_t resume[4];                     /* bitmap of vectors */
	bool status;                            /* show the status flags */
	bool rf;                                /* show RF */
	bool no_registers;                      /* do not show the general registers */
	uint64_t keep;                          /* bitmap of registers to show, of those (0: all) */
};

/* Assembles text for a snippet, and gives its address. */
#define CODE_AS(bits, text)                                                                        \
	({                                                                                         \
		const void *code_at;                                                               \
		__asm__(".pushsection .text.snippet, \"ax\"\n\t.code" #bits                        \
			"\n\t.balign 16\n88880:\t" text                                            \
			"\n\tint $0x20\n\t.code64\n\t.popsection\n\tlea 88880b(%%rip), %0"         \
			: "=r"(code_at));                                                          \
		code_at;                                                                           \
	})
#define CODE(text)   CODE_AS(64, text)
#define CODE32(text) CODE_AS(32, text)

/* Blocks, so that their probes share one place on the stack. */
#define PROBE(name, text, ...)                                                                     \
	do {                                                                                       \
		probe(name, &(struct probe){.code = CODE(text), __VA_ARGS__});                     \
	} while (0)
#define PROBE32(ring, name, text, ...)                                                             \
	do {                                                                                       \
		probe(name, &(struct probe){.code = CODE32(text), .mode = ring, __VA_ARGS__});     \
	} while (0)

/* A whole line. */
void probe(const char *name, const struct probe *p);

/* In pieces, for a line of several: line_begin, probe_show or probe_run and the like, line_end. */
void probe_run(const struct probe *p);
void probe_show(const struct probe *p);
void probe_show_brief(void);

void line_begin(const char *format, ...);
void line_add(const char *format, ...); /* %s string, %c, %x and %u uint64_t, %d int64_t */
void line_end(void);

/* An address, as the lines have them. */
void line_address(uint64_t address);

/* The mnemonic of an exception, or its number. */
void line_vector(uint64_t vector);

#endif
