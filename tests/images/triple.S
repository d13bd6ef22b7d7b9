# triple.S - faults without an interrupt table.
	.include "tests/images/start.inc"
main:
	lidt	empty
	ud2

	.section .rodata
empty:
	.skip	6
