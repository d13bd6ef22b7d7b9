/* identity.h - which process and vcore a core works for, learnt from the identity probes of the
 * kernel (docs/probes.md, "Identity").
 *
 * Plain data without pointers into the machine: a struct assignment saves and restores it.
 */
#ifndef REPLAY_IDENTITY_H
#define REPLAY_IDENTITY_H

#include "sim/machine/machine.h"
#include "sim/symbols/probes.h"

#define IDENTITY_PROCESSES 256 /* at a time; of more, the oldest are forgotten */
#define IDENTITY_NAME      32

struct identity_process {
	int pid; /* 0: free */
	uint64_t cr3;
	uint64_t number; /* 1 for the first one created */
	char name[IDENTITY_NAME];
};

struct identity_core {
	int pid; /* whose address space is loaded */
	int owner, vcoreid;
};

struct identity {
	struct identity_process processes[IDENTITY_PROCESSES];
	uint64_t created; /* processes so far: where the next one goes */
	struct identity_core cores[MACHINE_CPUS_MAX];
};

void identity_init(struct identity *i);

/* A probe has been reached: name, arguments, and what the core sees of memory. Other probes than
 * those of identity change nothing. */
void identity_probe(struct identity *i, const struct vcpu *c, const char *name, unsigned arg_count,
	const int64_t *args);

/* Whose address space is loaded; 0: none. */
int identity_pid(const struct identity *i, unsigned core);

/* The process, and the vcore, that own the pcore (from vcore_enter to vcore_leave); 0, -1: none. */
int identity_owner(const struct identity *i, unsigned core, int *vcoreid);

/* What is known of a process; NULL: no such process. */
const struct identity_process *identity_process(const struct identity *i, int pid);

/* The program's name; NULL: no such process. */
const char *identity_name(const struct identity *i, int pid);

/* The process of that name, by the last part of a path; the youngest if there are several. 0: none.
 */
int identity_find(const struct identity *i, const char *name);

/* The pcore that runs this vcore; -1: none. */
int identity_core_of(const struct identity *i, int pid, int vcoreid);

#endif
