#include "sim/explore/fuzz.h"

#include <stdlib.h>

#include "sim/explore/fuzz_parts.h"

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct fuzz *f = context;

	(void)m;
	if (hit->probe != NULL)
		profile_hit(&f->profile, watch_identity(testbed_watch(f->bed)), hit);
}

/* Run 0: nothing is forced. */
static void measure(struct fuzz *f)
{
	struct machine *m = testbed_machine(f->bed);
	struct watch *w = testbed_watch(f->bed);
	const struct schedule nothing = {.count = 0};

	testbed_rewind(f->bed);
	profile_begin(&f->profile, m, watch_identity(w));
	watch_add(w, (struct watch_listener){f, take_hit});
	testbed_run(f->bed, &nothing, NULL);
	watch_remove(w, f);
	profile_end(&f->profile, m);
}

struct fuzz *fuzz_create(struct testbed *b, const struct fuzz_options *options)
{
	struct fuzz *f = calloc(1, sizeof(*f));

	SIM_ASSERT(f != NULL);
	f->bed = b;
	f->options = *options;
	profile_init(&f->profile, testbed_machine(b), testbed_program(b));
	measure(f);
	return f;
}

void fuzz_destroy(struct fuzz *f)
{
	if (f == NULL)
		return;
	profile_free(&f->profile);
	free(f);
}

void fuzz_draw(const struct fuzz *f, uint64_t number, struct schedule *s)
{
	struct rng r = rng_from(stream_seed(f->options.seed, "fuzz") + number);

	s->count = 0;
	if (number != 0)
		profile_draw(&f->profile, &f->options, &r, s);
}

struct testbed_run fuzz_run(struct fuzz *f, uint64_t number, const volatile int *please)
{
	struct testbed_run r;
	struct schedule drawn;

	fuzz_draw(f, number, &drawn);
	r = testbed_run_exactly(f->bed, &drawn, please);
	r.number = number;
	return r;
}
