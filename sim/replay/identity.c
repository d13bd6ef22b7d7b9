#include "sim/replay/identity.h"

void identity_init(struct identity *i)
{
	memset(i, 0, sizeof(*i));
	for (unsigned c = 0; c < ARRAY_LEN(i->cores); c++)
		i->cores[c].vcoreid = -1;
}

static struct identity_process *find(struct identity *i, int pid)
{
	for (unsigned k = 0; k < IDENTITY_PROCESSES; k++)
		if (pid != 0 && i->processes[k].pid == pid)
			return &i->processes[k];
	return NULL;
}

/* A free place, or the one whose process is the oldest. */
static struct identity_process *place_for(struct identity *i)
{
	struct identity_process *oldest = &i->processes[0];

	for (unsigned k = 0; k < IDENTITY_PROCESSES; k++) {
		if (i->processes[k].pid == 0)
			return &i->processes[k];
		if (i->processes[k].number < oldest->number)
			oldest = &i->processes[k];
	}
	return oldest;
}

/* As much of the text as is mapped and fits. */
static void read_text(const struct vcpu *c, uint64_t la, char *text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && cpu_peek(c, la + n, text + n, 1) && text[n] != '\0')
		n++;
	text[n] = '\0';
}

/* --- what each probe means; the arguments are those of docs/probes.md --- */

typedef void probe_meaning(struct identity *i, const struct vcpu *c, const int64_t *args);

static void forget(struct identity *i, int pid)
{
	struct identity_process *p = find(i, pid);

	if (p != NULL)
		*p = (struct identity_process){0};
	for (unsigned k = 0; k < ARRAY_LEN(i->cores); k++) {
		if (i->cores[k].pid == pid)
			i->cores[k].pid = 0;
		if (i->cores[k].owner == pid) {
			i->cores[k].owner = 0;
			i->cores[k].vcoreid = -1;
		}
	}
}

static void proc_created(struct identity *i, const struct vcpu *c, const int64_t *args)
{
	struct identity_process *p;

	if (args[0] == 0)
		return;
	forget(i, (int)args[0]); /* the pid may have been another process's */
	p = place_for(i);
	*p = (struct identity_process){
		.pid = (int)args[0], .cr3 = (uint64_t)args[2], .number = ++i->created};
	read_text(c, (uint64_t)args[1], p->name, sizeof(p->name));
}

static void proc_freed(struct identity *i, const struct vcpu *c, const int64_t *args)
{
	(void)c;
	if (args[0] != 0)
		forget(i, (int)args[0]);
}

static void addr_space_loaded(struct identity *i, const struct vcpu *c, const int64_t *args)
{
	i->cores[c->id].pid = (int)args[0];
}

static void vcore_enter(struct identity *i, const struct vcpu *c, const int64_t *args)
{
	i->cores[c->id].owner = (int)args[0];
	i->cores[c->id].vcoreid = (int)args[1];
}

static void vcore_leave(struct identity *i, const struct vcpu *c, const int64_t *args)
{
	struct identity_core *core = &i->cores[c->id];

	if (core->owner != (int)args[0] || core->vcoreid != (int)args[1])
		return;
	core->owner = 0;
	core->vcoreid = -1;
}

static const struct {
	const char *name;
	unsigned arg_count;
	probe_meaning *meaning;
} meanings[] = {
	{"proc_created", 3, proc_created},
	{"proc_freed", 1, proc_freed},
	{"addr_space_loaded", 1, addr_space_loaded},
	{"vcore_enter", 2, vcore_enter},
	{"vcore_leave", 2, vcore_leave},
};

void identity_probe(struct identity *i, const struct vcpu *c, const char *name, unsigned arg_count,
	const int64_t *args)
{
	for (unsigned k = 0; k < ARRAY_LEN(meanings); k++) {
		if (strcmp(meanings[k].name, name) != 0)
			continue;
		if (arg_count >= meanings[k].arg_count)
			meanings[k].meaning(i, c, args);
		return;
	}
}

/* --- asking --- */

int identity_pid(const struct identity *i, unsigned core)
{
	return i->cores[core].pid;
}

int identity_owner(const struct identity *i, unsigned core, int *vcoreid)
{
	*vcoreid = i->cores[core].vcoreid;
	return i->cores[core].owner;
}

const struct identity_process *identity_process(const struct identity *i, int pid)
{
	return find((struct identity *)i, pid);
}

const char *identity_name(const struct identity *i, int pid)
{
	const struct identity_process *p = identity_process(i, pid);

	return p != NULL ? p->name : NULL;
}

int identity_find(const struct identity *i, const char *name)
{
	const struct identity_process *youngest = NULL;

	for (unsigned k = 0; k < IDENTITY_PROCESSES; k++) {
		const struct identity_process *p = &i->processes[k];

		if (p->pid != 0 && strcmp(path_last(p->name), path_last(name)) == 0 &&
			(youngest == NULL || p->number > youngest->number))
			youngest = p;
	}
	return youngest != NULL ? youngest->pid : 0;
}

int identity_core_of(const struct identity *i, int pid, int vcoreid)
{
	for (unsigned k = 0; k < ARRAY_LEN(i->cores); k++)
		if (pid != 0 && i->cores[k].owner == pid && i->cores[k].vcoreid == vcoreid)
			return (int)k;
	return -1;
}
