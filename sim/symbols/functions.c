#include "sim/symbols/functions.h"

#include <dwarf.h>

#include "sim/symbols/dwarf.h"

static void tell(Dwarf_Die *die, const struct function_listener *l)
{
	const char *name = dwarf_diename(die);
	Dwarf_Addr base = 0, first = 0, end = 0;

	if (name == NULL)
		return;
	for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &first, &end)) > 0;)
		l->range(l->context, name, first, end);
}

/* Functions lie in functions, in blocks, and in namespaces; a compiler nests them as deep as the
 * source does. */
static void walk(Dwarf_Die *die, const struct function_listener *l, unsigned depth)
{
	int tag = dwarf_tag(die);
	Dwarf_Die child;

	if (depth == 0)
		return;
	if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
		tell(die, l);
	if (dwarf_child(die, &child) != 0)
		return;
	do
		walk(&child, l, depth - 1);
	while (dwarf_siblingof(&child, &child) == 0);
}

#define DEPTH_MAX 64

void image_functions(const struct elf_image *image, struct function_listener listener)
{
	Dwarf *dwarf = symbols_dwarf(image->symbols);
	Dwarf_Off at = 0, next;
	size_t header;

	if (dwarf == NULL)
		return;
	for (; dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0; at = next) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, at + header, &unit) != NULL)
			walk(&unit, &listener, DEPTH_MAX);
	}
}
