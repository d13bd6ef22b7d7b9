/* privileged.c - the privileged phase: two address spaces a core, and a user program that makes
 * system calls, touches pages that are not there, and waits for interrupts.
 */
#include "bench/image/privileged.h"
#include "bench/image/apic.h"
#include "sim/kernel/x86.h"

#define PTE_P_W_U    0x7
#define PTE_U        0x4
#define TABLE_SIZE   512
#define DEMAND_SLOT  (DEMAND_BASE >> 39)
#define EFER_CHECKED 0x501 /* LMA, LME, SCE */

#define COM1_LSR   0x3fd
#define LSR_IDLE   0x60
#define DELAY_PORT 0x80

/* As if user_main had been called. */
#define USER_STACK (PAGE_SIZE - 8)

struct space {
	uint64_t pml4[TABLE_SIZE], pdpt[TABLE_SIZE], pd[TABLE_SIZE], pt[TABLE_SIZE];
};

static struct space spaces[MAX_CORES][2] __attribute__((aligned(PAGE_SIZE)));

extern uint64_t boot_pml4[], page_tables[];
extern char user_start[], user_end[];

static struct space *current_space(const struct core *c)
{
	return &spaces[c->id][c->space];
}

bool demand_fault(struct core *c, uint64_t address)
{
	uint64_t page = (address - DEMAND_BASE) / PAGE_SIZE;

	if (address < DEMAND_BASE || page >= TABLE_SIZE)
		return false;
	current_space(c)->pt[page] =
		((uint64_t)c->arena + (c->space * TABLE_SIZE + page) * PAGE_SIZE) | PTE_P_W_U;
	c->faults++;
	return true;
}

void software_interrupt(struct core *c)
{
	c->software++;
}

void hardware_interrupt(struct core *c, enum interrupt which)
{
	user_areas[c->id].interrupts[which]++;
	apic_write(APIC_EOI, 0);
}

static void switch_space(struct core *c, uint64_t space)
{
	c->space = space;
	lcr3((uint64_t)current_space(c)->pml4);
}

static void unmap(const struct core *c, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++) {
		current_space(c)->pt[i] = 0;
		invlpg(DEMAND_BASE + i * PAGE_SIZE);
	}
}

static uint64_t port_access(uint64_t value)
{
	outb(DELAY_PORT, (uint8_t)value);
	return inb(COM1_LSR) & LSR_IDLE;
}

static uint64_t msr_access(uint64_t value)
{
	wrmsr(MSR_FS_BASE, value);
	return rdmsr(MSR_FS_BASE) + rdmsr(MSR_KERNEL_GS_BASE) + (rdmsr(MSR_EFER) & EFER_CHECKED);
}

uint64_t syscall(uint64_t number, uint64_t argument)
{
	struct core *c = this_core();

	switch ((enum system_call)number) {
	case SYS_NULL:
		return argument + 1;
	case SYS_SWITCH:
		switch_space(c, argument);
		return 0;
	case SYS_UNMAP:
		unmap(c, argument);
		return 0;
	case SYS_IPI:
		apic_send(APIC_SELF | APIC_FIXED | VECTOR_IPI);
		return 0;
	case SYS_TIMER:
		apic_timer((uint32_t)argument);
		return 0;
	case SYS_PORT:
		return port_access(argument);
	case SYS_MSR:
		return msr_access(argument);
	case SYS_EXIT:
		leave_user(argument);
	}
	return (uint64_t)-1;
}

/* All cores write the same bits. */
static void show_user_pages(void)
{
	for (uint64_t page = (uint64_t)user_start; page < (uint64_t)user_end; page += PAGE_SIZE) {
		page_tables[page / PAGE_SIZE] |= PTE_U;
		invlpg(page);
	}
}

static void init_spaces(const struct core *c)
{
	for (unsigned i = 0; i < 2; i++) {
		struct space *s = &spaces[c->id][i];

		s->pml4[0] = boot_pml4[0];
		s->pml4[DEMAND_SLOT] = (uint64_t)s->pdpt | PTE_P_W_U;
		s->pdpt[0] = (uint64_t)s->pd | PTE_P_W_U;
		s->pd[0] = (uint64_t)s->pt | PTE_P_W_U;
	}
}

uint64_t phase_privileged(struct core *c, uint64_t n)
{
	struct user_area *area = &user_areas[c->id];
	uint64_t sum = 0;

	show_user_pages();
	init_spaces(c);
	for (uint64_t i = 0; i < n; i++)
		sum = mix(sum, enter_user((uint64_t)user_main, (uint64_t)area->stack + USER_STACK,
				       (uint64_t)area));
	lcr3((uint64_t)boot_pml4);
	return mix(mix(sum, c->faults), c->software);
}
