/* console.h - text on the first serial port, by polling. */
#ifndef BENCH_CONSOLE_H
#define BENCH_CONSOLE_H

#include <stdint.h>

void console_init(void);

/* %s text, %u uint64_t in decimal, %x uint64_t as 16 digits. A line has left when this returns. */
void print(const char *format, ...);

/* Ends the run: port 0xf4 for ringv and QEMU (isa-debug-exit), 0x8900 for Bochs. */
_Noreturn void leave(uint32_t status);

/* Halts this core for good. */
_Noreturn static inline void stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

#endif
