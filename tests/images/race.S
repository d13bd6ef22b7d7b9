# race.S - two pcores race for two variables; where the second one starts, and with which registers,
# is for whoever runs it to set.
	.include "tests/images/start.inc"
main:
	.type	one, @function
one:					# step 0
	mov	x, %eax
	add	$1, %eax
	mov	%eax, x
	xchg	%ebx, y
	mov	x, %ecx
	cli
1:	hlt
	jmp	1b
	.size	one, . - one

	.globl	two
	.type	two, @function
two:
	movl	$5, x
	mov	x, %eax
	shll	$1, x
	mov	%eax, y
	mov	x, %ebx
	cli
1:	hlt
	jmp	1b
	.size	two, . - two

	.bss
	.balign	4096
	.globl	x, y
	.type	x, @object
	.size	x, 4
x:	.skip	4
	.type	y, @object
	.size	y, 4
y:	.skip	4
