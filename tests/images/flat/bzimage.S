# bzimage.S - a bzImage that says how it was entered, prints its command line and its initial
# ramdisk, and leaves with the number of ranges of its memory map.
	.set	setup_size, 1024
	.set	address, 0x200000
	.macro	at offset
	.org	\offset
	.endm

begin:
	at	0x1f1
	.byte	1			# setup_sects
	at	0x1fe
	.word	0xaa55			# boot_flag
	.byte	0xeb, header_end - begin - 0x202	# jump
	.ascii	"HdrS"
	.word	0x20c			# version
	at	0x20e
	.word	version - begin - 0x200	# kernel_version
	at	0x211
	.byte	1			# loadflags: LOADED_HIGH
	at	0x22c
	.long	0x7fffffff		# initrd_addr_max
	at	0x236
	.word	1			# xloadflags: XLF_KERNEL_64
	.long	63			# cmdline_size
	at	0x258
	.quad	address			# pref_address
	.long	0x1000			# init_size
header_end:
	at	0x280
version:
	.asciz	"1.2.3-test"

	at	setup_size
	.code32
	mov	$'3', %bl
	jmp	common

	at	setup_size + 0x200
	.code64
	mov	$'6', %bl		# then alike in both modes: common uses no stack
	jmp	common

common:
	.code32
	mov	$0x3f8, %edx
	mov	%bl, %al
	out	%al, %dx
	mov	0x228(%esi), %edi	# cmd_line_ptr
1:	mov	(%edi), %al
	test	%al, %al
	jz	2f
	out	%al, %dx
	lea	1(%edi), %edi
	jmp	1b
2:	mov	0x218(%esi), %edi	# ramdisk_image
	mov	0x21c(%esi), %ecx	# ramdisk_size
3:	test	%ecx, %ecx
	jz	4f
	mov	(%edi), %al
	out	%al, %dx
	lea	1(%edi), %edi
	sub	$1, %ecx
	jmp	3b
4:	movzbl	0x1e8(%esi), %eax	# e820_entries
	out	%al, $0xf4
5:	hlt
	jmp	5b
