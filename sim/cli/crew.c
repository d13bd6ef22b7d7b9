#include "sim/cli/crew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
	pid_t pid;
	int results; /* the pipe's end that is read */
};

struct crew {
	struct crew_work work;
	uint64_t next; /* job */
	uint64_t started;
	volatile int *stop; /* shared by all processes */
	struct worker at[CREW_MAX];
};

/* --- in a worker --- */

static bool write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size != 0) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		from += n;
		size -= (size_t)n;
	}
	return true;
}

static _Noreturn void be_worker(struct crew *c, uint64_t first, int results)
{
	void *result = calloc(1, c->work.result_size);

	SIM_ASSERT(result != NULL);
	for (uint64_t i = first; i <= c->work.jobs; i += c->work.workers) {
		c->work.job(c->work.context, i, c->stop, result);
		if (*c->stop != 0 || !write_all(results, result, c->work.result_size))
			break;
	}
	_exit(SIM_PASS);
}

/* --- outside --- */

static bool start_worker(struct crew *c)
{
	struct worker *w = &c->at[c->started];
	int ends[2];

	if (pipe(ends) != 0)
		return false;
	w->pid = fork();
	if (w->pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return false;
	}
	if (w->pid == 0) {
		for (uint64_t i = 0; i < c->started; i++)
			close(c->at[i].results);
		close(ends[0]);
		be_worker(c, c->started + 1, ends[1]);
	}
	close(ends[1]);
	w->results = ends[0];
	c->started++;
	return true;
}

struct crew *crew_start(const struct crew_work *work, struct error *e)
{
	struct crew *c = calloc(1, sizeof(*c));
	void *stop = mmap(
		NULL, sizeof(*c->stop), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	SIM_ASSERT(c != NULL);
	SIM_ASSERT(stop != MAP_FAILED);
	c->work = *work;
	c->next = 1;
	c->stop = stop;
	fflush(NULL); /* what is buffered must not be written twice */
	while (c->started < work->workers) {
		if (start_worker(c))
			continue;
		fail(e, "cannot start a worker: %s", strerror(errno));
		crew_stop(c);
		return NULL;
	}
	return c;
}

static bool read_all(int fd, void *data, size_t size, const volatile int *please)
{
	char *to = data;

	while (size != 0) {
		ssize_t n = read(fd, to, size);

		if (n < 0 && errno == EINTR && *please == 0)
			continue;
		if (n <= 0)
			return false;
		to += n;
		size -= (size_t)n;
	}
	return true;
}

bool crew_next(struct crew *c, void *result, const volatile int *please, struct error *e)
{
	int results = c->at[(c->next - 1) % c->work.workers].results;

	if (!read_all(results, result, c->work.result_size, please))
		return fail(e,
			*please != 0 ? "interrupted before run %" PRIu64
				     : "the worker that was to make run %" PRIu64 " has ended",
			c->next);
	c->next++;
	return true;
}

/* Whoever still works looks at *stop, or can write no more. */
void crew_stop(struct crew *c)
{
	*c->stop = 1;
	for (uint64_t i = 0; i < c->started; i++)
		close(c->at[i].results);
	for (uint64_t i = 0; i < c->started; i++)
		while (waitpid(c->at[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
	munmap((void *)c->stop, sizeof(*c->stop));
	free(c);
}
