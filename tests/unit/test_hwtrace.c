/* test_hwtrace.c - hardware traces: what is written is read, any altered byte is noticed, and the
 * validator names what differs. The traces are of a program that ringv itself plays. */
#include <unistd.h>

#include "sim/base/rng.h"
#include "sim/hwtrace/player.h"
#include "sim/hwtrace/validator.h"
#include "sim/machine/file.h"
#include "tests/unit/unit.h"

#define CODE_LA  UINT64_C(0x400000)
#define DATA_LA  UINT64_C(0x600000)
#define LOOPS    50
#define PREPARED 2                                /* steps before the loop */
#define IN_LOOP  4                                /* steps of a loop */
#define STEPS    (PREPARED + IN_LOOP * LOOPS + 1) /* and the CPUID behind it */

static const uint8_t program[] = {
	0xb9, LOOPS, 0, 0, 0,   /* mov ecx, LOOPS */
	0xbf, 0, 0, 0x60, 0,    /* mov edi, DATA_LA */
	0x0f, 0xaf, 0xc1,       /* imul eax, ecx */
	0x05, 0x39, 0x30, 0, 0, /* add eax, 12345 */
	0x89, 0x04, 0x8f,       /* mov [rdi + rcx*4], eax */
	0xe2, 0xf3,             /* loop to the imul */
	0x0f, 0xa2,             /* cpuid */
};

#define LOOP_SIZE (sizeof(program) - 2) /* bytes, without the CPUID */

struct made {
	struct hwtrace trace;
	struct player *player;
	struct cpu_model model;
	struct step_writer steps;
	struct event_writer events;
};

static void put_edit(struct made *m, const struct hw_edit *edit)
{
	event_put_edit(&m->events, edit);
	ck_assert(player_edit(m->player, edit, NULL));
}

static void put_memory(struct made *m, size_t code_size)
{
	const struct hw_edit edits[] = {
		{.kind = HW_MAP,
			.la = CODE_LA,
			.size = PAGE_SIZE,
			.prot = HW_PROT_READ | HW_PROT_EXEC | HW_HIDDEN},
		{.kind = HW_MAP,
			.la = DATA_LA,
			.size = 2 * PAGE_SIZE,
			.prot = HW_PROT_READ | HW_PROT_WRITE},
		{.kind = HW_WRITE, .la = CODE_LA, .size = code_size, .data = program},
	};

	event_put(&m->events, &(struct hw_event){.kind = HW_PAGES, .count = ARRAY_LEN(edits)});
	for (unsigned i = 0; i < ARRAY_LEN(edits); i++)
		put_edit(m, &edits[i]);
}

/* Before the last step: memory is as the player left it, altered by sum. */
static void put_check(struct made *m, uint64_t sum)
{
	struct hw_event event = {.step = STEPS - 1, .kind = HW_CHECK, .count = 1};
	uint64_t hash;

	event.sum = player_check(m->player);
	ck_assert(player_page_hash(m->player, DATA_LA, &hash));
	event_put(&m->events, &event);
	event_put_page(&m->events, DATA_LA, hash + sum);
}

/* What to make wrong about a trace. */
struct wrong {
	uint64_t step; /* whose state differs, counted from 1; 0: none */
	unsigned word;
	uint64_t bits;
	uint64_t sum;        /* of the memory */
	bool given;          /* the environment decides about the first step */
	bool short_of_cpuid; /* about whose results the trace is always right */
};

static void play_step(struct made *m, const struct wrong *w)
{
	uint64_t wrong = w->step == ++m->trace.steps ? w->bits : 0;
	struct hw_state s;

	ck_assert_int_eq(player_step(m->player).end, PLAYER_STEPPED);
	player_get(m->player, &s);
	s.w[w->word] ^= wrong;
	step_writer_put(&m->steps, &s);
}

