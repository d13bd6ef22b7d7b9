/* storm.h - storm=USEC[,COUNT] on the command line: every USEC microseconds a vcore of some MCP is
 * preempted, and its core stays away for half that time; now and then all vcores at once. Which
 * ones is always the same sequence. It ends after COUNT preemptions, or never. For machines that
 * have no stimulus device.
 */
#ifndef KERNEL_STORM_H
#define KERNEL_STORM_H

/* On core 0. */
void storm_init(void);

/* At the end of the run: how many there were, if there was to be a storm. */
void storm_report(void);

#endif
