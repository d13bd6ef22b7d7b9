/* test_director.c - schedules on two cores that race for two variables: pauses give every
 * interleaving that there is, semantic points and exact ones the same run, and what does not apply
 * is infeasible. */
#include "tests/unit/director_run.h"

#define STEPS 5 /* of each core, before it disables interrupts and halts */

/* Core 0 stands at one, core 1 at two. */
static void make(struct run *r)
{
	static const char *const starts[] = {"one", "two"};
	struct config config;

	config_defaults(&config);
	run_make(r, "race.elf", starts, config);
}

/* --- what a race may end in --- */

struct outcome {
	uint32_t x, y, eax[2], ebx[2], ecx;
};

/* The two programs of race.S, step by step. */
static void model_step(struct outcome *o, unsigned core, unsigned step)
{
	uint32_t y = o->y;

	switch (10 * core + step) {
	case 0:
		o->eax[0] = o->x;
		break;
	case 1:
		o->eax[0]++;
		break;
	case 2:
		o->x = o->eax[0];
		break;
	case 3:
		o->y = o->ebx[0];
		o->ebx[0] = y;
		break;
	case 4:
		o->ecx = o->x;
		break;
	case 10:
		o->x = 5;
		break;
	case 11:
		o->eax[1] = o->x;
		break;
	case 12:
		o->x <<= 1;
		break;
	case 13:
		o->y = o->eax[1];
		break;
	case 14:
		o->ebx[1] = o->x;
		break;
	}
}

/* order has a bit a step: which core makes it. */
static struct outcome model(unsigned order)
{
	struct outcome o = {0};
	unsigned step[2] = {0, 0};

	for (unsigned i = 0; i < 2 * STEPS; i++) {
		unsigned core = order >> i & 1;

		model_step(&o, core, step[core]++);
	}
	return o;
}

static struct outcome outcome(const struct run *r)
{
	const struct core_state *a = &r->m->cores[0].arch, *b = &r->m->cores[1].arch;
	struct outcome o = {
		.eax = {(uint32_t)a->gpr[RAX], (uint32_t)b->gpr[RAX]},
		.ebx = {(uint32_t)a->gpr[RBX], (uint32_t)b->gpr[RBX]},
		.ecx = (uint32_t)a->gpr[RCX],
	};

	ck_assert(phys_read(&r->m->mem, address_of_symbol(r, "x"), &o.x, 4));
	ck_assert(phys_read(&r->m->mem, address_of_symbol(r, "y"), &o.y, 4));
	return o;
}

/* Pauses that give this order: a core waits where its turn ends until the other's ends too. */
static void pauses(unsigned order, char *text)
{
	unsigned step[2] = {0, 0}, core = order & 1;

	*text = '\0';
	for (unsigned i = 0; i < 2 * STEPS;) {
		unsigned from = step[1 - core];

		while (i < 2 * STEPS && (order >> i & 1) == core)
			i++, step[core]++;
		text += sprintf(text, "pause c%u at c%u:s%u until c%u:s%u\n", 1 - core, 1 - core,
			from, core, step[core]);
		core = 1 - core;
	}
}

START_TEST(pauses_give_every_interleaving)
{
	char text[2048], why[256] = "";
	unsigned orders = 0;

	for (unsigned order = 0; order < 1 << 2 * STEPS; order++) {
		struct outcome want = model(order), got;
		struct run r;

		if (__builtin_popcount(order) != STEPS)
			continue;
		orders++;
		make(&r);
		pauses(order, text);
		direct(&r, text);
		ck_assert_int_eq(run_to(&r, UINT64_MAX), STOP_IDLE);
		ck_assert_msg(director_feasible(r.director, why, sizeof(why)), "%s%s", text, why);
		got = outcome(&r);
		ck_assert_msg(memcmp(&got, &want, sizeof(got)) == 0, "%s", text);
		destroy(&r);
	}
	ck_assert_uint_eq(orders, 252);
}
END_TEST

