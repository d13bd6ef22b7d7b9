#include "sim/replay/stimulate.h"

#include "sim/abi/stimulus.h"

#define SERIAL_BYTES 11520 /* a second: ten bits each, at 115200 baud */

/* A pulse: the line leaves its level and comes back. */
static void pulse(struct ioapic *io, unsigned pin)
{
	bool level = io->state.levels >> pin & 1;

	ioapic_drive(io, pin, !level);
	ioapic_drive(io, pin, level);
}

/* These bytes belong to the schedule: a recording does not count them as input. */
static uint64_t send(struct machine *m, const struct stimulation *s, uint64_t *sent)
{
	while (*sent < s->size && uart_can_receive(&m->uart))
		uart_receive(&m->uart, (uint8_t)s->text[(*sent)++]);
	return *sent < s->size ? m->config.machine.hz / SERIAL_BYTES : 0;
}

static enum forcing_failure post(
	struct machine *m, uint32_t op, uint32_t arg0, uint32_t arg1, uint32_t arg2)
{
	return stimulus_post(&m->stimulus, op, arg0, arg1, arg2) ? FAILURE_NONE : FAILURE_MAILBOX;
}

static enum forcing_failure provision(
	struct machine *m, const struct identity *identity, const struct stimulation *s)
{
	int pid = identity_find(identity, s->stream.program);

	if (pid == 0)
		return FAILURE_PROCESS;
	return post(m, STIMULUS_PROVISION, (uint32_t)pid, (uint32_t)s->number, 0);
}

/* A vcore by its name; or whichever owns the pcore just now, if any: nobody is taken then, as when
 * the vcore has no pcore. */
static enum forcing_failure preempt(
	struct machine *m, const struct identity *identity, const struct stimulation *s)
{
	int vcoreid = (int)s->stream.number, pid;

	if (s->stream.kind == STREAM_PCORE)
		pid = identity_owner(identity, s->stream.number, &vcoreid);
	else
		pid = identity_find(identity, s->stream.program);
	if (pid == 0)
		return s->stream.kind == STREAM_PCORE ? FAILURE_NONE : FAILURE_PROCESS;
	return post(m, STIMULUS_PREEMPT_VCORE, (uint32_t)pid, (uint32_t)vcoreid,
		s->number == UINT64_MAX ? STIMULUS_FOR_EVER : (uint32_t)s->number);
}

static void tamper(struct machine *m, const struct stimulation *s)
{
	static const enum lapic_tamper how[] = {
		[STIMULATE_DELAY] = TAMPER_DELAY,
		[STIMULATE_DROP] = TAMPER_DROP,
		[STIMULATE_DUPLICATE] = TAMPER_DUPLICATE,
	};

	lapic_tamper(&m->lapics[s->stream.number], how[s->kind], (uint8_t)s->number, s->cycles);
}

enum forcing_failure stimulate(struct machine *m, const struct identity *identity,
	const struct stimulation *s, uint64_t *sent, uint64_t *again)
{
	switch (s->kind) {
	case STIMULATE_IRQ:
		pulse(&m->ioapic, (unsigned)s->number);
		break;
	case STIMULATE_SERIAL:
		*again = send(m, s, sent);
		break;
	case STIMULATE_PREEMPT:
		return preempt(m, identity, s);
	case STIMULATE_PROVISION:
		return provision(m, identity, s);
	case STIMULATE_RETURN:
		return post(m, STIMULUS_RETURN_CORES, 0, 0, 0);
	case STIMULATE_DELAY:
	case STIMULATE_DROP:
	case STIMULATE_DUPLICATE:
		tamper(m, s);
		break;
	}
	return FAILURE_NONE;
}
