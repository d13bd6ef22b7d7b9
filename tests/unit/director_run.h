/* director_run.h - a machine of two cores that runs one of the small images under a schedule. */
#ifndef UNIT_DIRECTOR_RUN_H
#define UNIT_DIRECTOR_RUN_H

#include "sim/replay/director.h"

#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#include "sim/machine/file.h"
#include "sim/machine/loader.h"
#include "sim/machine/snapshot.h"
#include "tests/unit/unit.h"

struct run {
	struct blob file;
	struct boot boot;
	struct machine *m;
	struct images *images;
	struct watch *watch;
	struct schedule schedule;
	struct director *director;
	struct error e;
};

static inline void read_image(struct blob *file, const char *name)
{
	char self[PATH_MAX] = "", path[PATH_MAX + 64];

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	snprintf(path, sizeof(path), "%s/../images/%s", dirname(self), name);
	ck_assert(file_read(path, 1 << 20, file, NULL));
}

static inline uint64_t address_of_symbol(const struct run *r, const char *name)
{
	struct symbol symbol;

	ck_assert(symbols_named(images_kernel(r->images)->symbols, name, &symbol));
	return symbol.address;
}

/* Each core stands at its start, at step 0. */
static inline void place_cores(struct run *r, const char *const starts[2])
{
	for (unsigned i = 0; i < 2; i++) {
		struct vcpu *c = &r->m->cores[i];

		c->arch = r->m->cores[0].arch;
		c->arch.rip = address_of_symbol(r, starts[i]);
		c->arch.step = c->arch.cycle = c->arch.insns = 0;
		memset(c->arch.gpr, 0, sizeof(c->arch.gpr));
		cpu_state_changed(c);
		r->m->run.runnable[0] |= BIT(i);
	}
}

/* image: a name in tests/images; of config the number of cores and the memory do not count. */
static inline void run_make(
	struct run *r, const char *image, const char *const starts[2], struct config config)
{
	const struct byte_sink nowhere = {.put = NULL};

	memset(r, 0, sizeof(*r));
	read_image(&r->file, image);
	r->boot = (struct boot){.image = {image, r->file.data, r->file.size}, .command_line = ""};
	config.machine.cpus = 2;
	config.machine.memory_mib = 2;
	r->m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(r->m);
	ck_assert_msg(boot_load(r->m, &r->boot, &r->e), "%s", r->e.text);
	r->images = images_load(&r->boot, &r->e);
	ck_assert_msg(r->images != NULL, "%s", r->e.text);
	place_cores(r, starts);
	r->watch = watch_create(r->m, r->images);
}

static inline bool try_direct(struct run *r, const char *text)
{
	if (!schedule_read(&r->schedule, "s", text, strlen(text), &r->e))
		return false;
	r->director = director_create(r->m, r->watch, &r->schedule, NULL, &r->e);
	return r->director != NULL;
}

static inline void direct(struct run *r, const char *text)
{
	ck_assert_msg(try_direct(r, text), "%s", r->e.text);
}

static inline void destroy(struct run *r)
{
	director_destroy(r->director);
	watch_destroy(r->watch);
	images_destroy(r->images);
	machine_destroy(r->m);
	blob_free(&r->file);
}

static inline enum stop_why run_to(struct run *r, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = steps;
	return machine_run(r->m, &limit).why;
}

static inline bool feasible(const struct run *r)
{
	char why[256];

	return director_feasible(r->director, why, sizeof(why));
}

#endif
