/* pit_channel.h - one channel of the 8254 as a function of ticks. For pit.c and its test.
 *
 * Every function takes the tick that it is now; ticks never run backwards.
 */
#ifndef DEV_PIT_CHANNEL_H
#define DEV_PIT_CHANNEL_H

#include "sim/dev/pit.h"

void pit_channel_control(struct pit_channel *c, uint64_t tick, uint8_t control);
void pit_channel_write(struct pit_channel *c, uint64_t tick, uint8_t byte);
uint8_t pit_channel_read(struct pit_channel *c, uint64_t tick);
void pit_channel_latch_count(struct pit_channel *c, uint64_t tick);
void pit_channel_latch_status(struct pit_channel *c, uint64_t tick);
void pit_channel_gate(struct pit_channel *c, uint64_t tick, bool level);
bool pit_channel_out(struct pit_channel *c, uint64_t tick);

/* The first tick after this one at which the output may change, or EVENT_NEVER. */
uint64_t pit_channel_next_change(struct pit_channel *c, uint64_t tick);

#endif
