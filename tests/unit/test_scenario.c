/* Scenarios: what is read, and every kind of error, each with its line. */
#include "sim/replay/scenario.h"

#include "tests/unit/unit.h"

static bool read_text(struct scenario *s, const char *text, struct error *e)
{
	return scenario_read_text(s, "dir/t.ini", text, strlen(text), e);
}

static void refused(const char *text, const char *message)
{
	static const struct scenario empty;
	struct scenario s;
	struct error e = {""};

	ck_assert_msg(!read_text(&s, text, &e), "accepted: %s", text);
	ck_assert_str_eq(e.text, message);
	ck_assert_mem_eq(&s, &empty, sizeof(s));
}

#define TITLE "[scenario]\ntitle = a claim\n"

START_TEST(everything)
{
	char line[SCENARIO_LINE_MAX], program[64];
	struct scenario s;
	struct error e = {""};

	ck_assert_msg(
		read_text(&s,
			"[scenario]\ntitle = a claim\nprogram = block_test 4  10\n"
			"kernel = k.elf\ninitrd = /i.cpio\nappend = quiet\n"
			"[machine]\ncpus = 3\nseed = 9\n[oracle]\nperiod = 7\n"
			"[fault]\nyield.recheck = on\n"
			"[schedule]\n1 = pause c1 at probe:x until 5 cycles\n7 = do irq 3 at y\n"
			"[expect]\nverdict = unexpected-output\nexit = 3\noutput = two words\n"
			"[limit]\nsteps = 1000\ncycles = 2000\n",
			&e),
		"%s", e.text);
	ck_assert_str_eq(s.title.text, "a claim");
	ck_assert_str_eq(s.kernel.text, "dir/k.elf");
	ck_assert_str_eq(s.initrd.text, "/i.cpio");
	ck_assert_uint_eq(s.config.machine.cpus, 3);
	ck_assert_uint_eq(s.config.machine.seed, 9);
	ck_assert_uint_eq(s.config.oracle.period, 7);
	ck_assert_uint_eq(s.fault_count, 1);
	ck_assert_str_eq(s.faults[0].text, "yield.recheck");
	ck_assert_uint_eq(s.faults[0].line, 13);
	ck_assert_uint_eq(s.forcing_count, 2);
	ck_assert_str_eq(s.forcings[1].text, "do irq 3 at y");
	ck_assert_uint_eq(s.forcings[1].line, 16);
	ck_assert_uint_eq(s.expect.verdict, VERDICT_UNEXPECTED_OUTPUT);
	ck_assert_uint_eq(s.expect.exit, 3);
	ck_assert_str_eq(s.expect.output.text, "two words");
	ck_assert_uint_eq(s.limit.steps, 1000);
	ck_assert_uint_eq(s.limit.cycles, 2000);
	scenario_command_line(&s, line);
	ck_assert_str_eq(line, "quiet run=block_test,4,10");
	scenario_program(&s, program);
	ck_assert_str_eq(program, "block_test");
	scenario_free(&s);
}
END_TEST

START_TEST(defaults)
{
	char line[SCENARIO_LINE_MAX];
	struct scenario s;
	struct error e = {""};

	ck_assert_msg(read_text(&s, TITLE, &e), "%s", e.text);
	ck_assert_uint_eq(s.expect.verdict, VERDICT_PASS);
	ck_assert_uint_eq(s.expect.exit, 0);
	ck_assert_uint_eq(s.limit.steps, SCENARIO_LIMIT_STEPS);
	ck_assert_ptr_null(s.program.text);
	scenario_command_line(&s, line);
	ck_assert_str_eq(line, "");
	scenario_free(&s);
}
END_TEST

START_TEST(keys_and_sections)
{
	refused("", "dir/t.ini: no title: expected [scenario] title = a claim");
	refused("title = x\n", "dir/t.ini:1: 'title' stands before the first [section]");
	refused(TITLE "title = b\n", "dir/t.ini:3: title is set twice, first in line 2");
	refused("[scenario]\ntitle =\n", "dir/t.ini:2: title is empty");
	refused(TITLE "name = b\n",
		"dir/t.ini:3: unknown key 'name' in [scenario]; expected title, program, kernel, "
		"initrd or append");
	refused(TITLE "[faults]\nx = on\n",
		"dir/t.ini:4: unknown section [faults]; expected scenario, fault, schedule, "
		"expect, limit, or a section of options as machine");
	refused(TITLE "[machine]\nccpus = 2\n",
		"dir/t.ini:4: unknown option 'machine.ccpus' (did you mean machine.cpus?)");
	refused(TITLE "[machine]\ncpus = 2\ncpus = 2\n", "dir/t.ini:5: machine.cpus is set twice");
	refused(TITLE "[machine]\ncpus = 65\n",
		"dir/t.ini:4: machine.cpus = '65': expected 1 to 64");
	refused(TITLE "[limit]\nsteps = 0\n",
		"dir/t.ini:4: steps = '0': expected a number from 1 to 18446744073709551614");
	refused(TITLE "[limit]\nsteps = 1\nsteps = 2\n",
		"dir/t.ini:5: steps is set twice, first in line 4");
	refused(TITLE "[limit]\ntime = 0\n",
		"dir/t.ini:4: unknown key 'time' in [limit]; expected steps or cycles");
}
END_TEST

