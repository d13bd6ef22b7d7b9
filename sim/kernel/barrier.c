/* barrier.c - see barrier.h. */
#include "sim/kernel/barrier.h"
#include "sim/kernel/x86.h"

void barrier_init(struct barrier *b, long cores)
{
	b->cores = cores;
	atomic_set(&b->arrived, 0);
	b->round = 0;
}

void barrier_wait(struct barrier *b)
{
	long round = b->round;

	if (atomic_fetch_add(&b->arrived, 1) == b->cores - 1) {
		atomic_set(
			&b->arrived, 0); /* before the release: a fast core comes straight back */
		wmb();
		b->round = round + 1;
		return;
	}
	while (b->round == round)
		cpu_relax();
	cmb();
}
