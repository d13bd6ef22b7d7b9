/* pit.h - the 8254 timer, channel 2: it counts down once, observed through port 0x61. */
#ifndef KERNEL_PIT_H
#define KERNEL_PIT_H

#include <stdbool.h>
#include <stdint.h>

#define PIT_HZ 1193182

void pit_start(uint16_t ticks);
bool pit_done(void);

#endif
