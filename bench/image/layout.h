/* layout.h - where the things of the image lie, for C and assembly alike.
 *
 * The first IDENTITY_MIB MiB are mapped one to one by 4 KiB pages, and so is the page of the
 * local APIC. Above the image, which image.ld places, each core has an arena of its own, where its
 * data lies. At DEMAND_BASE each address space of the privileged phase has pages that are mapped
 * when touched.
 */
#ifndef BENCH_LAYOUT_H
#define BENCH_LAYOUT_H

#define PAGE_SIZE 4096
#define MAX_CORES 4

#define ARENA_BASE   0x1000000
#define ARENA_SIZE   0x1400000
#define IDENTITY_MIB 96

#define TRAMPOLINE_BASE 0x8000
#define APIC_BASE       0xfee00000
#define DEMAND_BASE     0x8000000000

#define STACK_SIZE 16384

/* The order of user and kernel segments is what SYSCALL and SYSRET want. */
#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA   0x1b
#define SEL_USER_CODE   0x23
#define SEL_TSS         0x28

/* Vectors below 32 are the CPU's. A spurious vector ends in four ones. */
#define NUM_VECTORS     64
#define VECTOR_SOFTWARE 0x20
#define VECTOR_IPI      0x21
#define VECTOR_TIMER    0x22
#define VECTOR_SPURIOUS 0x3f

/* struct core as assembly sees it. */
#define CORE_USER_RSP     0
#define CORE_TRAP_STACK   8
#define CORE_RESUME_STACK 16

#endif
