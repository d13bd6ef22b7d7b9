# own.S - a kernel that is not ringv's: it runs one program, the first ELF file in its module, as
# process 1 in ring 3 of long mode, and tells by probes whom the pcore works for. docs/own-kernel.md
# explains it.
	.include "tests/images/start.inc"
	.include "tests/images/probe.inc"

	.equ	USER_STACK, 0x800000

main:
	call	load_program
	call	set_descriptors
	call	make_page_tables
	mov	%cr4, %eax
	or	$0x20, %eax		# PAE
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	# EFER
	rdmsr
	or	$0x100, %eax		# LME
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax	# PG
	mov	%eax, %cr0
	lgdt	gdt_register
	lidt	idt_register
	ljmp	$0x08, $long_mode

	.code64
long_mode:
	mov	$0x28, %eax
	ltr	%ax
	mov	$stack_top, %esp
	mov	%cr3, %rcx
	probe	proc_created, "-4@$1 4@$program_name 8@%rcx"
	probe	addr_space_loaded, "-4@$1"
	probe	vcore_enter, "-4@$1 4@$0 4@$1"
	mov	entry(%rip), %eax
	push	$0x23
	push	$USER_STACK
	pushf
	push	$0x1b
	push	%rax
	iretq

# Interrupt 0x80: the program has ended.
ended:
	probe	vcore_leave, "-4@$1 4@$0"
	probe	proc_freed, "-4@$1"
	xor	%eax, %eax
	out	%eax, $0xf4
1:	hlt
	jmp	1b

	.code32
# Addresses that the assembler cannot split.
set_descriptors:
	mov	$tss, %eax
	mov	%ax, tss_descriptor + 2
	shr	$16, %eax
	mov	%al, tss_descriptor + 4
	mov	%ah, tss_descriptor + 7
	mov	$ended, %eax
	mov	%ax, gate
	shr	$16, %eax
	mov	%ax, gate + 6
	ret

# The first 16 MiB, for everybody.
make_page_tables:
	movl	$pdpt + 7, pml4
	movl	$pd + 7, pdpt
	mov	$0x87, %eax
	xor	%ecx, %ecx
1:	mov	%eax, pd(,%ecx,8)
	add	$0x200000, %eax
	inc	%ecx
	cmp	$8, %ecx
	jne	1b
	ret

# The multiboot information is at %ebx. Files in a cpio archive lie at multiples of 4.
load_program:
	mov	24(%ebx), %esi		# mods_addr
	mov	(%esi), %edx		# mod_start
1:	cmpl	$0x464c457f, (%edx)	# "\177ELF"
	je	2f
	add	$4, %edx
	jmp	1b
2:	mov	28(%edx), %ebp		# e_phoff
	add	%edx, %ebp
	movzwl	44(%edx), %ebx		# e_phnum
3:	cmpl	$1, (%ebp)		# PT_LOAD
	jne	4f
	mov	4(%ebp), %esi		# p_offset
	add	%edx, %esi
	mov	8(%ebp), %edi		# p_vaddr
	mov	16(%ebp), %ecx		# p_filesz
	rep movsb
4:	add	$32, %ebp
	dec	%ebx
	jnz	3b
	mov	24(%edx), %eax		# e_entry
	mov	%eax, entry
	ret

	.data
program_name:
	.asciz	"own-program"
	.balign	8
gdt:
	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00affb000000ffff, 0x00cff3000000ffff
tss_descriptor:
	.quad	0x0000890000000067, 0
gdt_register:
	.short	7 * 8 - 1
	.long	gdt, 0
	.balign	8
tss:
	.long	0, stack_top, 0
	.skip	104 - 12
idt_register:
	.short	0x81 * 16 - 1
	.long	idt, 0
	.balign	16
idt:
	.skip	0x80 * 16
gate:
	.short	0, 8, 0xee00, 0
	.quad	0

	.bss
	.balign	4096
pml4:
	.skip	4096
pdpt:
	.skip	4096
pd:
	.skip	4096
entry:
	.skip	4
