#include "sim/machine/machine.h"

#include <stdlib.h>

#include "sim/machine/board.h"
#include "sim/machine/firmware.h"

#define MIB (UINT64_C(1) << 20)

static bool check_options(const struct config *config, struct cpu_model *model, struct error *e)
{
	uint64_t top = PHYS_HIGH + config->machine.memory_mib * MIB;

	if (config->machine.cpus > MACHINE_CPUS_MAX)
		return fail(e, "machine.cpus is %" PRIu64 "; this board has room for %d",
			config->machine.cpus, MACHINE_CPUS_MAX);
	if (config->machine.memory_mib < 2)
		return fail(e, "machine.memory_mib is %" PRIu64 "; a PC needs at least 2",
			config->machine.memory_mib);
	if (!model_resolve(config->cpu.model, model, e))
		return false;
	if (config->machine.memory_mib * MIB > PHYS_LOW_MAX &&
		top - PHYS_LOW_MAX > BIT(model->physical_bits))
		return fail(e,
			"machine.memory_mib is %" PRIu64 "; a core of cpu.model has physical "
			"addresses of %u bits",
			config->machine.memory_mib, model->physical_bits);
	return true;
}

static bool allocate(struct machine *m)
{
	m->lapics = calloc(m->cpu_count, sizeof(m->lapics[0]));
	m->cores = calloc(m->cpu_count, sizeof(m->cores[0]));
	m->ports = calloc(m->cpu_count, sizeof(m->ports[0]));
	if (m->lapics == NULL || m->cores == NULL || m->ports == NULL)
		return false;
	if (!phys_init(&m->mem, m->config.machine.memory_mib * MIB))
		return false;
	if (!ram_digest_init(&m->ram_digest, &m->mem))
		return false;
	if (m->config.board.framebuffer && !blocks_init(&m->display_memory, NULL, FRAMEBUFFER_SIZE))
		return false;
	m->code = code_cache_create(&m->mem, &m->cpu_model, m->cores, m->cpu_count);
	return m->code != NULL;
}

/* A part of the interrupt controllers that ringv lacks was used: the run ends after this step. */
static void apic_part_absent(void *context, const char *what)
{
	struct machine *m = context;

	m->absent = what;
}

/* What is sent while a pcore makes its step alone is its doing; the rest is that of devices. */
static void tell_sent(void *context, unsigned to, const struct apic_message *message)
{
	struct machine *m = context;
	bool start_up = message->mode == DELIVER_STARTUP || message->mode == DELIVER_INIT;
	unsigned vector = message->mode == DELIVER_NMI ? VECTOR_NMI : message->vector, from = 0;

	while (from < m->cpu_count && !m->cores[from].exclusive)
		from++;
	for (unsigned i = 0; i < m->access_listener_count && from < m->cpu_count; i++)
		if (m->access_listeners[i].sent != NULL)
			m->access_listeners[i].sent(
				m->access_listeners[i].context, m, from, to, vector, start_up);
}

static void init_apics(struct machine *m)
{
	struct device_env env = {&m->run.now, m->config.machine.hz, &m->events, 0};

	m->apic_bus = (struct apic_bus){
		.lapics = m->lapics,
		.count = m->cpu_count,
		.ioapic = &m->ioapic,
		.pic = {pic_acknowledge, &m->pic},
		.x2apic = model_has(&m->cpu_model, FEATURE_x2apic),
		.kick = run_kick,
		.accepted = tell_sent,
		.absent = apic_part_absent,
		.context = m,
	};
	for (unsigned i = 0; i < m->cpu_count; i++) {
		env.owner = i;
		lapic_init(&m->lapics[i], i, &m->apic_bus, &env);
	}
}

static void init_cores(struct machine *m)
{
	for (unsigned i = 0; i < m->cpu_count; i++) {
		struct cpu_setup setup = {
			.id = i,
			.cpu_count = m->cpu_count,
			.tsc_hz = m->config.machine.hz,
			.pause_more = m->config.cpu.pause - 1,
			.model = &m->cpu_model,
			.seed = stream_seed(m->config.machine.seed, "rdrand") + i,
			.lapic = &m->lapics[i],
			.mem = &m->mem,
			.code = m->code,
			.parks = &m->parks,
			.tso = m->config.machine.memory_model == MEMORY_MODEL_TSO,
			.stores = {m->config.tso.drain, m->config.tso.spread,
				stream_seed(m->config.machine.seed, "stores")},
		};

		m->ports[i] = (struct board_port){m, i};
		setup.bus = board_cpu_bus(m, i);
		cpu_init(&m->cores[i], &setup);
	}
}

struct machine *machine_create(
	const struct config *config, const struct byte_sink *sink, struct error *e)
{
	struct cpu_model model;
	struct machine *m;

	if (!check_options(config, &model, e))
		return NULL;
	m = calloc(1, sizeof(*m));
	if (m == NULL) {
		fail(e, "the host has no memory for a machine");
		return NULL;
	}
	m->config = *config;
	m->cpu_model = model;
	m->cpu_count = (unsigned)config->machine.cpus;
	m->log = (struct log){.now = &m->run.now};
	if (!allocate(m)) {
		fail(e, "the host has no memory for a machine of %" PRIu64 " MiB",
			config->machine.memory_mib);
		machine_destroy(m);
		return NULL;
	}
	init_apics(m);
	init_cores(m);
	board_init(m, sink);
	m->run.slice_core = RUN_NO_SLICE;
	m->run.runnable[0] = BIT(0); /* the others wait for SIPI */
	state_list_make(m);
	return m;
}

