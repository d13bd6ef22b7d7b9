/* test_abi_view.c - what is read from structures that kernel and user share. */
#include "sim/replay/abi_view.h"

#include "sim/abi/procinfo.h"
#include "tests/unit/unit.h"

struct memory {
	struct procinfo info;
	struct event_mbox mbox;
	struct ucq_page pages[2];
};

#define MBOX  0x1000
#define PAGES 0x10000

/* procinfo at UINFO, a mailbox at MBOX, two pages at PAGES; nothing else is mapped. */
static bool read_memory(void *context, uint64_t la, void *data, uint64_t size)
{
	struct memory *m = context;
	const struct {
		uint64_t base, size;
		const void *at;
	} ranges[] = {{UINFO, sizeof(m->info), &m->info}, {MBOX, sizeof(m->mbox), &m->mbox},
		{PAGES, sizeof(m->pages), m->pages}};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (la < ranges[i].base || la + size > ranges[i].base + ranges[i].size)
			continue;
		memcpy(data, (const char *)ranges[i].at + (la - ranges[i].base), size);
		return true;
	}
	return false;
}

START_TEST(maps)
{
	struct memory *m = calloc(1, sizeof(*m));
	const struct abi_memory memory = {read_memory, m};
	char text[160] = "";

	ck_assert(abi_maps_agree(&memory, text, sizeof(text)));
	m->info.vcoremap[3] = (struct vcore){.pcoreid = 2, .valid = 1};
	ck_assert(!abi_maps_agree(&memory, text, sizeof(text)));
	ck_assert_str_eq(text, "the vcoremap has vcore 3 on pcore 2, the pcoremap has none there");
	m->info.pcoremap[2] = (struct pcore){.vcoreid = 3, .valid = 1};
	ck_assert(abi_maps_agree(&memory, text, sizeof(text)));
	m->info.pcoremap[4] = (struct pcore){.vcoreid = 3, .valid = 1};
	ck_assert(!abi_maps_agree(&memory, text, sizeof(text)));
	ck_assert_str_eq(text, "the pcoremap has vcore 3 on pcore 4, the vcoremap does not");
	m->info.pcoremap[4].vcoreid = 100000;
	ck_assert(!abi_maps_agree(&memory, text, sizeof(text)));
	free(m);
}
END_TEST

START_TEST(bitmaps)
{
	struct memory *m = calloc(1, sizeof(*m));
	const struct abi_memory memory = {read_memory, m};

	m->mbox.type = EV_MBOX_BITMAP;
	m->mbox.evbm.bits = 1 << 5;
	ck_assert(abi_mailbox_holds(&memory, MBOX, 5));
	ck_assert(!abi_mailbox_holds(&memory, MBOX, 4));
	ck_assert(!abi_mailbox_holds(&memory, MBOX, 64));
	ck_assert(!abi_mailbox_holds(&memory, 0, 5));
	m->mbox.type = 0;
	ck_assert(!abi_mailbox_holds(&memory, MBOX, 5));
	free(m);
}
END_TEST

/* The consumer is at slot 7 of the first page, and the second one follows. */
START_TEST(ucqs)
{
	struct memory *m = calloc(1, sizeof(*m));
	const struct abi_memory memory = {read_memory, m};

	m->mbox.type = EV_MBOX_UCQ;
	m->mbox.ucq.cons_idx = PAGES + 7;
	m->pages[0].cons_next_pg = PAGES + UCQ_PAGE_SIZE;
	m->pages[0].slot[6].ready = m->pages[0].slot[7].ready = m->pages[1].slot[0].ready = 1;
	ck_assert(!abi_mailbox_holds(&memory, MBOX, PAGES + 8));
	ck_assert(!abi_mailbox_holds(&memory, MBOX, PAGES + 6));
	ck_assert(abi_mailbox_holds(&memory, MBOX, PAGES + 7));
	ck_assert(abi_mailbox_holds(&memory, MBOX, PAGES + UCQ_PAGE_SIZE));
	m->mbox.ucq.cons_idx = PAGES + UCQ_PAGE_SIZE;
	ck_assert(!abi_mailbox_holds(&memory, MBOX, PAGES + 7));
	m->pages[1].cons_next_pg = PAGES + UCQ_PAGE_SIZE; /* in a circle */
	ck_assert(!abi_mailbox_holds(&memory, MBOX, PAGES + 7));
	free(m);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(abi_event_name(EV_VCORE_PREEMPT), "EV_VCORE_PREEMPT");
	ck_assert_str_eq(abi_event_name(1 << 20), "an event");
	ck_assert_str_eq(abi_state_name(0x08), "WAITING");
	ck_assert_str_eq(abi_state_name(0x80), "RUNNING_M");
	ck_assert_str_eq(abi_state_name(3), "no state");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {maps, bitmaps, ucqs, names};

	return unit_run("abi_view", tests, ARRAY_LEN(tests));
}
