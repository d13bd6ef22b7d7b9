/* crt0.S - where a program starts, and the one instruction that enters the kernel. */
	.text

/* The kernel leaves argc, argv and a 0 on the stack (System V ABI, "Process Initialization"). */
	.globl _start
_start:
	xorl %ebp, %ebp
	movq (%rsp), %rdi
	leaq 8(%rsp), %rsi
	andq $-16, %rsp
	call main
	movl %eax, %edi
	call exit
	ud2

/* void sys_submit(struct syscall *calls, unsigned long count): the kernel keeps only what a called
 * function has to keep, so for the caller this is an ordinary call.
 */
	.globl sys_submit
sys_submit:
	syscall
	ret
	.section .note.GNU-stack, "", @progbits
