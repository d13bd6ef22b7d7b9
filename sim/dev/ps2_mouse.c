#include "sim/dev/ps2_parts.h"

#define SCALE_1    0xe6
#define SCALE_2    0xe7
#define RESOLUTION 0xe8
#define STATUS     0xe9
#define STREAM     0xea
#define READ_DATA  0xeb
#define WRAP_END   0xec
#define WRAP       0xee
#define REMOTE     0xf0

#define RATE_DEFAULT       100
#define RESOLUTION_DEFAULT 2
#define ID_WHEEL           3

static void set_defaults(struct ps2_mouse *m)
{
	m->reporting = 0;
	m->remote = 0;
	m->scale2 = 0;
	m->resolution = RESOLUTION_DEFAULT;
	m->rate = RATE_DEFAULT;
	m->x = m->y = m->z = 0;
}

void ps2_mouse_reset(struct ps2_mouse *m)
{
	*m = (struct ps2_mouse){.buttons = m->buttons};
	set_defaults(m);
}

static void answer(struct ps2_mouse *m, uint8_t byte)
{
	m->last = byte;
	ps2_queue_answer(&m->queue, &byte, 1);
}

static int limit(int value, int most)
{
	return value > most ? most : value < -most ? -most : value;
}

/* A packet of three bytes, or four with a wheel, takes as much of the movement as it can tell. */
static unsigned packet(struct ps2_mouse *m, uint8_t bytes[4])
{
	int x = limit(m->x, 255), y = limit(m->y, 255), z = limit(m->z, 7);

	bytes[0] = (uint8_t)(0x08 | m->buttons | (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0));
	bytes[1] = (uint8_t)x;
	bytes[2] = (uint8_t)y;
	bytes[3] = (uint8_t)z;
	m->x = (int16_t)(m->x - x);
	m->y = (int16_t)(m->y - y);
	m->z = (int16_t)(m->z - z);
	return m->id == ID_WHEEL ? 4 : 3;
}

static void send_packet(struct ps2_mouse *m)
{
	uint8_t bytes[4];
	struct ps2_mouse before = *m;
	unsigned count = packet(m, bytes);

	if (ps2_queue_event(&m->queue, bytes, count))
		m->last = bytes[count - 1];
	else
		*m = before;
}

static void answer_status(struct ps2_mouse *m)
{
	uint8_t buttons = m->buttons;

	answer(m, (uint8_t)(m->remote << 6 | m->reporting << 5 | m->scale2 << 4 |
			    (buttons & 1) << 2 | (buttons & 4) >> 1 | (buttons & 2) >> 1));
	answer(m, m->resolution);
	answer(m, m->rate);
}

/* Sample rates 200, 100, 80 in a row turn it into a mouse with a wheel. */
static void set_rate(struct ps2_mouse *m, uint8_t rate)
{
	if (m->knocks[0] == 200 && m->knocks[1] == 100 && rate == 80)
		m->id = ID_WHEEL;
	m->knocks[0] = m->knocks[1];
	m->knocks[1] = rate;
	m->rate = rate;
}

static void parameter(struct ps2_mouse *m, uint8_t byte)
{
	uint8_t command = m->command;

	m->command = 0;
	if (command == RESOLUTION && byte > 3) {
		answer(m, PS2_RESEND);
		return;
	}
	answer(m, PS2_ACK);
	if (command == RESOLUTION)
		m->resolution = byte;
	else
		set_rate(m, byte);
}

static void reset_by_command(struct ps2_mouse *m)
{
	ps2_mouse_reset(m);
	answer(m, PS2_ACK);
	answer(m, PS2_TEST_GOOD);
	answer(m, m->id);
}

static bool is_command(uint8_t byte)
{
	return (byte >= SCALE_1 && byte <= WRAP_END) || byte == WRAP || byte == REMOTE ||
	       (byte >= PS2_IDENTIFY && byte <= PS2_DEFAULTS);
}

/* After the acknowledge. */
static void obey(struct ps2_mouse *m, uint8_t byte)
{
	uint8_t bytes[4];

	switch (byte) {
	case SCALE_1:
	case SCALE_2:
		m->scale2 = byte == SCALE_2;
		break;
	case RESOLUTION:
	case PS2_SET_RATE:
		m->command = byte;
		break;
	case STATUS:
		answer_status(m);
		break;
	case STREAM:
	case REMOTE:
		m->remote = byte == REMOTE;
		break;
	case READ_DATA:
		ps2_queue_answer(&m->queue, bytes, packet(m, bytes));
		break;
	case WRAP:
	case WRAP_END:
		m->wrap = byte == WRAP;
		break;
	case PS2_IDENTIFY:
		answer(m, m->id);
		break;
	case PS2_ENABLE:
	case PS2_DISABLE:
		m->reporting = byte == PS2_ENABLE;
		break;
	case PS2_DEFAULTS:
		set_defaults(m);
		break;
	}
}

void ps2_mouse_write(struct ps2_mouse *m, uint8_t byte)
{
	if (m->wrap && byte != WRAP_END && byte != PS2_RESET) {
		answer(m, byte);
	} else if (m->command != 0 && byte < SCALE_1) {
		parameter(m, byte);
	} else if (byte == PS2_RESET) {
		reset_by_command(m);
	} else if (byte == PS2_RESEND) {
		answer(m, m->last);
	} else if (is_command(byte)) {
		m->command = 0;
		ps2_queue_clear(&m->queue);
		answer(m, PS2_ACK);
		obey(m, byte);
	} else {
		m->command = 0;
		answer(m, PS2_RESEND);
	}
}

void ps2_mouse_move(struct ps2_mouse *m, int x, int y, int z, uint8_t buttons)
{
	m->x = (int16_t)limit(m->x + limit(x, 4096), 4096);
	m->y = (int16_t)limit(m->y + limit(y, 4096), 4096);
	m->z = (int16_t)limit(m->z + limit(z, 64), 64);
	m->buttons = buttons & 7;
	if (m->reporting && !m->remote && !m->wrap)
		send_packet(m);
}
