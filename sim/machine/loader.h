/* loader.h - puts an image into a machine's memory as a boot loader would, and starts it.
 *
 * Takes a multiboot 1 image (through its address fields, or as ELF) or a plain ELF executable,
 * which is started alike: 32-bit protected mode, flat, EAX 0x2badb002, EBX the information
 * structure. Modules follow the image on page boundaries; their strings are their file names.
 *
 * "Multiboot Specification version 0.6.96", "The layout of Multiboot header", "Machine state",
 * "Boot information format". Every range is checked: an image may be any bytes.
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
