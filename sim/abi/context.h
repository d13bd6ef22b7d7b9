/* context.h - a user context: the registers of user code that is not running at the moment.
 *
 * Two kinds, as in Akaros. A hardware context was interrupted by a trap or an interrupt at any
 * instruction and holds every general register. A software context stopped itself by a call (a
 * system call, a user-level yield), so it holds only what the System V ABI preserves over calls.
 * Offsets are known to assembly (CTX_*), and checked where the kernel is compiled.
 */
#ifndef ABI_CONTEXT_H
#define ABI_CONTEXT_H

#define ROS_HW_CTX 1
#define ROS_SW_CTX 2

#ifndef __ASSEMBLER__

struct hw_trapframe {
	unsigned long gsbase, fsbase;
	unsigned long rax, rbx, rcx, rdx, rbp, rsi, rdi;
	unsigned long r8, r9, r10, r11, r12, r13, r14, r15;
	unsigned long trapno;
	unsigned long err; /* the CPU pushes this and the rest */
	unsigned long rip, cs, rflags, rsp, ss;
};

struct sw_trapframe {
	unsigned long gsbase, fsbase;
	unsigned long rbx, rbp, r12, r13, r14, r15;
	unsigned long rip, rsp;
	unsigned int mxcsr, fpucw;
};

struct user_context {
	union {
		struct hw_trapframe hw_tf;
		struct sw_trapframe sw_tf;
	};
	unsigned long type; /* ROS_HW_CTX or ROS_SW_CTX */
};

/* Floating-point state: an FXSAVE image. */
struct ancillary_state {
	unsigned char fxsave[512];
} __attribute__((aligned(16)));

#endif
#endif
