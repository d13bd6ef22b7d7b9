#include "sim/cli/crew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cli/tty.h"

#define AHEAD    2    /* jobs that a worker has been given: one that it does, one that waits */
#define ATTEMPTS 3    /* at a job */
#define WINDOW   4096 /* results that wait for an earlier one */

struct worker {
	pid_t pid;         /* 0: none */
	int jobs, results; /* pipes: to it, and from it */
	unsigned count;
	uint64_t given[AHEAD]; /* oldest first */
	uint64_t since;        /* host time: the oldest was given, or the one before it done */
	size_t got;            /* bytes of a result */
	uint8_t *partial;
};

enum slot_state { SLOT_FREE, SLOT_GIVEN, SLOT_WAITING, SLOT_DONE, SLOT_LOST };

/* A job that is under way or done, by its place in the order modulo WINDOW. */
struct slot {
	enum slot_state state;
	unsigned attempts;
	uint8_t *result;
};

struct crew {
	struct crew_work work;
	uint64_t next, given; /* places in the order: to hand out, to give to a worker */
	uint64_t places;      /* of all jobs */
	uint64_t ended, slow;
	uint8_t *memory; /* of all results */
	struct slot slots[WINDOW];
	struct worker at[CREW_MAX];
};

static uint64_t number_of(const struct crew *c, uint64_t place)
{
	return c->work.first + place * c->work.step;
}

static struct slot *slot_of(struct crew *c, uint64_t place)
{
	return &c->slots[place % WINDOW];
}

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

static bool read_all(int fd, void *data, size_t size)
{
	char *to = data;

	while (size != 0) {
		ssize_t n = read(fd, to, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		size -= (size_t)n;
	}
	return true;
}

static _Noreturn void be_worker(struct crew *c, int jobs, int results)
{
	void *result = calloc(1, c->work.result_size);
	uint64_t place;

	SIM_ASSERT(result != NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read_all(jobs, &place, sizeof(place))) {
		c->work.job(c->work.context, number_of(c, place), result);
		if (!write_all(results, result, c->work.result_size))
			break;
	}
	_exit(SIM_PASS);
}

/* --- outside --- */

static void close_pipes(struct worker *w)
{
	close(w->jobs);
	close(w->results);
}

static bool start_worker(struct crew *c, struct worker *w, struct error *e)
{
	int jobs[2], results[2];

	if (pipe(jobs) != 0)
		return fail(e, "cannot start a worker: %s", strerror(errno));
	if (pipe(results) != 0) {
		close(jobs[0]);
		close(jobs[1]);
		return fail(e, "cannot start a worker: %s", strerror(errno));
	}
	fflush(NULL); /* what is buffered must not be written twice */
	w->pid = fork();
	if (w->pid == 0) {
		w->pid = 0;
		for (unsigned i = 0; i < c->work.workers; i++)
			if (c->at[i].pid != 0)
				close_pipes(&c->at[i]);
		close(jobs[1]);
		close(results[0]);
		be_worker(c, jobs[0], results[1]);
	}
	close(jobs[0]);
	close(results[1]);
	if (w->pid < 0) {
		w->pid = 0;
		close(jobs[1]);
		close(results[0]);
		return fail(e, "cannot start a worker: %s", strerror(errno));
	}
	w->jobs = jobs[1];
	w->results = results[0];
	w->count = 0;
	w->got = 0;
	return true;
}

/* The next job that nobody has been given, or that somebody has not done; false: none just now. */
static bool next_place(struct crew *c, uint64_t *place)
{
	for (*place = c->next; *place < c->given; ++*place)
		if (slot_of(c, *place)->state == SLOT_WAITING)
			return true;
	if (c->given == c->places || c->given - c->next == WINDOW)
		return false;
	*place = c->given++;
	slot_of(c, *place)->attempts = 0;
	return true;
}

static void give(struct crew *c, struct worker *w)
{
	uint64_t place;

	while (w->count < AHEAD && next_place(c, &place)) {
		slot_of(c, place)->state = SLOT_GIVEN;
		slot_of(c, place)->attempts++;
		if (w->count == 0)
			w->since = tty_now();
		w->given[w->count++] = place;
		if (!write_all(w->jobs, &place, sizeof(place)))
			return; /* it has ended: its results say so */
	}
}

/* One that has no job ends when it is offered none; any other has nothing to lose. */
static void end_worker(struct worker *w)
{
	if (w->count != 0)
		kill(w->pid, SIGKILL);
	close_pipes(w);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
}

/* Only the job that it was at counts as tried. */
static void replace_worker(struct crew *c, struct worker *w)
{
	end_worker(w);
	c->ended++;
	for (unsigned i = 0; i < w->count; i++) {
		struct slot *s = slot_of(c, w->given[i]);

		if (i != 0)
			s->attempts--;
		s->state = s->attempts < ATTEMPTS ? SLOT_WAITING : SLOT_LOST;
	}
	w->count = 0;
}

static void take_result(struct crew *c, struct worker *w)
{
	struct slot *s = slot_of(c, w->given[0]);

	memcpy(s->result, w->partial, c->work.result_size);
	s->state = SLOT_DONE;
	w->got = 0;
	w->count--;
	memmove(w->given, w->given + 1, w->count * sizeof(w->given[0]));
	w->since = tty_now();
}

static void read_results(struct crew *c, struct worker *w)
{
	ssize_t n = read(w->results, w->partial + w->got, c->work.result_size - w->got);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0 || w->count == 0) {
		replace_worker(c, w);
		return;
	}
	w->got += (size_t)n;
	if (w->got == c->work.result_size)
		take_result(c, w);
}

