# fault.S - takes an invalid-opcode exception and leaves from its handler.
	.include "tests/images/start.inc"
main:
	lgdt	gdt_register
	ljmp	$8, $1f
1:	mov	$handler, %eax
	mov	%ax, gate
	shr	$16, %eax
	mov	%ax, gate + 6
	lidt	idt_register
	ud2

handler:
	xor	%eax, %eax
	jmp	leave

	.data
	.balign	8
idt:
	.skip	6 * 8
gate:
	.short	0, 8, 0x8e00, 0
idt_register:
	.short	7 * 8 - 1
	.long	idt
	.balign	8
gdt:
	.quad	0, 0x00cf9b000000ffff
gdt_register:
	.short	2 * 8 - 1
	.long	gdt
