/* tests.h - the groups of tests. */
#ifndef SYSTEM_TESTS_H
#define SYSTEM_TESTS_H

#include "tests/system/image/probe.h"

void test_exceptions(void);
_Noreturn void other_core(unsigned core);

#endif
