/* watch.h - everything that looks at a run through the probes of its programs.
 *
 * A probe counts when the instruction at its address is about to be made by a core that runs that
 * image: kernel addresses always, those of a program in a process of that program. Watching changes
 * nothing in the run.
 */
#ifndef REPLAY_WATCH_H
#define REPLAY_WATCH_H

#include "sim/replay/identity.h"

struct probe_hit {
	const struct probe *probe; /* NULL: an address asked for with watch_address */
	const struct elf_image *image;
	unsigned core;
	uint64_t steps;            /* of the machine */
	uint64_t core_step, cycle; /* of the core: the instruction at rip would be this step */
	uint64_t rip;
	int pid, vcoreid; /* who owns the core just now; 0, -1: nobody */
	bool user;        /* the address is in a user image */
	unsigned arg_count;
	int64_t args[PROBE_ARGS_MAX];
};

/* Told once for each time that the instruction is made, just before it, in the order in which they
 * were added; identity is up to date then. At an address that was asked for, which need not be a
 * NOP, an attempt that ends in a fault counts, and each iteration of a repeated instruction. One
 * that calls run_please_stop stops the machine there. */
struct watch_listener {
	void *context;
	void (*hit)(void *context, struct machine *m, const struct probe_hit *hit);
};

/* Asked before the listeners are told (identity is up to date as of the probes before this one).
 * True: the core stops there, with machine_pause or machine_park called, and nobody is told. When
 * the core is let go on, it is asked again. This is the place of the director: a probe at which a
 * stream stops, and perhaps takes interrupts, has not happened yet for anybody else. */
struct watch_gate {
	void *context;
	bool (*stop)(void *context, struct machine *m, const struct probe_hit *hit);
	/* The same for a store to what cpu_watch_stores names; hit->image may be NULL. */
	bool (*store)(void *context, struct machine *m, const struct probe_hit *hit, uint64_t pa,
		unsigned size);
};

/* All that is remembered between hits. Plain data, which snapshots of the machine save and restore.
 */
struct watch_state {
	struct identity identity;
	uint64_t told[MACHINE_CPUS_MAX]; /* core_step, plus 1, of the last hit that was told */
};

struct watch;

/* Watches from now on. images must outlive it, and it must go before the machine. */
struct watch *watch_create(struct machine *m, const struct images *images);
void watch_destroy(struct watch *w);

void watch_add(struct watch *w, struct watch_listener listener);
void watch_remove(struct watch *w, const void *context);
void watch_set_gate(struct watch *w, struct watch_gate gate);

/* Hits for another address too. False: it was asked for before. */
bool watch_address(struct watch *w, const struct elf_image *image, uint64_t address);

const struct images *watch_images(const struct watch *w);
const struct identity *watch_identity(const struct watch *w);
struct watch_state *watch_state(struct watch *w);

/* The image that an address belongs to on that core just now; NULL: none. */
const struct elf_image *watch_image(const struct watch *w, unsigned core, uint64_t address);

/* "proc_yield+0x3c (sim/kernel/yield.c:71)", by that image. */
void watch_place(const struct watch *w, unsigned core, uint64_t address, bool with_line, char *text,
	size_t size);

#endif
