/* unit.h - what every unit test program shares: one suite, one case, run and counted. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <check.h>
#include <stdlib.h>

#include "sim/base/base.h"

/* Runs the tests in order, each in a process of its own that must end with exit_value. All of these
 * give the value for main to return. */
static inline int unit_run_expecting(
	const char *name, const TTest *const *tests, size_t count, int exit_value)
{
	Suite *suite = suite_create(name);
	TCase *all = tcase_create(name);
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < count; i++)
		tcase_add_exit_test(all, tests[i], exit_value);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
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
