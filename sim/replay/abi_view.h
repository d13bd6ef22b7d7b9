/* abi_view.h - what kernel and user share (sim/abi), read from outside through a callback.
 *
 * Apart from the rest of sim/replay, since the target has names of its own for things that the
 * simulator has too.
 */
#ifndef REPLAY_ABI_VIEW_H
#define REPLAY_ABI_VIEW_H

#include "sim/base/base.h"

/* Linear memory of one process; false where it is not mapped. */
struct abi_memory {
	bool (*read)(void *context, uint64_t la, void *data, uint64_t size);
	void *context;
};

/* "EV_SYSCALL" */
const char *abi_event_name(uint64_t type);

/* Does a message still lie in that slot (docs/probes.md, event_posted) of the mailbox? False also
 * where it cannot be read. */
bool abi_mailbox_holds(const struct abi_memory *m, uint64_t mailbox, uint64_t slot);

/* "RUNNING_M" */
const char *abi_state_name(uint64_t state);

/* How many preemptions of a vcore are done, as procinfo says. False: it cannot be read. */
bool abi_preempts_done(const struct abi_memory *m, unsigned vcoreid, uint32_t *done);

/* Do vcoremap and pcoremap of procinfo say the same? If not, text says where. What cannot be read
 * agrees. */
bool abi_maps_agree(const struct abi_memory *m, char *text, size_t size);

#endif
