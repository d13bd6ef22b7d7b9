/* switch.S - into a context and back out of it.
 *
 * context_enter returns when trap() says so: what the context did to the stack does not matter,
 * since the trap handler's stack, wherever it was, is left for the one that context_enter kept.
 */
#include "tests/system/image/layout.h"

	.text

/* void context_enter(const struct context *c) */
	.globl context_enter
context_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, host_rsp
	movw CONTEXT_DATA(%rdi), %ds
	movw CONTEXT_DATA + 2(%rdi), %es
	movw CONTEXT_DATA + 4(%rdi), %fs
	movw CONTEXT_DATA + 6(%rdi), %gs
	pushq CONTEXT_SS(%rdi)
	pushq 4 * 8(%rdi)
	pushq CONTEXT_RFLAGS(%rdi)
	pushq CONTEXT_CS(%rdi)
	pushq CONTEXT_RIP(%rdi)
	movq 0 * 8(%rdi), %rax
	movq 1 * 8(%rdi), %rcx
	movq 2 * 8(%rdi), %rdx
	movq 3 * 8(%rdi), %rbx
	movq 5 * 8(%rdi), %rbp
	movq 6 * 8(%rdi), %rsi
	movq 8 * 8(%rdi), %r8
	movq 9 * 8(%rdi), %r9
	movq 10 * 8(%rdi), %r10
	movq 11 * 8(%rdi), %r11
	movq 12 * 8(%rdi), %r12
	movq 13 * 8(%rdi), %r13
	movq 14 * 8(%rdi), %r14
	movq 15 * 8(%rdi), %r15
	movq 7 * 8(%rdi), %rdi
	iretq

trap_common:
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
	pushq %rsp
	pushq %rbx
	pushq %rdx
	pushq %rcx
	pushq %rax
	cld
	movq %rsp, %rdi
	movl %ss, %esi
	movq %rsp, %rbx
	andq $-16, %rsp
	call trap
	movq %rbx, %rsp
	testb %al, %al
	jz leave_context
	popq %rax
	popq %rcx
	popq %rdx
	popq %rbx
	addq $8, %rsp
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
	addq $16, %rsp
	iretq

leave_context:
	movl $SEL_KERNEL_DATA, %eax
	movw %ax, %ss
	movq host_rsp, %rsp
	pushq $2 /* the flags of C: no AC, NT or IOPL */
	popfq
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	.macro stub vector
	.align 16
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17
	.else
	pushq $0
	.endif
	pushq $\vector
	jmp trap_common
	.endm

	.altmacro
	.align 16
	.globl trap_stubs
trap_stubs:
	.set v, 0
	.rept VECTORS
	stub %v
	.set v, v + 1
	.endr
	.noaltmacro

/* Where SYSCALL arrives: as an interrupt would, but with nothing pushed. */
	.globl syscall_arrived
syscall_arrived:
	int $VECTOR_END

	.section .bss
	.align 8
host_rsp:
	.skip 8
	.section .note.GNU-stack, "", @progbits
