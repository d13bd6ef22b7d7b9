/* virtio_console.h - a console with one port ("Console Device" of virtio). Its output goes to a
 * sink; nobody types on it, so the buffers that a driver offers for input stay empty.
 */
#ifndef DEV_VIRTIO_CONSOLE_H
#define DEV_VIRTIO_CONSOLE_H

#include "sim/dev/uart.h"
#include "sim/dev/virtio.h"

struct virtio_console {
	struct virtio virtio;
	struct byte_sink sink;
};

extern const struct device_ops virtio_console_ops;

void virtio_console_init(
	struct virtio_console *d, const struct virtio_setup *setup, const struct byte_sink *sink);

#endif
