/* schedule.h - reads the forcings of a schedule from text, and prints them in one canonical form.
 *
 *	pause STREAM at POINT until UNTIL [expires N cycles]
 *	park  STREAM at POINT until UNTIL [expires N cycles]
 *	hold  STREAM at POINT until UNTIL [expires N cycles]
 *	do STIMULUS at POINT
 *
 * STREAM   cN, pcore N; or PROGRAM:vN, its vcore N, on whichever pcore
 * POINT    cN:sN, before step N of pcore N, in one build; or, in any build, before
 *          [STREAM:]FUNCTION+0xOFFSET#N, the instruction there, by its bytes from the function on;
 *          [STREAM:]probe:NAME#N, a probe;
 *          [STREAM:]store:DATA#N, a store to a variable, as image_data of sim/symbols spells it;
 *          #N is the N-th time since the run began, 1 if left out, that the stream comes there;
 *          without a stream, that of the forcing, or after `until` and for `do` that anybody does
 * UNTIL    POINT | N cycles (0: until the other pcores have come as far) | all others idle
 * STIMULUS irq PIN | serial "TEXT" | preempt STREAM [for N us | for ever] | return cores
 *          | provision PROGRAM N | delay VECTOR on cN by N cycles | drop VECTOR on cN
 *          | duplicate VECTOR on cN
 *
 * Only text: whether the names exist is for schedule_check.
 */
#ifndef REPLAY_SCHEDULE_H
#define REPLAY_SCHEDULE_H

#include <stdio.h>

#include "sim/base/error.h"

#define FORCINGS_MAX     512
#define SCHEDULE_NAME    64
#define SCHEDULE_WHERE   128
#define SCHEDULE_SERIAL  64
#define SCHEDULE_NUMBER  UINT64_C(1000000000000000) /* the largest */
#define SCHEDULE_EXPIRES UINT64_C(100000000)        /* cycles, where nothing is said */

enum stream_kind { STREAM_ANY, STREAM_PCORE, STREAM_VCORE };

struct stream {
	enum stream_kind kind;
	unsigned number;
	char program[SCHEDULE_NAME]; /* of a vcore */
};

enum point_kind { POINT_NONE, POINT_EXACT, POINT_CODE, POINT_PROBE, POINT_STORE };

struct point {
	enum point_kind kind;
	struct stream stream;
	char name[SCHEDULE_NAME]; /* function, probe or data */
	uint64_t offset;          /* of code from its function */
	uint64_t number;          /* the step; else the how-manieth time */
};

enum until_kind { UNTIL_POINT, UNTIL_CYCLES, UNTIL_IDLE };

struct until {
	enum until_kind kind;
	struct point point;
	uint64_t cycles;
};

enum stimulus_kind {
	STIMULATE_IRQ,
	STIMULATE_SERIAL,
	STIMULATE_PREEMPT,
	STIMULATE_RETURN,
	STIMULATE_PROVISION,
	STIMULATE_DELAY,
	STIMULATE_DROP,
	STIMULATE_DUPLICATE,
};

struct stimulation {
	enum stimulus_kind kind;
	struct stream stream;       /* the vcore, the program's name, or the pcore */
	uint64_t number;            /* pin, microseconds, cores, or vector */
	uint64_t cycles;            /* of a delay */
	unsigned size;              /* of the text */
	char text[SCHEDULE_SERIAL]; /* for the serial line */
};

enum forcing_kind { FORCING_PAUSE, FORCING_PARK, FORCING_HOLD, FORCING_DO };

struct forcing {
	enum forcing_kind kind;
	struct stream stream; /* of a pause, park or hold */
	struct point at;
	struct until until;
	uint64_t expires; /* cycles after it began */
	struct stimulation stimulation;
	char where[SCHEDULE_WHERE]; /* it was read from; for messages */
};

struct schedule {
	unsigned count;
	struct forcing at[FORCINGS_MAX];
};

/* A schedule is large, and most of it unused: assignment would copy all of it. */
void schedule_copy(struct schedule *to, const struct schedule *from);

/* One forcing more. where, "FILE:LINE" for instance, begins each message; a message names the
 * column in text, what is there, and what was expected. */
MUST_CHECK bool schedule_add(
	struct schedule *s, const char *where, const char *text, struct error *e);

/* A forcing a line; blank lines and those that begin with # or ; do not count. */
MUST_CHECK bool schedule_read(
	struct schedule *s, const char *name, const char *text, size_t size, struct error *e);

/* What reads back as the same. */
void forcing_print(const struct forcing *f, FILE *out);
void point_print(const struct point *p, FILE *out);
void stream_print(const struct stream *s, FILE *out);
void schedule_print(const struct schedule *s, FILE *out);

/* Its word. */
const char *stimulus_name(enum stimulus_kind kind);

bool stream_equal(const struct stream *a, const struct stream *b);

#endif