void machine_destroy(struct machine *m)
{
	if (m == NULL)
		return;
	if (m->code != NULL)
		code_cache_destroy(m->code);
	blocks_destroy(&m->display_memory);
	for (unsigned i = 0; i < m->disk_count; i++)
		blocks_destroy(&m->disk_blocks[i]);
	fw_cfg_destroy(&m->fw_cfg);
	ram_digest_destroy(&m->ram_digest);
	phys_destroy(&m->mem);
	free(m->ports);
	free(m->cores);
	free(m->lapics);
	free(m);
}

bool machine_add_disk(
	struct machine *m, const uint8_t *data, uint64_t size, bool read_only, struct error *e)
{
	struct blocks *disk = &m->disk_blocks[m->disk_count];

	if (m->disk_count == VIRTIO_BLK_MAX)
		return fail(e, "more than %d disks", VIRTIO_BLK_MAX);
	if (size == 0 || size % VIRTIO_BLK_SECTOR != 0)
		return fail(e, "a disk of %" PRIu64 " bytes; expected sectors of %d bytes", size,
			VIRTIO_BLK_SECTOR);
	if (!blocks_init(disk, data, size))
		return fail(e, "the host has no memory for a disk of %" PRIu64 " bytes", size);
	board_add_disk(m, m->disk_count, disk, read_only);
	state_add_store(m, virtio_blk_ops[m->disk_count].name, disk);
	m->disk_count++;
	return true;
}

void machine_add_share(struct machine *m, const struct share *share)
{
	SIM_ASSERT(m->share.share == NULL);
	board_add_share(m, share);
}

bool machine_restarts(const struct machine *m)
{
	return m->mem.rom_size != 0 && m->config.board.reset == RESET_RESTART;
}

void machine_reset(struct machine *m)
{
	for (unsigned i = 0; i < m->cpu_count; i++) {
		lapic_reset(&m->lapics[i]);
		cpu_reset(&m->cores[i], false);
	}
	board_reset(m);
	firmware_shadow(m);
	memset(m->run.runnable, 0, sizeof(m->run.runnable));
	m->run.runnable[0] = BIT(0);
	m->run.slice_core = RUN_NO_SLICE;
	core_idle_until(&m->cores[0].arch, m->run.now);
	machine_state_changed(m);
}

bool machine_peek(const struct machine *m, uint64_t pa, void *data, uint64_t size)
{
	if (!phys_read(&m->mem, pa, data, size))
		return false;
	if (m->config.machine.memory_model == MEMORY_MODEL_SC)
		return true;
	for (unsigned i = 0; i < m->cpu_count; i++)
		stores_overlay(&m->cores[i].mmu.stores, pa, data, size);
	return true;
}

void machine_attach(struct machine *m, void *data, size_t size)
{
	unsigned i = 0;

	while (i < ATTACHED_MAX && m->attached[i].data != NULL)
		i++;
	SIM_ASSERT(i < ATTACHED_MAX);
	m->attached[i] = (struct attachment){data, size};
}

void machine_detach(struct machine *m, const void *data)
{
	for (unsigned i = 0; i < ATTACHED_MAX; i++)
		if (m->attached[i].data == data)
			m->attached[i] = (struct attachment){0};
}

static void tell_access(void *context, const struct mem_access *a)
{
	struct machine *m = context;

	for (unsigned i = 0; i < m->access_listener_count; i++)
		m->access_listeners[i].access(m->access_listeners[i].context, m, a);
}

static void tell_taken(void *context, unsigned core, unsigned vector)
{
	struct machine *m = context;

	for (unsigned i = 0; i < m->access_listener_count; i++)
		if (m->access_listeners[i].taken != NULL)
			m->access_listeners[i].taken(
				m->access_listeners[i].context, m, core, vector);
}

static void listen_to_accesses(struct machine *m)
{
	struct cpu_accesses listener = {
		m, m->access_listener_count != 0 ? tell_access : NULL, tell_taken};

	cpu_watch_accesses(m->code, listener);
}

void machine_watch_accesses(struct machine *m, struct access_listener listener)
{
	SIM_ASSERT(m->access_listener_count < ACCESS_LISTENERS_MAX);
	m->access_listeners[m->access_listener_count++] = listener;
	if (m->access_listener_count == 1)
		listen_to_accesses(m);
}

void machine_unwatch_accesses(struct machine *m, const void *context)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < m->access_listener_count; i++)
		if (m->access_listeners[i].context != context)
			m->access_listeners[kept++] = m->access_listeners[i];
	if (kept == m->access_listener_count)
		return;
	m->access_listener_count = kept;
	if (kept == 0)
		listen_to_accesses(m);
}

void machine_drop_caches(struct machine *m)
{
	for (unsigned i = 0; i < m->cpu_count; i++)
		cpu_drop_cache(&m->cores[i]);
	code_cache_drop(m->code);
}

void machine_state_changed(struct machine *m)
{
	m->absent = NULL;
	for (unsigned i = 0; i < m->cpu_count; i++) {
		lapic_state_changed(&m->lapics[i]);
		cpu_state_changed(&m->cores[i]);
		cpu_drop_cache(&m->cores[i]);
		m->clock[i] = m->cores[i].arch.cycle;
	}
	hold_state_changed(m);
}

uint64_t machine_insns(const struct machine *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < m->cpu_count; i++)
		sum += m->cores[i].arch.insns;
	return sum;
}

uint64_t machine_cycles(const struct machine *m)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < m->cpu_count; i++)
		most = max_u64(most, m->cores[i].arch.cycle);
	return most;
}

uint64_t machine_steps_now(const struct machine *m, unsigned core)
{
	return m->run.steps + m->cores[core].arch.step - m->step_base;
}
