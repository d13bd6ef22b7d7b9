/* user.c - see user.h. The linker gives code and data of this file pages that ring 3 may see. */
#include "bench/image/user.h"

#define MIX(sum, value) (((sum) ^ (value)) * 0x100000001b3)

/* How often a unit of work does a thing. */
enum {
	SYSTEM_CALLS = 5000,
	DEMAND_PAGES = 256,
	ROUNDS = 10, /* over both address spaces */
	SWITCHES = 1000,
	SOFTWARE_INTERRUPTS = 2000,
	HARDWARE_INTERRUPTS = 750,
	REGISTER_CALLS = 750,
};
#define TIMER_TICKS 100

struct user_area user_areas[MAX_CORES] __attribute__((aligned(PAGE_SIZE)));

static inline uint64_t call(enum system_call number, uint64_t argument)
{
	uint64_t result;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(argument)
			 : "a"((uint64_t)number)
			 : "rcx", "r11", "rdx", "rsi", "r8", "r9", "r10", "memory");
	return result;
}

static uint64_t system_calls(void)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < SYSTEM_CALLS; i++)
		sum = MIX(sum, call(SYS_NULL, i));
	return sum;
}

static uint64_t *demand_page(uint64_t i)
{
	return (uint64_t *)(DEMAND_BASE + i * PAGE_SIZE);
}

/* Both address spaces fill their pages, one fault each; then they see their own data again. */
static uint64_t page_faults(uint64_t round)
{
	uint64_t sum = 0;

	for (uint64_t space = 0; space < 2; space++) {
		call(SYS_SWITCH, space);
		for (uint64_t i = 0; i < DEMAND_PAGES; i++)
			*demand_page(i) = i * round + space;
	}
	for (uint64_t space = 0; space < 2; space++) {
		call(SYS_SWITCH, space);
		for (uint64_t i = 0; i < DEMAND_PAGES; i++)
			sum = MIX(sum, *demand_page(i));
		call(SYS_UNMAP, DEMAND_PAGES);
	}
	return sum;
}

/* The pages begin with what page_faults left in them. */
static uint64_t switches(void)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < SWITCHES; i++) {
		call(SYS_SWITCH, i % 2);
		*demand_page(i % 4) += i;
		sum = MIX(sum, *demand_page(i % 3));
	}
	for (uint64_t space = 0; space < 2; space++) {
		call(SYS_SWITCH, space);
		for (uint64_t i = 0; i < 4; i++)
			*demand_page(i) = 0;
		call(SYS_UNMAP, 4);
	}
	return sum;
}

static void software_interrupts(void)
{
	for (unsigned i = 0; i < SOFTWARE_INTERRUPTS; i++)
		__asm__ volatile("int %0" : : "i"(VECTOR_SOFTWARE) : "memory");
}

/* Asks for interrupts one by one, and waits for each. */
static void hardware_interrupts(struct user_area *area, enum interrupt which, uint64_t argument)
{
	for (unsigned i = 0; i < HARDWARE_INTERRUPTS; i++) {
		uint64_t before = area->interrupts[which];

		call(which == INTERRUPT_IPI ? SYS_IPI : SYS_TIMER, argument);
		while (area->interrupts[which] == before)
			;
	}
}

static uint64_t registers(void)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < REGISTER_CALLS; i++) {
		sum = MIX(sum, call(SYS_PORT, i));
		sum = MIX(sum, call(SYS_MSR, i));
	}
	return sum;
}

_Noreturn void user_main(struct user_area *area)
{
	uint64_t sum = system_calls();

	for (uint64_t round = 1; round <= ROUNDS; round++)
		sum = MIX(sum, page_faults(round));
	sum = MIX(sum, switches());
	software_interrupts();
	hardware_interrupts(area, INTERRUPT_IPI, 0);
	hardware_interrupts(area, INTERRUPT_TIMER, TIMER_TICKS);
	sum = MIX(sum, registers());
	for (;;)
		call(SYS_EXIT, sum);
}
