/* player.h - one core of ringv in 64-bit user mode, on memory that a trace fills.
 *
 * There is no kernel: an exception ends the step that raised it, and what the environment does is
 * put into memory and registers by the caller. Whatever a trace says, a player stays whole.
 */
#ifndef HWTRACE_PLAYER_H
#define HWTRACE_PLAYER_H

#include "sim/cpu/decode.h"
#include "sim/cpu/model.h"
#include "sim/hwtrace/hwtrace.h"

struct player;

#define PLAYER_MEMORY_MIN (UINT64_C(1) << 20)
#define PLAYER_MEMORY     (UINT64_C(1) << 30) /* more than a recorder accepts of a program */

/* memory bytes for what is mapped and its tables; model must outlive it. */
struct player *player_create(const struct cpu_model *model, uint64_t memory);
void player_destroy(struct player *p);

/* For the disassembler. */
const struct vcpu *player_core(const struct player *p);

/* An edit that does not fit is an error: it maps too much, or writes where nothing is mapped. */
MUST_CHECK bool player_edit(struct player *p, const struct hw_edit *edit, struct error *e);

/* False for a state that no user program can have. */
MUST_CHECK bool player_put(struct player *p, const struct hw_state *state);
void player_get(const struct player *p, struct hw_state *state);

/* What the next instruction is; NULL where there is none. */
const struct row *player_next(const struct player *p, struct insn *in);

enum player_end {
	PLAYER_STEPPED,
	PLAYER_FAULTED, /* put a state before going on */
	PLAYER_REFUSED, /* ringv does not have it */
};

struct player_step {
	enum player_end end;
	unsigned vector;     /* PLAYER_FAULTED */
	uint64_t la;         /* for a page fault */
	const char *refused; /* PLAYER_REFUSED */
};

/* One instruction, or one iteration of a repeated one. */
struct player_step player_step(struct player *p);

/* Brings the hashes of pages up to date, and gives the sum over those that can be written. */
uint64_t player_check(struct player *p);
/* Of one page, after player_check; false if it is not mapped. */
MUST_CHECK bool player_page_hash(struct player *p, uint64_t la, uint64_t *hash);
/* Says that its change is known, and that of a page which the last player_check found changed and
 * nobody knows of; false if there is none. */
void player_page_known(struct player *p, uint64_t la);
MUST_CHECK bool player_unknown_change(const struct player *p, uint64_t *la);

#endif
