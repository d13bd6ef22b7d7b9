#include "sim/dev/fpu_error.h"

static void drive(struct fpu_error *f, bool level)
{
	f->state.irq = level;
	irq_drive(&f->irq, level);
}

static void fpu_error_reset(void *device)
{
	struct fpu_error *f = device;

	f->state = (struct fpu_error_state){0};
	drive(f, false);
}

void fpu_error_init(struct fpu_error *f, const struct irq_line *irq)
{
	f->irq = *irq;
	fpu_error_reset(f);
}

bool fpu_error_report(struct fpu_error *f, bool is_new)
{
	if (is_new)
		f->state.ignne = false;
	if (!f->state.ignne)
		drive(f, true);
	return f->state.ignne;
}

static uint64_t fpu_error_read(void *device, uint64_t offset, unsigned size)
{
	(void)device;
	(void)offset;
	(void)size;
	return UINT64_MAX;
}

/* Whatever is written. Without an error there is nothing to ignore. */
static void fpu_error_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct fpu_error *f = device;

	(void)offset;
	(void)size;
	(void)value;
	if (f->state.irq)
		f->state.ignne = true;
	drive(f, false);
}

const struct device_ops fpu_error_ops = {
	.name = "fpu error",
	.state_size = sizeof(struct fpu_error_state),
	.reset = fpu_error_reset,
	.read = fpu_error_read,
	.write = fpu_error_write,
};
