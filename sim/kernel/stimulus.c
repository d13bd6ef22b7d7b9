/* stimulus.c - see stimulus.h. */
#include "sim/kernel/stimulus.h"
#include "sim/abi/stimulus.h"
#include "sim/kernel/console.h"
#include "sim/kernel/ioapic.h"
#include "sim/kernel/x86.h"

static void serve_request(void)
{
	uint32_t op = inl(STIMULUS_PORT_OP);

	switch (op) {
	case STIMULUS_NOP:
		break;
	default:
		printk("stimulus: request %u (%u, %u, %u) is not served by this kernel\n", op,
			inl(STIMULUS_PORT_ARG0), inl(STIMULUS_PORT_ARG1), inl(STIMULUS_PORT_ARG2));
	}
	outl(STIMULUS_PORT_ACK, 0);
}

/* The line stays up while requests wait, so all have to be gone before the EOI. */
static void stimulus_irq(void *arg)
{
	(void)arg;
	while (inl(STIMULUS_PORT_WAITING) > 0)
		serve_request();
}

bool stimulus_init(void)
{
	if (inl(STIMULUS_PORT_ID) != STIMULUS_ID)
		return false;
	ioapic_enable_level(STIMULUS_GSI, stimulus_irq, NULL);
	return true;
}
