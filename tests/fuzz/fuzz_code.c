/* fuzz_code.c - any bytes as code, in each mode: real, protected 16 and 32, long. The simulator
 * never crashes, and drops of its caches change nothing. */
#include "sim/machine/machine.h"

#define CODE     0x2000u
#define TABLES   0x10000u /* page tables: one 1 GiB page at 0 */
#define STEPS    300
#define CODE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum mode { MODE_REAL, MODE_16, MODE_32, MODE_64, MODES };

static void set_mode(struct vcpu *c, enum mode mode)
{
	const uint64_t tables[2][1] = {
		{(TABLES + PAGE_SIZE) | 7}, {PTE_P | PTE_W | PTE_U | PTE_PS}};
	struct core_state *arch = &c->arch;
	uint16_t code = SEG_P | SEG_S | 11;

	arch->seg[CS].selector = mode == MODE_REAL ? 0 : 8;
	arch->seg[CS].base = 0;
	arch->rip = CODE;
	arch->gpr[RSP] = 0x9000;
	if (mode == MODE_REAL) {
		cpu_state_changed(c);
		return;
	}
	arch->cr0 |= CR0_PE;
	if (mode == MODE_32)
		code |= SEG_D;
	if (mode == MODE_64) {
		code |= SEG_L;
		if (!phys_write(c->mmu.mem, TABLES, tables[0], 8) ||
			!phys_write(c->mmu.mem, TABLES + PAGE_SIZE, tables[1], 8))
			SIM_ASSERT(!"the tables lie in RAM");
		arch->cr3 = TABLES;
		arch->cr4 |= CR4_PAE | CR4_OSFXSR;
		arch->efer |= EFER_LME | EFER_LMA | EFER_SCE;
		arch->cr0 |= CR0_PG;
	}
	for (unsigned i = 0; i < LDTR; i++) {
		arch->seg[i].limit = UINT32_MAX;
		arch->seg[i].attr = i == CS ? code : (uint16_t)(SEG_P | SEG_S | SEG_D | 3);
	}
	cpu_state_changed(c);
}

static struct digest run(enum mode mode, const uint8_t *code, size_t size, uint64_t drop_every)
{
	struct byte_sink nowhere = {.put = NULL};
	struct run_limit limit = RUN_FREELY;
	struct config config;
	struct digest end;
	struct machine *m;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	SIM_ASSERT(m != NULL);
	if (!phys_write(&m->mem, CODE, code, size))
		SIM_ASSERT(!"the code lies in RAM");
	set_mode(&m->cores[0], mode);
	m->drop_every = drop_every;
	limit.steps = STEPS;
	machine_run(m, &limit);
	end = machine_digest(m);
	machine_destroy(m);
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum mode mode;

	if (size < 2 || size > CODE_MAX)
		return 0;
	mode = (enum mode)(data[0] % MODES);
	SIM_ASSERT(
		digest_equal(run(mode, data + 1, size - 1, 0), run(mode, data + 1, size - 1, 1)));
	return 0;
}
