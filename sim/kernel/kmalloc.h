/* kmalloc.h - memory by the byte, 16-byte aligned. Any context. Panics when memory has run out. */
#ifndef KERNEL_KMALLOC_H
#define KERNEL_KMALLOC_H

#include <stddef.h>

void *kmalloc(size_t size);
void *kzalloc(size_t size); /* zeroed */
void kfree(void *p);        /* NULL is fine */

#endif
