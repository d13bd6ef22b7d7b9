/* soak.c - random code for as long as one likes: in each mode, over random tables, millions of
 * instructions in one machine, with a count of them. For builds with sanitizers.
 *
 *	soak [--insns N] [--seed N] [--from MACHINE]
 *
 * Ends when N guest instructions have retired (default 1000000). Every machine in 64 is run once
 * more, without caches, and must end in the same state. A failure names the machine to run --from.
 */
#include "sim/cpu/decode.h"
#include "tests/fuzz/any_code.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define CODE_MAX    1024
#define STEPS       50000 /* of one machine; and so many more while it goes round in its program */
#define STEPS_MORE  200000
#define STEPS_MOST  10000000
#define STEPS_TWICE 3000

struct soak {
	const struct decoder *decoder;
	uint64_t seed, machine; /* what is run just now */
	bool done;
	uint64_t insns[ANY_MODES], machines[ANY_MODES];
	uint64_t stops[STOP_INTERRUPTED + 1];
};

/* Provided by the sanitizers. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static struct soak soak;

static void say_where(void)
{
	if (!soak.done)
		fprintf(stderr, "repro: soak --seed %" PRIu64 " --from %" PRIu64 " --insns 1\n",
			soak.seed, soak.machine);
}

/* --- programs --- */

static unsigned put_prefixes(struct rng *r, const struct row *row, uint8_t *to)
{
	static const uint8_t prefixes[] = {0x66, 0x67, 0xf3, 0xf2, 0xf0, 0x26, 0x2e, 0x36, 0x64};
	uint64_t a = row->attributes;
	unsigned n = 0;

	while (rng_below(r, 8) == 0)
		to[n++ % 4] = prefixes[rng_below(r, ARRAY_LEN(prefixes))];
	n = n > 4 ? 4 : n;
	if (a & (P66 | PF3 | PF2))
		to[n++] = a & P66 ? 0x66 : a & PF3 ? 0xf3 : 0xf2;
	if (rng_below(r, 4) == 0)
		to[n++] = (uint8_t)(0x40 | rng_below(r, 16)); /* REX; or INC and DEC */
	return n;
}

/* What a loop does not have: ways out of it. */
static bool is_way_out(const struct row *row)
{
	return row->attributes & (BRANCH | ENDS | REPEATS);
}

static bool is_end(const struct row *row)
{
	return strcmp(row->name, "hlt") == 0 || strcmp(row->name, "cli") == 0 ||
	       strcmp(row->name, "lidt") == 0;
}

/* An instruction of some row, with any operands; ways for a run to end early are rare. */
static unsigned put_insn(struct rng *r, const struct decoder *d, bool loop, uint8_t *to)
{
	const struct row *row;
	unsigned n;

	do {
		row = decoder_row(d, rng_below(r, decoder_row_count()));
	} while ((is_end(row) && rng_below(r, 64) != 0) || (loop && is_way_out(row)));
	n = put_prefixes(r, row, to);
	if (row->opcode >= 0x0f00)
		to[n++] = 0x0f;
	if (row->opcode >= 0x0f3800)
		to[n++] = (uint8_t)(row->opcode >> 8);
	to[n++] = (uint8_t)(row->opcode + (row->attributes & CONDITION ? rng_below(r, 16) : 0));
	if (row->extension >= 0xc0)
		to[n++] = (uint8_t)row->extension;
	else if (row->extension != ANY)
		to[n++] = (uint8_t)((rng_next(r) & 0xc7) | (unsigned)row->extension << 3);
	for (uint64_t rest = rng_below(r, 6); rest > 0; rest--)
		to[n++] = (uint8_t)(rng_below(r, 2) ? 0 : rng_next(r));
	return n;
}

/* Instructions, any bytes among them, and short ways back; or one loop. */
static void make_program(
	struct rng *r, const struct decoder *d, bool loop, uint8_t *code, unsigned size)
{
	unsigned n = 0;

	while (n + 32 < size) {
		if (loop) {
			n += put_insn(r, d, true, code + n);
		} else if (rng_below(r, 16) == 0) {
			code[n++] = (uint8_t)(0x70 + rng_below(r, 16));
			code[n++] = (uint8_t)-rng_below(r, 100);
		} else if (rng_below(r, 8) == 0) {
			code[n++] = (uint8_t)rng_next(r);
		} else {
			n += put_insn(r, d, false, code + n);
		}
	}
	memset(code + n, 0x90, size - n);
	code[n + 1] = 0xeb; /* back, from the last 32 bytes */
	code[n + 2] = (uint8_t)-100;
}