/* One core stops anywhere, and the other goes as far as it can. */
START_TEST(a_pause_lets_the_other_finish)
{
	for (unsigned core = 0; core < 2; core++) {
		for (unsigned step = 0; step <= STEPS; step++) {
			unsigned order;
			struct outcome want, got;
			char text[128], why[256] = "";
			struct run r;

			order = core == 0 ? ((1u << STEPS) - 1) << step
					  : ((1u << step) - 1) | ((1u << STEPS) - (1u << step))
									 << STEPS;
			want = model(order);
			make(&r);
			sprintf(text, "pause c%u at c%u:s%u until all others idle%s", core, core,
				step, core == 0 ? "" : "\npause c0 at c0:s0 until c1:s");
			if (core == 1)
				sprintf(text + strlen(text), "%u", step);
			direct(&r, text);
			ck_assert_int_eq(run_to(&r, UINT64_MAX), STOP_IDLE);
			ck_assert_msg(
				director_feasible(r.director, why, sizeof(why)), "%s%s", text, why);
			got = outcome(&r);
			ck_assert_msg(memcmp(&got, &want, sizeof(got)) == 0, "%s", text);
			destroy(&r);
		}
	}
}
END_TEST

/* --- semantic and exact points --- */

static struct digest digest_of(const char *text, uint64_t drop_every, uint64_t chunk, char *exact)
{
	char why[256] = "";
	struct schedule s;
	struct digest d;
	struct run r;

	make(&r);
	direct(&r, text);
	r.m->drop_every = drop_every;
	while (run_to(&r, r.m->run.steps + chunk) == STOP_STEPS)
		continue;
	ck_assert_msg(director_feasible(r.director, why, sizeof(why)), "%s", why);
	d = machine_digest(r.m);
	if (exact != NULL) {
		FILE *out = fmemopen(exact, 1024, "w");

		director_exact(r.director, &s);
		schedule_print(&s, out);
		fclose(out);
	}
	destroy(&r);
	return d;
}

static const char *const semantic[] = {
	"pause c0 at one+0x5 until c1:two+0xa",
	"pause c0 at one+0x8 until two+0x15\npause c1 at two+0x15 until 300 cycles",
	"pause c0 at one until all others idle\npark c1 at two+0xa until 1000 cycles",
	"pause c0 at one until two+0xf\n"
	"park c1 at c1:two+0xf until c0:one+0x19 expires 70000 cycles",
	"pause c0 at store:x until c1:store:x#2",
	"pause c0 at one until c1:store:y\npark c1 at store:x#2 until 100 cycles",
	"pause c1 at two+0xa until one+0xd\ndo serial \"x\" at one+0x8\ndo irq 5 at c1:two+0xf",
};

START_TEST(exact_points_repeat_semantic_ones)
{
	for (unsigned i = 0; i < ARRAY_LEN(semantic); i++) {
		char exact[1024] = "", again[1024] = "";
		struct digest want = digest_of(semantic[i], 0, 1000, exact);

		ck_assert_ptr_null(strchr(exact, '+'));
		ck_assert(digest_equal(want, digest_of(exact, 0, 1000, again)));
		ck_assert_str_eq(exact, again);
		ck_assert(digest_equal(want, digest_of(semantic[i], 1, 1000, NULL)));
		ck_assert(digest_equal(want, digest_of(semantic[i], 0, 1, NULL)));
		ck_assert(digest_equal(want, digest_of(exact, 1, 3, NULL)));
	}
}
END_TEST

START_TEST(snapshots_carry_the_director)
{
	for (unsigned i = 0; i < ARRAY_LEN(semantic); i++) {
		struct digest want = digest_of(semantic[i], 0, 1000, NULL);

		for (uint64_t at = 0; at < 2 * STEPS + 2; at++) {
			struct snapshot_store *store;
			struct snapshot *s;
			struct run r;

			make(&r);
			direct(&r, semantic[i]);
			store = snapshot_store_create(r.m);
			run_to(&r, at);
			s = snapshot_take(store);
			run_to(&r, UINT64_MAX);
			snapshot_restore(store, s);
			run_to(&r, UINT64_MAX);
			ck_assert(digest_equal(want, machine_digest(r.m)));
			snapshot_drop(store, s);
			snapshot_store_destroy(store);
			destroy(&r);
		}
	}
}
END_TEST

