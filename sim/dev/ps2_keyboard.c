#include "sim/dev/ps2_parts.h"

#define SET_LEDS      0xed
#define ECHO          0xee
#define SCAN_CODE_SET 0xf0
#define ONE_KEY       0xfb /* to 0xfd: what a key of set 3 reports */
#define RATE_DEFAULT  0x2b
#define BREAK         0xf0

/* What the controller makes of the codes 0x00 to 0x84 of set 2: those of set 1 (IBM "Personal
 * Computer AT Technical Reference", "Scan Code Translation"). */
static const uint8_t translation[0x85] = {
	0xff,
	0x43,
	0x41,
	0x3f,
	0x3d,
	0x3b,
	0x3c,
	0x58,
	0x64,
	0x44,
	0x42,
	0x40,
	0x3e,
	0x0f,
	0x29,
	0x59,
	0x65,
	0x38,
	0x2a,
	0x70,
	0x1d,
	0x10,
	0x02,
	0x5a,
	0x66,
	0x71,
	0x2c,
	0x1f,
	0x1e,
	0x11,
	0x03,
	0x5b,
	0x67,
	0x2e,
	0x2d,
	0x20,
	0x12,
	0x05,
	0x04,
	0x5c,
	0x68,
	0x39,
	0x2f,
	0x21,
	0x14,
	0x13,
	0x06,
	0x5d,
	0x69,
	0x31,
	0x30,
	0x23,
	0x22,
	0x15,
	0x07,
	0x5e,
	0x6a,
	0x72,
	0x32,
	0x24,
	0x16,
	0x08,
	0x09,
	0x5f,
	0x6b,
	0x33,
	0x25,
	0x17,
	0x18,
	0x0b,
	0x0a,
	0x60,
	0x6c,
	0x34,
	0x35,
	0x26,
	0x27,
	0x19,
	0x0c,
	0x61,
	0x6d,
	0x73,
	0x28,
	0x74,
	0x1a,
	0x0d,
	0x62,
	0x6e,
	0x3a,
	0x36,
	0x1c,
	0x1b,
	0x75,
	0x2b,
	0x63,
	0x76,
	0x55,
	0x56,
	0x77,
	0x78,
	0x79,
	0x7a,
	0x0e,
	0x7b,
	0x7c,
	0x4f,
	0x7d,
	0x4b,
	0x47,
	0x7e,
	0x7f,
	0x6f,
	0x52,
	0x53,
	0x50,
	0x4c,
	0x4d,
	0x48,
	0x01,
	0x45,
	0x57,
	0x4e,
	0x51,
	0x4a,
	0x37,
	0x49,
	0x46,
	0x54,
	0x80,
	0x81,
	0x82,
	0x41,
	0x54,
};

uint8_t ps2_translate(uint8_t byte)
{
	return byte < ARRAY_LEN(translation) ? translation[byte] : byte;
}

static void set_defaults(struct ps2_keyboard *k)
{
	k->set = 2;
	k->rate = RATE_DEFAULT;
}

void ps2_keyboard_reset(struct ps2_keyboard *k)
{
	*k = (struct ps2_keyboard){.scanning = 1};
	set_defaults(k);
}

static void answer(struct ps2_keyboard *k, uint8_t byte)
{
	k->last = byte;
	ps2_queue_answer(&k->queue, &byte, 1);
}

static void parameter(struct ps2_keyboard *k, uint8_t byte)
{
	uint8_t command = k->command;

	k->command = 0;
	if (command == SCAN_CODE_SET && byte > 3) {
		answer(k, PS2_RESEND);
		return;
	}
	answer(k, PS2_ACK);
	if (command == SET_LEDS)
		k->leds = byte & 7;
	else if (command == PS2_SET_RATE)
		k->rate = byte & 0x7f;
	else if (command == SCAN_CODE_SET && byte == 0)
		answer(k, k->set);
	else if (command == SCAN_CODE_SET)
		k->set = byte;
}

static void reset_by_command(struct ps2_keyboard *k)
{
	ps2_keyboard_reset(k);
	answer(k, PS2_ACK);
	answer(k, PS2_TEST_GOOD);
}

static bool is_command(uint8_t byte)
{
	return byte == SET_LEDS || byte == SCAN_CODE_SET || byte >= PS2_IDENTIFY;
}

static void command(struct ps2_keyboard *k, uint8_t byte)
{
	switch (byte) {
	case SET_LEDS:
	case SCAN_CODE_SET:
	case PS2_SET_RATE:
	case ONE_KEY:
	case ONE_KEY + 1:
	case ONE_KEY + 2:
		k->command = byte;
		break;
	case ECHO:
		answer(k, ECHO);
		return;
	case PS2_RESET:
		reset_by_command(k);
		return;
	case PS2_RESEND:
		answer(k, k->last);
		return;
	case PS2_ENABLE:
	case PS2_DISABLE:
	case PS2_DEFAULTS:
		ps2_queue_clear(&k->queue);
		k->scanning = byte != PS2_DISABLE;
		if (byte != PS2_ENABLE)
			set_defaults(k);
		break;
	}
	answer(k, is_command(byte) ? PS2_ACK : PS2_RESEND);
	if (byte == PS2_IDENTIFY) {
		answer(k, 0xab);
		answer(k, 0x83);
	}
}

/* A byte of 0xed or more is a command even where a parameter is expected. */
void ps2_keyboard_write(struct ps2_keyboard *k, uint8_t byte)
{
	if (k->command != 0 && byte < SET_LEDS) {
		parameter(k, byte);
		return;
	}
	k->command = 0;
	command(k, byte);
}

/* Set 3 is told in the codes of set 2, which differ for few keys. */
void ps2_keyboard_key(struct ps2_keyboard *k, uint16_t code, bool down)
{
	uint8_t bytes[3], n = 0, key = (uint8_t)code;

	if (!k->scanning)
		return;
	if (code >> 8 != 0)
		bytes[n++] = (uint8_t)(code >> 8);
	if (k->set == 1) {
		key = (uint8_t)(ps2_translate(key) | (down ? 0 : 0x80));
	} else if (!down) {
		bytes[n++] = BREAK;
	}
	bytes[n++] = key;
	if (ps2_queue_event(&k->queue, bytes, n))
		k->last = key;
}
