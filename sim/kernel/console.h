/* console.h - what the kernel says and hears on the serial line, and how it ends.
 *
 * Output is polled, one caller at a time over all cores. Input is interrupt-driven: bytes wait in a
 * buffer for console_read.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include <stddef.h>

struct hw_trapframe;

void console_init(void);       /* output works from here on */
void console_input_init(void); /* after the I/O APIC */
void console_write(const char *s, size_t n);
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Blocks the kthread until at least one byte is there; returns how many (at most n) it took. */
size_t console_read(char *buf, size_t n);

unsigned long console_irqs(void); /* interrupts that the UART has raised */

/* Ends the run: status to the debug-exit port, and halts where there is no such device. */
_Noreturn void machine_exit(unsigned status);

#define EXIT_STATUS_PANIC      1
#define EXIT_STATUS_KTEST_FAIL 2

/* Message, registers if known, backtrace, then machine_exit(EXIT_STATUS_PANIC). */
_Noreturn void panic_at(const char *file, int line, const struct hw_trapframe *tf, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));
#define panic(...) panic_at(__FILE__, __LINE__, NULL, __VA_ARGS__)
#define assert(c)  ((c) ? (void)0 : panic("assertion failed: %s", #c))

#endif
