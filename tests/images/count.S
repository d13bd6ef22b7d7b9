# count.S - a loop that looks like spin.S's, but counts: it is never twice in the same state.
	.include "tests/images/start.inc"
main:
	cli
1:	call	count
	jmp	1b
count:
	incl	word
	ret

	.bss
	.balign	4
word:
	.skip	4
