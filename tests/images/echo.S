# echo.S - echoes the serial line until a q comes; polls, and counts meanwhile in memory.
	.include "tests/images/start.inc"
main:
	mov	$0x3fd, %dx
	in	%dx, %al
	incl	counter
	test	$1, %al
	jz	main
	mov	$0x3f8, %dx
	in	%dx, %al
	out	%al, %dx
	cmp	$'q', %al
	jne	main
	xor	%eax, %eax
	jmp	leave

	.bss
	.balign	4096
counter:
	.skip	4096
