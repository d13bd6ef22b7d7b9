#include "sim/dev/stimulus.h"

#include "sim/abi/stimulus.h"

#define OFFSET(port) ((port)-STIMULUS_PORT)

static void update_irq(struct stimulus *s)
{
	irq_drive(&s->irq, s->state.count != 0);
}

static void stimulus_reset(void *device)
{
	struct stimulus *s = device;

	memset(&s->state, 0, sizeof(s->state));
	update_irq(s);
}

void stimulus_init(struct stimulus *s, const struct irq_line *irq)
{
	s->irq = *irq;
	stimulus_reset(s);
}

bool stimulus_post(struct stimulus *s, uint32_t op, uint32_t arg0, uint32_t arg1, uint32_t arg2)
{
	if (s->state.count == STIMULUS_REQUESTS)
		return false;
	s->state.request[s->state.count++] = (struct stimulus_request){op, {arg0, arg1, arg2}};
	update_irq(s);
	return true;
}

static void acknowledge(struct stimulus *s)
{
	struct stimulus_request *head = s->state.request;

	if (s->state.count == 0)
		return;
	s->state.count--;
	memmove(head, head + 1, s->state.count * sizeof(*head));
	memset(&head[s->state.count], 0, sizeof(*head));
	update_irq(s);
}

/* An empty mailbox has a head of zeros. */
static uint64_t stimulus_read(void *device, uint64_t offset, unsigned size)
{
	const struct stimulus *s = device;
	const struct stimulus_request *head = s->state.request;

	(void)size;
	switch (offset) {
	case OFFSET(STIMULUS_PORT_ID):
		return STIMULUS_ID;
	case OFFSET(STIMULUS_PORT_WAITING):
		return s->state.count;
	case OFFSET(STIMULUS_PORT_OP):
		return head->op;
	case OFFSET(STIMULUS_PORT_ARG0):
		return head->arg[0];
	case OFFSET(STIMULUS_PORT_ARG1):
		return head->arg[1];
	case OFFSET(STIMULUS_PORT_ARG2):
		return head->arg[2];
	}
	return UINT32_MAX;
}

static void stimulus_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	(void)size;
	(void)value;
	if (offset == OFFSET(STIMULUS_PORT_ACK))
		acknowledge(device);
}

const struct device_ops stimulus_ops = {
	.name = "stimulus",
	.state_size = sizeof(struct stimulus_state),
	.reset = stimulus_reset,
	.read = stimulus_read,
	.write = stimulus_write,
};
