#include "sim/dev/virtio.h"

#define QUEUE_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT)
#define NO_VECTOR      0xffff
#define STATUS_BITS    0xcf /* that exist */

/* --- interrupts --- */

static void update_irq(struct virtio *v)
{
	bool level = v->state.interrupts != 0;

	if (v->mmio)
		irq_drive(&v->irq, level);
	else
		pci_set_intx(&v->function, level);
}

void virtio_interrupt(struct virtio *v, enum virtio_cause cause, uint32_t vector)
{
	if (!v->mmio && pci_msix_enabled(&v->function)) {
		pci_msix_notify(&v->function, vector);
		return;
	}
	v->state.interrupts |= cause;
	update_irq(v);
}

void virtio_acknowledge(struct virtio *v, uint32_t causes)
{
	v->state.interrupts &= ~causes;
	update_irq(v);
}

/* --- reset and status --- */

static void cancel_events(struct virtio *v)
{
	for (unsigned queue = 0; queue < v->class->queues; queue++)
		event_cancel(v->env.events, v->env.owner, queue);
}

void virtio_reset(struct virtio *v)
{
	size_t begin = offsetof(struct virtio_state, features);
	size_t end = offsetof(struct virtio_state, own);

	cancel_events(v);
	memset((uint8_t *)&v->state + begin, 0, end - begin);
	v->state.config_vector = NO_VECTOR;
	for (unsigned queue = 0; queue < v->class->queues; queue++) {
		v->state.queues[queue].size = VIRTIO_QUEUE_MAX;
		v->state.queues[queue].vector = NO_VECTOR;
	}
	update_irq(v);
}

void virtio_power_reset(void *virtio)
{
	struct virtio *v = virtio;

	if (v->class == NULL)
		return;
	memset(v->state.own, 0, sizeof(v->state.own));
	if (v->class->power_reset != NULL)
		v->class->power_reset(v->device);
	if (!v->mmio)
		pci_function_reset(&v->function);
	virtio_reset(v);
}

void virtio_break(struct virtio *v)
{
	cancel_events(v);
	v->state.status |= VIRTIO_STATUS_NEEDS_RESET;
	if (v->state.status & VIRTIO_STATUS_DRIVER_OK)
		virtio_interrupt(v, VIRTIO_CONFIG_CHANGED, v->state.config_vector);
}

static bool features_good(const struct virtio *v)
{
	return (v->state.features & ~v->features) == 0 && (v->state.features & VIRTIO_F_VERSION_1);
}

/* FEATURES_OK stays off if the features are not acceptable: the driver looks. */
void virtio_set_status(struct virtio *v, uint32_t status)
{
	struct virtio_state *s = &v->state;

	if ((status & 0xff) == 0) {
		virtio_reset(v);
		return;
	}
	status &= STATUS_BITS & ~VIRTIO_STATUS_NEEDS_RESET;
	if (!(s->status & VIRTIO_STATUS_FEATURES_OK) && !features_good(v))
		status &= ~(uint32_t)VIRTIO_STATUS_FEATURES_OK;
	s->status |= status;
}

/* --- features --- */

uint32_t virtio_offered(const struct virtio *v)
{
	return v->state.device_select < 2 ? (uint32_t)(v->features >> (32 * v->state.device_select))
					  : 0;
}

uint32_t virtio_accepted(const struct virtio *v)
{
	return v->state.driver_select < 2
		       ? (uint32_t)(v->state.features >> (32 * v->state.driver_select))
		       : 0;
}

void virtio_accept(struct virtio *v, uint32_t features)
{
	struct virtio_state *s = &v->state;
	uint64_t half = UINT64_C(0xffffffff) << (32 * (s->driver_select & 1));

	if (s->driver_select >= 2 || (s->status & VIRTIO_STATUS_FEATURES_OK))
		return;
	s->features = (s->features & ~half) | ((uint64_t)features << (32 * s->driver_select));
}

/* --- queues --- */

