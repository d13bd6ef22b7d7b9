#include "sim/replay/abi_view.h"

#include "sim/abi/procinfo.h"

#include <stdio.h>

const char *abi_event_name(uint64_t type)
{
	static const char *const names[] = {
		[EV_NONE] = "EV_NONE",
		[EV_PREEMPT_PENDING] = "EV_PREEMPT_PENDING",
		[EV_VCORE_PREEMPT] = "EV_VCORE_PREEMPT",
		[EV_USER_IPI] = "EV_USER_IPI",
		[EV_ALARM] = "EV_ALARM",
		[EV_EVENT] = "EV_EVENT",
		[EV_SYSCALL] = "EV_SYSCALL",
		[EV_CHECK_MSGS] = "EV_CHECK_MSGS",
	};

	return type < ARRAY_LEN(names) && names[type] != NULL ? names[type] : "an event";
}

const char *abi_state_name(uint64_t state)
{
	static const char *const names[] = {"CREATED", "RUNNABLE_S", "RUNNING_S", "WAITING",
		"DYING", "DYING_ABORT", "RUNNABLE_M", "RUNNING_M"};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (state == BIT(i))
			return names[i];
	return "no state";
}

/* --- mailboxes --- */

#define UCQ_PAGES_MAX 4096 /* that a list is followed */

/* Has a producer written the slot? */
static bool slot_ready(const struct abi_memory *m, uint64_t slot)
{
	uint64_t page = slot & ~(uint64_t)(UCQ_PAGE_SIZE - 1), number = slot & (UCQ_PAGE_SIZE - 1);
	struct ucq_slot s;

	return number < UCQ_SLOTS &&
	       m->read(m->context, page + UCQ_HEADER + number * sizeof(s), &s, sizeof(s)) &&
	       s.ready;
}

/* The slot lies in front of the consumer: on its page, or on one that follows. */
static bool in_ucq(const struct abi_memory *m, const struct ucq *q, uint64_t slot)
{
	uint64_t mask = ~(uint64_t)(UCQ_PAGE_SIZE - 1), page = q->cons_idx & mask, next;

	if (page == (slot & mask))
		return slot >= q->cons_idx && slot_ready(m, slot);
	for (unsigned i = 0; i < UCQ_PAGES_MAX && page != 0; i++, page = next) {
		if (page == (slot & mask))
			return slot_ready(m, slot);
		if (!m->read(m->context, page, &next, sizeof(next)))
			return false;
	}
	return false;
}

bool abi_mailbox_holds(const struct abi_memory *m, uint64_t mailbox, uint64_t slot)
{
	struct event_mbox mbox;

	if (!m->read(m->context, mailbox, &mbox, sizeof(mbox)))
		return false;
	if (mbox.type == EV_MBOX_UCQ)
		return in_ucq(m, &mbox.ucq, slot);
	return mbox.type == EV_MBOX_BITMAP && slot < 64 && (mbox.evbm.bits >> slot & 1);
}

/* --- vcoremap and pcoremap --- */

#define AT(field) (UINFO + offsetof(struct procinfo, field))

struct maps {
	struct vcore vcores[ABI_MAX_NUM_CORES];
	struct pcore pcores[ABI_MAX_NUM_CORES];
};

static bool vcore_agrees(const struct maps *maps, unsigned i, char *text, size_t size)
{
	const struct vcore *v = &maps->vcores[i];
	const struct pcore *p;

	if (!v->valid)
		return true;
	p = &maps->pcores[v->pcoreid < ABI_MAX_NUM_CORES ? v->pcoreid : 0];
	if (v->pcoreid < ABI_MAX_NUM_CORES && p->valid && p->vcoreid == i)
		return true;
	snprintf(text, size, "the vcoremap has vcore %u on pcore %u, the pcoremap has %s there", i,
		v->pcoreid, p->valid ? "another vcore" : "none");
	return false;
}

static bool pcore_agrees(const struct maps *maps, unsigned i, char *text, size_t size)
{
	const struct pcore *p = &maps->pcores[i];
	const struct vcore *v;

	if (!p->valid)
		return true;
	v = &maps->vcores[p->vcoreid < ABI_MAX_NUM_CORES ? p->vcoreid : 0];
	if (p->vcoreid < ABI_MAX_NUM_CORES && v->valid && v->pcoreid == i)
		return true;
	snprintf(text, size, "the pcoremap has vcore %u on pcore %u, the vcoremap does not",
		p->vcoreid, i);
	return false;
}

bool abi_preempts_done(const struct abi_memory *m, unsigned vcoreid, uint32_t *done)
{
	struct vcore v;

	if (vcoreid >= ABI_MAX_NUM_CORES ||
		!m->read(m->context, AT(vcoremap) + vcoreid * sizeof(v), &v, sizeof(v)))
		return false;
	*done = v.nr_preempts_done;
	return true;
}

bool abi_maps_agree(const struct abi_memory *m, char *text, size_t size)
{
	struct maps maps;

	if (!m->read(m->context, AT(vcoremap), maps.vcores, sizeof(maps.vcores)) ||
		!m->read(m->context, AT(pcoremap), maps.pcores, sizeof(maps.pcores)))
		return true;
	for (unsigned i = 0; i < ABI_MAX_NUM_CORES; i++)
		if (!vcore_agrees(&maps, i, text, size) || !pcore_agrees(&maps, i, text, size))
			return false;
	return true;
}
