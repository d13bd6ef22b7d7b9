/* boot.S - from the multiboot loader to C.
 *
 * A multiboot-1 loader starts the boot core at boot_start in 32-bit protected mode without paging
 * (Multiboot Specification, "Machine state"); the trampoline brings the other cores to ap_start32
 * in the same mode. Both turn on long mode with the boot page tables, which map the first GiB
 * three times: at 0, so that the next instruction exists; at KERNBASE; and at KERN_LOAD_ADDR,
 * where the kernel is linked. pagetable.c replaces these tables.
 */
#include "sim/kernel/memlayout.h"

#define PHYS(x) ((x) - KERN_LOAD_ADDR)

#define MULTIBOOT_MAGIC 0x1badb002
/* page-aligned modules, memory map, and: use the address fields, not the ELF header */
#define MULTIBOOT_FLAGS 0x00010003

#define CR0_ON	   0x80010023 /* PG, WP, NE, MP, PE */
#define CR0_OFF	   0x6000000c /* CD, NW, TS, EM */
#define CR4_PAE	   0x20
#define MSR_EFER   0xc0000080
#define EFER_ON	   0x901 /* NXE, LME, SCE */
#define CPUID_LM   29
#define CPUID_NX   20
#define PTE_P_W	   0x3
#define PTE_P_W_PS 0x83
#define BOOT_STACK_SIZE 16384

	.section .multiboot, "ax"
	.align 8
multiboot_header:
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long PHYS(multiboot_header)
	.long PHYS(kernel_text_start)
	.long PHYS(kernel_load_end)
	.long PHYS(kernel_end)
	.long PHYS(boot_start)

	.code32
	.macro enter_long_mode target
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $PHYS(boot_pml4), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_ON, %eax
	wrmsr
	movl %cr0, %eax
	andl $~CR0_OFF, %eax
	orl $CR0_ON, %eax
	movl %eax, %cr0
	lgdt PHYS(boot_gdt_ptr)
	ljmp $0x08, $PHYS(\target)
	.endm

	.globl boot_start
boot_start:
	cli
	cld
	movl %eax, %edi /* the loader's magic; cpuid changes eax to edx */
	movl %ebx, %esi /* physical address of the multiboot information */
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb no_long_mode
	movl $0x80000001, %eax
	cpuid
	btl $CPUID_LM, %edx
	jnc no_long_mode
	btl $CPUID_NX, %edx
	jnc no_long_mode
	enter_long_mode boot_start64

no_long_mode:
	movl $PHYS(no_long_mode_text), %esi
	movw $0x3f8, %dx
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, %dx
	jmp 1b
2:	hlt
	jmp 2b

	.globl ap_start32
ap_start32:
	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %ss
	enter_long_mode ap_start64

	.code64
	.macro load_flat_segments
	movl $0x10, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	xorl %eax, %eax
	movw %ax, %fs
	movw %ax, %gs
	xorl %ebp, %ebp /* ends backtraces */
	.endm

boot_start64:
	movabsq $1f, %rax
	jmp *%rax
1:	load_flat_segments
	movq $boot_stack_top, %rsp
	movl %edi, %edi
	movl %esi, %esi
	call kernel_main
	ud2

/* Each core takes the next of the stacks that core 0 prepared: no two share one. A stack may lie
 * beyond what the boot page tables map, so the kernel's own come first.
 */
ap_start64:
	movabsq $1f, %rax
	jmp *%rax
1:	load_flat_segments
	movq ap_cr3(%rip), %rax
	movq %rax, %cr3
	movl $1, %eax
	lock xaddl %eax, ap_arrivals(%rip)
	movq ap_stack_tops(, %rax, 8), %rsp
	call smp_ap_main
	ud2

	.section .rodata
no_long_mode_text:
	.asciz "ringv-kernel: this CPU has no long mode or no NX\n"

	.section .data
	.align 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 0x08: 64-bit code */
	.quad 0x00cf93000000ffff /* 0x10: data */
	.quad 0x00cf9b000000ffff /* 0x18: 32-bit code */
boot_gdt_ptr:
	.word . - boot_gdt - 1
	.long PHYS(boot_gdt)

	.align PGSIZE
boot_pml4:
	.quad PHYS(boot_pdpt_low) + PTE_P_W /* 0 */
	.fill 255, 8, 0
	.quad PHYS(boot_pdpt_low) + PTE_P_W /* KERNBASE */
	.fill 254, 8, 0
	.quad PHYS(boot_pdpt_high) + PTE_P_W /* KERN_LOAD_ADDR */
boot_pdpt_low:
	.quad PHYS(boot_pd) + PTE_P_W
	.fill 511, 8, 0
boot_pdpt_high:
	.fill 511, 8, 0
	.quad PHYS(boot_pd) + PTE_P_W
boot_pd:
	.set page, 0
	.rept 512
	.quad page + PTE_P_W_PS
	.set page, page + 0x200000
	.endr

	.section .bss
	.align 16
	.globl boot_stack_top
	.skip BOOT_STACK_SIZE
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
