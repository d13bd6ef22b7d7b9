/* unit.h - what every unit test program shares: one suite, one case, run and counted. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <check.h>
#include <stdlib.h>

#include "sim/base/base.h"

/* Runs a suite of one case; the value for main to return. */
static inline int unit_run_case(const char *name, TCase *all)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

/* Runs the tests in order, each in a process of its own that must end with exit_value. All of these
 * give the value for main to return. */
static inline int unit_run_expecting(
	const char *name, const TTest *const *tests, size_t count, int exit_value)
{
	TCase *all = tcase_create(name);

	for (size_t i = 0; i < count; i++)
		tcase_add_exit_test(all, tests[i], exit_value);
	return unit_run_case(name, all);
}

/* A test that is run so often; _i tells it which time it is. */
struct unit_repeated {
	const TTest *test;
	int times;
};

static inline int unit_run_repeated(
	const char *name, const struct unit_repeated *tests, size_t count)
{
	TCase *all = tcase_create(name);

	for (size_t i = 0; i < count; i++)
		tcase_add_loop_test(all, tests[i].test, 0, tests[i].times);
	return unit_run_case(name, all);
}

static inline int unit_run(const char *name, const TTest *const *tests, size_t count)
{
	return unit_run_expecting(name, tests, count, 0);
}

/* Each of these tests must end in a failed SIM_ASSERT. */
static inline int unit_run_bugs(const char *name, const TTest *const *tests, size_t count)
{
	return unit_run_expecting(name, tests, count, SIM_BUG);
}

#endif
