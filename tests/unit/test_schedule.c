/* test_schedule.c - each form of a forcing reads and prints; each mistake is named with its place
 * and with what was expected. */
#include "sim/replay/schedule.h"
#include "tests/unit/unit.h"

/* What a text prints as; NULL: as itself. */
static const struct good {
	const char *text, *canonical;
} goods[] = {
	{"pause c1 at c1:s48112 until 500 cycles", NULL},
	{"pause c1 at c1:s48112 until 0 cycles", NULL},
	{"  pause\tc1 at proc_yield until all others idle  ",
		"pause c1 at c1:proc_yield+0x0#1 until all others idle"},
	{"pause c1 at c1:proc_yield+0x3c#2 until c2:s7 expires 9 cycles", NULL},
	{"pause block_test:v1 at probe:notify#3 until probe:event_posted",
		"pause block_test:v1 at block_test:v1:probe:notify#3 until probe:event_posted#1"},
	{"park block_test:v1 at c2:s48112 until c0:probe:preempt_done#1", NULL},
	{"pause c3 at store:vcpd[2].notif_pending until a.b-c:v0:store:x#1",
		"pause c3 at c3:store:vcpd[2].notif_pending#1 until a.b-c:v0:store:x#1"},
	{"pause c3 at c3:s7#2 until c3:s8", "pause c3 at c3:s7+0x0#2 until c3:s8"},
	{"hold c3 at probe:notify#2 until 500 cycles",
		"hold c3 at c3:probe:notify#2 until 500 cycles"},
	{"do irq 11 at c1:s5", NULL},
	{"do serial \"a b\\n\\\"\\\\\\x00\\xff\" at c1:s5", NULL},
	{"do preempt lock_test:v2 at probe:lock_taken#40", NULL},
	{"do preempt lock_test:v2 for 100 us at probe:lock_taken#40", NULL},
	{"do preempt lock_test:v2 for ever at lock_test:v2:probe:lock_taken",
		"do preempt lock_test:v2 for ever at lock_test:v2:probe:lock_taken#1"},
	{"do preempt c2 for 5 us at c2:s10", NULL},
	{"do return cores at probe:preempt_done#1", NULL},
	{"do provision lock_test 3 at probe:kernel_ready#1", NULL},
	{"do delay 0xf0 on c1 by 1000 cycles at idle#2",
		"do delay 0xf0 on c1 by 1000 cycles at idle+0x0#2"},
	{"do drop 32 on c1 at c0:s1", "do drop 0x20 on c1 at c0:s1"},
	{"do duplicate 255 on c63 at c0:s1", "do duplicate 0xff on c63 at c0:s1"},
};

static char *print(const struct schedule *s)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	schedule_print(s, out);
	fclose(out);
	return text;
}

START_TEST(each_form_reads_and_prints)
{
	for (unsigned i = 0; i < ARRAY_LEN(goods); i++) {
		const char *want = goods[i].canonical != NULL ? goods[i].canonical : goods[i].text;
		static struct schedule s;
		struct error e = {""};
		char *text, line[256];

		s.count = 0;
		ck_assert_msg(schedule_add(&s, "x", goods[i].text, &e), "%s", e.text);
		text = print(&s);
		snprintf(line, sizeof(line), "%s\n", want);
		ck_assert_str_eq(text, line);
		s.count = 0;
		ck_assert_msg(schedule_read(&s, "x", text, strlen(text), &e), "%s", e.text);
		free(text);
	}
}
END_TEST

