# own-program.S - what own.S runs: makes three steps of progress and ends.
	.include "tests/images/probe.inc"
	.code64
	.section .text.start, "ax"
	.globl	start
start:
	mov	$3, %ecx
1:	probe	progress, "4@%ecx"
	loop	1b
	int	$0x80
