/* test_watch.c - identity, and who is told of which probe: a core makes NOPs at which a kernel, and
 * two programs that lie at the same addresses, have probes. */
#include <stdio.h>

#include "sim/machine/hold.h"
#include "sim/machine/loader.h"
#include "sim/replay/watch.h"
#include "tests/unit/probe_image.h"
#include "tests/unit/unit.h"

#define KERNEL  0x10000
#define PROGRAM 0x20000
#define NAMES   0x30000
#define CODE    64 /* bytes of NOPs in each image */
#define CORES   2

/* Probes of the kernel, by offset. */
enum { PROC_CREATED, PROC_FREED, ADDR_SPACE, ENTER, LEAVE, OTHER, KERNEL_PROBES };

/* --- a run --- */

struct told {
	char name[32], image[32];
	struct probe_hit hit;
};

struct run {
	struct machine *m;
	struct boot boot;
	uint8_t *archive, *kernel;
	struct images *images;
	struct watch *watch;
	unsigned told_count, asked;
	int asked_pid;
	struct told told[64];
	bool stop; /* what the gate says */
};

static uint8_t *make_kernel(size_t *size)
{
	static const char *const probes[KERNEL_PROBES][2] = {
		[PROC_CREATED] = {"proc_created", "-4@%edi 8@%rsi 8@%rdx"},
		[PROC_FREED] = {"proc_freed", "-4@%edi"},
		[ADDR_SPACE] = {"addr_space_loaded", "-4@%edi"},
		[ENTER] = {"vcore_enter", "-4@%edi 4@%esi 4@%edx"},
		[LEAVE] = {"vcore_leave", "-4@%edi 4@%esi"},
		[OTHER] = {"other", "8@%rdi 8@$5"},
	};
	uint8_t nops[CODE], notes[1024];
	struct probe_image p = {
		.address = KERNEL, .code = nops, .code_size = sizeof(nops), .notes = notes};

	memset(nops, 0x90, sizeof(nops));
	for (unsigned i = 0; i < KERNEL_PROBES; i++)
		p.notes_size = probe_image_note(
			notes, p.notes_size, KERNEL + i, probes[i][0], probes[i][1]);
	return probe_image_make(&p, size);
}

/* A program with one probe at its address, and one of its own behind. */
static uint8_t *make_program(const char *first, unsigned own, size_t *size)
{
	uint8_t nops[CODE], notes[256];
	struct probe_image p = {
		.address = PROGRAM, .code = nops, .code_size = sizeof(nops), .notes = notes};

	memset(nops, 0x90, sizeof(nops));
	p.notes_size = probe_image_note(notes, p.notes_size, PROGRAM, first, "");
	p.notes_size = probe_image_note(notes, p.notes_size, PROGRAM + own, "own", "");
	return probe_image_make(&p, size);
}

static size_t put_entry(
	uint8_t *archive, size_t at, const char *name, const uint8_t *data, size_t size)
{
	at += (size_t)sprintf((char *)archive + at,
		      "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 1, 0100755, 0,
		      0, 1, 0, (unsigned)size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0, name) +
	      1;
	at = (at + 3) & ~(size_t)3;
	if (size != 0)
		memcpy(archive + at, data, size);
	return (at + size + 3) & ~(size_t)3;
}

static void make_files(struct run *r)
{
	size_t kernel_size, one_size, two_size, at = 0;
	uint8_t *one = make_program("first_of_one", 4, &one_size);
	uint8_t *two = make_program("first_of_two", 8, &two_size);

	r->kernel = make_kernel(&kernel_size);
	r->archive = calloc(1, one_size + two_size + 1024);
	ck_assert_ptr_nonnull(r->archive);
	at = put_entry(r->archive, at, "bin/one", one, one_size);
	at = put_entry(r->archive, at, "bin/two", two, two_size);
	at = put_entry(r->archive, at, "TRAILER!!!", NULL, 0);
	r->boot = (struct boot){.image = {"kernel.elf", r->kernel, kernel_size},
		.module_count = 1,
		.modules = {{"initrd", r->archive, at}}};
	free(one);
	free(two);
}

static void told(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct run *r = context;
	struct told *t = &r->told[r->told_count++];

	ck_assert_ptr_eq(m, r->m);
	ck_assert_uint_lt(r->told_count, ARRAY_LEN(r->told));
	snprintf(t->name, sizeof(t->name), "%s", hit->probe != NULL ? hit->probe->name : "-");
	snprintf(t->image, sizeof(t->image), "%s", hit->image->name);
	t->hit = *hit;
}

static bool gate(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct run *r = context;

	r->asked++;
	r->asked_pid = hit->pid;
	if (r->stop)
		machine_pause(m, hit->core);
	return r->stop;
}

