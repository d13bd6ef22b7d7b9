/* host_stub.S - loads a state, runs one instruction natively, saves the state. */
	.equ	GPR, 0
	.equ	RFLAGS, 128
	.equ	FS_BASE, 144
	.equ	GS_BASE, 152
	.equ	SELECTOR, 160
	.equ	FX, 208

	.bss
	.balign	64
	.globl	host_in, host_saved, host_plain_fx, host_stack, host_code, host_way, host_fs
host_in:	.skip	FX + 512
host_saved:	.skip	FX + 512
host_plain_fx:	.skip	512
host_stack:	.skip	8
host_code:	.skip	8
host_way:	.skip	8
host_fs:	.skip	8
		.skip	64
scratch:	.skip	8

	.data
	.globl	host_ways, host_far_ways, host_far
host_ways:
	.quad	way_next, way_back, way_far
host_far_ways:	/* from 32-bit code: offset and selector */
	.long	way_next, 0x33
	.long	way_back, 0x33
	.long	way_far, 0x33
host_far:	.long	0, 0x23

	.text
/* void host_enter(void): from host_in to host_saved, by way of the code at host_code. */
	.globl	host_enter
host_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, host_stack
	movw	host_in + SELECTOR + 40, %gs
	movw	host_in + SELECTOR + 16, %ss
	movw	host_in + SELECTOR + 0, %es
	movw	host_in + SELECTOR + 24, %ds
	mov	host_in + GS_BASE, %rax
	wrgsbase %rax
	fxrstor64 host_in + FX
	mov	$host_in + RFLAGS, %esp
	popfq
	mov	host_in + GPR + 0, %rax
	mov	host_in + GPR + 8, %rcx
	mov	host_in + GPR + 16, %rdx
	mov	host_in + GPR + 24, %rbx
	mov	host_in + GPR + 40, %rbp
	mov	host_in + GPR + 48, %rsi
	mov	host_in + GPR + 56, %rdi
	mov	host_in + GPR + 64, %r8
	mov	host_in + GPR + 72, %r9
	mov	host_in + GPR + 80, %r10
	mov	host_in + GPR + 88, %r11
	mov	host_in + GPR + 96, %r12
	mov	host_in + GPR + 104, %r13
	mov	host_in + GPR + 112, %r14
	mov	host_in + GPR + 120, %r15
	mov	host_in + GPR + 32, %rsp
	jmp	*host_code

	.globl	host_enter_32
host_enter_32:
	ljmp	*host_far

way_next:
	movq	$0, host_way
	jmp	save
way_back:
	movq	$1, host_way
	jmp	save
way_far:
	movq	$2, host_way
save:
	mov	%rax, host_saved + GPR + 0
	mov	%rcx, host_saved + GPR + 8
	mov	%rdx, host_saved + GPR + 16
	mov	%rbx, host_saved + GPR + 24
	mov	%rsp, host_saved + GPR + 32
	mov	%rbp, host_saved + GPR + 40
	mov	%rsi, host_saved + GPR + 48
	mov	%rdi, host_saved + GPR + 56
	mov	%r8, host_saved + GPR + 64
	mov	%r9, host_saved + GPR + 72
	mov	%r10, host_saved + GPR + 80
	mov	%r11, host_saved + GPR + 88
	mov	%r12, host_saved + GPR + 96
	mov	%r13, host_saved + GPR + 104
	mov	%r14, host_saved + GPR + 112
	mov	%r15, host_saved + GPR + 120
	mov	$scratch + 8, %esp
	pushfq
	popq	host_saved + RFLAGS
	fxsave64 host_saved + FX
	rdgsbase %rax
	mov	%rax, host_saved + GS_BASE
	rdfsbase %rax
	mov	%rax, host_saved + FS_BASE
	movw	%es, host_saved + SELECTOR + 0
	movw	%cs, host_saved + SELECTOR + 8
	movw	%ss, host_saved + SELECTOR + 16
	movw	%ds, host_saved + SELECTOR + 24
	movw	%fs, host_saved + SELECTOR + 32
	movw	%gs, host_saved + SELECTOR + 40
	mov	$0x2b, %eax
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %es
	mov	%eax, %ds
	mov	%eax, %fs
	mov	%eax, %gs
	mov	host_fs, %rax
	wrfsbase %rax
/* The signal handler comes back here. */
	.globl	host_resume
host_resume:
	mov	host_stack, %rsp
	pushq	$0x202
	popfq
	fxrstor64 host_plain_fx
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