static void end_slow(struct crew *c, struct worker *w)
{
	if (w->count == 0 || tty_now() - w->since < c->work.patience)
		return;
	c->slow++;
	replace_worker(c, w);
}

/* Every worker lives and has work; then waits for results, or for a tenth of a second. */
static bool step(struct crew *c, struct error *e)
{
	struct pollfd fds[CREW_MAX];

	for (unsigned i = 0; i < c->work.workers; i++) {
		struct worker *w = &c->at[i];

		if (w->pid == 0 && !start_worker(c, w, e))
			return false;
		give(c, w);
		fds[i] = (struct pollfd){.fd = w->results, .events = POLLIN};
	}
	if (poll(fds, c->work.workers, 100) < 0)
		return errno == EINTR || fail(e, "poll: %s", strerror(errno));
	for (unsigned i = 0; i < c->work.workers; i++) {
		if (fds[i].revents != 0)
			read_results(c, &c->at[i]);
		else
			end_slow(c, &c->at[i]);
	}
	return true;
}

enum crew_answer crew_next(
	struct crew *c, uint64_t *number, void *result, const volatile int *please, struct error *e)
{
	struct slot *s = slot_of(c, c->next);
	enum slot_state how;

	SIM_ASSERT(c->next < c->places);
	while (s->state != SLOT_DONE && s->state != SLOT_LOST) {
		if (*please != 0)
			return CREW_STOPPED;
		if (!step(c, e))
			return CREW_FAILED;
	}
	how = s->state;
	*number = number_of(c, c->next++);
	memcpy(result, s->result, c->work.result_size);
	s->state = SLOT_FREE;
	return how == SLOT_DONE ? CREW_DONE : CREW_LOST;
}

struct crew *crew_start(const struct crew_work *work, struct error *e)
{
	struct crew *c = calloc(1, sizeof(*c));

	SIM_ASSERT(c != NULL);
	c->work = *work;
	c->places = work->last < work->first ? 0 : (work->last - work->first) / work->step + 1;
	c->memory = calloc(WINDOW + work->workers, work->result_size);
	SIM_ASSERT(c->memory != NULL);
	for (unsigned i = 0; i < WINDOW; i++)
		c->slots[i].result = c->memory + i * work->result_size;
	for (unsigned i = 0; i < work->workers; i++)
		c->at[i].partial = c->memory + (WINDOW + i) * work->result_size;
	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < work->workers; i++)
		if (!start_worker(c, &c->at[i], e)) {
			crew_stop(c);
			return NULL;
		}
	return c;
}

uint64_t crew_ended(const struct crew *c)
{
	return c->ended;
}

uint64_t crew_slow(const struct crew *c)
{
	return c->slow;
}

void crew_stop(struct crew *c)
{
	for (unsigned i = 0; i < c->work.workers; i++)
		if (c->at[i].pid != 0)
			end_worker(&c->at[i]);
	free(c->memory);
	free(c);
}
