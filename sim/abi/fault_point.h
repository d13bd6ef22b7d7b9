/* fault_point.h - a named place where a known bug can be put back.
 *
 *	if (!fault_point("yield.recheck") && vcpd->notif_pending) ...
 *
 * False, at the cost of a 5-byte NOP. Each use is an entry of the ELF section fault_points: address
 * of the NOP, address to jump to, address of the name. To inject the bug, ringv writes a JMP over
 * the NOP before the run; nothing in the target ever turns one on. A name may be used at several
 * places, which are then on or off together. docs/probes.md lists the names.
 *
 * Target code only.
 */
#ifndef ABI_FAULT_POINT_H
#define ABI_FAULT_POINT_H

/* always_inline and a macro: `name` has to be a literal where the asm statement stands */
#define fault_point(name)                                                                          \
	__extension__({                                                                            \
		__label__ injected, done;                                                          \
		int on = 0;                                                                        \
                                                                                                   \
		__asm__ goto("661: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\t"                         \
			     ".pushsection fault_points.names, \"aMS\", @progbits, 1\n\t"          \
			     "662: .asciz \"" name "\"\n\t"                                        \
			     ".popsection\n\t"                                                     \
			     ".pushsection fault_points, \"a\", @progbits\n\t"                     \
			     ".quad 661b, %l[injected], 662b\n\t"                                  \
			     ".popsection"                                                         \
			     :                                                                     \
			     :                                                                     \
			     :                                                                     \
			     : injected);                                                          \
		goto done;                                                                         \
	injected:                                                                                  \
		on = 1;                                                                            \
	done:                                                                                      \
		on;                                                                                \
	})

#endif
