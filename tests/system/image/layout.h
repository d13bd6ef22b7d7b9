/* layout.h - where the image's things lie, for C and assembly alike.
 *
 * The start code and its page tables are those of bench/image: the first MiB are mapped one to one
 * for the supervisor. The same memory is mapped again at USER_ALIAS for everybody, so that a
 * snippet runs at CPL 0 and 3 from the same bytes, also with CR4.SMEP. At TEST_BASE lies a
 * hierarchy of paging structures that belongs to the tests.
 */
#ifndef SYSTEM_LAYOUT_H
#define SYSTEM_LAYOUT_H

#include "bench/image/layout.h"

#define USER_ALIAS 0x40000000
#define TEST_BASE  0x8000000000

/* bench/image/layout.h has 0x08 to 0x28; the TSS takes two slots. */
#define SEL_CODE32      0x38
#define SEL_USER_CODE32 0x43
#define SEL_CODE16      0x48
#define SEL_DATA16      0x50
#define SEL_FREE        0x58 /* from here on the tests put what they like */
#define GDT_ENTRIES     64

#define VECTOR_END 0x20 /* INT 20h ends a snippet, at any CPL */
#define VECTORS    256

/* struct context as switch.S sees it: 16 general registers, then these. */
#define CONTEXT_RIP    128
#define CONTEXT_RFLAGS 136
#define CONTEXT_CS     144
#define CONTEXT_SS     152
#define CONTEXT_DATA   160 /* DS, ES, FS and GS */

/* Real mode and 32-bit protected mode run from copies below 1 MiB; see legacy.S. */
#define LEGACY_BASE    0x10000 /* the thunks; a segment of real mode */
#define LEGACY_SNIPPET 0x20000 /* a snippet, and its segment in real mode */
#define LEGACY_STACK   0x30000 /* a segment for stack and data of real mode */

#endif