static void play(struct made *m, const struct wrong *w)
{
	while (m->trace.steps < STEPS - 1)
		play_step(m, w);
	put_check(m, w->sum);
	if (w->short_of_cpuid)
		return;
	event_put(&m->events, &(struct hw_event){.step = STEPS - 1, .kind = HW_GIVEN});
	play_step(m, w);
}

static void make(struct hwtrace *t, const struct wrong *w)
{
	struct made m = {0};

	m.events.out = &m.trace.events;
	m.trace.version = strdup("0");
	m.trace.program = strdup("loop");
	m.trace.host.name = strdup("ringv");
	m.trace.first.w[HW_RIP] = CODE_LA;
	m.trace.first.w[HW_RFLAGS] = RFLAGS_ONE | RFLAGS_IF;
	m.trace.first.w[HW_SELECTOR + CS] = 0x33;
	m.trace.first.w[HW_SELECTOR + SS] = 0x2b;
	model_of_everything(&m.model);
	m.player = player_create(&m.model, PLAYER_MEMORY_MIN);
	put_memory(&m, w->short_of_cpuid ? LOOP_SIZE : sizeof(program));
	ck_assert(player_put(m.player, &m.trace.first));
	step_writer_begin(&m.steps, &m.trace.first, m.trace.streams);
	if (w->given)
		event_put(&m.events, &(struct hw_event){.kind = HW_GIVEN});
	play(&m, w);
	step_writer_end(&m.steps);
	player_destroy(m.player);
	*t = m.trace;
}

struct found {
	unsigned count;
	struct hw_difference first;
};

static void note(void *context, const struct hw_difference *d)
{
	struct found *f = context;

	if (f->count++ == 0)
		f->first = *d;
}

/* What the validator finds in a trace with that in it. */
static struct found validate(const struct wrong *w, bool go_on)
{
	struct found found = {0};
	const struct hw_validation wanted = {
		.memory = PLAYER_MEMORY_MIN, .go_on = go_on, .differs = note, .context = &found};
	struct hw_result result;
	struct hwtrace trace;

	make(&trace, w);
	ck_assert(hwtrace_validate(&trace, "trace", &wanted, &result, NULL));
	ck_assert_uint_eq(result.differences, found.count);
	if (found.count == 0)
		ck_assert_uint_eq(result.steps, STEPS);
	hw_result_free(&result);
	hwtrace_free(&trace);
	return found;
}

START_TEST(an_honest_trace_passes)
{
	ck_assert_uint_eq(validate(&(struct wrong){0}, false).count, 0);
}
END_TEST

/* In every word that the program leaves alone, and those that it changes. */
START_TEST(each_register_counts)
{
	for (unsigned word = 0; word < HW_WORDS; word++) {
		const struct wrong w = {.step = 77, .word = word, .bits = 1};
		char name[HW_NAME];
		struct found f = validate(&w, false);

		hw_word_name(word, name);
		ck_assert_uint_eq(f.count, 1);
		ck_assert_uint_eq(f.first.step, 76);
		ck_assert_str_eq(f.first.field, name);
		ck_assert_uint_eq(f.first.got ^ f.first.expected, 1);
	}
}
END_TEST

/* IMUL leaves SF, ZF, AF and PF undefined; CF is not. */
START_TEST(undefined_flags_may_differ)
{
	struct wrong w = {.step = PREPARED + 1, .word = HW_RFLAGS, .bits = RFLAGS_ZF};

	ck_assert_uint_eq(validate(&w, false).count, 0);
	w.bits = RFLAGS_CF;
	ck_assert_uint_eq(validate(&w, false).count, 1);
}
END_TEST

START_TEST(going_on_finds_one_difference_once)
{
	struct found f = validate(&(struct wrong){.step = 5, .word = RBX, .bits = 1}, true);

	/* The wrong state, and the step that comes from it. */
	ck_assert_uint_eq(f.count, 2);
	ck_assert_str_eq(f.first.mnemonic, "mov");
	ck_assert_str_eq(f.first.insn, "mov dword ptr [rdi + rcx*4], eax");
}
END_TEST

