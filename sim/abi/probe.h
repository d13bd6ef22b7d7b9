/* probe.h - marks a semantic step of the target, for whoever watches from outside.
 *
 *	PROBE(notify_sent, p->pid, vcoreid);
 *
 * A USDT probe (sys/sdt.h): one NOP in the code, and a note in the ELF file that says where it is
 * and where its arguments are just then. It costs the NOP and never changes what the code does.
 * Arguments are integers or pointers, at most 12 (0 is fine), without side effects. docs/probes.md
 * lists every probe and what its arguments mean; ringv checks the list against the images.
 *
 * Target code only: the simulator reads the notes.
 */
#ifndef ABI_PROBE_H
#define ABI_PROBE_H

#define SDT_USE_VARIADIC 1
#include <sys/sdt.h>

#define PROBE(...) STAP_PROBEV(ringv, __VA_ARGS__)

#endif
