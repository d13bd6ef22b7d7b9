/* main.c - the phases in turn, on all cores at once.
 *
 * Options on the command line: cpus=N, how many cores there are (1); phase=NAME, the only one to
 * run (all); n=N, how many units of work each phase does (100). Core 0 prints, for each phase,
 *
 *	phase NAME begin
 *	phase NAME end CHECKSUM TICKS
 *
 * where TICKS is how far its time-stamp counter came. The checksum depends on cpus and n only.
 */
#include "bench/image/console.h"
#include "bench/image/core.h"
#include "bench/image/lib.h"
#include "sim/kernel/x86.h"

#define MULTIBOOT_HAS_CMDLINE 4
#define DEFAULT_UNITS         100

struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
};

static const struct phase {
	const char *name;
	uint64_t (*run)(struct core *c, uint64_t n);
} phases[] = {
	{"integer", phase_integer},
	{"memory", phase_memory},
	{"sse2", phase_sse2},
	{"x87", phase_x87},
	{"privileged", phase_privileged},
};

static struct options {
	uint32_t cpus;
	uint64_t n;
	const struct phase *only; /* NULL: all */
} options = {1, DEFAULT_UNITS, NULL};

static uint64_t sums[MAX_CORES];

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	while (*text >= '0' && *text <= '9')
		value = value * 10 + (uint64_t)(*text++ - '0');
	return value;
}

static const struct phase *find_phase(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (word_is(name, phases[i].name))
			return &phases[i];
	return NULL;
}

static void read_options(const char *line)
{
	const char *cpus = option(line, "cpus"), *n = option(line, "n"),
		   *phase = option(line, "phase");

	if (cpus != NULL)
		options.cpus = (uint32_t)number(cpus);
	if (n != NULL)
		options.n = number(n);
	if (phase != NULL && !word_is(phase, "all"))
		options.only = find_phase(phase);
	if (options.cpus == 0 || options.cpus > MAX_CORES ||
		(phase != NULL && !word_is(phase, "all") && options.only == NULL)) {
		print("bad options: %s\n", line);
		leave(2);
	}
}

/* Returns when all cores have called it. */
static void barrier(void)
{
	static uint32_t arrived;
	static volatile uint32_t round;
	uint32_t now = round;

	if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == options.cpus) {
		arrived = 0;
		round = now + 1;
	}
	while (round == now)
		cpu_relax();
}

static void run_phase(const struct phase *p, struct core *c)
{
	uint64_t start, sum = 0;

	if (c->id == 0)
		print("phase %s begin\n", p->name);
	barrier();
	start = rdtsc();
	sums[c->id] = p->run(c, options.n);
	barrier();
	if (c->id != 0)
		return;
	start = rdtsc() - start;
	for (uint32_t i = 0; i < options.cpus; i++)
		sum = mix(sum, sums[i]);
	print("phase %s end %x %u\n", p->name, sum, start);
}

_Noreturn void image_main(uint32_t id, const struct multiboot_info *info)
{
	if (id == 0) {
		console_init();
		if (info->flags & MULTIBOOT_HAS_CMDLINE)
			read_options((const char *)(uint64_t)info->cmdline);
	}
	core_init(id);
	this_core()->cores = options.cpus;
	if (id == 0)
		start_cores();
	barrier();
	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (options.only == NULL || options.only == &phases[i])
			run_phase(&phases[i], this_core());
	if (id == 0)
		leave(0);
	stop();
}
