/* devices.h - what the devices of a run leave on the host: the output of the virtio console, and
 * the disks as they are at the end.
 */
#ifndef CLI_DEVICES_H
#define CLI_DEVICES_H

#include "sim/cli/command.h"
#include "sim/machine/machine.h"

struct device_output {
	FILE *console; /* NULL: nowhere */
};

/* Checks what the options ask for, and opens it. */
MUST_CHECK bool device_output_open(
	struct device_output *o, const struct args *args, struct error *e);

/* The machine's console speaks to it from now on. */
void device_output_connect(struct device_output *o, struct machine *m);

/* Writes the disks, and closes the console's file. */
MUST_CHECK bool device_output_finish(
	struct device_output *o, const struct args *args, struct machine *m, struct error *e);

#endif
