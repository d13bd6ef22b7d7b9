/* memlayout.h - where things are in the kernel's half of every address space.
 *
 *   KERNBASE        ffff800000000000  direct map: physical address p is at KERNBASE + p
 *   VMAP_BASE       ffff808000000000  device registers (uncached) and test mappings
 *   KERN_LOAD_ADDR  ffffffffc0000000  window over the first GiB that holds the kernel's image
 *
 * The user's half is in sim/abi/memlayout.h. Also included by assembly.
 */
#ifndef KERNEL_MEMLAYOUT_H
#define KERNEL_MEMLAYOUT_H

#include "sim/abi/memlayout.h"

#define PGSHIFT       12
#define PGSIZE        4096
#define MAX_NUM_CORES ABI_MAX_NUM_CORES

#ifdef __ASSEMBLER__
#define KERN_LOAD_ADDR 0xffffffffc0000000
#else
#include <stdint.h>

typedef uint64_t physaddr_t;

#define KERNBASE       0xffff800000000000ul
#define VMAP_BASE      0xffff808000000000ul
#define VMAP_END       0xffff810000000000ul
#define KERN_LOAD_ADDR 0xffffffffc0000000ul

#define PTSIZE   (1ul << 21) /* what one page-directory entry maps */
#define PDPTSIZE (1ul << 30) /* what one PDPT entry maps */

#define ROUNDDOWN(a, n) ((a) & ~((uint64_t)(n)-1)) /* n: a power of two */
#define ROUNDUP(a, n)   ROUNDDOWN((a) + ((uint64_t)(n)-1), n)
#define PGOFF(a)        ((uint64_t)(a) & (PGSIZE - 1))

/* Direct map: kernel address of physical address pa. */
static inline void *KADDR(physaddr_t pa)
{
	return (void *)(KERNBASE + pa);
}

/* Physical address of a kernel address, which lies in the direct map or in the image. */
static inline physaddr_t PADDR(const void *kva)
{
	uint64_t va = (uint64_t)kva;

	return va >= KERN_LOAD_ADDR ? va - KERN_LOAD_ADDR : va - KERNBASE;
}
#endif
#endif
