/* far_gate.h - far jumps and calls to system descriptors: call gates, task gates, TSSs.
 *
 * SDM "Call Gates", "Accessing a Code Segment Through a Call Gate", CALL, JMP.
 */
#ifndef CPU_FAR_GATE_H
#define CPU_FAR_GATE_H

#include "sim/cpu/segment.h"

struct far_transfer {
	bool call;
	uint16_t selector;   /* of the system descriptor */
	uint64_t return_rip; /* of the next instruction */
};

/* d is what the selector names, of the eight bytes; it is neither code nor data. */
MUST_CHECK struct fault far_through_system(
	struct vcpu *c, const struct far_transfer *t, const struct descriptor *d);

#endif
