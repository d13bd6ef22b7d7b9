/* test_director_hold.c - the forcing `hold` on two cores: what one of them stores stays its own
 * until it is let go, or until something drains the store buffer. */
#include "sim/apic/lapic.h"
#include "tests/unit/director_run.h"

#define TURN       3 /* steps of the reader, for each look at x */
#define GDT        0x1000
#define IDT        0x2000
#define VECTOR     0x40
#define NOT_HELD   10 /* cycles in which a store leaves that nobody holds */
#define FIRST_LOOK 1  /* the reader's step that does */

static void make_at(struct run *r, const char *writer, uint64_t drain)
{
	const char *const starts[] = {writer, "reader"};
	struct config config;

	config_defaults(&config);
	config.machine.memory_model = MEMORY_MODEL_TSO;
	config.tso.drain = drain;
	run_make(r, "hold.elf", starts, config);
}

static void make(struct run *r)
{
	make_at(r, "writer", 1);
}

static uint32_t in_memory(const struct run *r, const char *name)
{
	uint32_t value = 0;

	ck_assert(phys_read(&r->m->mem, address_of_symbol(r, name), &value, sizeof(value)));
	return value;
}

/* The cycle at which the reader has seen the store, to within a turn: its clock has one a step. */
static uint64_t seen_at(const struct run *r)
{
	return (r->m->cores[1].arch.gpr[RCX] - 1) * TURN + FIRST_LOOK;
}

static void run_all(struct run *r, const char *text)
{
	direct(r, text);
	ck_assert_int_eq(run_to(r, UINT64_MAX), STOP_IDLE);
	ck_assert_uint_eq(in_memory(r, "x"), 1);
	ck_assert_uint_eq(in_memory(r, "y"), 2);
}

/* The writer sees its own all the time. */
static void own_loads_are_right(const struct run *r)
{
	ck_assert_uint_eq(r->m->cores[0].arch.gpr[RAX], 1);
	ck_assert_uint_eq(r->m->cores[0].arch.gpr[RBX], 2);
}

START_TEST(nobody_else_sees_what_is_held)
{
	struct run r;

	make(&r);
	run_all(&r, "");
	ck_assert_uint_lt(seen_at(&r), NOT_HELD);
	destroy(&r);
	make(&r);
	run_all(&r, "hold c0 at writer until 500 cycles");
	ck_assert(feasible(&r));
	ck_assert_uint_ge(seen_at(&r), 500);
	ck_assert_uint_lt(seen_at(&r), 500 + NOT_HELD);
	ck_assert_uint_eq(r.m->cores[1].arch.gpr[RBX], 2); /* all leave at once */
	own_loads_are_right(&r);
	destroy(&r);
}
END_TEST

START_TEST(until_a_point_of_another_stream)
{
	struct run r;

	make(&r);
	run_all(&r, "hold c0 at store:x until c1:reader#50");
	ck_assert(feasible(&r));
	ck_assert_uint_ge(r.m->cores[1].arch.gpr[RCX], 50);
	ck_assert_uint_le(
		r.m->cores[1].arch.gpr[RCX], 52); /* it counts from where the hold began */
	own_loads_are_right(&r);
	destroy(&r);
}
END_TEST

START_TEST(a_fence_ends_it)
{
	static const char *const writers[] = {"fenced", "locked", "exchanged"};

	for (unsigned i = 0; i < ARRAY_LEN(writers); i++) {
		char text[64];
		struct run r;

		snprintf(text, sizeof(text), "hold c0 at %s until 500 cycles", writers[i]);
		make_at(&r, writers[i], 1);
		run_all(&r, text);
		ck_assert(feasible(&r));
		ck_assert_uint_lt(seen_at(&r), NOT_HELD);
		ck_assert(!machine_holds_stores(r.m, 0));
		destroy(&r);
	}
}
END_TEST

/* --- an interrupt --- */

static void put_word(struct run *r, uint64_t pa, uint64_t word)
{
	ck_assert(phys_write(&r->m->mem, pa, &word, sizeof(word)));
}

/* SDM "Segment Descriptors", "IDT Descriptors": flat code, and an interrupt gate to `handler`. */
static void let_interrupts_in(struct run *r)
{
	uint64_t handler = address_of_symbol(r, "handler");
	struct core_state *arch = &r->m->cores[0].arch;

	put_word(r, GDT + 8, UINT64_C(0x00cf9b000000ffff));
	put_word(r, IDT + VECTOR * 8,
		(handler & 0xffff) | 8 << 16 | UINT64_C(0x8e00) << 32 | handler >> 16 << 48);
	arch->gdtr = (struct table_register){.base = GDT, .limit = 15};
	arch->idtr = (struct table_register){.base = IDT, .limit = 0x7ff};
	arch->seg[CS].selector = 8;
	arch->gpr[RSP] = 0x4000;
	arch->rflags |= RFLAGS_IF;
	r->m->lapics[0].state.svr |= 0x100;
	cpu_state_changed(&r->m->cores[0]);
}