START_TEST(programs)
{
	refused(TITLE "program = a,b\n", "dir/t.ini:3: program: expected words without commas");
	refused(TITLE "program = a\nappend = x run=b\n",
		"dir/t.ini:4: append has run=, which program sets");
	refused(TITLE
		"program = 0123456789012345678901234567890123456789012345678901234567890123456789"
		"01234567890123456789012345678901234567890123456789\n"
		"append = 0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789\n",
		"dir/t.ini:3: program and append have more than 250 characters together");
}
END_TEST

START_TEST(faults_and_forcings)
{
	refused(TITLE "[fault]\nx = off\n", "dir/t.ini:4: x = 'off': expected on");
	refused(TITLE "[fault]\nx = on\nx = on\n", "dir/t.ini:5: x is set twice, first in line 4");
	refused(TITLE "[schedule]\nfirst = pause c1\n",
		"dir/t.ini:4: 'first': expected the number of a forcing: N = forcing");
	refused(TITLE "[schedule]\n0 = pause c1\n",
		"dir/t.ini:4: forcing 0 comes after forcing 0: numbers rise from 1");
	refused(TITLE "[schedule]\n2 = a\n2 = b\n",
		"dir/t.ini:5: forcing 2 comes after forcing 2: numbers rise from 1");
	refused(TITLE "[schedule]\n1 =\n", "dir/t.ini:4: forcing 1 is empty");
}
END_TEST

START_TEST(expectations)
{
	refused(TITLE "[expect]\nverdict = good\n",
		"dir/t.ini:4: no verdict 'good'; expected one of pass, panic, deadlock, livelock, "
		"lost-event, lost-wakeup, double-run, context-corrupt, invariant, race, stuck, "
		"infeasible, unexpected-output");
	refused(TITLE "[expect]\nverdict = entry-fail\n",
		"dir/t.ini:4: no oracle of this ringv finds 'entry-fail'");
	refused(TITLE "[expect]\nverdict = pass\nverdict = panic\n",
		"dir/t.ini:5: verdict is set twice, first in line 4");
	refused(TITLE "[expect]\nresult = pass\n",
		"dir/t.ini:4: unknown key 'result' in [expect]; expected verdict, output or exit");
	refused(TITLE "[expect]\nexit = -1\n",
		"dir/t.ini:4: exit = '-1': expected a number from 0 to 4294967295");
	refused(TITLE "[expect]\nverdict = deadlock\nexit = 1\n",
		"dir/t.ini:5: output and exit go with the verdict pass or unexpected-output, not "
		"deadlock");
	refused(TITLE "[expect]\noutput = x\nverdict = panic\n",
		"dir/t.ini:4: output and exit go with the verdict pass or unexpected-output, not "
		"panic");
}
END_TEST

START_TEST(exit_codes)
{
	ck_assert_int_eq(verdict_exit_code(VERDICT_PASS, VERDICT_PASS), SIM_PASS);
	ck_assert_int_eq(verdict_exit_code(VERDICT_DEADLOCK, VERDICT_DEADLOCK), SIM_PASS);
	ck_assert_int_eq(verdict_exit_code(VERDICT_STUCK, VERDICT_STUCK), SIM_PASS);
	ck_assert_int_eq(verdict_exit_code(VERDICT_DEADLOCK, VERDICT_PASS), SIM_FAIL);
	ck_assert_int_eq(verdict_exit_code(VERDICT_PASS, VERDICT_INFEASIBLE), SIM_FAIL);
	ck_assert_int_eq(verdict_exit_code(VERDICT_PASS, VERDICT_STUCK), SIM_STUCK);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {everything, defaults, keys_and_sections, programs,
		faults_and_forcings, expectations, exit_codes};

	return unit_run("scenario", tests, ARRAY_LEN(tests));
}
