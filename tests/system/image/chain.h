/* chain.h - a chain of paging structures below one entry of the PML4, for tests to change.
 *
 * An entry of each level leads to the next, and the last to a page that begins with INT 20h, so
 * that it can be read, written and executed, by everybody.
 */
#ifndef SYSTEM_CHAIN_H
#define SYSTEM_CHAIN_H

#include "tests/system/image/probe.h"

#define PTE_P   BIT(0)
#define PTE_W   BIT(1)
#define PTE_U   BIT(2)
#define PTE_A   BIT(5)
#define PTE_D   BIT(6)
#define PTE_PS  BIT(7)
#define PTE_G   BIT(8)
#define PTE_XD  BIT(63)
#define PTE_ALL (PTE_P | PTE_W | PTE_U)

#define LEVELS    4
#define TEST_PML4 (TEST_BASE >> 39)

enum access { READ, WRITE, FETCH, ACCESSES };

extern uint64_t chain_pt[512];      /* its first two entries are for the pages */
extern uint8_t chain_page[2][4096]; /* at TEST_BASE, and behind */

/* Of TEST_BASE, by level; the PTE has 0. */
uint64_t *chain_entry(unsigned level);

/* Makes all entries as they were, and the TLB forget them. */
void chain_reset(void);

/* One access to an address at a CPL, with control bits flipped; the event is left in events[0]. */
void chain_access(enum access how, enum mode mode, uint64_t at, struct probe p);

/* All six kinds of access, briefly: r0 w0 x0 r3 w3 x3. */
void chain_show_accesses(uint64_t at, struct probe p);

#endif
