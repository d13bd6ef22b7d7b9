# hello.S - prints its command line and leaves with the status that its first byte says.
	.include "tests/images/start.inc"
main:
	mov	16(%ebx), %edi		# multiboot information: cmdline
	mov	$greeting, %esi
	call	print
	mov	%edi, %esi
	call	print
	mov	$newline, %esi
	call	print
	movzbl	(%edi), %eax
	sub	$'0', %eax
	jns	1f
	xor	%eax, %eax
1:	jmp	leave

	.section .rodata
greeting:
	.asciz	"hello: "
newline:
	.asciz	"\n"
