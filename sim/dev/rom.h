/* rom.h - the BIOS ROM at the top of 4 GiB, as data reads see it; code is fetched from it by way of
 * phys_fetch_page. Writes do nothing; below the ROM reads give all ones.
 */
#ifndef DEV_ROM_H
#define DEV_ROM_H

#include "sim/base/bus.h"
#include "sim/mmu/phys.h"

#define ROM_ADDRESS (PHYS_HIGH - PHYS_ROM_MAX)

extern const struct device_ops rom_ops; /* of a struct phys_mem; no state */

#endif
