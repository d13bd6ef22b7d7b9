/* test_access.c - what is told of accesses to RAM, on programs whose accesses are known; that it
 * comes in the machine's order; and that listening changes nothing. Random code is in
 * test_any_code.c. */
#include "sim/machine/snapshot.h"
#include "tests/fuzz/any_code.h"
#include "tests/unit/unit.h"

#define HEARD_MAX 4096

struct heard {
	unsigned count;
	struct mem_access at[HEARD_MAX];
};

static void hear(void *context, struct machine *m, const struct mem_access *a)
{
	struct heard *h = context;

	(void)m;
	ck_assert_uint_lt(h->count, HEARD_MAX);
	h->at[h->count++] = *a;
}

/* What is expected: bytes of code before the instruction, and the rest of an access. */
struct row {
	uint64_t step, rip, pa;
	unsigned size;
	enum mem_kind kind;
};

static void run_steps(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = steps;
	ck_assert_int_eq(machine_run(m, &limit).why, STOP_STEPS);
}

static void check_row(const struct mem_access *a, const struct row *want, bool tso)
{
	ck_assert_uint_eq(a->step, want->step);
	ck_assert_uint_eq(a->cycle, want->step);
	ck_assert_uint_eq(a->rip, want->rip >= 0x1000 ? want->rip : ANY_CODE + want->rip);
	ck_assert_uint_eq(a->pa, want->pa);
	ck_assert_uint_eq(a->la, want->pa);
	ck_assert_uint_eq(a->size, want->size);
	ck_assert_uint_eq(a->kind, want->kind);
	ck_assert_uint_eq(a->core, 0);
	ck_assert(!a->user);
	ck_assert(a->buffered == (tso && (a->kind == MEM_STORE || a->kind == MEM_UPDATE)));
}

struct code {
	const uint8_t *bytes;
	size_t size;
	uint64_t steps;
	const struct row *rows;
	unsigned row_count;
};

/* In both memory models, in one go and step by step. */
static void check_code(const struct code *code)
{
	const struct any_program p = {.mode = ANY_64, .code = code->bytes, .size = code->size};

	for (unsigned way = 0; way < 4; way++) {
		bool tso = way & 1;
		struct machine *m = any_machine_with(&p, tso);
		struct heard h = {0};

		machine_watch_accesses(m, (struct access_listener){.context = &h, .access = hear});
		for (uint64_t step = way & 2 ? 1 : code->steps; step <= code->steps; step++)
			run_steps(m, step);
		for (unsigned i = 0; i < min_u64(h.count, code->row_count); i++)
			check_row(&h.at[i], &code->rows[i], tso);
		ck_assert_uint_eq(h.count, code->row_count);
		machine_destroy(m);
	}
}

