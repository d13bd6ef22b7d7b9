/* board.h - what is where in this PC: the one table of device slots, interrupt lines and tables.
 *
 * Physical addresses: RAM below 0xc0000000 and from 4 GiB up; the I/O APIC; each pcore's own local
 * APIC. A read of nothing gives all ones, a write to nothing does nothing. ISA interrupt n is input
 * n of the 8259s and pin n of the I/O APIC, but for 0, the PIT's, which is pin 2 there. HPET timers
 * may have pins 20 to 23.
 */
#ifndef MACHINE_BOARD_H
#define MACHINE_BOARD_H

#include "sim/base/bus.h"
#include "sim/base/error.h"

struct machine;
struct byte_sink;
struct cpu_bus;
struct blocks;
struct share;

#define BOARD_LOW_MEMORY_END   0x9fc00u    /* then the extended BIOS data area and ROMs */
#define BOARD_ACPI_TABLES      0xe0000u    /* up to BOARD_LOW_RESERVED_END */
#define BOARD_LOW_RESERVED_END 0x100000u   /* RAM again */
#define BOARD_PCI_MEMORY       0xe0000000u /* where board_assign_pci puts registers */
#define BOARD_PCI_PORTS        0xc000u
#define BOARD_DEVICES_BASE     0xfec00000u /* up to 4 GiB */
#define BOARD_VIRTIO_MMIO      0xfec10000u /* the first, if board.virtio is mmio */

struct board_device {
	const struct device_ops *ops;
	void *device;
};

unsigned board_slot_count(void);
/* A slot whose ops have no state is a further range of a device. */
struct board_device board_device(struct machine *m, unsigned slot);

/* Wires the devices up and resets them. */
void board_init(struct machine *m, const struct byte_sink *sink);

/* Puts a disk on the board: the number-th, none of which was there before. */
void board_add_disk(struct machine *m, unsigned number, struct blocks *disk, bool read_only);

void board_add_share(struct machine *m, const struct share *share);

/* Gives every PCI function's registers a place, as firmware does before it starts an image. */
void board_assign_pci(struct machine *m);

/* Every device as after power-on, but for what a battery keeps. */
void board_reset(struct machine *m);

/* One pcore's way to the board; context is a struct board_port. */
struct cpu_bus board_cpu_bus(struct machine *m, unsigned core);

/* Hands a due event to its owner. */
void board_event(struct machine *m, const struct event *e);

#endif
