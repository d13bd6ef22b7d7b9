/* legacy_switch.S - out of IA-32e mode into 32-bit protected mode without paging, or on into real mode,
 * and back when an exception or interrupt comes.
 *
 * legacy_enter loads the state in legacy_state, and comes back when it has been saved there. SDM
 * "Switching Out of Compatibility Mode and IA-32e Mode", "Mode Switching". What runs in real mode,
 * and the state, are copied to LEGACY_BASE, where all offsets are below 64 KiB.
 */
#include "tests/system/image/layout.h"

#define MSR_EFER  0xc0000080
#define EFER_LME  0x100
#define CR0_PE    1
#define CR0_PG_BIT 31
#define CR4_PAE   0x20
#define TSS_BUSY  2

#define LOW(x)	  (x - legacy_low + LEGACY_BASE)
#define STATE(x)  (LOW(legacy_state) + (x))

	.text
	.globl legacy_enter
legacy_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, legacy_rsp
	sidt saved_idt_ptr
	movq %cr3, %rax
	movl %eax, saved_cr3
	lidt legacy_idt_ptr
	ljmpl *to_compat

	.code32
compat:
	call flat_segments
	movl %cr0, %eax
	btrl $CR0_PG_BIT, %eax
	movl %eax, %cr0
	movl $MSR_EFER, %ecx
	rdmsr
	andl $~EFER_LME, %eax
	wrmsr
	cmpw $0, STATE(LEGACY_REAL)
	jne to_real
	cmpw $0, STATE(LEGACY_TR)
	je 1f
	ltrw STATE(LEGACY_TR)
1:
	movl STATE(4 * 4), %eax
	movw STATE(LEGACY_SS), %ss
	movl %eax, %esp
	pushl STATE(LEGACY_EFLAGS)
	pushl STATE(LEGACY_CS)
	pushl STATE(LEGACY_EIP)
	movw STATE(LEGACY_ES), %es
	movw STATE(LEGACY_FS), %fs
	movw STATE(LEGACY_GS), %gs
	movl STATE(1 * 4), %ecx
	movl STATE(2 * 4), %edx
	movl STATE(3 * 4), %ebx
	movl STATE(5 * 4), %ebp
	movl STATE(6 * 4), %esi
	movl STATE(7 * 4), %edi
	pushl STATE(LEGACY_DS)
	movl STATE(0), %eax
	popl %ds
	iretl

to_real:
	ljmp $SEL_CODE16, $LOW(leave_protected)

flat_segments:
	popl %ebx
	movw $SEL_KERNEL_DATA, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $legacy_stack_top, %esp
	jmp *%ebx

/* The stubs of protected mode: vector and error code are on the context's stack. */
	.macro stub32 vector
	.align 16
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17
	.else
	pushl $0
	.endif
	pushl $\vector
	jmp protected_common
	.endm

	.altmacro
	.align 16
	.globl legacy_stubs
legacy_stubs:
	.set v, 0
	.rept LEGACY_VECTORS
	stub32 %v
	.set v, v + 1
	.endr
	.noaltmacro

protected_common:
	pushl %ds
	pushl %eax
	movw $SEL_KERNEL_DATA, %ax
	movw %ax, %ds
	popl STATE(0 * 4)
	popl %eax
	movw %ax, STATE(LEGACY_DS)
	movl %ecx, STATE(1 * 4)
	movl %edx, STATE(2 * 4)
	movl %ebx, STATE(3 * 4)
	movl %ebp, STATE(5 * 4)
	movl %esi, STATE(6 * 4)
	movl %edi, STATE(7 * 4)
	movw %es, STATE(LEGACY_ES)
	movw %fs, STATE(LEGACY_FS)
	movw %gs, STATE(LEGACY_GS)
	movw %ss, STATE(LEGACY_SS)
	popl STATE(LEGACY_VECTOR)
	popl STATE(LEGACY_ERROR)
	popl STATE(LEGACY_EIP)
	popl %eax
	movw %ax, STATE(LEGACY_CS)
	popl STATE(LEGACY_EFLAGS)
	movl %esp, STATE(4 * 4)