START_TEST(each_kind_and_size_is_told)
{
	static const uint8_t bytes[] = {
		0x8b, 0x04, 0x25, 0x00, 0x40, 0x00, 0x00, /* 00 mov eax, [0x4000] */
		0x88, 0x04, 0x25, 0x08, 0x40, 0x00, 0x00, /* 07 mov [0x4008], al */
		0x66, 0xc7, 0x04, 0x25, 0x0a, 0x40, 0x00, 0x00, 0x07, 0x00, /* 0e mov word ... */
		0x0f, 0xb6, 0x0c, 0x25, 0x01, 0x40, 0x00, 0x00,       /* 18 movzx ecx, byte ... */
		0x48, 0x83, 0x04, 0x25, 0x10, 0x40, 0x00, 0x00, 0x05, /* 20 add qword ... */
		0xf0, 0xff, 0x04, 0x25, 0x18, 0x40, 0x00, 0x00,       /* 29 lock inc dword ... */
		0x87, 0x0c, 0x25, 0x1c, 0x40, 0x00, 0x00,             /* 31 xchg [0x401c], ecx */
		0xf0, 0x48, 0x0f, 0xb1, 0x14, 0x25, 0x20, 0x40, 0x00,
		0x00, /* 38 lock cmpxchg [0x4020], rdx */
		0x48, 0x0f, 0xb1, 0x14, 0x25, 0x28, 0x40, 0x00, 0x00, /* 42 cmpxchg ... */
		0x53,                                                 /* 4b push rbx */
		0x5d,                                                 /* 4c pop rbp */
		0x0f, 0x10, 0x04, 0x25, 0x30, 0x40, 0x00, 0x00,       /* 4d movups xmm0, ... */
		0x0f, 0x11, 0x04, 0x25, 0xf8, 0x5f, 0x00, 0x00,       /* 55 movups [0x5ff8], ... */
		0xbe, 0x40, 0x40, 0x00, 0x00,                         /* 5d mov esi, 0x4040 */
		0xbf, 0x50, 0x40, 0x00, 0x00,                         /* 62 mov edi, 0x4050 */
		0xb9, 0x02, 0x00, 0x00, 0x00,                         /* 67 mov ecx, 2 */
		0xf3, 0x48, 0xa5,                                     /* 6c rep movsq */
		0x31, 0xc9,                                           /* 6f xor ecx, ecx */
		0xf3, 0xaa,                                           /* 71 rep stosb */
		0x0f, 0xba, 0x24, 0x25, 0x60, 0x40, 0x00, 0x00, 0x03, /* 73 bt dword ..., 3 */
		0xf0, 0x0f, 0xba, 0x2c, 0x25, 0x60, 0x40, 0x00, 0x00, 0x04, /* 7c lock bts ... */
		0xff, 0x34, 0x25, 0x68, 0x40, 0x00, 0x00,                   /* 86 push [0x4068] */
		0xe8, 0x00, 0x00, 0x00, 0x00,                               /* 8d call 0x92 */
		0xc3,                                                       /* 92 ret */
	};
	static const struct row rows[] = {
		{0, 0x00, 0x4000, 4, MEM_LOAD},
		{1, 0x07, 0x4008, 1, MEM_STORE},
		{2, 0x0e, 0x400a, 2, MEM_STORE},
		{3, 0x18, 0x4001, 1, MEM_LOAD},
		{4, 0x20, 0x4010, 8, MEM_UPDATE},
		{5, 0x29, 0x4018, 4, MEM_LOCKED},
		{6, 0x31, 0x401c, 4, MEM_LOCKED},
		{7, 0x38, 0x4020, 8, MEM_LOCKED},
		{8, 0x42, 0x4028, 8, MEM_UPDATE},
		{9, 0x4b, ANY_STACK - 8, 8, MEM_STORE},
		{10, 0x4c, ANY_STACK - 8, 8, MEM_LOAD},
		{11, 0x4d, 0x4030, 16, MEM_LOAD},
		{12, 0x55, 0x5ff8, 8, MEM_STORE}, /* over the page end */
		{12, 0x55, 0x6000, 8, MEM_STORE},
		{16, 0x6c, 0x4040, 8, MEM_LOAD}, /* iterations */
		{16, 0x6c, 0x4050, 8, MEM_STORE},
		{17, 0x6c, 0x4048, 8, MEM_LOAD},
		{17, 0x6c, 0x4058, 8, MEM_STORE},
		{20, 0x73, 0x4060, 4, MEM_LOAD},
		{21, 0x7c, 0x4060, 4, MEM_LOCKED},
		{22, 0x86, 0x4068, 8, MEM_LOAD},
		{22, 0x86, ANY_STACK - 8, 8, MEM_STORE},
		{23, 0x8d, ANY_STACK - 16, 8, MEM_STORE},
		{24, 0x92, ANY_STACK - 16, 8, MEM_LOAD},
	};
	const struct code code = {bytes, sizeof(bytes), 25, rows, ARRAY_LEN(rows)};

	check_code(&code);
}
END_TEST

