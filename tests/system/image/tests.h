/* tests.h - the groups of tests. */
#ifndef SYSTEM_TESTS_H
#define SYSTEM_TESTS_H

#include "tests/system/image/probe.h"

/* Tests of names that begin with `reckless` end machines that do not check enough. */
extern bool reckless;

void test_exceptions(void);
void test_paging(void);
void test_descriptors(void);
void test_transfers(void);
void test_control(void);
void test_legacy(void);
void test_protected(void);
void test_debug(void);
void test_interrupts(void);

/* interrupts.c: what the second core does, and what an interrupt or exception there does. */
_Noreturn void other_core(void);
void other_core_interrupted(uint64_t vector);

#endif
