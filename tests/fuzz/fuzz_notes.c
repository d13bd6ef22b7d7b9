/* fuzz_notes.c - any bytes as what a program says of itself: as an argument of a probe, as the
 * notes and fault points of an ELF file whose code is NOPs of 5 bytes, as a cpio archive. Each is
 * read, or refused with a message.
 */
#include "sim/symbols/cpio.h"
#include "sim/symbols/images_parts.h"
#include "sim/symbols/probe_args.h"
#include "tests/unit/probe_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CODE_SIZE 0x300

static void read_file(const uint8_t *data, size_t size)
{
	static uint8_t nops[CODE_SIZE];
	const struct probe_image content = {.address = 0x400100,
		.code = nops,
		.code_size = sizeof(nops),
		.notes = data,
		.notes_size = size,
		.faults = data,
		.faults_size = size};
	struct elf_image image = {.name = "fuzz"};
	struct probe_list probes;
	struct fault_list faults;
	struct error e = {""};
	struct elf_file f;
	size_t file_size;
	uint8_t *file;

	for (size_t i = 0; i + 5 <= sizeof(nops); i += 5)
		memcpy(nops + i, "\x0f\x1f\x44\x00\x00", 5);
	file = probe_image_make(&content, &file_size);
	SIM_ASSERT(elf_file_open(&f, "fuzz", file, file_size));
	if (!probe_notes_read(&f, &image, &probes, &e))
		SIM_ASSERT(e.text[0] != '\0');
	e.text[0] = '\0';
	if (!fault_points_read(&f, &image, &faults, &e))
		SIM_ASSERT(e.text[0] != '\0');
	free(probes.at);
	free(faults.at);
	elf_file_close(&f);
	free(file);
}

static enum elf_found find(const void *context, const char *name, bool tls, uint64_t *value)
{
	(void)context;
	*value = strlen(name);
	return tls ? ELF_SEVERAL : name[0] == 'x' ? ELF_NONE : ELF_ONE;
}

static void read_argument(const uint8_t *data, size_t size)
{
	const struct probe_names symbols = {NULL, find};
	char *copy = calloc(1, size + 1);
	const char *text = copy;
	struct error e = {""};
	struct probe_arg arg;

	SIM_ASSERT(copy != NULL);
	memcpy(copy, data, size);
	if (!probe_arg_read(&arg, &text, &symbols, &e))
		SIM_ASSERT(e.text[0] != '\0');
	else
		SIM_ASSERT(*text == '\0' || *text == ' ');
	free(copy);
}

static void read_archive(const uint8_t *data, size_t size)
{
	struct cpio c = {.file = "fuzz", .data = data, .size = size};
	struct cpio_entry entry;
	struct error e = {""};

	while (cpio_next(&c, &entry, &e)) {
		SIM_ASSERT(entry.data >= data && entry.data + entry.size <= data + size);
		SIM_ASSERT(entry.name + strlen(entry.name) < (const char *)data + size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_argument(data, size);
	read_archive(data, size);
	read_file(data, size);
	return 0;
}
