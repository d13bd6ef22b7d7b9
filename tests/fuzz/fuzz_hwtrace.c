/* fuzz_hwtrace.c - any bytes as a hardware trace. The first byte says how: as a file; as the
 * streams of a trace, which the checksum of a file would keep out, to be validated; or as a file
 * that is good, but for one byte.
 */
#include <stdlib.h>

#include "sim/hwtrace/player.h"
#include "sim/hwtrace/validator.h"

#define EVENTS_MAX 256 /* bytes: each few of them may map much */
#define CODE_MAX   64
#define CODE_LA    UINT64_C(0x1000)
#define STEPS_MAX  64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(const uint8_t *data, size_t size)
{
	struct hwtrace t;
	struct error e = {""};

	if (hwtrace_read_memory(&t, "trace", data, size, &e))
		hwtrace_free(&t);
	else
		SIM_ASSERT(e.text[0] != '\0');
}

/* --- the streams of a trace --- */

/* A stream is its length, then it; the last one has the rest. */
static struct bytes take(const uint8_t **data, size_t *size, size_t max)
{
	size_t length = *size > 0 ? **data : 0;
	struct bytes b = {0};

	if (*size > 0)
		++*data, --*size;
	length = min_u64(length, min_u64(*size, max));
	bytes_put(&b, *data, length);
	*data += length;
	*size -= length;
	return b;
}

/* Code that can be written, so that there are steps to compare. */
static void put_code(struct bytes *events, const struct bytes *code)
{
	const struct hw_edit map = {.kind = HW_MAP,
		.la = CODE_LA,
		.size = PAGE_SIZE,
		.prot = HW_PROT_READ | HW_PROT_WRITE | HW_PROT_EXEC};
	struct event_writer w = {.out = events};

	event_put(&w, &(struct hw_event){.kind = HW_PAGES, .count = code->size > 0 ? 2 : 1});
	event_put_edit(&w, &map);
	if (code->size > 0)
		event_put_edit(&w, &(struct hw_edit){.kind = HW_WRITE,
					   .la = CODE_LA,
					   .size = code->size,
					   .data = code->data});
}

static struct hwtrace make_trace(const uint8_t *data, size_t size)
{
	struct hwtrace t = {.steps = STEPS_MAX};
	struct bytes code = take(&data, &size, CODE_MAX);
	struct bytes events = take(&data, &size, EVENTS_MAX);

	t.version = strdup("0");
	t.program = strdup("any");
	t.host.name = strdup("none");
	t.first.w[HW_RIP] = CODE_LA;
	t.first.w[HW_SELECTOR + CS] = 0x33;
	t.first.w[HW_SELECTOR + SS] = 0x2b;
	put_code(&t.events, &code);
	bytes_put(&t.events, events.data, events.size);
	for (unsigned i = 0; i < STEP_STREAMS; i++)
		t.streams[i] = take(&data, &size, size);
	bytes_free(&code);
	bytes_free(&events);
	return t;
}

static void validate(const uint8_t *data, size_t size)
{
	const struct hw_validation wanted = {.go_on = true, .memory = PLAYER_MEMORY_MIN};
	struct hwtrace t = make_trace(data, size);
	struct hw_result result;
	struct error e = {""};

	if (!hwtrace_validate(&t, "trace", &wanted, &result, &e))
		SIM_ASSERT(e.text[0] != '\0');
	hw_result_free(&result);
	hwtrace_free(&t);
}

/* --- a file --- */

static void alter(const uint8_t *data, size_t size)
{
	struct hwtrace t = make_trace(data, size), got;
	struct bytes file;
	size_t where = size > 2 ? data[size - 1] + 256u * data[size - 2] : 0;
	uint8_t bits = size > 0 && data[0] != 0 ? data[0] : 1;

	SIM_ASSERT(hwtrace_write_memory(&t, &file, NULL));
	SIM_ASSERT(hwtrace_read_memory(&got, "good", file.data, file.size, NULL));
	SIM_ASSERT(got.events.size == t.events.size);
	hwtrace_free(&got);
	file.data[where % file.size] ^= bits;
	SIM_ASSERT(!hwtrace_read_memory(&got, "altered", file.data, file.size, NULL));
	bytes_free(&file);
	hwtrace_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] & 3) {
	case 0:
		validate(data + 1, size - 1);
		break;
	case 1:
		alter(data + 1, size - 1);
		break;
	default: /* among them the R that files begin with */
		read_file(data, size);
	}
	return 0;
}