START_TEST(stores_are_points)
{
	struct run r;

	make(&r);
	direct(&r, "pause c0 at store:x until c1:store:x#2");
	ck_assert_int_eq(run_to(&r, UINT64_MAX), STOP_IDLE);
	ck_assert(feasible(&r));
	ck_assert_uint_eq(director_state(r.director)->forcing[0].began.step, 2);
	ck_assert_uint_eq(director_state(r.director)->forcing[0].ended.step, 2); /* shll */
	destroy(&r);
}
END_TEST

/* --- what does not apply --- */

START_TEST(infeasible_schedules)
{
	static const char *const texts[][2] = {
		{"pause c0 at c0:s99 until 5 cycles",
			"s:1: pause c0 at c0:s99 until 5 cycles: its point was never reached"},
		{"pause c0 at one+0x5#2 until 5 cycles", "s:1: pause c0 at c0:one+0x5#2 until 5 "
							 "cycles: its point was never reached"},
		{"# twice\npause c0 at one until two#2 expires 500 cycles",
			"s:2: pause c0 at c0:one+0x0#1 until two+0x0#2 expires 500 cycles: only "
			"its "
			"expiry ended it"},
		{"do preempt nobody:v0 at c0:s1", ""},
		{"do drop 0x40 on c0 at one",
			"s:1: do drop 0x40 on c0 at one+0x0#1: no such interrupt came"},
	};

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		char why[256] = "";
		struct run r;

		make(&r);
		if (texts[i][1][0] == '\0') {
			ck_assert(!try_direct(&r, texts[i][0]));
		} else {
			direct(&r, texts[i][0]);
			ck_assert_int_eq(run_to(&r, UINT64_MAX), STOP_IDLE);
			ck_assert(!director_feasible(r.director, why, sizeof(why)));
			ck_assert_str_eq(why, texts[i][1]);
		}
		destroy(&r);
	}
}
END_TEST

START_TEST(an_expiry_comes_when_it_is_due)
{
	struct run r;

	make(&r);
	direct(&r, "pause c0 at one+0x5 until two#2 expires 12345 cycles");
	ck_assert_int_eq(run_to(&r, UINT64_MAX), STOP_IDLE);
	ck_assert(!feasible(&r));
	ck_assert_uint_eq(director_state(r.director)->forcing[0].ended.cycle, 12346);
	ck_assert_uint_ge(r.m->cores[0].arch.cycle, 12346);
	ck_assert_uint_eq(r.m->cores[1].arch.cycle, STEPS + 2);
	destroy(&r);
}
END_TEST

START_TEST(names_that_do_not_exist)
{
	static const char *const texts[][2] = {
		{"pause c2 at c2:s1 until 1 cycles", "s:1: c2: the machine has 2 pcores, c0 to c1"},
		{"pause c0 at three until 1 cycles",
			"s:1: three: no function of that name in kernel"},
		{"pause c0 at one+0x400 until 1 cycles",
			"s:1: one+0x400: the function has 0x1d bytes"},
		{"pause c0 at one until probe:never",
			"s:1: probe:never: no image has a probe of that name"},
		{"pause c0 at one until bin:v1:one", "s:1: bin: no program of that name"},
		{"pause c0 at store:nothing until 1 cycles", "s:1: store:nothing: "},
	};

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		struct run r;

		make(&r);
		ck_assert(!try_direct(&r, texts[i][0]));
		ck_assert_msg(
			strncmp(r.e.text, texts[i][1], strlen(texts[i][1])) == 0, "%s", r.e.text);
		destroy(&r);
	}
}
END_TEST

START_TEST(serial_text_longer_than_the_fifo)
{
	struct run r;

	make(&r);
	direct(&r, "do serial \"0123456789abcdef0123456789abcdef\" at one\n"
		   "pause c1 at two until 1000000 cycles");
	run_to(&r, UINT64_MAX);
	ck_assert_uint_eq(r.m->uart.state.count, 1); /* without its FIFOs turned on */
	ck_assert_uint_eq(director_state(r.director)->forcing[0].sent, 1);
	ck_assert(!feasible(&r)); /* nobody reads it */
	destroy(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {stores_are_points, pauses_give_every_interleaving,
		a_pause_lets_the_other_finish, exact_points_repeat_semantic_ones,
		snapshots_carry_the_director, infeasible_schedules, an_expiry_comes_when_it_is_due,
		names_that_do_not_exist, serial_text_longer_than_the_fifo};

	return unit_run("director", tests, ARRAY_LEN(tests));
}
