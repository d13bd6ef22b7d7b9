/* stdlib.h - memory and the end of the program. */
#ifndef GUEST_STDLIB_H
#define GUEST_STDLIB_H

#include <stddef.h>

void *malloc(size_t size); /* 16-byte aligned; NULL when there is no more */
void *calloc(size_t n, size_t size);
void free(void *p);
_Noreturn void exit(int code);

#endif
