/* apic.h - the local APIC in xAPIC mode (SDM "Advanced Programmable Interrupt Controller"). */
#ifndef BENCH_APIC_H
#define BENCH_APIC_H

#include "bench/image/layout.h"

#include <stdint.h>

/* of the interrupt command register */
#define APIC_INIT    0x00004500
#define APIC_STARTUP 0x00004600
#define APIC_FIXED   0x00004000
#define APIC_SELF    0x00040000
#define APIC_OTHERS  0x000c0000

enum {
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SVR = 0xf0,
	APIC_ICR = 0x300,
	APIC_LVT_TIMER = 0x320,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_SVR_ENABLE 0x100
#define APIC_DIVIDE_1   0xb
#define APIC_BUSY       0x1000

static inline void apic_write(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(uint64_t)(APIC_BASE + reg) = value;
}

static inline uint32_t apic_read(uint32_t reg)
{
	return *(volatile uint32_t *)(uint64_t)(APIC_BASE + reg);
}

static inline void apic_send(uint32_t command)
{
	while (apic_read(APIC_ICR) & APIC_BUSY)
		;
	apic_write(APIC_ICR, command);
}

static inline void apic_init(void)
{
	apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_1);
}

/* One timer interrupt, about this many instructions from now. */
static inline void apic_timer(uint32_t ticks)
{
	apic_write(APIC_TIMER_INITIAL, ticks);
}

#endif
