#include "sim/cli/devices.h"

#include <errno.h>

#include "sim/machine/file.h"

bool device_output_open(struct device_output *o, const struct args *args, struct error *e)
{
	if (args->disks_out.count > args->disks.count)
		return fail(e, "--disk-out %s: there is no disk for it",
			args->disks_out.at[args->disks.count]);
	for (unsigned i = 0; i < args->disks_out.count; i++)
		if (!file_check_replace(args->disks_out.at[i], e))
			return false;
	if (args->console == NULL)
		return true;
	o->console = fopen(args->console, "we");
	return o->console != NULL || fail(e, "%s: %s", args->console, strerror(errno));
}

static void put_byte(void *context, uint8_t byte)
{
	putc(byte, context);
}

void device_output_connect(struct device_output *o, struct machine *m)
{
	if (o->console != NULL)
		m->console.sink = (struct byte_sink){put_byte, o->console};
}

static void read_disk(void *context, uint64_t offset, void *data, size_t size)
{
	blocks_read(context, offset, data, size);
}

bool device_output_finish(
	struct device_output *o, const struct args *args, struct machine *m, struct error *e)
{
	FILE *console = o->console;

	o->console = NULL;
	if (console != NULL && fclose(console) != 0)
		return fail(e, "%s: %s", args->console, strerror(errno));
	for (unsigned i = 0; i < args->disks_out.count; i++)
		if (!file_replace_large(args->disks_out.at[i], m->disk_blocks[i].size, read_disk,
			    &m->disk_blocks[i], e))
			return false;
	return true;
}