/* A load from RAM is told once, though the instruction has to wait until its core is alone, since
 * its other operand is no RAM, of which nothing is told. */
START_TEST(what_is_tried_again_is_told_once)
{
	static const uint8_t bytes[] = {
		0xbe, 0x40, 0x40, 0x00, 0x00,                   /* 00 mov esi, 0x4040 */
		0xbf, 0x00, 0x00, 0x30, 0x00,                   /* 05 mov edi, 0x300000 */
		0x48, 0xa5,                                     /* 0a movsq */
		0xff, 0x34, 0x25, 0x00, 0x00, 0x30, 0x00,       /* 0c push [0x300000] */
		0x48, 0xff, 0x04, 0x25, 0x00, 0x00, 0x30, 0x00, /* 13 inc qword [0x300000] */
	};
	static const struct row rows[] = {
		{2, 0x0a, 0x4040, 8, MEM_LOAD},
		{3, 0x0c, ANY_STACK - 8, 8, MEM_STORE},
	};
	const struct code code = {bytes, sizeof(bytes), 5, rows, ARRAY_LEN(rows)};

	check_code(&code);
}
END_TEST

/* The load of an instruction whose store then faults is told, and what exceptions and INT3 push.
 * Descriptors are not. */
START_TEST(deliveries_are_told)
{
	static const uint8_t bytes[] = {
		0xbe, 0x40, 0x40, 0x00, 0x00, /* 00 mov esi, 0x4040 */
		0xbf, 0x00, 0x00, 0x00, 0x80, /* 05 mov edi, 0x80000000 */
		0x48, 0xa5,                   /* 0a movsq */
		0xcc,                         /* the handler skips a byte, and comes to a5: movsd */
	};
	static const struct row rows[] = {
		{2, 0x0a, 0x4040, 8, MEM_LOAD},
		{2, 0x0a, ANY_STACK - 8, 8, MEM_STORE},  /* SS */
		{2, 0x0a, ANY_STACK - 16, 8, MEM_STORE}, /* RSP */
		{2, 0x0a, ANY_STACK - 24, 8, MEM_STORE}, /* RFLAGS */
		{2, 0x0a, ANY_STACK - 32, 8, MEM_STORE}, /* CS */
		{2, 0x0a, ANY_STACK - 40, 8, MEM_STORE}, /* RIP */
		{2, 0x0a, ANY_STACK - 48, 8, MEM_STORE}, /* the error code */
		{4, ANY_STUBS + 4, ANY_STACK - 40, 8, MEM_UPDATE},
		{5, ANY_STUBS + 8, ANY_STACK - 24, 8, MEM_LOAD}, /* IRETQ */
		{5, ANY_STUBS + 8, ANY_STACK - 32, 2, MEM_LOAD},
		{5, ANY_STUBS + 8, ANY_STACK - 40, 8, MEM_LOAD},
		{5, ANY_STUBS + 8, ANY_STACK - 8, 2, MEM_LOAD},
		{5, ANY_STUBS + 8, ANY_STACK - 16, 8, MEM_LOAD},
	};
	const struct code code = {bytes, sizeof(bytes), 6, rows, ARRAY_LEN(rows)};
	static const uint8_t int3[] = {0xcc};
	static const struct row pushed[] = {
		{0, 0, ANY_STACK - 8, 8, MEM_STORE},
		{0, 0, ANY_STACK - 16, 8, MEM_STORE},
		{0, 0, ANY_STACK - 24, 8, MEM_STORE},
		{0, 0, ANY_STACK - 32, 8, MEM_STORE},
		{0, 0, ANY_STACK - 40, 8, MEM_STORE},
	};
	const struct code trap = {int3, sizeof(int3), 1, pushed, ARRAY_LEN(pushed)};

	check_code(&code);
	check_code(&trap);
}
END_TEST

/* --- several cores --- */

#define CORES 3
#define WORD  0x4000u

