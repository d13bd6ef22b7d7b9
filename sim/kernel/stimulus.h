/* stimulus.h - driver of ringv's stimulus device (abi/stimulus.h). */
#ifndef KERNEL_STIMULUS_H
#define KERNEL_STIMULUS_H

#include <stdbool.h>

/* Returns whether the machine has the device; if so its requests are served from here on. */
bool stimulus_init(void);

#endif
