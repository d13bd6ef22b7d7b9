/* race_rule.h - a line of race rules (docs/formats.md) from C, for a program that has only a few:
 *
 *	RACE_RULE("racy-data length # a hint");
 *
 * It goes into section .ringv.races, which is not loaded. Target code only.
 */
#ifndef ABI_RACE_RULE_H
#define ABI_RACE_RULE_H

#define RACE_RULE(text)                                                                            \
	__asm__(".pushsection .ringv.races, \"\", @progbits\n\t"                                   \
		".ascii \"" text "\\n\"\n\t"                                                       \
		".popsection")

#endif
