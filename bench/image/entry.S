/* entry.S - the ways into ring 0 and out of it.
 *
 * In ring 0 GS points at this core's struct core; in ring 3 it is the user's, and swapgs changes
 * them over. Ring 3 runs as a subroutine: enter_user returns when its code makes the system call
 * that calls leave_user.
 */
#include "bench/image/layout.h"

#define RFLAGS_IF 0x202
#define FRAME_CS  24 /* above vector, error code and rip */

	.text

trap_common:
	testb $3, FRAME_CS(%rsp)
	jz 1f
	swapgs
1:	cld
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	call trap
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	testb $3, FRAME_CS(%rsp)
	jz 1f
	swapgs
1:	addq $16, %rsp
	iretq

	.macro stub vector
	.align 16
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21
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
	.rept NUM_VECTORS
	stub %v
	.set v, v + 1
	.endr
	.noaltmacro

/* The number is in rax, an argument in rdi, the result in rax; what a C function may change is
 * changed. Interrupts are off (SFMASK).
 */
	.globl syscall_entry
syscall_entry:
	swapgs
	movq %rsp, %gs:CORE_USER_RSP
	movq %gs:CORE_TRAP_STACK, %rsp
	pushq %gs:CORE_USER_RSP
	pushq %rcx
	pushq %r11
	subq $8, %rsp
	movq %rdi, %rsi
	movq %rax, %rdi
	call syscall
	addq $8, %rsp
	popq %r11
	popq %rcx
	popq %rsp
	swapgs
	sysretq

/* uint64_t enter_user(uint64_t rip, uint64_t rsp, uint64_t argument) */
	.globl enter_user
enter_user:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %gs:CORE_RESUME_STACK
	pushq $SEL_USER_DATA
	pushq %rsi
	pushq $RFLAGS_IF
	pushq $SEL_USER_CODE
	pushq %rdi
	movq %rdx, %rdi
	swapgs
	iretq

/* noreturn void leave_user(uint64_t result): enter_user returns it */
	.globl leave_user
leave_user:
	movq %rdi, %rax
	movq %gs:CORE_RESUME_STACK, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.section .note.GNU-stack, "", @progbits
