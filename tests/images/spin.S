# spin.S - the same for ever: a loop that calls, and flips a word in memory.
	.include "tests/images/start.inc"
main:
	cli
1:	call	flip
	call	flip
	jmp	1b
flip:
	notl	word
	ret

	.bss
	.balign	4
word:
	.skip	4
