/* exec_random.c - RDRAND and RDSEED: a stream of each core that the seed decides, which is never
 * short of numbers.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

OP_ANY(rdrand)
{
	reg_set(c, in->reg[0], in->width, rng_next(&c->arch.random));
	flags_write(c, RFLAGS_STATUS, RFLAGS_CF);
	return no_fault;
}
