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

/* Below 1 MiB, for real mode: a vector table, the thunks of legacy_switch.S with the state that
 * they load and save, a segment for a snippet, and one for data and stack. */
#define LEGACY_IVT     0x6000
#define LEGACY_BASE    0x7000
#define LEGACY_SNIPPET 0x20000
#define LEGACY_DATA    0x30000
#define LEGACY_VECTORS 33

/* struct legacy as legacy_switch.S sees it. */
#define LEGACY_EIP    32
#define LEGACY_EFLAGS 36
#define LEGACY_VECTOR 40
#define LEGACY_ERROR  44
#define LEGACY_CS     48
#define LEGACY_DS     50
#define LEGACY_ES     52
#define LEGACY_FS     54
#define LEGACY_GS     56
#define LEGACY_SS     58
#define LEGACY_REAL   60
#define LEGACY_TR     62
#define LEGACY_SIZE   64

#endif
