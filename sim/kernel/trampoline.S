/* trampoline.S - what a core that receives a start-up IPI runs first, in real mode.
 *
 * smp.c copies it to TRAMPOLINE_PA, the page that the IPI's vector names: CS is that page's
 * segment and IP is 0 (SDM "MP Initialization Protocol Algorithm"). It only enters protected mode;
 * boot.S does the rest.
 */
#include "sim/kernel/memlayout.h"

#define CR0_PE 1

	.section .rodata
	.code16
	.globl trampoline_start, trampoline_end
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl trampoline_gdt_ptr - trampoline_start
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $0x18, $(ap_start32 - KERN_LOAD_ADDR)
	.align 4
trampoline_gdt_ptr:
	.word 4 * 8 - 1
	.long boot_gdt - KERN_LOAD_ADDR
trampoline_end:
	.section .note.GNU-stack, "", @progbits
