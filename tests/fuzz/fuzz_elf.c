/* fuzz_elf.c - any bytes as an image: loaded into the memory of a small machine, or refused with a
 * message. fuzz_code runs any bytes; here nothing runs, for speed. */
#include "sim/machine/loader.h"

#define MEMORY_MIB 4 /* a bzImage goes above 2 MiB */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct machine *small_machine(void)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct config config;

	config_defaults(&config);
	config.machine.memory_mib = MEMORY_MIB;
	return machine_create(&config, &nowhere, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine *m;
	struct boot boot = {.image = {"image", data, size},
		.command_line = "x",
		.module_count = 1,
		.modules = {{"module", (const uint8_t *)"module", 6}}};
	struct error e = {""};

	if (m == NULL)
		m = small_machine();
	SIM_ASSERT(m != NULL);
	if (!boot_load(m, &boot, &e))
		SIM_ASSERT(e.text[0] != '\0');
	return 0;
}
