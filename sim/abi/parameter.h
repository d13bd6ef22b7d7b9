/* parameter.h - says which arguments of a program make it do more, and from where on.
 *
 *	PROGRAM_PARAMETERS("threads>=1 rounds>=1");
 *
 * Once in a program, outside of functions: argument 1 is the number of threads, at least 1, and so
 * on, all with a blank between. `ringv minimise` tries smaller ones. It is an ELF section that is
 *not loaded, and changes nothing.
 *
 * Target code only: the simulator reads the section.
 */
#ifndef ABI_PARAMETER_H
#define ABI_PARAMETER_H

#define PROGRAM_PARAMETERS(text)                                                                   \
	__asm__(".pushsection program_parameters, \"\", @progbits\n\t"                             \
		".asciz \"" text "\"\n\t"                                                          \
		".popsection")

#endif
