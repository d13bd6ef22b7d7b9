/* images_parts.h - the readers that images.c is made of: each fills one list of an image.
 */
#ifndef SYMBOLS_IMAGES_PARTS_H
#define SYMBOLS_IMAGES_PARTS_H

#include "sim/symbols/elf_file.h"
#include "sim/symbols/faults.h"
#include "sim/symbols/parameters.h"
#include "sim/symbols/probes.h"

/* Lists that grow; free them. Texts of a probe or a fault point lie in the file. */
struct probe_list {
	size_t count;
	struct probe *at;
};

struct fault_list {
	size_t count;
	struct fault_place *at;
};

/* Those of provider ringv in .note.stapsdt, by address, then name. False: a note is broken; the
 * list is empty then. */
MUST_CHECK bool probe_notes_read(const struct elf_file *f, const struct elf_image *image,
	struct probe_list *list, struct error *e);

/* Section fault_points, by name, then address. file_offset is that in f. */
MUST_CHECK bool fault_points_read(const struct elf_file *f, const struct elf_image *image,
	struct fault_list *list, struct error *e);

#endif
