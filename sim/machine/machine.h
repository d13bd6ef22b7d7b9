/* machine.h - a whole PC: pcores, memory, interrupt controllers, devices, on one clock.
 *
 * All of it hangs on one struct machine; several may live in one process. What software can
 * observe is listed once, as state parts and RAM, and that list serves digest, snapshot and
 * comparison (state.h).
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include "sim/apic/ioapic.h"
#include "sim/apic/lapic.h"
#include "sim/base/config.h"
#include "sim/base/log.h"
#include "sim/cpu/cpu.h"
#include "sim/dev/debug_console.h"
#include "sim/dev/debug_exit.h"
#include "sim/dev/dma.h"
#include "sim/dev/fpu_error.h"
#include "sim/dev/framebuffer.h"
#include "sim/dev/fw_cfg.h"
#include "sim/dev/hpet.h"
#include "sim/dev/i440fx.h"
#include "sim/dev/isa.h"
#include "sim/dev/pic.h"
#include "sim/dev/pit.h"
#include "sim/dev/pm.h"
#include "sim/dev/power.h"
#include "sim/dev/ps2.h"
#include "sim/dev/rtc.h"
#include "sim/dev/stimulus.h"
#include "sim/dev/uart.h"
#include "sim/dev/virtio_9p.h"
#include "sim/dev/virtio_blk.h"
#include "sim/dev/virtio_console.h"
#include "sim/dev/virtio_rng.h"
#include "sim/machine/hold.h"
#include "sim/machine/run.h"
#include "sim/machine/state.h"

#define MACHINE_CPUS_MAX 64

struct machine;

/* Where the serial line's bytes come from: the host, or a recording. */
struct input_source {
	/* Is there a byte for the position (steps, events)? Called at step boundaries. idle: for so
	 * many cycles nothing but input can happen, so that the source may sleep as long; 0 when
	 * the machine is busy, EVENT_NEVER when only input can wake it. A byte that the serial line
	 * cannot receive (uart_can_receive) is lost. */
	bool (*poll)(void *context, struct machine *m, uint64_t idle, uint8_t *byte);
	/* The step of the next byte that is known beforehand; NULL or UINT64_MAX: not known. */
	uint64_t (*next_step)(void *context, const struct machine *m);
	void (*fed)(void *context, struct machine *m, uint8_t byte); /* may be NULL */
	void *context;
};

/* One pcore's view of the board. */
struct board_port {
	struct machine *machine;
	unsigned core;
};

/* What somebody who watches the machine remembers, for snapshots to keep beside its state. */
struct attachment {
	void *data; /* NULL: free */
	size_t size;
};

#define ATTACHED_MAX 8

/* Is told of each access to RAM that a pcore makes, as struct cpu_accesses says. The order is that
 * of the machine, and so is that of probes (watch.h) among them: an access of a step comes before
 * what happens before the pcore's next one. */
struct access_listener {
	void *context;
	void (*access)(void *context, struct machine *m, const struct mem_access *a);
	/* For who wants to know what else orders them; both may be NULL. A pcore has made a local
	 * APIC accept something, by a step that the accesses told so far come before: an interrupt
	 * or NMI with that vector, or a start-up message. And a pcore takes that interrupt. */
	void (*sent)(void *context, struct machine *m, unsigned from, unsigned to, unsigned vector,
		bool start_up);
	void (*taken)(void *context, struct machine *m, unsigned core, unsigned vector);
};

#define ACCESS_LISTENERS_MAX 4

struct machine {
	struct config config;
	struct cpu_model cpu_model; /* that config.cpu.model names */
	unsigned cpu_count;

