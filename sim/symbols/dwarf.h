/* dwarf.h - the debugging information behind struct symbols, for the readers of this layer.
 */
#ifndef SYMBOLS_DWARF_H
#define SYMBOLS_DWARF_H

#include <elfutils/libdw.h>

#include "sim/symbols/symbols.h"

/* That of the first image; NULL: it has none. */
Dwarf *symbols_dwarf(const struct symbols *s);

#endif
