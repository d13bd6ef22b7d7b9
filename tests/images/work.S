# work.S - mixes numbers in memory for a while: a few million instructions, then leaves. Bit 0 of
# its command line's first byte decides on one store in the middle, for `ringv diff`.
	.include "tests/images/start.inc"
main:
	mov	16(%ebx), %edi
	movzbl	(%edi), %edi
	and	$1, %edi
	mov	$500000, %ecx
	mov	$1, %eax
1:	imul	$1664525, %eax
	add	$1013904223, %eax
	mov	%eax, %ebx
	shr	$20, %ebx
	addl	%eax, table(, %ebx, 4)
	cmp	$250000, %ecx
	jne	2f
differ:
	add	%edi, %eax
2:	dec	%ecx
	jnz	1b
	xor	%eax, %eax
	jmp	leave

	.bss
	.balign	4096
table:
	.skip	16384
