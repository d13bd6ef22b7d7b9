/* context.S - what kernel code does with stacks and faults that C cannot say. */
	.text

/* int setjmp(struct jmpbuf *): 0 now, the value given to longjmp when that comes. The buffer holds
 * what the System V ABI preserves: rbx, rbp, r12 to r15, rsp, rip.
 */
	.globl setjmp
setjmp:
	popq %rsi
	movq %rbx, 0(%rdi)
	movq %rbp, 8(%rdi)
	movq %r12, 16(%rdi)
	movq %r13, 24(%rdi)
	movq %r14, 32(%rdi)
	movq %r15, 40(%rdi)
	movq %rsp, 48(%rdi)
	movq %rsi, 56(%rdi)
	xorl %eax, %eax
	jmp *%rsi

/* _Noreturn void longjmp(struct jmpbuf *, int value) */
	.globl longjmp
longjmp:
	movl %esi, %eax
	movq 0(%rdi), %rbx
	movq 8(%rdi), %rbp
	movq 16(%rdi), %r12
	movq 24(%rdi), %r13
	movq 32(%rdi), %r14
	movq 40(%rdi), %r15
	movq 48(%rdi), %rsp
	jmp *56(%rdi)

/* _Noreturn void reset_stack_and_call(void *arg, uint64_t stacktop, void (*fn)(void *arg)): leaves
 * the current stack for good.
 */
	.globl reset_stack_and_call
reset_stack_and_call:
	movq %rsi, %rsp
	xorl %ebp, %ebp
	call *%rdx
	ud2

/* A fault at `insn` resumes at `fixup` (trap.c looks it up). */
	.macro may_fault insn, fixup
	.pushsection .extable, "a"
	.quad \insn, \fixup
	.popsection
	.endm

/* size_t user_copy(void *dst, const void *src, size_t n): bytes that were not copied */
	.globl user_copy
user_copy:
	movq %rdx, %rcx
1:	rep movsb
2:	movq %rcx, %rax
	ret
	may_fault 1b, 2b

/* int NAME(T *addr, T bits): *addr OP= bits, atomically; 0, or -1 when it faulted */
	.macro user_operate name, insn, reg
	.globl \name
\name:
	xorl %eax, %eax
1:	lock \insn %\reg, (%rdi)
	ret
2:	movl $-1, %eax
	ret
	may_fault 1b, 2b
	.endm

	user_operate user_or_u32, orl, esi
	user_operate user_and_u32, andl, esi
	user_operate user_or_u64, orq, rsi

/* int NAME(T *addr, T *operand): *addr OP= *operand, atomically, and *operand becomes what was
 * there; 0, or -1 when the access to addr faulted
 */
	.macro user_exchange name, insn, reg
	.globl \name
\name:
	mov (%rsi), %\reg
1:	lock \insn %\reg, (%rdi)
	mov %\reg, (%rsi)
	xorl %eax, %eax
	ret
2:	movl $-1, %eax
	ret
	may_fault 1b, 2b
	.endm

	user_exchange user_xadd_u64, xadd, rdx
	user_exchange user_xchg_u64, xchg, rdx
	user_exchange user_xchg_u32, xchg, edx
	.section .ringv.races, "", @progbits
	.incbin "sim/kernel/races.txt"
	.section .note.GNU-stack, "", @progbits