START_TEST(memory_counts)
{
	struct found f = validate(&(struct wrong){.sum = 1}, false);

	ck_assert_uint_eq(f.count, 1);
	ck_assert_uint_eq(f.first.step, STEPS - 1);
	ck_assert_str_eq(f.first.field, "memory");
}
END_TEST

START_TEST(a_page_that_is_not_in_the_trace_is_named)
{
	struct found found = {0};
	const struct hw_validation wanted = {
		.memory = PLAYER_MEMORY_MIN, .differs = note, .context = &found};
	struct hw_result result;
	struct hwtrace trace;

	make(&trace, &(struct wrong){0});
	bytes_free(&trace.events);
	ck_assert(hwtrace_validate(&trace, "trace", &wanted, &result, NULL));
	ck_assert_uint_eq(found.first.step, 0);
	ck_assert_str_eq(found.first.field, "exception");
	hw_result_free(&result);
	hwtrace_free(&trace);
}
END_TEST

START_TEST(the_environment_decides_about_few_instructions)
{
	const struct hw_validation wanted = {.memory = PLAYER_MEMORY_MIN};
	struct error e = {""};
	struct hw_result result;
	struct hwtrace trace;

	make(&trace, &(struct wrong){.given = true});
	ck_assert(!hwtrace_validate(&trace, "trace", &wanted, &result, &e));
	ck_assert_str_eq(e.text, "trace: altered: step 0 or its events make no sense");
	hw_result_free(&result);
	hwtrace_free(&trace);
}
END_TEST

/* Whether the validator notices that a byte of a stream is another; of flags CF, which is never
 * undefined. */
static bool is_noticed(struct bytes *stream, size_t i, const struct hwtrace *t)
{
	const struct hw_validation wanted = {.memory = PLAYER_MEMORY_MIN};
	struct hw_result result;
	bool passes;

	stream->data[i] ^= 0x01;
	passes = hwtrace_validate(t, "trace", &wanted, &result, NULL) && result.differences == 0;
	stream->data[i] ^= 0x01;
	hw_result_free(&result);
	return !passes;
}

/* Where no checksum of a file guards them; but more memory may be mapped than is used. */
START_TEST(each_byte_of_the_streams_counts)
{
	struct hwtrace t;
	const uint8_t *code;

	make(&t, &(struct wrong){.short_of_cpuid = true});
	code = memmem(t.events.data, t.events.size, program, LOOP_SIZE);
	ck_assert_ptr_nonnull(code);
	for (size_t i = (size_t)(code - t.events.data); i < t.events.size; i++)
		ck_assert_msg(is_noticed(&t.events, i, &t), "events: byte %zu", i);
	for (unsigned s = 0; s < STEP_STREAMS; s++)
		for (size_t i = 0; i < t.streams[s].size; i++)
			ck_assert_msg(
				is_noticed(&t.streams[s], i, &t), "stream %u: byte %zu", s, i);
	hwtrace_free(&t);
}
END_TEST

/* --- files --- */

static struct blob write_and_read(void)
{
	char path[] = "/tmp/test_hwtrace_XXXXXX";
	int fd = mkstemp(path);
	struct hwtrace trace;
	struct blob file;

	ck_assert_int_ge(fd, 0);
	close(fd);
	make(&trace, &(struct wrong){0});
	ck_assert(hwtrace_write(&trace, path, NULL));
	hwtrace_free(&trace);
	ck_assert(file_read(path, 1 << 20, &file, NULL));
	unlink(path);
	return file;
}