	/* truth */
	struct run_state run;
	struct event_queue events;
	struct parks parks;
	struct phys_mem mem;
	struct ioapic ioapic;
	struct pic pic;
	struct pit pit;
	struct hpet hpet;
	struct rtc rtc;
	struct uart uart;
	struct debug_exit debug_exit;
	struct stimulus stimulus;
	struct dma dma;
	struct ps2 ps2;
	struct fw_cfg fw_cfg;
	struct pm pm;
	struct power power;
	struct fpu_error fpu_error;
	struct isa isa;
	struct pci_bus pci;
	struct bridge host_bridge, isa_bridge, power_bridge;
	struct framebuffer display;
	struct virtio_rng rng;
	struct virtio_console console;
	struct virtio_blk disks[VIRTIO_BLK_MAX];
	struct virtio_9p share;
	struct store_list stores;
	struct lapic *lapics; /* [cpu_count] */
	struct vcpu *cores;   /* [cpu_count] */

	/* wiring and cache */
	struct blocks display_memory; /* none when the board has no display */
	unsigned disk_count;
	struct blocks disk_blocks[VIRTIO_BLK_MAX];
	struct apic_bus apic_bus;
	struct board_port *ports; /* [cpu_count] */
	struct code_cache *code;
	struct log log;
	struct debug_console debug_console;
	struct input_source input;
	struct hold_control *control; /* may be NULL */
	struct parks parks_marked;    /* the parks that have a mark */
	struct attachment attached[ATTACHED_MAX];
	unsigned access_listener_count;
	struct access_listener access_listeners[ACCESS_LISTENERS_MAX];
	uint64_t clock[MACHINE_CPUS_MAX]; /* a copy of each core's cycle */
	uint64_t drop_every;  /* drop all caches after so many steps at the latest; 0: never */
	bool single_steps;    /* come back after every step; for watchpoints */
	volatile int please;  /* a watcher wants a stop */
	const char *absent;   /* a part of the board that was used and is not there */
	unsigned absent_core; /* that used it; or the last that could */
	uint64_t step_base;   /* the running core's step when m->run.steps was counted */
	struct state_list state;
	struct ram_digest ram_digest;
};

/* A machine after power-on, without software. NULL: the host lacks memory, or the options are
 * beyond what this board has. Serial output goes to sink. */
struct machine *machine_create(
	const struct config *config, const struct byte_sink *sink, struct error *e);
void machine_destroy(struct machine *m);

/* Puts the next disk on the board of a machine that has not run yet: the size bytes at data, a
 * multiple of VIRTIO_BLK_SECTOR, which must stay as they are as long as the machine lives. */
MUST_CHECK bool machine_add_disk(
	struct machine *m, const uint8_t *data, uint64_t size, bool read_only, struct error *e);

/* Puts a file share on the board of a machine that has not run yet, once. */
void machine_add_share(struct machine *m, const struct share *share);

/* What a reset does: all but RAM, and what a battery keeps, is as after power-on, and time goes on.
 */
void machine_reset(struct machine *m);

/* Does a reset start the machine again, or is it the end of the run? */
bool machine_restarts(const struct machine *m);

/* Snapshots taken from now on save and restore data too, plain bytes, until it is detached. */
void machine_attach(struct machine *m, void *data, size_t size);
void machine_detach(struct machine *m, const void *data);

/* Tells that listener of each access from now on, until it is removed. It changes nothing in the
 * run, but the run takes longer while anybody listens. Both may be called by a watcher of the
 * machine, but not by a listener. */
void machine_watch_accesses(struct machine *m, struct access_listener listener);
void machine_unwatch_accesses(struct machine *m, const void *context);

/* Drops all that is cache. Nothing that software can see changes. */
void machine_drop_caches(struct machine *m);

/* RAM as it is when all that is stored has left the store buffers, for who looks from outside.
 * False where there is none. */
MUST_CHECK bool machine_peek(const struct machine *m, uint64_t pa, void *data, uint64_t size);

/* The steps of the machine in total, for a watcher that is called while that core runs. */
uint64_t machine_steps_now(const struct machine *m, unsigned core);

/* Rebuilds what follows from the state, after state parts were replaced as a whole. */
void machine_state_changed(struct machine *m);

/* Retired instructions of all pcores; the highest clock of any. */
uint64_t machine_insns(const struct machine *m);
uint64_t machine_cycles(const struct machine *m);

#endif