START_TEST(an_interrupt_ends_it)
{
	const struct apic_message message = {
		.mode = DELIVER_FIXED, .kind = DESTINATION_PHYSICAL, .vector = VECTOR};
	struct run r;

	make(&r);
	let_interrupts_in(&r);
	direct(&r, "hold c0 at writer until 5000 cycles");
	while (r.m->cores[0].arch.step < 50)
		run_to(&r, r.m->run.steps + 1);
	ck_assert(machine_holds_stores(r.m, 0));
	ck_assert_uint_eq(in_memory(&r, "x"), 0);
	ck_assert(apic_send(&r.m->apic_bus, &message));
	while (r.m->cores[0].arch.rip != address_of_symbol(&r, "handler"))
		run_to(&r, r.m->run.steps + 1);
	ck_assert(!machine_holds_stores(r.m, 0));
	ck_assert_uint_eq(in_memory(&r, "x"), 1);
	ck_assert_uint_eq(in_memory(&r, "y"), 2);
	destroy(&r);
}
END_TEST

/* --- more than one, and one that never ends --- */

START_TEST(two_holds_end_with_the_last)
{
	static const char *const texts[] = {
		"hold c0 at writer until 200 cycles\nhold c0 at writer until 500 cycles",
		"hold c0 at writer until 500 cycles\nhold c0 at store:y until 200 cycles",
		"hold c0 at writer until 200 cycles\nhold c0 at store:y until 497 cycles",
	};

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		struct run r;

		make(&r);
		run_all(&r, texts[i]);
		ck_assert(feasible(&r));
		ck_assert_uint_ge(seen_at(&r), 490);
		ck_assert_uint_lt(seen_at(&r), 500 + NOT_HELD);
		destroy(&r);
	}
}
END_TEST

START_TEST(its_expiry_is_infeasible)
{
	char why[256] = "";
	struct run r;

	make(&r);
	run_all(&r, "hold c0 at writer until c1:handler expires 300 cycles");
	ck_assert(!director_feasible(r.director, why, sizeof(why)));
	ck_assert_str_eq(why, "s:1: hold c0 at c0:writer+0x0#1 until c1:handler+0x0#1 expires 300 "
			      "cycles: only its expiry ended it");
	ck_assert_uint_ge(seen_at(&r), 300);
	ck_assert_uint_lt(seen_at(&r), 300 + NOT_HELD);
	destroy(&r);
}
END_TEST

START_TEST(only_store_buffers_can_be_held)
{
	static const char *const starts[] = {"writer", "reader"};
	struct config config;
	struct run r;

	config_defaults(&config);
	run_make(&r, "hold.elf", starts, config);
	ck_assert(!try_direct(&r, "pause c1 at reader until 5 cycles\n"
				  "hold c0 at writer until 5 cycles"));
	ck_assert_str_eq(r.e.text, "s:2: hold: expected machine.memory_model = tso");
	destroy(&r);
}
END_TEST

/* --- the same run --- */

static const char *const holds[] = {
	"hold c0 at writer until 50 cycles",
	"hold c0 at store:x until c1:reader#9\npause c1 at reader#5 until 30 cycles",
	"hold c0 at store:y until 40 cycles\nhold c0 at writer until c1:reader#5",
	"hold c0 at writer until all others idle expires 700 cycles",
};

static struct digest digest_of(
	const char *text, uint64_t drop_every, uint64_t chunk, char *exact, bool feasible_too)
{
	struct schedule s;
	struct digest d;
	struct run r;

	make(&r);
	direct(&r, text);
	r.m->drop_every = drop_every;
	while (run_to(&r, r.m->run.steps + chunk) == STOP_STEPS)
		continue;
	ck_assert_int_eq(feasible(&r), feasible_too);
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

START_TEST(exact_holds_repeat_semantic_ones)
{
	for (unsigned i = 0; i < ARRAY_LEN(holds); i++) {
		bool ends = i != 3;
		char exact[1024] = "", again[1024] = "";
		struct digest want = digest_of(holds[i], 0, 10000, exact, ends);

		ck_assert_ptr_null(strchr(exact, '+'));
		ck_assert(digest_equal(want, digest_of(exact, 0, 10000, again, ends)));
		ck_assert_str_eq(exact, again);
		ck_assert(digest_equal(want, digest_of(holds[i], 1, 10000, NULL, ends)));
		ck_assert(digest_equal(want, digest_of(exact, 0, 1, NULL, ends)));
	}
}
END_TEST

START_TEST(snapshots_carry_what_is_held)
{
	struct digest want = digest_of(holds[_i], 0, 10000, NULL, _i != 3);

	for (uint64_t at = 0; at < 120; at += 7) {
		struct snapshot_store *store;
		struct snapshot *s;
		struct run r;

		make(&r);
		direct(&r, holds[_i]);
		store = snapshot_store_create(r.m);
		run_to(&r, at);
		s = snapshot_take(store);
		run_to(&r, UINT64_MAX);
		snapshot_restore(store, s);
		ck_assert(_i != 0 || at < 14 || at > 90 || machine_holds_stores(r.m, 0));
		run_to(&r, UINT64_MAX);
		ck_assert(digest_equal(want, machine_digest(r.m)));
		snapshot_drop(store, s);
		snapshot_store_destroy(store);
		destroy(&r);
	}
}
END_TEST

int main(void)
{
	const struct unit_repeated tests[] = {
		{nobody_else_sees_what_is_held, 1},
		{until_a_point_of_another_stream, 1},
		{a_fence_ends_it, 1},
		{an_interrupt_ends_it, 1},
		{two_holds_end_with_the_last, 1},
		{its_expiry_is_infeasible, 1},
		{only_store_buffers_can_be_held, 1},
		{exact_holds_repeat_semantic_ones, 1},
		{snapshots_carry_what_is_held, (int)ARRAY_LEN(holds)},
	};

	return unit_run_repeated("director_hold", tests, ARRAY_LEN(tests));
}
