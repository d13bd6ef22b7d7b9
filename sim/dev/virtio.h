/* virtio.h - what all virtio devices share ("Virtual I/O Device (VIRTIO) Version 1.2"): status,
 * features, split queues, interrupts, and the two transports, PCI and MMIO.
 *
 * A device is reached by one of the transports, as the board decides; its state is the same. It
 * takes one chain of descriptors at a time from a queue, latency cycles after it was notified or
 * has finished the one before, and answers it at once: nothing is under way but one event.
 *
 * Every index, length and address is the guest's and is checked. What breaks the rules of the
 * queue sets DEVICE_NEEDS_RESET, and the device does nothing more until it is reset. Limits of
 * this model: chains of VIRTIO_SEGMENTS buffers in RAM, with VIRTIO_CHAIN_BYTES in all.
 */
#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "sim/dev/pci.h"

#define VIRTIO_QUEUES      2
#define VIRTIO_QUEUE_MAX   256 /* entries */
#define VIRTIO_SEGMENTS    256
#define VIRTIO_CHAIN_BYTES (UINT64_C(16) << 20)
#define VIRTIO_CONFIG_MAX  64 /* bytes of a device's own configuration */
#define VIRTIO_MMIO_SIZE   0x200
#define VIRTIO_OWN         4

#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_DRIVER_OK   0x04
#define VIRTIO_STATUS_NEEDS_RESET 0x40

#define VIRTIO_F_INDIRECT  BIT(28)
#define VIRTIO_F_EVENT_IDX BIT(29)
#define VIRTIO_F_VERSION_1 BIT(32)

/* Why a device interrupts: bits of the interrupt status. */
enum virtio_cause { VIRTIO_USED = 1, VIRTIO_CONFIG_CHANGED = 2 };

struct virtio_queue {
	uint64_t descriptors, driver, device; /* table, available ring, used ring */
	uint16_t size;
	uint16_t enabled;
	uint16_t vector; /* of MSI-X */
	uint16_t next_available;
	uint16_t next_used;
	uint16_t zero[3];
};

struct virtio_state {
	struct pci_function_state pci; /* zero when the transport is MMIO */
	uint64_t features;             /* that the driver has accepted */
	uint32_t device_select, driver_select, queue_select;
	uint32_t status;
	uint32_t interrupts; /* enum virtio_cause, not acknowledged */
	uint32_t config_vector;
	struct virtio_queue queues[VIRTIO_QUEUES];
	uint64_t own[VIRTIO_OWN]; /* what the device keeps; only a power reset clears it */
};

_Static_assert(sizeof(struct virtio_queue) == 40, "no padding: the digest sees every byte");
_Static_assert(sizeof(struct virtio_state) ==
		       sizeof(struct pci_function_state) + 32 + 40 * VIRTIO_QUEUES + 8 * VIRTIO_OWN,
	"no padding: the digest sees every byte");

struct virtio_segment {
	uint64_t pa;
	uint32_t size;
};

/* A request: what the driver wrote, then where the device may write. */
struct virtio_chain {
	uint16_t head;
	unsigned readable, writable; /* segments */
	uint64_t readable_bytes, writable_bytes;
	struct virtio_segment at[VIRTIO_SEGMENTS]; /* the readable ones first */
};

struct virtio;

struct virtio_class {
	uint16_t id;
	uint32_t pci_code;
	uint64_t features; /* besides those of the queues */
	unsigned queues;
	unsigned config_size;
	void (*config)(void *device, uint8_t *config); /* fills it */
	/* Answers a request; returns how many bytes it wrote into the writable part. */
	uint32_t (*serve)(void *device, unsigned queue, const struct virtio_chain *chain);
	unsigned deaf_queues;              /* a bit a queue whose buffers are never taken */
	void (*power_reset)(void *device); /* sets what is its own; may be NULL */
};

/* The first member of a device. All zero: it is not on this board. */
struct virtio {
	struct virtio_state state;
	const struct virtio_class *class;
	void *device; /* for the class's callbacks */
	struct device_env env;
	struct phys_mem *mem;
	uint64_t latency;
	uint64_t features; /* that are offered; see virtio_connect */
	struct pci_class pci_class;
	struct pci_function function;
	bool mmio;
	struct irq_line irq; /* of MMIO */
};

/* Where the board puts a device. */
struct virtio_setup {
	struct device_env env;
	struct phys_mem *mem;
	uint64_t latency; /* cycles */
	bool mmio;
	struct irq_line irq; /* of MMIO */
	struct pci_bus *pci; /* else this, and */
	unsigned devfn;
};

/* Wires a device up and resets it. Of the class's features those in hide are not offered. */
void virtio_connect(struct virtio *v, const struct virtio_class *class, void *device,
	const struct virtio_setup *setup, uint64_t hide);

/* What a device's device_ops do: a reset of the board, the PCI function included; and the event of
 * a queue. Its MMIO transport is virtio_mmio_ops, VIRTIO_MMIO_SIZE bytes that read as all ones when
 * the device is not there. */
void virtio_power_reset(void *virtio);
void virtio_event(void *virtio, uint32_t queue);

#define VIRTIO_OPS(title)                                                                          \
	{                                                                                          \
		.name = title, .state_size = sizeof(struct virtio_state),                          \
		.reset = virtio_power_reset, .event = virtio_event                                 \
	}

extern const struct device_ops virtio_mmio_ops; /* of any of the devices; no state of its own */

/* Copies from the readable part, to the writable part of a chain, from an offset on: as much as is
 * there. Returns how much. */
uint64_t virtio_read(const struct virtio *v, const struct virtio_chain *c, uint64_t offset,
	void *data, uint64_t size);
uint64_t virtio_write(struct virtio *v, const struct virtio_chain *c, uint64_t offset,
	const void *data, uint64_t size);

/* --- between the files of virtio --- */

void virtio_reset(struct virtio *v); /* by the driver, or as part of a power reset */
void virtio_set_status(struct virtio *v, uint32_t status);
uint32_t virtio_offered(const struct virtio *v);  /* the selected half */
uint32_t virtio_accepted(const struct virtio *v); /* the same, of the driver's */
void virtio_accept(struct virtio *v, uint32_t features);
struct virtio_queue *virtio_selected(struct virtio *v); /* NULL: no such queue */
void virtio_set_queue_size(struct virtio *v, uint32_t size);
void virtio_enable_queue(struct virtio *v, bool on);
/* Replaces 4 bytes of one of the three addresses of the selected queue; which is 0 to 2. */
void virtio_set_queue_address(struct virtio *v, unsigned which, unsigned half, uint32_t value);
void virtio_notify(struct virtio *v, uint32_t queue);
void virtio_interrupt(struct virtio *v, enum virtio_cause cause, uint32_t vector);
void virtio_acknowledge(struct virtio *v, uint32_t causes);
uint64_t virtio_config_read(const struct virtio *v, uint64_t offset, unsigned size);

void virtio_pci_connect(struct virtio *v, struct pci_bus *bus, unsigned devfn);

/* The queue engine. False: there is no chain now, or the queue is broken and has said so. */
MUST_CHECK bool virtio_take(struct virtio *v, unsigned queue, struct virtio_chain *c);
/* Gives a chain back; interrupts if the driver wants it. */
void virtio_give_back(struct virtio *v, unsigned queue, uint16_t head, uint32_t written);
/* Are there chains to take? If not, the driver shall notify of the next. */
bool virtio_has_more(struct virtio *v, unsigned queue);
void virtio_break(struct virtio *v);

#endif