START_TEST(a_file_gives_the_same_trace)
{
	struct blob file = write_and_read();
	struct hwtrace written, got;

	make(&written, &(struct wrong){0});
	ck_assert(hwtrace_read_memory(&got, "file", file.data, file.size, NULL));
	ck_assert_str_eq(got.program, "loop");
	ck_assert_uint_eq(got.steps, STEPS);
	ck_assert_mem_eq(&got.first, &written.first, sizeof(got.first));
	ck_assert_uint_eq(got.events.size, written.events.size);
	ck_assert_mem_eq(got.events.data, written.events.data, got.events.size);
	for (unsigned i = 0; i < STEP_STREAMS; i++)
		ck_assert_uint_eq(got.streams[i].size, written.streams[i].size);
	hwtrace_free(&written);
	hwtrace_free(&got);
	blob_free(&file);
}
END_TEST

START_TEST(each_byte_of_a_file_counts)
{
	struct blob file = write_and_read();

	for (size_t i = 0; i < file.size; i++) {
		struct error e = {""};
		struct hwtrace t;

		file.data[i] ^= 0x10;
		ck_assert_msg(!hwtrace_read_memory(&t, "file", file.data, file.size, &e),
			"byte %zu of %zu", i, file.size);
		ck_assert_str_ne(e.text, "");
		file.data[i] ^= 0x10;
	}
	for (size_t size = 0; size < file.size; size++) {
		struct hwtrace t;

		ck_assert(!hwtrace_read_memory(&t, "file", file.data, size, NULL));
	}
	blob_free(&file);
}
END_TEST

/* Steps that nothing predicts, in few places, so that all ways to guess are tried. */
START_TEST(any_states_come_back)
{
	struct rng r = rng_from(1);
	struct bytes streams[STEP_STREAMS] = {0};
	struct hw_state first = {{0}}, states[500];
	struct step_writer w;
	struct step_reader reader;

	step_writer_begin(&w, &first, streams);
	states[0] = first;
	for (unsigned i = 0; i < ARRAY_LEN(states); i++) {
		states[i] = i > 0 ? states[i - 1] : first;
		for (unsigned k = 0; k < 3; k++)
			states[i].w[rng_below(&r, HW_WORDS)] = rng_next(&r) >> rng_below(&r, 64);
		states[i].w[HW_RIP] = rng_below(&r, 4);
		states[i].w[RAX] = states[i].w[RBX];
		states[i].w[RCX] += 8;
		step_writer_put(&w, &states[i]);
	}
	step_writer_end(&w);
	step_reader_begin(&reader, &first, streams);
	for (unsigned i = 0; i < ARRAY_LEN(states); i++) {
		ck_assert(step_reader_next(&reader));
		ck_assert_mem_eq(&reader.now, &states[i], sizeof(states[i]));
	}
	step_reader_end(&reader);
	for (unsigned i = 0; i < STEP_STREAMS; i++)
		bytes_free(&streams[i]);
}
END_TEST

START_TEST(numbers_come_back)
{
	static const uint64_t numbers[] = {
		0, 1, 127, 128, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX, UINT64_MAX - 1};
	struct bytes b = {0};
	struct bytes_reader r;

	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
		bytes_put_number(&b, numbers[i]);
		bytes_put_signed(&b, numbers[i]);
	}
	r = bytes_read(&b);
	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
		ck_assert_uint_eq(bytes_get_number(&r), numbers[i]);
		ck_assert_uint_eq(bytes_get_signed(&r), numbers[i]);
	}
	ck_assert(!r.bad && r.at == r.end);
	ck_assert_uint_eq(bytes_get_byte(&r), 0);
	ck_assert(r.bad);
	bytes_free(&b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {an_honest_trace_passes, each_register_counts,
		undefined_flags_may_differ, going_on_finds_one_difference_once, memory_counts,
		a_page_that_is_not_in_the_trace_is_named,
		the_environment_decides_about_few_instructions, a_file_gives_the_same_trace,
		each_byte_of_the_streams_counts, each_byte_of_a_file_counts, any_states_come_back,
		numbers_come_back};

	return unit_run("hwtrace", tests, ARRAY_LEN(tests));
}
