# pvh.S - a PVH guest that prints its command line, the string of its first module and the module,
# and leaves with the number of ranges of its memory map.
	.section .note.Xen, "a", @note
	.long	4, 4, 18		# XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.long	entry

	.text
	.code32
	.globl	start
start:	ud2				# the ELF entry is for others
entry:
	mov	$stack_top, %esp
	cmpl	$0x336ec578, (%ebx)
	jne	1f
	mov	24(%ebx), %esi		# command line
	call	print
	mov	16(%ebx), %edi		# modules
	mov	16(%edi), %esi
	call	print
	mov	(%edi), %esi
	call	print
	mov	48(%ebx), %eax		# ranges
	jmp	leave
1:	mov	$99, %eax
	jmp	leave

	.bss
	.balign	16
	.skip	4096
stack_top:

	.include "tests/images/serial.inc"
