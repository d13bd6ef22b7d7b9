/* fields.h - names for the bytes of state parts, for people who read a difference.
 */
#ifndef REPLAY_FIELDS_H
#define REPLAY_FIELDS_H

#include "sim/base/base.h"

/* "rax" for offset 0 of "c1.core"; "+0x40" where there is no name; the address for RAM. */
void field_name(const char *part, uint64_t offset, char *text, size_t size);

#endif