/* Flat 32-bit protected mode without paging; ring 0 or 3. */
static void set_ring(struct vcpu *c, unsigned ring)
{
	const uint16_t attr = (uint16_t)(SEG_P | SEG_S | SEG_D | SEG_G | ring << 5);
	const uint16_t selector = (uint16_t)(0x8 | ring);
	struct segment code = {.limit = UINT32_MAX, .selector = selector, .attr = attr | 11};
	struct segment data = {.limit = UINT32_MAX, .selector = selector, .attr = attr | 3};

	c->arch.seg[CS] = code;
	for (unsigned i = 0; i < 6; i++)
		if (i != CS)
			c->arch.seg[i] = data;
	c->arch.cr0 = CR0_PE | CR0_ET;
	c->arch.activity = ACTIVITY_RUNNING;
	cpu_state_changed(c);
}

static void make(struct run *r)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct config config;
	uint8_t nops[CODE];
	struct error e;

	memset(r, 0, sizeof(*r));
	config_defaults(&config);
	config.machine.cpus = CORES;
	config.machine.memory_mib = 2;
	r->m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(r->m);
	memset(nops, 0x90, sizeof(nops));
	ck_assert(phys_write(&r->m->mem, KERNEL, nops, CODE));
	ck_assert(phys_write(&r->m->mem, PROGRAM, nops, CODE));
	ck_assert(phys_write(&r->m->mem, NAMES, "/bin/one\0two\0three", 18));
	make_files(r);
	r->images = images_load(&r->boot, &e);
	ck_assert_msg(r->images != NULL, "%s", e.text);
	r->watch = watch_create(r->m, r->images);
	watch_add(r->watch, (struct watch_listener){r, told});
}

static void destroy(struct run *r)
{
	watch_destroy(r->watch);
	images_destroy(r->images);
	machine_destroy(r->m);
	free(r->archive);
	free(r->kernel);
}

/* Makes so many instructions at an address, alone. */
static void step(struct run *r, unsigned core, unsigned ring, uint64_t rip, unsigned steps)
{
	struct run_limit limit = RUN_FREELY;

	for (unsigned i = 0; i < CORES; i++)
		r->m->cores[i].arch.activity = ACTIVITY_WAIT_SIPI;
	set_ring(&r->m->cores[core], ring);
	r->m->cores[core].arch.rip = rip;
	r->m->run.runnable[0] = BIT(core);
	r->m->run.slice_core = RUN_NO_SLICE;
	limit.steps = r->m->run.steps + steps;
	machine_run(r->m, &limit);
}

static void kernel_probe(
	struct run *r, unsigned core, unsigned probe, uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
	uint64_t *gpr = r->m->cores[core].arch.gpr;

	gpr[RDI] = rdi;
	gpr[RSI] = rsi;
	gpr[RDX] = rdx;
	step(r, core, 0, KERNEL + probe, 1);
}

static const char *last(const struct run *r)
{
	return r->told_count != 0 ? r->told[r->told_count - 1].name : "";
}

/* --- identity --- */

START_TEST(identity_of_processes)
{
	struct run r;
	const struct identity *i;
	int vcoreid;

	make(&r);
	i = watch_identity(r.watch);
	ck_assert_ptr_null(identity_name(i, 7));
	ck_assert_int_eq(identity_owner(i, 0, &vcoreid), 0);
	ck_assert_int_eq(vcoreid, -1);
	kernel_probe(&r, 0, PROC_CREATED, 7, NAMES, 0x5000);
	kernel_probe(&r, 0, PROC_CREATED, 8, NAMES + 9, 0x6000);
	ck_assert_str_eq(identity_name(i, 7), "/bin/one");
	ck_assert_str_eq(identity_name(i, 8), "two");
	ck_assert_uint_eq(identity_process(i, 8)->cr3, 0x6000);
	ck_assert_int_eq(identity_find(i, "one"), 7);
	ck_assert_int_eq(identity_find(i, "/sbin/two"), 8);
	ck_assert_int_eq(identity_find(i, "three"), 0);
	kernel_probe(&r, 0, PROC_CREATED, 8, NAMES + 13, 0x7000); /* the pid again */
	ck_assert_str_eq(identity_name(i, 8), "three");
	ck_assert_int_eq(identity_find(i, "two"), 0);
	kernel_probe(&r, 0, PROC_FREED, 7, 0, 0);
	ck_assert_ptr_null(identity_name(i, 7));
	kernel_probe(&r, 0, PROC_CREATED, 9, NAMES + 13, 0x8000);
	ck_assert_int_eq(identity_find(i, "three"), 9); /* the youngest */
	kernel_probe(&r, 0, PROC_CREATED, 10, 0xfffff000, 0x8000);
	ck_assert_str_eq(identity_name(i, 10), ""); /* a name that cannot be read */
	destroy(&r);
}
END_TEST

