# power.S - switches off (o) or resets the machine by port 0xcf9 (r), 0x92 (a) or 0x64 (k), as the
# first byte of its command line says.
	.include "tests/images/start.inc"
main:
	mov	16(%ebx), %edi		# multiboot information: cmdline
	mov	(%edi), %cl
	cmp	$'o', %cl
	je	off
	cmp	$'r', %cl
	je	reset
	cmp	$'a', %cl
	je	fast
	mov	$0xfe, %al
	out	%al, $0x64
	jmp	still
fast:	in	$0x92, %al
	or	$1, %al
	out	%al, $0x92
	jmp	still
reset:	mov	$0xcf9, %dx
	mov	$0x06, %al
	out	%al, %dx
	jmp	still
off:	mov	$0x604, %dx		# PM1a control: SLP_EN, sleep type 0
	mov	$0x2000, %ax
	out	%ax, %dx
still:	mov	$9, %eax
	jmp	leave
