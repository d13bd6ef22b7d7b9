/* firmware.h - what this machine tells and gives its firmware: the items of fw_cfg, the ACPI tables
 * where no BIOS runs, and the BIOS image.
 */
#ifndef MACHINE_FIRMWARE_H
#define MACHINE_FIRMWARE_H

#include "sim/machine/machine.h"

/* At construction: fills fw_cfg, and leaves in memory below 1 MiB what firmware leaves there for an
 * operating system that is started without any. */
void firmware_init(struct machine *m);

/* Is it a raw BIOS: at most 16 MiB, a multiple of 64 KiB, with a jump at the reset vector, which is
 * 16 bytes before the end? */
bool firmware_is_bios(const uint8_t *data, size_t size);

/* Puts it at the top of 4 GiB and its end at the top of 1 MiB, in place of what firmware_init left
 * there. The pcores begin at the reset vector all by themselves. */
void firmware_set_bios(struct machine *m, const uint8_t *data, size_t size);

/* Copies the end of the BIOS into the RAM that shadows it, as it is after a reset. */
void firmware_shadow(struct machine *m);

#endif
