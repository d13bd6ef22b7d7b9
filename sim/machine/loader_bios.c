/* loader_bios.c - a raw BIOS as the image: the machine starts as it does after power-on. */
#include "sim/machine/firmware.h"
#include "sim/machine/loader_parts.h"

bool bios_is_image(const struct boot_file *file)
{
	return firmware_is_bios(file->data, file->size);
}

bool bios_load(struct machine *m, const struct boot *boot, struct error *e)
{
	if (boot->module_count != 0 || boot->command_line[0] != '\0')
		return fail(e,
			"%s: a BIOS takes neither modules nor a command line: it boots a disk",
			boot->image.name);
	firmware_set_bios(m, boot->image.data, boot->image.size);
	return true;
}

void bios_describe(const struct boot_file *file, FILE *out)
{
	fprintf(out, "format   BIOS\nat       %#" PRIx64 "-%#" PRIx64 "\n", PHYS_HIGH - file->size,
		PHYS_HIGH);
}
