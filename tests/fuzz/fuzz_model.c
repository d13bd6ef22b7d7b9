/* Any bytes are a CPU model or an error that names the file; a model is never without what its
 * features need, and an error leaves what was there. */
#include "sim/cpu/decode.h"
#include "sim/cpu/model.h"

static void check_model(const struct cpu_model *m)
{
	for (enum cpu_feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++)
		SIM_ASSERT(!model_has(m, f) || model_has(m, feature_row(f)->needs));
	SIM_ASSERT(strlen(m->vendor) == 12);
	SIM_ASSERT(m->brand[sizeof(m->brand) - 1] == '\0');
	SIM_ASSERT(m->physical_bits >= 32 && m->physical_bits <= PHYS_ADDRESS_BITS);
	SIM_ASSERT(m->max_leaf >= 1);
}

/* The same bytes as a name; one with a slash or an end in .ini would be a file of the host's. */
static void resolve(const uint8_t *data, size_t size)
{
	char name[300];
	struct cpu_model m;
	struct error e = {""};

	if (size >= sizeof(name) || memchr(data, '/', size) != NULL ||
		memchr(data, '.', size) != NULL)
		return;
	memcpy(name, data, size);
	name[size] = '\0';
	if (model_resolve(name, &m, &e))
		check_model(&m);
	else
		SIM_ASSERT(e.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpu_model m, before;
	struct error e = {""};

	memset(&m, 0x5a, sizeof(m));
	before = m;
	if (model_read("fuzz", (const char *)data, size, &m, &e)) {
		check_model(&m);
	} else {
		SIM_ASSERT(strncmp(e.text, "fuzz:", 5) == 0);
		SIM_ASSERT(memcmp(&m, &before, sizeof(m)) == 0);
	}
	resolve(data, size);
	return 0;
}