/* again: lock xadd [0x4000], rax; mov [0x4010 + r15 * 8], rax; mov rcx, [0x4010]; jmp again */
static const uint8_t loop[] = {0xf0, 0x48, 0x0f, 0xc1, 0x04, 0x25, 0x00, 0x40, 0x00, 0x00, 0x4a,
	0x89, 0x04, 0xfd, 0x10, 0x40, 0x00, 0x00, 0x48, 0x8b, 0x0c, 0x25, 0x10, 0x40, 0x00, 0x00,
	0xeb, 0xe4};

static struct machine *make_cores(bool tso)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	config.machine.cpus = CORES;
	config.machine.quantum = 30;
	config.machine.memory_model = tso ? MEMORY_MODEL_TSO : MEMORY_MODEL_SC;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	for (unsigned i = 0; i < CORES; i++) {
		struct vcpu *c = &m->cores[i];

		any_enter(c, ANY_64);
		c->arch.activity = ACTIVITY_RUNNING;
		c->arch.gpr[RAX] = i + 1;
		c->arch.gpr[R15] = i;
		m->run.runnable[0] |= BIT(i);
	}
	any_put(&m->cores[0], ANY_CODE, loop, sizeof(loop));
	return m;
}

/* Memory as the accesses say that it is; every load must find it so. */
struct follower {
	uint64_t word[1 + CORES];
	uint64_t step[CORES], loads, switches;
	unsigned last;
};

static uint64_t *word_at(struct follower *s, uint64_t pa)
{
	return pa == WORD ? &s->word[0] : &s->word[1 + (pa - WORD - 16) / 8];
}

static void follow(void *context, struct machine *m, const struct mem_access *a)
{
	struct follower *s = context;
	uint64_t *word = word_at(s, a->pa);

	ck_assert_uint_ge(a->step, s->step[a->core]);
	ck_assert_uint_ge(a->step, m->step_base);
	s->step[a->core] = a->step;
	s->switches += a->core != s->last;
	s->last = a->core;
	if (a->kind == MEM_LOAD) {
		ck_assert_uint_eq(a->value, *word);
		s->loads++;
	}
	*word = a->value;
}

START_TEST(the_order_is_that_of_memory)
{
	struct machine *m = make_cores(false);
	struct follower s = {0};

	machine_watch_accesses(m, (struct access_listener){.context = &s, .access = follow});
	run_steps(m, 9999);
	ck_assert_uint_gt(s.loads, 2000);
	ck_assert_uint_gt(s.switches, 200);
	machine_destroy(m);
}
END_TEST

/* Listening now and then, over snapshots too, is invisible. */
START_TEST(listening_changes_nothing)
{
	for (unsigned tso = 0; tso < 2; tso++) {
		struct machine *a = make_cores(tso), *b = make_cores(tso);
		struct snapshot_store *store = snapshot_store_create(b);
		struct snapshot *s;
		struct any_end end = {.heard = 0};
		uint64_t first;

		run_steps(a, 9000);
		run_steps(b, 1000);
		machine_watch_accesses(
			b, (struct access_listener){.context = &end.heard, .access = any_hear});
		run_steps(b, 3000);
		s = snapshot_take(store);
		end.heard = 0;
		run_steps(b, 4001);
		first = end.heard;
		snapshot_restore(store, s);
		end.heard = 0;
		run_steps(b, 4001);
		ck_assert_uint_eq(end.heard, first);
		machine_unwatch_accesses(b, &end.heard);
		run_steps(b, 9000);
		ck_assert_uint_eq(end.heard, first);
		ck_assert(digest_equal(machine_digest(a), machine_digest(b)));
		snapshot_drop(store, s);
		snapshot_store_destroy(store);
		machine_destroy(a);
		machine_destroy(b);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {each_kind_and_size_is_told, what_is_tried_again_is_told_once,
		deliveries_are_told, the_order_is_that_of_memory, listening_changes_nothing};

	return unit_run("access", tests, ARRAY_LEN(tests));
}
