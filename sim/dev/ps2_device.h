/* ps2_device.h - what hangs on the two lines of the keyboard controller: a keyboard and a mouse
 * (IBM "Personal System/2 Hardware Interface Technical Reference", "Keyboard and Auxiliary Device
 * Controller").
 *
 * Turns bytes that the controller sends into answers, and keys and movements into bytes. All
 * answers come at once, into a queue from which the controller takes them. What does not fit is
 * lost, as the devices do, except that an answer always has room.
 */
#ifndef DEV_PS2_DEVICE_H
#define DEV_PS2_DEVICE_H

#include "sim/base/base.h"

#define PS2_QUEUE 32

/* Bytes for the controller, the oldest first. */
struct ps2_queue {
	uint8_t count;
	uint8_t zero[7];
	uint8_t at[PS2_QUEUE];
};

struct ps2_keyboard {
	struct ps2_queue queue;
	uint8_t command;  /* whose parameter comes next; 0: none */
	uint8_t scanning; /* 0 or 1 */
	uint8_t set;      /* of scan codes: 1 to 3 */
	uint8_t leds, rate;
	uint8_t last; /* byte sent, for the resend command */
	uint8_t zero[2];
};

struct ps2_mouse {
	struct ps2_queue queue;
	uint8_t command;
	uint8_t reporting; /* 0 or 1 */
	uint8_t remote, wrap, scale2;
	uint8_t resolution, rate;
	uint8_t id;        /* 0: three buttons; 3: a wheel */
	uint8_t knocks[2]; /* the last two sample rates: three in a row show the wheel */
	uint8_t buttons;   /* left, right, middle */
	uint8_t last;
	int16_t x, y, z; /* movement that has not been reported */
	uint8_t zero[6];
};

_Static_assert(sizeof(struct ps2_keyboard) == 48, "no padding: the digest sees every byte");
_Static_assert(sizeof(struct ps2_mouse) == 64, "no padding: the digest sees every byte");

void ps2_keyboard_reset(struct ps2_keyboard *k);
void ps2_keyboard_write(struct ps2_keyboard *k, uint8_t byte);

/* A key goes down or comes up: its code in set 2, with 0xe0 in the upper byte if it is prefixed. */
void ps2_keyboard_key(struct ps2_keyboard *k, uint16_t code, bool down);

void ps2_mouse_reset(struct ps2_mouse *m);
void ps2_mouse_write(struct ps2_mouse *m, uint8_t byte);

/* Movement to the right, up, and of the wheel towards the user; and the buttons as they are now. */
void ps2_mouse_move(struct ps2_mouse *m, int x, int y, int z, uint8_t buttons);

static inline bool ps2_queue_empty(const struct ps2_queue *q)
{
	return q->count == 0;
}

/* Takes the oldest byte; there must be one. */
uint8_t ps2_queue_take(struct ps2_queue *q);

/* A byte of set 2 as the controller translates it to set 1. */
uint8_t ps2_translate(uint8_t byte);

#endif
