/* pit.h - the programmable interval timer (Intel "8254 Programmable Interval Timer") with port
 * 0x61, which gates channel 2 and shows its output.
 *
 * Three channels, modes 0 to 5, binary and BCD, latch and read-back. Tick t of its 1193182 Hz clock
 * comes at the first cycle c with c * 1193182 / hz >= t, in integers: nothing drifts. Where a
 * channel is now is computed when somebody asks; just the changes of channel 0's output, which is
 * its interrupt line, are events. After a reset no channel counts and their outputs are low.
 */
#ifndef DEV_PIT_H
#define DEV_PIT_H

#include "sim/base/bus.h"

#define PIT_HZ       1193182
#define PIT_CHANNELS 3

struct pit_channel {
	uint64_t start;      /* the tick that loads count into the counting element */
	uint64_t stopped_at; /* the tick at which a low gate stopped it, modes 0 and 4 */
	uint32_t count;      /* that is counted down, 1 to 65536 */
	uint32_t next;       /* written last, to be loaded next; 0: none yet */
	uint16_t held;       /* what the element shows while it does not count */
	uint16_t latched;
	uint8_t mode, access, bcd; /* from the control word */
	uint8_t gate;
	uint8_t running;               /* count and start say where it is */
	uint8_t loading;               /* start is to come */
	uint8_t null;                  /* NULL COUNT: next is not loaded yet */
	uint8_t low_half;              /* mode 3: in the second half of its cycle */
	uint8_t held_out;              /* the output until start */
	uint8_t write_high, write_low; /* second byte expected; the first byte */
	uint8_t read_high;             /* second byte is read next */
	uint8_t latch_bytes;           /* of latched, still to be read */
	uint8_t status, status_latched;
	uint8_t zero[5];
};

struct pit_state {
	struct pit_channel channel[PIT_CHANNELS];
	uint64_t port61; /* bits 0 to 3, as written */
};

_Static_assert(sizeof(struct pit_channel) == 48, "no padding: the digest sees every byte");
_Static_assert(sizeof(struct pit_state) == 3 * 48 + 8, "no padding: the digest sees every byte");

struct pit {
	struct pit_state state;
	struct device_env env;
	struct irq_line irq; /* channel 0's output */
};

extern const struct device_ops pit_ops;        /* ports 0x40 to 0x43 */
extern const struct device_ops pit_port61_ops; /* port 0x61 of the same device; no state of its own
						*/

void pit_init(struct pit *p, const struct device_env *env, const struct irq_line *irq);

#endif
