/* loader.h - puts an image into a machine's memory as a boot loader would, and starts it.
 *
 * Takes
 * - multiboot 1 images (through their address fields, or as ELF) and plain ELF executables, which
 *   are started alike: "Multiboot Specification version 0.6.96";
 * - ELF executables with Xen's note for PVH: "x86/HVM direct boot ABI";
 * - Linux bzImages: "The Linux/x86 Boot Protocol";
 * - a raw BIOS (firmware.h), which finds what it boots by itself.
 * Modules lie on page boundaries, and are what their protocol calls so; to a bzImage all together
 * are the initial ramdisk. Every range is checked: an image may be any bytes.
 */
#ifndef MACHINE_LOADER_H
#define MACHINE_LOADER_H

#include "sim/machine/machine.h"

struct boot_file {
	const char *name; /* for messages, and the string of a module: its part after the last / */
	const uint8_t *data;
	size_t size;
};

#define BOOT_MODULES_MAX 32

struct boot {
	struct boot_file image;
	const char *command_line;
	unsigned module_count;
	struct boot_file modules[BOOT_MODULES_MAX];
};

/* The machine must be fresh. On error nothing runs, but memory may hold parts of the image. */
MUST_CHECK bool boot_load(struct machine *m, const struct boot *boot, struct error *e);

/* What an image is and would do, in a few lines, without a machine: for `ringv info`. */
MUST_CHECK bool boot_describe(const struct boot_file *image, FILE *out, struct error *e);

#endif
