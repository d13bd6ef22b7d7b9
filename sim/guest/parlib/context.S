/* context.S - see context.h. */
#include "sim/abi/context.h"
#include "sim/guest/parlib/context.h"

#define RED_ZONE 128 /* of code that was compiled with one */

	.text

	.globl vcore_entry
vcore_entry:
	xorl %ebp, %ebp
	call vcore_start
	ud2

	.globl run_on_stack
run_on_stack:
	movq %rdi, %rsp
	xorl %ebp, %ebp
	call *%rsi
	ud2

/* switch_out(ctx, stack, fn): the return address has been popped from the saved rsp. */
	.globl switch_out
switch_out:
	movq %rbx, SW_RBX(%rdi)
	movq %rbp, SW_RBP(%rdi)
	movq %r12, SW_R12(%rdi)
	movq %r13, SW_R13(%rdi)
	movq %r14, SW_R14(%rdi)
	movq %r15, SW_R15(%rdi)
	movq (%rsp), %rax
	movq %rax, SW_RIP(%rdi)
	leaq 8(%rsp), %rax
	movq %rax, SW_RSP(%rdi)
	stmxcsr SW_MXCSR(%rdi)
	movl $0, SW_FPUCW(%rdi)
	fnstcw SW_FPUCW(%rdi)
	movq $ROS_SW_CTX, CTX_TYPE(%rdi)
	movq %rsi, %rdi
	movq %rdx, %rsi
	jmp run_on_stack

/* Notifications are enabled and one is pending: a vcore context has to look. The system call saves
 * and restores like a function call, so nothing but rbx is needed here. The struct is on this
 * stack: no other one is the uthread's (akaros 781e2fe6).
 */
	.macro reenter_vcore_context reserve
	pushq %rbx
	movq %rsp, %rbx
	subq $(SYSC_SIZE + \reserve), %rsp
	andq $-16, %rsp
	.if \reserve
	fxsave64 (%rsp)
	.endif
	leaq \reserve(%rsp), %rdi
	xorl %eax, %eax
	movl $(SYSC_SIZE / 8), %ecx
	cld
	rep stosq
	movl $SYS_VC_ENTRY_NUM, \reserve(%rsp)
	leaq \reserve(%rsp), %rdi
	movl $1, %esi
	syscall
	.if \reserve
	fxrstor64 (%rsp)
	.endif
	movq %rbx, %rsp
	popq %rbx
	.endm

	.macro copy_to_frame from, to
	movq \from(%rdi), %rcx
	movq %rcx, \to(%rax)
	.endm

/* pop_hw_ctx(tf, notif_disabled, notif_pending). The frame is what a call does not preserve, the
 * flags and rip.
 */
	.globl pop_hw_ctx
pop_hw_ctx:
	movq HW_RSP(%rdi), %rax
	subq $(RED_ZONE + 11 * 8), %rax
	copy_to_frame HW_RAX, 0
	copy_to_frame HW_RCX, 8
	copy_to_frame HW_RDX, 16
	copy_to_frame HW_RSI, 24
	copy_to_frame HW_RDI, 32
	copy_to_frame HW_R8, 40
	copy_to_frame HW_R9, 48
	copy_to_frame HW_R10, 56
	copy_to_frame HW_R11, 64
	copy_to_frame HW_RFLAGS, 72
	copy_to_frame HW_RIP, 80

	movq HW_RBX(%rdi), %rbx
	movq HW_RBP(%rdi), %rbp
	movq HW_R12(%rdi), %r12
	movq HW_R13(%rdi), %r13
	movq HW_R14(%rdi), %r14
	movq HW_R15(%rdi), %r15
	movq %rax, %rsp
	movl $0, (%rsi)
	lock orl $0, (%rsp)
	cmpl $0, (%rdx)
	jne 2f
1:	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	popq %r8
	popq %r9
	popq %r10
	popq %r11
	popfq
	ret $RED_ZONE
2:	reenter_vcore_context FXSAVE_SIZE
	jmp 1b

/* A software context stopped at a call, where the x87 stack is empty: what the thread before left
 * in it must go.
 */
	.globl pop_sw_ctx
pop_sw_ctx:
	movq SW_RBX(%rdi), %rbx
	movq SW_RBP(%rdi), %rbp
	movq SW_R12(%rdi), %r12
	movq SW_R13(%rdi), %r13
	movq SW_R14(%rdi), %r14
	movq SW_R15(%rdi), %r15
	fninit
	ldmxcsr SW_MXCSR(%rdi)
	fldcw SW_FPUCW(%rdi)
	movq SW_RIP(%rdi), %rax
	movq SW_RSP(%rdi), %rsp
	pushq %rax
	movl $0, (%rsi)
	lock orl $0, (%rsp)
	cmpl $0, (%rdx)
	jne 2f
1:	ret
2:	reenter_vcore_context 0
	jmp 1b
	.section .ringv.races, "", @progbits
	.incbin "sim/guest/parlib/races.txt"
	.section .note.GNU-stack, "", @progbits
