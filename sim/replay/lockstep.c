#include "sim/replay/lockstep.h"

/* Steps from one comparison of the whole state to the next. */
#define LOCKSTEP_CHUNK 20000

bool lockstep_run(struct chain *chain, struct machine *m, struct machine *checker,
	const struct run_limit *limit, struct stop *stop, struct difference *d, struct error *e)
{
	checker->drop_every = 1;
	for (;;) {
		uint64_t target = min_u64(limit->steps, m->run.steps + LOCKSTEP_CHUNK);
		struct run_limit here = *limit;

		target = min_u64(target, chain_next(chain));
		*stop = (struct stop){.why = STOP_INTERRUPTED};
		if (!diff_machines(m, checker, target, d, e))
			return false;
		if (d->any || (limit->please != NULL && *limit->please != 0))
			return true;
		chain_reached(chain, m);
		here.steps = target;
		*stop = machine_run(m, &here); /* it stands where it ends: says why */
		if (stop->why != STOP_STEPS || target == limit->steps)
			return true;
	}
}
