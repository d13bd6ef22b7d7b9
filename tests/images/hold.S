# hold.S - a pcore that stores and one that waits for it, for tests of what is held back; whoever runs
# it starts each at its function.
	.include "tests/images/start.inc"
main:
	.type	writer, @function
writer:
	movl	$1, x
	mov	x, %eax
	movl	$2, y
	mov	y, %ebx
	mov	$1000, %ecx
1:	dec	%ecx
	jnz	1b
	jmp	stop
	.size	writer, . - writer

	.globl	fenced, locked, exchanged
	.type	fenced, @function
fenced:
	movl	$1, x
	mfence
	jmp	writer
	.size	fenced, . - fenced

	.type	locked, @function
locked:
	movl	$1, x
	lock incl z
	jmp	writer
	.size	locked, . - locked

	.type	exchanged, @function
exchanged:
	movl	$1, x
	xchg	%eax, z
	jmp	writer
	.size	exchanged, . - exchanged

	.globl	reader
	.type	reader, @function
reader:
	inc	%ecx
	cmpl	$0, x
	je	reader
	mov	y, %ebx
stop:	cli
2:	hlt
	jmp	2b
	.size	reader, . - reader

	.globl	handler
	.type	handler, @function
handler:
	iret
	.size	handler, . - handler

	.bss
	.balign	4096
	.globl	x, y, z
	.type	x, @object
	.size	x, 4
x:	.skip	4
	.type	y, @object
	.size	y, 4
y:	.skip	4
	.type	z, @object
	.size	z, 4
z:	.skip	4
