/* relax.h - in loops that wait for something that another vcore has to do. */
#ifndef PARLIB_RELAX_H
#define PARLIB_RELAX_H

#define ANY_VCORE 0xffffffffu /* it is not known which one */

/* Notifications disabled: if that vcore is preempted, lets it have this core. ANY_VCORE: all
 * others, one after the other.
 */
void ensure_vcore_runs(unsigned int vcoreid);

/* A pause, and once in a while ensure_vcore_runs. With notifications enabled that is not needed:
 * the preemption event takes care.
 */
void cpu_relax_vc(unsigned int vcoreid);

#endif