/* --- one machine --- */

static void run_twice(const struct any_program *p)
{
	const struct any_way straight = {.steps = STEPS_TWICE, .chunk = STEPS_TWICE};
	const struct any_way dropping = {
		.steps = STEPS_TWICE, .chunk = STEPS_TWICE, .drop_every = 1};

	SIM_ASSERT(digest_equal(any_run(p, &straight), any_run(p, &dropping)));
}

/* Registers point to where something lies, or behind all that, three times out of four. */
static void random_registers(struct rng *r, struct core_state *a)
{
	for (unsigned i = 0; i < ARRAY_LEN(a->gpr); i++)
		if (i != RSP)
			a->gpr[i] = rng_below(r, 8) == 0   ? rng_below(r, 0x18000)
				    : rng_below(r, 4) == 0 ? rng_next(r)
							   : 0x20000 + rng_below(r, 0x1d0000);
}

/* Whether the core is in its program or a handler, and the program is as it was: then it can go on
 * for long. What slides through memory, or changes itself, is decoded again all the time. */
static bool goes_round(struct machine *m, size_t size, uint8_t *before)
{
	uint8_t now[CODE_MAX];
	uint64_t rip = m->cores[0].arch.rip;
	bool same;

	if (!phys_read(&m->mem, ANY_CODE, now, size))
		return false;
	same = memcmp(before, now, size) == 0;
	memcpy(before, now, size);
	return same && rip - ANY_CODE < size;
}

static void run_to_end(struct soak *s, struct machine *m, const struct any_program *p)
{
	struct run_limit limit = RUN_FREELY;
	uint8_t before[CODE_MAX];
	enum stop_why why;

	memcpy(before, p->code, p->size);
	limit.steps = 0;
	do {
		limit.steps += limit.steps == 0 ? STEPS : STEPS_MORE;
		why = machine_run(m, &limit).why;
	} while (why == STOP_STEPS && limit.steps < STEPS_MOST && goes_round(m, p->size, before));
	s->stops[why]++;
}

static void run_machine(struct soak *s)
{
	struct rng r = rng_from(stream_seed(s->seed + s->machine, "soak"));
	uint8_t code[CODE_MAX];
	bool loop = rng_below(&r, 3) == 0;
	struct any_program p = {(enum any_mode)(s->machine % ANY_MODES), rng_below(&r, 2), code,
		64 + rng_below(&r, loop ? 64 : sizeof(code) - 64)};
	struct machine *m;

	make_program(&r, s->decoder, loop, code, (unsigned)p.size);
	m = any_machine(&p);
	random_registers(&r, &m->cores[0].arch);
	run_to_end(s, m, &p);
	s->insns[p.mode] += machine_insns(m);
	s->machines[p.mode]++;
	machine_destroy(m);
	if (s->machine % 64 == 0)
		run_twice(&p);
}

/* --- the whole --- */

static uint64_t total(const struct soak *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < ANY_MODES; i++)
		sum += s->insns[i];
	return sum;
}

static void report(const struct soak *s)
{
	static const char *const names[ANY_MODES] = {"real", "16-bit protected", "32-bit protected",
		"64-bit", "compatibility", "virtual-8086"};

	for (unsigned i = 0; i < ANY_MODES; i++)
		printf("# %-18s %12" PRIu64 " instructions in %" PRIu64 " machines\n", names[i],
			s->insns[i], s->machines[i]);
	for (unsigned i = 0; i < ARRAY_LEN(s->stops); i++)
		if (s->stops[i] != 0)
			printf("# ended: %-20s %" PRIu64 "\n", stop_name(i), s->stops[i]);
	printf("ok fuzz/soak: %" PRIu64 " guest instructions\n", total(s));
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"insns", required_argument, NULL, 'i'},
		{"seed", required_argument, NULL, 's'}, {"from", required_argument, NULL, 'f'},
		{0}};
	struct feature_set all = feature_set_all();
	struct decoder *decoder = decoder_create(&all);
	uint64_t insns = 1000000;
	int option;

	soak = (struct soak){.decoder = decoder, .seed = 1};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == '?')
			return SIM_USAGE;
		*(option == 'i'         ? &insns
			: option == 's' ? &soak.seed
					: &soak.machine) = strtoull(optarg, NULL, 0);
	}
	atexit(say_where); /* where sim_bug leaves by */
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(say_where);
	for (; total(&soak) < insns; soak.machine++)
		run_machine(&soak);
	soak.done = true;
	report(&soak);
	decoder_destroy(decoder);
	return 0;
}
