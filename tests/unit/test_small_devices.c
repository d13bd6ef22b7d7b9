/* The debug-exit port and the stimulus mailbox. */
#include "sim/abi/stimulus.h"
#include "sim/dev/debug_exit.h"
#include "sim/dev/stimulus.h"
#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

static struct dev_board b;
static struct stimulus s;

static void make(void)
{
	memset(&s, 0, sizeof(s));
	dev_board_make(&b, &stimulus_ops, &s, 1000000000);
	stimulus_init(&s, &b.irq);
}

static uint32_t port(uint32_t number)
{
	return (uint32_t)stimulus_ops.read(&s, number - STIMULUS_PORT, 4);
}

static void acknowledge(void)
{
	stimulus_ops.write(&s, STIMULUS_PORT_ACK - STIMULUS_PORT, 4, 1);
}

START_TEST(exit_status)
{
	struct debug_exit d = {{0, 0}};

	ck_assert(!debug_exit_written(&d));
	debug_exit_ops.write(&d, 0, 1, 0x1234);
	ck_assert(debug_exit_written(&d));
	ck_assert_uint_eq(debug_exit_status(&d), 0x34);
	debug_exit_ops.write(&d, 0, 4, 7); /* the first counts */
	ck_assert_uint_eq(debug_exit_status(&d), 0x34);
	debug_exit_ops.reset(&d);
	ck_assert(!debug_exit_written(&d));
	debug_exit_ops.write(&d, 0, 4, 0x87654321);
	ck_assert_uint_eq(debug_exit_status(&d), 0x87654321);
	debug_exit_ops.reset(&d);
	debug_exit_ops.write(&d, 0, 4, 0); /* 0 is a status too */
	ck_assert(debug_exit_written(&d));
}
END_TEST

START_TEST(empty_mailbox)
{
	make();
	ck_assert_uint_eq(port(STIMULUS_PORT_ID), STIMULUS_ID);
	for (uint32_t p = STIMULUS_PORT_WAITING; p < STIMULUS_PORT_ACK; p += 4)
		ck_assert_uint_eq(port(p), 0);
	acknowledge();
	ck_assert_uint_eq(port(STIMULUS_PORT_WAITING), 0);
	ck_assert(!b.level);
}
END_TEST

START_TEST(requests_in_order)
{
	make();
	ck_assert(stimulus_post(&s, STIMULUS_PREEMPT_VCORE, 1, 2, 3));
	ck_assert(stimulus_post(&s, STIMULUS_PROVISION, 4, 5, 6));
	ck_assert(b.level);
	ck_assert_uint_eq(port(STIMULUS_PORT_WAITING), 2);
	ck_assert_uint_eq(port(STIMULUS_PORT_OP), STIMULUS_PREEMPT_VCORE);
	ck_assert_uint_eq(port(STIMULUS_PORT_ARG0), 1);
	ck_assert_uint_eq(port(STIMULUS_PORT_ARG1), 2);
	ck_assert_uint_eq(port(STIMULUS_PORT_ARG2), 3);
	acknowledge();
	ck_assert(b.level);
	ck_assert_uint_eq(port(STIMULUS_PORT_OP), STIMULUS_PROVISION);
	ck_assert_uint_eq(port(STIMULUS_PORT_ARG2), 6);
	acknowledge();
	ck_assert(!b.level);
	ck_assert_uint_eq(port(STIMULUS_PORT_OP), 0);
}
END_TEST

START_TEST(full_mailbox)
{
	make();
	for (uint32_t i = 0; i < STIMULUS_REQUESTS; i++)
		ck_assert(stimulus_post(&s, STIMULUS_NOP, i, 0, 0));
	ck_assert(!stimulus_post(&s, STIMULUS_NOP, 99, 0, 0));
	acknowledge();
	ck_assert(stimulus_post(&s, STIMULUS_NOP, 99, 0, 0));
	for (uint32_t i = 1; i < STIMULUS_REQUESTS; i++, acknowledge())
		ck_assert_uint_eq(port(STIMULUS_PORT_ARG0), i);
	ck_assert_uint_eq(port(STIMULUS_PORT_ARG0), 99);
	stimulus_ops.reset(&s);
	ck_assert(!b.level);
	ck_assert_uint_eq(port(STIMULUS_PORT_WAITING), 0);
}
END_TEST

START_TEST(mailbox_leaves_no_trace)
{
	static const struct stimulus_state empty;

	make();
	ck_assert(stimulus_post(&s, STIMULUS_NOP, 1, 2, 3));
	acknowledge();
	ck_assert_mem_eq(&s.state, &empty, sizeof(empty));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {exit_status, empty_mailbox, requests_in_order, full_mailbox,
		mailbox_leaves_no_trace};

	return unit_run("small_devices", tests, ARRAY_LEN(tests));
}
