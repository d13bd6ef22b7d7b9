/* fuzz_board.c - any accesses to the whole board: ports, MMIO, PCI configuration, MSRs, and time
 * that goes on between them. */
#include "tests/fuzz/any_code.h"
#include "tests/fuzz/any_devices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PCI_ENABLE  UINT64_C(0x80000000)
#define EVENTS_MAX  64 /* that one wait lets happen */
#define ADDRESS_ALL UINT64_C(0xffffffff)

/* Where something is. */
static const struct range {
	uint64_t base, size;
} ports[] =
	{
		{0x000, 0x100},
		{0x3f8, 8},
		{0x402, 1},
		{0x4d0, 2},
		{0x510, 12},
		{0x5c0, 0x1c},
		{0x600, 0x10},
		{0xcf8, 8},
		{0xc000, 0x100},
		{0, 0x10000},
},
  memory[] =
	  {
		  {0xfec00000, 0x50},
		  {0xfed00000, 0x170},
		  {0xfee00000, 0x400},
		  {0xfff00000, 0x100000},
		  {0xfec10000, 0x8000},
		  {0xe0000000, 0x20000},
		  {0xe1000000, 0x20000},
		  {0xc0000000, 0x40000000},
},
  msrs[] = {
	  {0, 0x400},
	  {0x800, 0x40},
	  {0x6e0, 1},
	  {0xc0000080, 8},
	  {0xc0000100, 4},
	  {0, ADDRESS_ALL},
};

static uint64_t take_address(struct input *in, const struct range *ranges, size_t count)
{
	const struct range *r = &ranges[input_take(in, 1) % count];

	return r->base + input_take(in, 4) % r->size;
}

static void pass_time(struct machine *m, uint64_t cycles)
{
	uint64_t until = m->run.now + cycles;

	for (unsigned i = 0; i < EVENTS_MAX && m->run.now < until; i++)
		machine_wait(m, min_u64(until, max_u64(event_next_due(&m->events), m->run.now)) -
					m->run.now);
}

/* In or out, at an aligned address or not. */
static void access_port(struct machine *m, struct input *in)
{
	const struct cpu_bus bus = counting_bus(m, 0);
	uint64_t port = take_address(in, ports, ARRAY_LEN(ports));
	uint8_t how = (uint8_t)input_take(in, 1);
	unsigned size = 1u << how % 3;

	if (how & 0x40)
		port &= ~(uint64_t)(size - 1);
	if (how & 0x80)
		bus.port_write(bus.context, (uint16_t)port, size, input_take(in, size));
	else
		bus.port_read(bus.context, (uint16_t)port, size);
}

static void access_memory(struct machine *m, struct input *in)
{
	const struct cpu_bus bus = counting_bus(m, (unsigned)input_take(in, 1) % m->cpu_count);
	uint64_t pa = take_address(in, memory, ARRAY_LEN(memory));
	uint8_t how = (uint8_t)input_take(in, 1);
	unsigned size = 1u << how % 4;

	if (how & 0x40)
		pa &= ~(uint64_t)(size - 1);
	if (how & 0x80)
		bus.mmio_write(bus.context, pa, size, input_take(in, size));
	else
		bus.mmio_read(bus.context, pa, size);
}

/* A register of a PCI function, which hardly any random address would be. */
static void access_pci(struct machine *m, struct input *in)
{
	const struct cpu_bus bus = counting_bus(m, 0);
	uint64_t at = input_take(in, 2) & 0x7ffc;

	bus.port_write(bus.context, 0xcf8, 4, PCI_ENABLE | at);
	bus.port_read(bus.context, 0xcfc, 4);
	bus.port_write(bus.context, 0xcfc, 4, input_take(in, 4));
}

/* The core executes RDMSR or WRMSR, and what else a step may be. */
static void access_msr(struct machine *m, struct input *in)
{
	uint64_t number = take_address(in, msrs, ARRAY_LEN(msrs)), how = input_take(in, 1);
	const uint8_t code[] = {0x0f, how & 1 ? 0x30 : 0x32};
	struct run_limit limit = RUN_FREELY;
	struct vcpu *c = &m->cores[0];

	if (c->arch.activity != ACTIVITY_RUNNING)
		return;
	any_put(c, ANY_CODE, code, sizeof(code));
	any_enter(c, ANY_REAL);
	c->arch.cycle = max_u64(c->arch.cycle, m->run.now);
	c->arch.gpr[RCX] = number;
	c->arch.gpr[RAX] = input_take(in, 4);
	c->arch.gpr[RDX] = how & 2 ? input_take(in, 4) : 0;
	machine_state_changed(m);
	limit.steps = m->run.steps + 1;
	machine_run(m, &limit);
	tally.accesses++;
}

static void play(void *context, struct input *in)
{
	struct machine *m = *(struct machine **)context;

	while (in->left != 0) {
		uint64_t what = input_take(in, 1) % 16;

		if (what == 0)
			pass_time(m, input_take(in, 4));
		else if (what == 1)
			access_pci(m, in);
		else if (what == 2)
			access_msr(m, in);
		else if (what % 2 == 0)
			access_port(m, in);
		else
			access_memory(m, in);
		if (power_asked(&m->power) != POWER_ON)
			machine_reset(m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct any_devices a;

	if (a.m == NULL)
		any_devices_make(&a, false);
	tally_begin("fuzz_board");
	any_devices_play(&a, play, &a.m, sizeof(a.m), data, size);
	return 0;
}