START_TEST(identity_of_cores)
{
	struct run r;
	const struct identity *i;
	int vcoreid;

	make(&r);
	i = watch_identity(r.watch);
	kernel_probe(&r, 0, PROC_CREATED, 7, NAMES, 0x5000);
	kernel_probe(&r, 1, ADDR_SPACE, 7, 0, 0);
	kernel_probe(&r, 1, ENTER, 7, 3, 1);
	ck_assert_int_eq(identity_pid(i, 0), 0);
	ck_assert_int_eq(identity_pid(i, 1), 7);
	ck_assert_int_eq(identity_owner(i, 1, &vcoreid), 7);
	ck_assert_int_eq(vcoreid, 3);
	ck_assert_int_eq(identity_core_of(i, 7, 3), 1);
	ck_assert_int_eq(identity_core_of(i, 7, 2), -1);
	kernel_probe(&r, 0, ENTER, 7, 0, 1);
	ck_assert_int_eq(identity_core_of(i, 7, 0), 0);
	kernel_probe(&r, 1, LEAVE, 7, 2, 0); /* not the one that is there */
	ck_assert_int_eq(identity_core_of(i, 7, 3), 1);
	kernel_probe(&r, 1, LEAVE, 7, 3, 0);
	ck_assert_int_eq(identity_core_of(i, 7, 3), -1);
	ck_assert_int_eq(identity_pid(i, 1), 7);
	kernel_probe(&r, 0, PROC_FREED, 7, 0, 0);
	ck_assert_int_eq(identity_pid(i, 1), 0);
	ck_assert_int_eq(identity_owner(i, 0, &vcoreid), 0);
	destroy(&r);
}
END_TEST

/* More than there is room for: the youngest are known. */
START_TEST(many_processes)
{
	struct identity i;
	struct run r;

	make(&r);
	identity_init(&i);
	for (int pid = 1; pid <= 3 * IDENTITY_PROCESSES; pid++) {
		const int64_t args[] = {pid, 0, pid};

		identity_probe(&i, &r.m->cores[0], "proc_created", ARRAY_LEN(args), args);
	}
	for (int pid = 1; pid <= 3 * IDENTITY_PROCESSES; pid++)
		ck_assert_int_eq(identity_process(&i, pid) != NULL, pid > 2 * IDENTITY_PROCESSES);
	destroy(&r);
}
END_TEST

/* --- who is told --- */

START_TEST(told_of_kernel_probes)
{
	struct run r;

	make(&r);
	kernel_probe(&r, 1, OTHER, UINT64_MAX, 0, 0);
	ck_assert_uint_eq(r.told_count, 1);
	ck_assert_str_eq(r.told[0].name, "other");
	ck_assert_str_eq(r.told[0].image, "kernel");
	ck_assert_uint_eq(r.told[0].hit.core, 1);
	ck_assert_uint_eq(r.told[0].hit.core_step, 0);
	ck_assert_uint_eq(r.told[0].hit.rip, KERNEL + OTHER);
	ck_assert_uint_eq(r.told[0].hit.arg_count, 2);
	ck_assert_int_eq(r.told[0].hit.args[0], -1);
	ck_assert_int_eq(r.told[0].hit.args[1], 5);
	ck_assert_int_eq(r.told[0].hit.pid, 0);
	ck_assert(!r.told[0].hit.user);
	step(&r, 1, 0, KERNEL + OTHER, 3); /* again, and beyond */
	ck_assert_uint_eq(r.told_count, 2);
	ck_assert_uint_eq(r.told[1].hit.core_step, 1);
	ck_assert_uint_eq(r.told[1].hit.steps, 1);
	step(&r, 1, 3, KERNEL + OTHER, 1); /* no kernel code: ring 3 */
	ck_assert_uint_eq(r.told_count, 2);
	kernel_probe(&r, 1, ENTER, 4, 2, 0); /* identity comes first */
	ck_assert_int_eq(r.told[2].hit.pid, 4);
	ck_assert_int_eq(r.told[2].hit.vcoreid, 2);
	destroy(&r);
}
END_TEST

