/* ps2_parts.h - what keyboard and mouse share. */
#ifndef DEV_PS2_PARTS_H
#define DEV_PS2_PARTS_H

#include "sim/dev/ps2_device.h"

#define PS2_EVENTS 16 /* bytes of keys or movements that wait at most */

/* Commands and answers that both know. */
#define PS2_SET_RATE  0xf3
#define PS2_ENABLE    0xf4
#define PS2_DISABLE   0xf5
#define PS2_DEFAULTS  0xf6
#define PS2_RESEND    0xfe
#define PS2_RESET     0xff
#define PS2_IDENTIFY  0xf2
#define PS2_ACK       0xfa
#define PS2_TEST_GOOD 0xaa

void ps2_queue_clear(struct ps2_queue *q);

/* Always has room. */
void ps2_queue_answer(struct ps2_queue *q, const uint8_t *bytes, unsigned count);

/* All of them or, where there is no room, none: false. */
MUST_CHECK bool ps2_queue_event(struct ps2_queue *q, const uint8_t *bytes, unsigned count);

#endif