struct virtio_queue *virtio_selected(struct virtio *v)
{
	uint32_t queue = v->state.queue_select;

	return queue < v->class->queues ? &v->state.queues[queue] : NULL;
}

/* What is enabled stays as it is. */
static struct virtio_queue *changeable(struct virtio *v)
{
	struct virtio_queue *q = virtio_selected(v);

	return q != NULL && !q->enabled ? q : NULL;
}

void virtio_set_queue_size(struct virtio *v, uint32_t size)
{
	struct virtio_queue *q = changeable(v);

	if (q != NULL && size != 0 && size <= VIRTIO_QUEUE_MAX && (size & (size - 1)) == 0)
		q->size = (uint16_t)size;
}

void virtio_set_queue_address(struct virtio *v, unsigned which, unsigned half, uint32_t value)
{
	struct virtio_queue *q = changeable(v);
	uint64_t *address;

	if (q == NULL)
		return;
	address = which == 0 ? &q->descriptors : which == 1 ? &q->driver : &q->device;
	*address = bits_set(*address, UINT64_C(0xffffffff) << (32 * half), value);
}

void virtio_enable_queue(struct virtio *v, bool on)
{
	struct virtio_queue *q = virtio_selected(v);

	if (q == NULL || q->enabled == on)
		return;
	event_cancel(v->env.events, v->env.owner, v->state.queue_select);
	q->enabled = on;
	q->next_available = 0;
	q->next_used = 0;
}

/* May the device look at that queue now? */
static bool is_live(const struct virtio *v, uint32_t queue)
{
	const struct virtio_state *s = &v->state;

	return queue < v->class->queues && !(v->class->deaf_queues >> queue & 1) &&
	       s->queues[queue].enabled && (s->status & VIRTIO_STATUS_DRIVER_OK) &&
	       !(s->status & VIRTIO_STATUS_NEEDS_RESET) && (v->mmio || pci_is_master(&v->function));
}

void virtio_notify(struct virtio *v, uint32_t queue)
{
	if (is_live(v, queue) && event_due(v->env.events, v->env.owner, queue) == EVENT_NEVER)
		event_schedule(v->env.events, v->env.owner, queue, *v->env.now + v->latency);
}

void virtio_event(void *virtio, uint32_t queue)
{
	struct virtio *v = virtio;
	struct virtio_chain chain;
	uint32_t written;

	if (!is_live(v, queue) || !virtio_take(v, queue, &chain))
		return;
	written = v->class->serve(v->device, queue, &chain);
	if (v->state.status & VIRTIO_STATUS_NEEDS_RESET)
		return;
	virtio_give_back(v, queue, chain.head, written);
	if (is_live(v, queue) && virtio_has_more(v, queue))
		virtio_notify(v, queue);
}

/* --- the rest --- */

uint64_t virtio_config_read(const struct virtio *v, uint64_t offset, unsigned size)
{
	uint8_t config[VIRTIO_CONFIG_MAX] = {0};
	uint64_t value = 0;

	if (v->class->config != NULL)
		v->class->config(v->device, config);
	if (offset + size <= v->class->config_size)
		memcpy(&value, &config[offset], size);
	return value;
}

void virtio_connect(struct virtio *v, const struct virtio_class *class, void *device,
	const struct virtio_setup *setup, uint64_t hide)
{
	SIM_ASSERT(class->queues <= VIRTIO_QUEUES);
	SIM_ASSERT(class->config_size <= VIRTIO_CONFIG_MAX);
	memset(v, 0, sizeof(*v));
	v->class = class;
	v->device = device;
	v->env = setup->env;
	v->mem = setup->mem;
	v->latency = setup->latency;
	v->features = (class->features & ~hide) | QUEUE_FEATURES;
	v->mmio = setup->mmio;
	v->irq = setup->irq;
	if (!v->mmio)
		virtio_pci_connect(v, setup->pci, setup->devfn);
	virtio_power_reset(v);
}
