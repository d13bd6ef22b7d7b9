/* dma.h - the two DMA controllers of a PC (Intel "8237A High Performance Programmable DMA
 * Controller") at ports 0x00 and 0xc0, and the page registers at port 0x80.
 *
 * No device of this board asks for a transfer, so none ever happens: software programs the
 * registers and reads back what the data sheet says. A request by software is only remembered; a
 * transfer of memory to memory, that nobody uses, does not begin.
 */
#ifndef DEV_DMA_H
#define DEV_DMA_H

#include "sim/base/bus.h"

#define DMA_CHANNELS 4 /* of each controller */
#define DMA_PAGES    16

struct dma_controller {
	uint16_t address[DMA_CHANNELS], count[DMA_CHANNELS]; /* as written */
	uint8_t mode[DMA_CHANNELS];
	uint8_t command, request, mask;
	uint8_t high; /* the next byte of an address or count is its upper one */
};

struct dma_state {
	struct dma_controller controller[2];
	uint8_t page[DMA_PAGES];
};

_Static_assert(
	sizeof(struct dma_state) == 2 * 24 + DMA_PAGES, "no padding: the digest sees every byte");

struct dma {
	struct dma_state state;
};

extern const struct device_ops dma_ops;        /* ports 0x00 to 0x0f */
extern const struct device_ops dma_second_ops; /* ports 0xc0 to 0xdf, a register each two */
extern const struct device_ops dma_page_ops;   /* ports 0x80 to 0x8f */

#endif
