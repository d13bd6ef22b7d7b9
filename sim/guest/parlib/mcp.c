/* mcp.c - see mcp.h. */
#include "mcp.h"
#include "sim/guest/parlib/uthread.h"
#include "sim/guest/parlib/vcore.h"
#include "stdio.h"
#include "stdlib.h"

#define STATUS_NO_MCP 3

static void (*team_fn)(unsigned int i);

void mcp_start(const char *name)
{
	if (uthread_lib_init() == 0)
		return;
	printf("%s: cannot become a many-core process: error %d\n", name, errno);
	exit(STATUS_NO_MCP);
}

static void run_member(void *arg)
{
	team_fn((unsigned int)(unsigned long)arg);
}

void team_run(unsigned int n, unsigned int vcores, void (*fn)(unsigned int i))
{
	static struct uthread *members[TEAM_MAX];

	team_fn = fn;
	for (unsigned int i = 0; i < n; i++) {
		members[i] = uthread_create(run_member, (void *)(unsigned long)i);
		if (members[i] == NULL) {
			printf("no memory for %u threads\n", n);
			exit(STATUS_NO_MCP);
		}
	}
	vcore_request(vcores);
	for (unsigned int i = 0; i < n; i++)
		uthread_join(members[i]);
}

unsigned int mcp_random(unsigned int *state, unsigned int n)
{
	*state = *state * 1664525 + 1013904223; /* Numerical Recipes' generator */
	return (*state >> 8) % n;
}

void mcp_work(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		__asm__ volatile("" : : : "memory");
}