START_TEST(told_of_the_program_that_runs)
{
	struct run r;

	make(&r);
	kernel_probe(&r, 0, PROC_CREATED, 7, NAMES, 0x5000);
	kernel_probe(&r, 0, PROC_CREATED, 8, NAMES + 9, 0x6000);
	kernel_probe(&r, 0, PROC_CREATED, 9, NAMES + 13, 0x6000);
	r.told_count = 0;
	step(&r, 0, 3, PROGRAM, CODE); /* nobody's */
	ck_assert_uint_eq(r.told_count, 0);
	kernel_probe(&r, 0, ADDR_SPACE, 7, 0, 0);
	step(&r, 0, 3, PROGRAM, 9);
	ck_assert_uint_eq(r.told_count, 3);
	ck_assert_str_eq(r.told[1].name, "first_of_one");
	ck_assert_str_eq(r.told[1].image, "one");
	ck_assert(r.told[1].hit.user);
	ck_assert_str_eq(r.told[2].name, "own");
	ck_assert_uint_eq(r.told[2].hit.rip, PROGRAM + 4);
	kernel_probe(&r, 0, ADDR_SPACE, 8, 0, 0);
	step(&r, 0, 3, PROGRAM, 9);
	ck_assert_uint_eq(r.told_count, 6);
	ck_assert_str_eq(r.told[4].name, "first_of_two");
	ck_assert_uint_eq(r.told[5].hit.rip, PROGRAM + 8);
	step(&r, 1, 3, PROGRAM, 9);               /* the other core has not loaded it */
	kernel_probe(&r, 0, ADDR_SPACE, 9, 0, 0); /* a program that is in no module */
	step(&r, 0, 3, PROGRAM, 9);
	ck_assert_uint_eq(r.told_count, 7);
	destroy(&r);
}
END_TEST

START_TEST(told_once)
{
	struct run r;

	make(&r);
	watch_set_gate(r.watch, (struct watch_gate){.context = &r, .stop = gate});
	r.stop = true;
	step(&r, 0, 0, KERNEL + OTHER, 5);
	ck_assert_uint_eq(r.m->cores[0].arch.rip, KERNEL + OTHER);
	ck_assert_uint_eq(r.told_count, 0); /* it has not happened yet */
	ck_assert_uint_eq(r.asked, 1);
	r.stop = false;
	machine_release(r.m, 0);
	step(&r, 0, 0, KERNEL + OTHER, 5);
	ck_assert_uint_eq(r.asked, 2);
	ck_assert_uint_eq(r.told_count, 1);
	ck_assert_uint_eq(r.m->cores[0].arch.rip, KERNEL + OTHER + 5);
	kernel_probe(&r, 0, ENTER, 4, 2, 0);
	ck_assert_int_eq(r.asked_pid, 0); /* as of the probes before */
	kernel_probe(&r, 0, OTHER, 0, 0, 0);
	ck_assert_int_eq(r.asked_pid, 4);
	destroy(&r);
}
END_TEST

/* A core may ask several times about one step. */
START_TEST(told_once_a_step)
{
	struct run r;
	struct vcpu *c;

	make(&r);
	c = &r.m->cores[0];
	set_ring(c, 0);
	c->arch.rip = KERNEL + OTHER;
	ck_assert(!c->guard.mark(c->guard.context, c));
	ck_assert(!c->guard.mark(c->guard.context, c));
	ck_assert_uint_eq(r.told_count, 1);
	c->arch.step++;
	ck_assert(!c->guard.mark(c->guard.context, c));
	ck_assert_uint_eq(r.told_count, 2);
	destroy(&r);
}
END_TEST

START_TEST(addresses_too)
{
	struct run r;

	make(&r);
	watch_address(r.watch, images_kernel(r.images), KERNEL + 40);
	watch_address(r.watch, images_kernel(r.images), KERNEL + OTHER);
	step(&r, 0, 0, KERNEL + 38, 4);
	ck_assert_uint_eq(r.told_count, 1);
	ck_assert_str_eq(last(&r), "-");
	ck_assert_uint_eq(r.told[0].hit.rip, KERNEL + 40);
	step(&r, 0, 0, KERNEL + OTHER, 1);
	ck_assert_uint_eq(r.told_count, 3); /* as an address, and as a probe */
	ck_assert_str_eq(r.told[1].name, "-");
	ck_assert_str_eq(r.told[2].name, "other");
	destroy(&r);
}
END_TEST

START_TEST(saved_and_restored)
{
	struct run r;
	struct watch_state saved;

	make(&r);
	kernel_probe(&r, 0, PROC_CREATED, 7, NAMES, 0x5000);
	kernel_probe(&r, 0, ADDR_SPACE, 7, 0, 0);
	saved = *watch_state(r.watch);
	kernel_probe(&r, 0, PROC_FREED, 7, 0, 0);
	*watch_state(r.watch) = saved;
	ck_assert_int_eq(identity_pid(watch_identity(r.watch), 0), 7);
	step(&r, 0, 3, PROGRAM, 1);
	ck_assert_str_eq(last(&r), "first_of_one");
	destroy(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {identity_of_processes, identity_of_cores, many_processes,
		told_of_kernel_probes, told_of_the_program_that_runs, told_once, told_once_a_step,
		addresses_too, saved_and_restored};

	return unit_run("watch", tests, ARRAY_LEN(tests));
}