static const struct bad {
	const char *text, *error;
} bads[] = {
	{"", "f:1: column 1: the text ends; expected pause, park, hold or do"},
	{"stop c1", "f:1: column 1: 'stop': expected pause, park, hold or do"},
	{"pause x at", "f:1: column 7: 'x': expected a stream"},
	{"pause c999 at", "f:1: column 7: 'c999': expected a stream"},
	{"pause c1 until", "f:1: column 10: 'until': expected at"},
	{"pause c1 at", "f:1: column 12: the text ends; expected a point"},
	{"pause c1 at ?", "f:1: column 13: '?': expected a point"},
	{"pause c1 at f+3 until", "f:1: column 15: 'f+3': expected an offset"},
	{"pause c1 at f+0x123456789 until", "f:1: column 26: 'f+0x123456789': expected an offset"},
	{"pause c1 at f#0 until", "f:1: column 16: 'f#0': expected which time"},
	{"pause c1 at f#1x until", "f:1: column 16: 'f#1x': expected a blank"},
	{"pause c1 at probe: until", "f:1: column 19: 'probe:': expected a probe's name"},
	{"pause c1 at store:+ until", "f:1: column 19: 'store:+': expected a variable"},
	{"pause c1 at c2:f until", "f:1: column 13: a point of another stream"},
	{"pause c1 at c2:s5 until", "f:1: column 13: a point of another stream"},
	{"pause c1 at f", "f:1: column 14: the text ends; expected until"},
	{"pause c1 at f until", "f:1: column 20: the text ends; expected a point, N cycles"},
	{"pause c1 at f until 5", "f:1: column 22: the text ends; expected cycles"},
	{"pause c1 at f until g expires 0 cycles",
		"f:1: column 31: '0': expected a number of cycles"},
	{"pause c1 at f until 99999999999999999999 cycles", "f:1: column 21: "},
	{"pause c1 at f until all idle", "f:1: column 25: 'idle': expected others"},
	{"pause c1 at f until all others", "f:1: column 31: the text ends; expected idle"},
	{"pause c1 at f until g expires", "f:1: column 30: the text ends; expected a number"},
	{"pause c1 at f until g or h", "f:1: column 23: 'or': expected the end"},
	{"do", "f:1: column 3: the text ends; expected irq, serial"},
	{"do irq 24 at f", "f:1: column 8: '24': expected a pin"},
	{"do serial go at f", "f:1: column 11: 'go': expected the bytes to send, in quotes"},
	{"do serial \"go at f", "f:1: column 11: '\"go at f': expected the bytes"},
	{"do serial \"\\q\" at f", "f:1: column 13: '\"\\q\"': expected \\n"},
	{"do preempt v1 at f", "f:1: column 12: 'v1': expected a stream"},
	{"do preempt a:v1 for 5 at f", "f:1: column 23: 'at': expected us"},
	{"do return at f", "f:1: column 11: 'at': expected cores"},
	{"do provision a at f", "f:1: column 16: 'at': expected a number of pcores"},
	{"do drop 8 on c1 at f", "f:1: column 9: vector 8: expected 16 to 255"},
	{"do drop 32 on a:v1 at f", "f:1: column 15: 'a:v1': expected a pcore"},
	{"do delay 32 on c1 at f", "f:1: column 19: 'at': expected by"},
};

START_TEST(each_mistake_is_named)
{
	for (unsigned i = 0; i < ARRAY_LEN(bads); i++) {
		static struct schedule s;
		struct error e = {""};

		s.count = 0;
		ck_assert_msg(!schedule_add(&s, "f:1", bads[i].text, &e), "%s", bads[i].text);
		ck_assert_msg(strncmp(e.text, bads[i].error, strlen(bads[i].error)) == 0,
			"%s\n%s\n%s", bads[i].text, e.text, bads[i].error);
		ck_assert_uint_eq(s.count, 0);
	}
}
END_TEST

START_TEST(files_have_lines)
{
	static const char text[] =
		"# a comment\n\n; another\r\n  do irq 1 at f\n\tdo irq 2 at g\r\n"
		"do irq 3 at";
	static struct schedule s;
	struct error e = {""};

	ck_assert(!schedule_read(&s, "file", text, sizeof(text) - 1, &e));
	ck_assert_int_eq(strncmp(e.text, "file:6: column 12:", 18), 0);
	s.count = 0;
	ck_assert(schedule_read(&s, "file", text, sizeof(text) - 12, &e));
	ck_assert_uint_eq(s.count, 2);
	ck_assert_str_eq(s.at[1].where, "file:5");
	ck_assert(!schedule_read(&s, "file", "do\0", 3, &e));
}
END_TEST

START_TEST(there_is_an_end)
{
	static struct schedule s;
	struct error e = {""};

	for (unsigned i = 0; i < FORCINGS_MAX; i++)
		ck_assert(schedule_add(&s, "x", "do irq 1 at f", &e));
	ck_assert(!schedule_add(&s, "x", "do irq 1 at f", &e));
	ck_assert_str_eq(e.text, "x: more than 512 forcings");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {each_form_reads_and_prints, each_mistake_is_named,
		files_have_lines, there_is_an_end};

	return unit_run("schedule", tests, ARRAY_LEN(tests));
}
