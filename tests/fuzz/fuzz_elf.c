/* fuzz_elf.c - any bytes as an image: loaded into a small machine, or refused; then a few steps. */
#include "sim/machine/loader.h"

#define MEMORY_MIB 2
#define STEPS      200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot boot = {.image = {"image", data, size}, .command_line = "x"};
	struct byte_sink nowhere = {.put = NULL};
	struct run_limit limit = RUN_FREELY;
	struct config config;
	struct machine *m;
	struct error e;

	config_defaults(&config);
	config.machine.memory_mib = MEMORY_MIB;
	m = machine_create(&config, &nowhere, &e);
	SIM_ASSERT(m != NULL);
	limit.steps = STEPS;
	if (boot_load(m, &boot, &e))
		machine_run(m, &limit);
	else
		SIM_ASSERT(e.text[0] != '\0');
	machine_destroy(m);
	return 0;
}
