/* loader_image.c - images made of segments: multiboot 1, PVH, plain ELF. */
#include "sim/machine/image.h"
#include "sim/machine/loader_parts.h"

static bool load_segments(
	struct machine *m, const struct boot_file *file, const struct image *image, struct error *e)
{
	for (unsigned i = 0; i < image->count; i++) {
		const struct segment_load *s = &image->segments[i];
		uint64_t end = s->pa + s->memory_size;

		if (s->pa < BOARD_LOW_RESERVED_END && end > INFO_BASE)
			return fail(e,
				"%s: segment %#" PRIx64 "-%#" PRIx64
				" covers the loader's and the firmware's area, %#x-%#x",
				file->name, s->pa, end, INFO_BASE, BOARD_LOW_RESERVED_END);
		if (end > m->mem.low_size)
			return fail(e,
				"%s: segment %#" PRIx64 "-%#" PRIx64
				" lies outside of the memory below 4 GiB, which ends at %#" PRIx64
				"; see machine.memory_mib",
				file->name, s->pa, end, m->mem.low_size);
		if (!phys_write(&m->mem, s->pa, file->data + s->file_offset, s->file_size))
			SIM_ASSERT(!"the range was checked");
	}
	return true;
}

/* Behind the image, each on a page boundary. */
static bool load_modules(struct machine *m, const struct boot *boot, uint64_t after,
	uint64_t modules[BOOT_MODULES_MAX], struct error *e)
{
	struct phys_mem *mem = &m->mem;
	uint64_t at = page_up(after);

	for (unsigned i = 0; i < boot->module_count; i++) {
		const struct boot_file *file = &boot->modules[i];

		if (file->size > mem->low_size || at > mem->low_size - file->size ||
			!phys_write(mem, at, file->data, file->size))
			return fail(e,
				"%s: module of %zu bytes at %#" PRIx64
				" does not fit into memory; see machine.memory_mib",
				file->name, file->size, at);
		modules[i] = at;
		at = page_up(at + file->size);
	}
	return true;
}

bool segments_load(struct machine *m, const struct boot *boot, struct error *e)
{
	struct loader_area area = {.machine = m, .at = INFO_BASE};
	uint64_t modules[BOOT_MODULES_MAX];
	const struct segment_load *last;
	struct image image;

	if (!image_parse(&image, boot->image.name, boot->image.data, boot->image.size, e) ||
		!load_segments(m, &boot->image, &image, e))
		return false;
	last = &image.segments[image.count - 1];
	if (!load_modules(m, boot, max_u64(last->pa + last->memory_size, BOARD_LOW_RESERVED_END),
		    modules, e))
		return false;
	if (image.kind == IMAGE_PVH)
		pvh_start(&area, boot, modules, image.entry);
	else
		multiboot_start(&area, boot, modules, image.entry);
	if (area.full)
		return fail(e, "command line and module names together are longer than %u bytes",
			INFO_END - INFO_BASE);
	return true;
}

bool segments_describe(const struct boot_file *file, FILE *out, struct error *e)
{
	struct image image;

	if (!image_parse(&image, file->name, file->data, file->size, e))
		return false;
	fprintf(out, "format   %s\nentry    %#" PRIx64 "\n", image_kind_name(image.kind),
		image.entry);
	for (unsigned i = 0; i < image.count; i++) {
		const struct segment_load *s = &image.segments[i];

		fprintf(out,
			"segment  %#" PRIx64 "-%#" PRIx64 ", %" PRIu64 " bytes from the file\n",
			s->pa, s->pa + s->memory_size, s->file_size);
	}
	return true;
}