back:
	cld
	clts
	call flat_segments
	movl %cr0, %eax
	btrl $CR0_PG_BIT, %eax
	movl %eax, %cr0
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl saved_cr3, %eax
	movl %eax, %cr3
	andb $~TSS_BUSY, gdt + SEL_TSS + 5
	movl $SEL_TSS, %eax /* IA-32e mode does not begin with a 16-bit TSS */
	ltrw %ax
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	btsl $CR0_PG_BIT, %eax
	movl %eax, %cr0
	ljmp $SEL_KERNEL_CODE, $back64

	.code64
back64:
	movl $SEL_KERNEL_DATA, %eax
	movw %ax, %ss
	movq legacy_rsp, %rsp
	lidt saved_idt_ptr
	pushq $2
	popfq
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* --- copied to LEGACY_BASE --- */

	.section .data
	.align 16
	.globl legacy_low, legacy_low_end, legacy_low_state, legacy_real_stubs
legacy_low:
	.code16
leave_protected:
	movw $SEL_DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl %cr0, %eax
	andl $~CR0_PE, %eax
	movl %eax, %cr0
	ljmpw $0, $LOW(real)
real:
	xorw %ax, %ax
	movw %ax, %ds
	lidtw LOW(ivt_ptr)
	movw STATE(LEGACY_ES), %es
	movw STATE(LEGACY_FS), %fs
	movw STATE(LEGACY_GS), %gs
	movw STATE(LEGACY_SS), %ss
	movl STATE(4 * 4), %esp
	pushw STATE(LEGACY_EFLAGS)
	pushw STATE(LEGACY_CS)
	pushw STATE(LEGACY_EIP)
	movl STATE(0 * 4), %eax
	movl STATE(1 * 4), %ecx
	movl STATE(2 * 4), %edx
	movl STATE(3 * 4), %ebx
	movl STATE(5 * 4), %ebp
	movl STATE(6 * 4), %esi
	movl STATE(7 * 4), %edi
	movw STATE(LEGACY_DS), %ds
	iretw

	.macro stub16 vector
	.align 8
	pushw $\vector
	jmp LOW(real_common) - LEGACY_BASE + legacy_low
	.endm

	.altmacro
	.align 8
legacy_real_stubs:
	.set v, 0
	.rept LEGACY_VECTORS
	stub16 %v
	.set v, v + 1
	.endr
	.noaltmacro

real_common:
	movl %eax, %cs:STATE(0 * 4)
	movw %ds, %ax
	movw %ax, %cs:STATE(LEGACY_DS)
	xorw %ax, %ax
	movw %ax, %ds
	movl %ecx, STATE(1 * 4)
	movl %edx, STATE(2 * 4)
	movl %ebx, STATE(3 * 4)
	movl %ebp, STATE(5 * 4)
	movl %esi, STATE(6 * 4)
	movl %edi, STATE(7 * 4)
	movw %es, STATE(LEGACY_ES)
	movw %fs, STATE(LEGACY_FS)
	movw %gs, STATE(LEGACY_GS)
	movw %ss, STATE(LEGACY_SS)
	popw STATE(LEGACY_VECTOR)
	popw STATE(LEGACY_EIP)
	popw STATE(LEGACY_CS)
	popw STATE(LEGACY_EFLAGS)
	movl %esp, STATE(4 * 4)
	lgdtl LOW(low_gdt_ptr)
	lidtl LOW(low_idt_ptr)
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE32, $back

	.align 8
ivt_ptr:
	.word LEGACY_VECTORS * 4 - 1
	.long LEGACY_IVT
low_gdt_ptr:
	.word GDT_ENTRIES * 8 - 1
	.long gdt
low_idt_ptr:
	.word LEGACY_VECTORS * 8 - 1
	.long legacy_idt
	.align 8
legacy_state:
	.skip LEGACY_SIZE
legacy_low_end:
	.set legacy_low_state, LOW(legacy_state)

to_compat:
	.long compat
	.word SEL_CODE32
	.align 8
legacy_idt_ptr:
	.word LEGACY_VECTORS * 8 - 1
	.quad legacy_idt

	.section .bss
	.align 16
legacy_rsp:
	.skip 8
saved_cr3:
	.skip 8
saved_idt_ptr:
	.skip 16
	.skip 4096
legacy_stack_top:
	.section .note.GNU-stack, "", @progbits
