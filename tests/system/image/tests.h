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
void test_legacy_debug(void);
void test_interrupts(void);
void test_keys(void);
void test_pcid(void);
void test_sysenter_sysexit(void);
void test_xstate(void);
void test_features(void);
void test_mwait(void);

/* interrupts.c: what the second core does, and what an interrupt or exception there does. */
_Noreturn void other_core(void);
void other_core_interrupted(uint64_t vector);

/* Is it ready? */
bool other_core_start(void);
void wait_a_while(void);

/* mwait.c: what it does besides, when it is asked by an interrupt of this vector. */
void other_core_asked(uint64_t vector);

#endif
