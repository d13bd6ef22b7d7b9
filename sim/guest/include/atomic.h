/* atomic.h - the kernel's atomic operations serve users as well: kernel/atomic.h. */
#ifndef GUEST_ATOMIC_H
#define GUEST_ATOMIC_H

#include "sim/kernel/atomic.h"

#endif
