/* protected.h - runs code in 32-bit protected mode without paging, with a TSS, and in virtual-8086
 * mode; what lines show is said in protected.c.
 */
#ifndef SYSTEM_PROTECTED_H
#define SYSTEM_PROTECTED_H

#include "tests/system/image/legacy.h"

#define PROTECTED_STACK                                                                            \
	(LEGACY_DATA + 0x6800) /* of level 0, that no privilege change begins at                   \
				*/

/* Tables as tests may change them, and again after each test; and when all are done. */
void protected_reset(void);
void protected_end(void);

void protected_ring0(const char *group, const char *name, const void *code);
void protected_ring3(const char *group, const char *name, uint32_t flags, const void *code);
void protected_v8086(const char *name, uint32_t flags, const void *code);

#define RING0(group, name, text)       protected_ring0(group, name, CODE_AS(32, text))
#define RING3(group, name, text)       protected_ring3(group, name, 0, CODE_AS(32, text))
#define RING3_IOPL3(group, name, text) protected_ring3(group, name, RFLAGS_IOPL3, CODE_AS(32, text))
#define V8086(name, flags, text)       protected_v8086(name, flags, CODE_AS(16, text))

#endif
