/* entry.S - the ways into the kernel and out of it again.
 *
 * In the kernel GS points at this core's per_cpu_info; in user mode it is the user's, and swapgs
 * changes them over. Traps from the kernel return here and resume; traps from user mode never
 * return: C code keeps the context and pops it later with pop_hw_tf or pop_sw_tf.
 */
#include "sim/abi/context.h"
#include "sim/kernel/desc.h"
#include "sim/kernel/trap.h"

#define MSR_GS_BASE 0xc0000101
#define PCPUI_USER_RSP 8
#define PCPUI_STACKTOP 16

#define TF_CS 160 /* in struct hw_trapframe; checked in trap.c */

	.text

	.macro save_registers
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %r11
	pushq %r10
	pushq %r9
	pushq %r8
	pushq %rdi
	pushq %rsi
	pushq %rbp
	pushq %rdx
	pushq %rcx
	pushq %rbx
	pushq %rax
	subq $16, %rsp /* fsbase and gsbase: C code fills them for user contexts */
	.endm

	.macro restore_registers
	addq $16, %rsp
	popq %rax
	popq %rbx
	popq %rcx
	popq %rdx
	popq %rbp
	popq %rsi
	popq %rdi
	popq %r8
	popq %r9
	popq %r10
	popq %r11
	popq %r12
	popq %r13
	popq %r14
	popq %r15
	addq $16, %rsp /* trapno, err */
	.endm

trap_common:
	cld
	testb $3, 24(%rsp) /* CS, above trapno, err and rip */
	jz 1f
	swapgs
1:	save_registers
	movq %rsp, %rdi
	testb $3, TF_CS(%rsp)
	jz 2f
	xorl %ebp, %ebp /* backtraces end here; from the kernel they go on through the trap */
2:	call trap_entry
	restore_registers
	iretq

/* NMI, double fault, machine check: they may hit between a kernel entry and its swapgs, so only
 * the sign of GS's base says whose it is. They all end in a panic.
 */
trap_paranoid:
	cld
	save_registers
	movl $MSR_GS_BASE, %ecx
	rdmsr
	testl %edx, %edx
	js 1f
	swapgs
1:	movq %rsp, %rdi
	call trap_entry
	ud2

	.macro stub vector
	.align 16
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21
	.else
	pushq $0
	.endif
	pushq $\vector
	.if \vector == TRAP_NMI || \vector == TRAP_DOUBLE_FAULT || \vector == TRAP_MACHINE_CHECK
	jmp trap_paranoid
	.else
	jmp trap_common
	.endif
	.endm

	.align 16
stubs:
	.altmacro
	.set v, 0
	.rept NUM_VECTORS
	stub %v
	.set v, v + 1
	.endr
	.noaltmacro

	.section .rodata
	.align 8
	.globl trap_stubs
trap_stubs:
	.set v, 0
	.rept NUM_VECTORS
	.quad stubs + v * 16
	.set v, v + 1
	.endr

	.text
/* SYSCALL: rdi and rsi are the arguments, rcx the return address, r11 the flags; interrupts are
 * off (SFMASK). The caller expects of a call no more than that callee-saved registers survive.
 */
	.globl syscall_entry
syscall_entry:
	swapgs
	movq %rsp, %gs:PCPUI_USER_RSP
	movq %gs:PCPUI_STACKTOP, %rsp
	cld
	subq $16, %rsp /* 8 for mxcsr and fpucw, 8 to align the stack */
	stmxcsr (%rsp)
	fnstcw 4(%rsp)
	pushq %gs:PCPUI_USER_RSP
	pushq %rcx
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %rbp
	pushq %rbx
	subq $16, %rsp
	movq %rsp, %rdx
	xorl %ebp, %ebp
	call syscall_entry_c
	ud2

	.globl pop_hw_tf
pop_hw_tf:
	movq %rdi, %rsp
	restore_registers
	swapgs
	iretq

/* Caller-saved registers are cleared: they hold kernel values. SYSRET to a non-canonical address
 * would fault in the kernel with the user's stack: the caller has checked rip (SDM "SYSRET").
 */
	.globl pop_sw_tf
pop_sw_tf:
	movq %rdi, %rsp
	addq $16, %rsp
	popq %rbx
	popq %rbp
	popq %r12
	popq %r13
	popq %r14
	popq %r15
	popq %rcx
	popq %rax /* user rsp */
	ldmxcsr (%rsp)
	fnclex /* an exception that the user has left pending would hit us at the fldcw */
	fldcw 4(%rsp)
	movq %rax, %rsp
	xorl %eax, %eax
	xorl %edx, %edx
	xorl %esi, %esi
	xorl %edi, %edi
	xorl %r8d, %r8d
	xorl %r9d, %r9d
	xorl %r10d, %r10d
	movl $0x202, %r11d /* rflags: IF and the bit that is always 1 */
	swapgs
	sysretq
	.section .note.GNU-stack, "", @progbits
