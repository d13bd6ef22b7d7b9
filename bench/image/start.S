/* start.S - from the multiboot loader, or the start-up IPI, to C.
 *
 * A multiboot-1 loader starts the first core at start in 32-bit protected mode without paging
 * (Multiboot Specification, "Machine state"); the trampoline brings the others to ap_start32 in
 * the same mode. The page tables are data: they are not changed but for the user pages.
 */
#include "bench/image/layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00010000 /* use the address fields, not the ELF header */

#define CR0_ON	    0x80010023 /* PG, WP, NE, MP, PE */
#define CR0_OFF	    0x6000000c /* CD, NW, TS, EM */
#define CR4_ON	    0x6a0 /* PAE, PGE, OSFXSR, OSXMMEXCPT */
#define MSR_EFER    0xc0000080
#define EFER_ON	    0x101 /* LME, SCE */
#define PTE_P_W	    0x3
#define PTE_P_W_U   0x7
#define PTE_P_W_G   0x103
#define PTE_P_W_UC  0x1b

	.section .multiboot, "ax"
	.align 8
multiboot_header:
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long multiboot_header
	.long image_start
	.long image_load_end
	.long image_end
	.long start

	.text
	.code32
	.macro enter_long_mode target
	movl $CR4_ON, %eax
	movl %eax, %cr4
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_ON, %eax
	wrmsr
	movl %cr0, %eax
	andl $~CR0_OFF, %eax
	orl $CR0_ON, %eax
	movl %eax, %cr0
	lgdt boot_gdt_ptr
	ljmp $SEL_KERNEL_CODE, $\target
	.endm

	.globl start
start:
	cli
	cld
	movl %ebx, %esi /* the multiboot information */
	enter_long_mode start64

ap_start32:
	movw $SEL_KERNEL_DATA, %ax
	movw %ax, %ds
	movw %ax, %ss
	enter_long_mode ap_start64

	.code64
start64:
	movl %esi, %esi
	xorl %edi, %edi
	jmp 1f
ap_start64:
	movl $1, %edi
	lock xaddl %edi, next_core(%rip)
	xorl %esi, %esi
1:	movl $SEL_KERNEL_DATA, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl %edi, %eax
	incl %eax
	imull $STACK_SIZE, %eax
	leaq stacks(%rax), %rsp
	call image_main
	ud2

/* What a core that receives a start-up IPI runs first, in real mode, copied to TRAMPOLINE_BASE:
 * CS is that page's segment and IP is 0 (SDM "MP Initialization Protocol Algorithm").
 */
	.section .rodata
	.code16
	.globl trampoline_start, trampoline_end
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl trampoline_gdt_ptr - trampoline_start
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $0x18, $ap_start32
	.align 4
trampoline_gdt_ptr:
	.word 4 * 8 - 1
	.long boot_gdt
trampoline_end:

	.section .data
	.align 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* SEL_KERNEL_CODE, 64-bit */
	.quad 0x00cf93000000ffff /* SEL_KERNEL_DATA */
	.quad 0x00cf9b000000ffff /* 0x18: 32-bit code */
boot_gdt_ptr:
	.word . - boot_gdt - 1
	.long boot_gdt

next_core:
	.long 1

	.align PAGE_SIZE
	.globl boot_pml4, page_tables
boot_pml4:
	.quad boot_pdpt + PTE_P_W_U
	.fill 511, 8, 0
boot_pdpt:
	.quad boot_pd + PTE_P_W_U
	.fill 2, 8, 0
	.quad apic_pd + PTE_P_W
	.fill 508, 8, 0
boot_pd:
	.set table, 0
	.rept IDENTITY_MIB / 2
	.quad page_tables + table + PTE_P_W_U
	.set table, table + PAGE_SIZE
	.endr
	.fill 512 - IDENTITY_MIB / 2, 8, 0
apic_pd:
	.fill 503, 8, 0
	.quad apic_pt + PTE_P_W
	.fill 8, 8, 0
apic_pt:
	.quad APIC_BASE + PTE_P_W_UC
	.fill 511, 8, 0
page_tables:
	.set page, 0
	.rept IDENTITY_MIB * 256
	.quad page + PTE_P_W_G
	.set page, page + PAGE_SIZE
	.endr

	.section .bss
	.align 16
stacks:
	.skip STACK_SIZE * MAX_CORES
	.section .note.GNU-stack, "", @progbits
