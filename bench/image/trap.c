/* trap.c - interrupts and exceptions: what the privileged phase causes is handled there; anything
 * else ends the run with a line that says what happened.
 */
#include "bench/image/console.h"
#include "bench/image/core.h"
#include "bench/image/privileged.h"
#include "sim/kernel/x86.h"

#define PAGE_FAULT 14

void trap(const struct trap_frame *f)
{
	struct core *c = this_core();

	if (f->vector == PAGE_FAULT && demand_fault(c, rcr2()))
		return;
	switch (f->vector) {
	case VECTOR_SOFTWARE:
		software_interrupt(c);
		break;
	case VECTOR_IPI:
		hardware_interrupt(c, INTERRUPT_IPI);
		break;
	case VECTOR_TIMER:
		hardware_interrupt(c, INTERRUPT_TIMER);
		break;
	default:
		print("core %u: exception %u, error %x, rip %x, cr2 %x\n", (uint64_t)c->id,
			f->vector, f->error, f->rip, rcr2());
		leave(1);
	}
}
