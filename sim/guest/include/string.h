/* string.h - the functions of lib/string.h. */
#ifndef GUEST_STRING_H
#define GUEST_STRING_H

#include "sim/kernel/lib/string.h"

#endif
