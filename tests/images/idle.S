# idle.S - halts with interrupts off: nothing will ever wake it.
	.include "tests/images/start.inc"
main:
	cli
	hlt
	jmp	main
