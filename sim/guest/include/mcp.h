/* mcp.h - what programs of several uthreads share: becoming a many-core process, and a team. */
#ifndef GUEST_MCP_H
#define GUEST_MCP_H

#define TEAM_MAX 256

/* Makes the process a many-core one, or ends it with status 3 and a line that says why. */
void mcp_start(const char *name);

/* Runs n uthreads, the i-th as fn(i), asks for `vcores`, and joins all. */
void team_run(unsigned int n, unsigned int vcores, void (*fn)(unsigned int i));

/* A pseudo-random number below n from a state of the caller's; the same on every machine. */
unsigned int mcp_random(unsigned int *state, unsigned int n);

/* About n loops that the compiler keeps. */
void mcp_work(unsigned int n);

#endif
