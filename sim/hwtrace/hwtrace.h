/* hwtrace.h - what a user program did on real hardware, step by step: traces and their files.
 *
 * A trace has the state before the first step and after each, and events: what memory held at the
 * beginning, which steps ended in what the environment decided (system calls, CPUID, the clock),
 * signals, and checksums of the memory that the program can write. docs/formats.md has the layout.
 * A file is written whole or not at all. A reader trusts nothing in it.
 */
#ifndef HWTRACE_HWTRACE_H
#define HWTRACE_HWTRACE_H

#include "sim/base/error.h"
#include "sim/hwtrace/steps.h"

#define HWTRACE_VERSION 1

/* How the recording ended. */
enum hwtrace_end {
	HWTRACE_EXITED, /* the program, with that status */
	HWTRACE_KILLED, /* the program, by that signal */
	HWTRACE_LIMIT,  /* it went on, but so many steps were asked for */
	HWTRACE_ENDS
};

/* A bit of what CPU made the trace; for people. */
struct hwtrace_host {
	char *name; /* the brand string of CPUID */
	uint64_t family, model, stepping;
};

struct hwtrace {
	char *version; /* of the ringv that wrote it */
	char *program; /* its command line */
	struct hwtrace_host host;
	uint64_t steps, end, status;
	struct hw_state first;
	struct bytes streams[STEP_STREAMS];
	struct bytes events;
};

void hwtrace_free(struct hwtrace *t);

MUST_CHECK bool hwtrace_write(const struct hwtrace *t, const char *path, struct error *e);
MUST_CHECK bool hwtrace_read(struct hwtrace *t, const char *path, struct error *e);
/* The same, as the bytes of a file; free them in any case. */
MUST_CHECK bool hwtrace_write_memory(const struct hwtrace *t, struct bytes *file, struct error *e);
MUST_CHECK bool hwtrace_read_memory(
	struct hwtrace *t, const char *name, const uint8_t *data, size_t size, struct error *e);

/* --- events --- */

enum hw_event_kind {
	HW_PAGES,  /* before the step: memory becomes known */
	HW_CHECK,  /* before the step: checksums of memory */
	HW_GIVEN,  /* the environment decides what the step's instruction does, to memory too */
	HW_FAULT,  /* the step's instruction faults, and changes nothing */
	HW_SIGNAL, /* the step is no instruction: a signal is delivered */
	HW_EVENTS
};

/* What happens to memory. Mapped pages are hidden (their contents are not in the trace yet), or
 * zero unless they were there before. */
enum hw_edit_kind { HW_UNMAP, HW_MAP, HW_WRITE, HW_EDITS };

#define HW_PROT_READ  0x1
#define HW_PROT_WRITE 0x2
#define HW_PROT_EXEC  0x4
#define HW_HIDDEN     0x8

#define HW_USER_END UINT64_C(0x800000000000) /* of the addresses that a program can have */

struct hw_edit {
	enum hw_edit_kind kind;
	uint64_t la, size;   /* of HW_WRITE within a page, else pages */
	unsigned prot;       /* HW_PROT_*, HW_HIDDEN */
	const uint8_t *data; /* of HW_WRITE */
};

struct hw_event {
	uint64_t step;
	enum hw_event_kind kind;
	uint64_t signal; /* of HW_FAULT and HW_SIGNAL */
	uint64_t sum;    /* of HW_CHECK: of the hashes of all pages that can be written */
	uint64_t count;  /* of the edits, or of the pages of HW_CHECK, that follow */
};

/* The checksum of a page; a page of zeros has 0. */
uint64_t hw_page_hash(uint64_t la, const uint8_t *page);

/* Writing: an event, then what it counts. */
struct event_writer {
	struct bytes *out;
	uint64_t step; /* of the last one */
	uint64_t page;
};

void event_put(struct event_writer *w, const struct hw_event *event);
void event_put_edit(struct event_writer *w, const struct hw_edit *edit);
/* A page that changed since the last check; of its hash 32 bits are kept. */
void event_put_page(struct event_writer *w, uint64_t la, uint64_t hash);

/* Reading: events in order, and after each all that it counts. False at the end, and when the
 * bytes are damaged: then in.bad. */
struct event_reader {
	struct bytes_reader in;
	uint64_t step, page;
};

struct event_reader event_reader_begin(const struct hwtrace *t);
bool event_get(struct event_reader *r, struct hw_event *event);
bool event_get_edit(struct event_reader *r, struct hw_edit *edit);
bool event_get_page(struct event_reader *r, uint64_t *la, uint32_t *hash);

#endif
