/* chain.c - see chain.h. */
#include "tests/system/image/chain.h"

#include "sim/kernel/x86.h"

static uint64_t pdpt[512] __attribute__((aligned(4096)));
static uint64_t pd[512] __attribute__((aligned(4096)));
uint64_t chain_pt[512] __attribute__((aligned(4096)));
uint8_t chain_page[2][4096] __attribute__((aligned(4096)));

uint64_t *chain_entry(unsigned level)
{
	uint64_t *const entries[] = {&chain_pt[0], &pd[0], &pdpt[0], &boot_pml4[TEST_PML4]};

	return entries[level];
}

void chain_reset(void)
{
	boot_pml4[TEST_PML4] = (uint64_t)pdpt | PTE_ALL;
	pdpt[0] = (uint64_t)pd | PTE_ALL;
	pd[0] = (uint64_t)chain_pt | PTE_ALL;
	chain_pt[0] = (uint64_t)chain_page[0] | PTE_ALL;
	chain_pt[1] = (uint64_t)chain_page[1] | PTE_ALL;
	chain_page[0][0] = 0xcd; /* INT 20h */
	chain_page[0][1] = VECTOR_END;
	lcr3(rcr3());
}

void chain_access(enum access how, enum mode mode, uint64_t at, struct probe p)
{
	static const void *code[ACCESSES];

	if (code[0] == NULL) {
		code[READ] = CODE("mov (%%rcx), %%eax");
		code[WRITE] = CODE("movb $0xcd, (%%rcx)");
		code[FETCH] = CODE("jmp *%%rcx");
	}
	p.code = code[how];
	p.mode = mode;
	p.rcx = at;
	lcr3(rcr3());
	probe_run(&p);
}

void chain_show_accesses(uint64_t at, struct probe p)
{
	for (unsigned user = 0; user < 2; user++) {
		for (unsigned how = 0; how < ACCESSES; how++) {
			chain_access((enum access)how, user ? RING3 : RING0, at, p);
			line_add(" %c%u=", "rwx"[how], user ? 3ul : 0ul);
			probe_show_brief();
		}
	}
}
