#include "sim/debug/gdb.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/debug/gdb_packet.h"
#include "sim/debug/gdb_registers.h"

/* Between two looks at the connection. It changes nothing in the run. */
#define CHUNK_STEPS 2000000

#define WATCHES_MAX 32
#define MEMORY_MAX  4096 /* bytes a packet */

enum { SIGNAL_INT = 2, SIGNAL_ILL = 4, SIGNAL_TRAP = 5, SIGNAL_ABRT = 6 };

struct gdb_watch {
	uint64_t address, size;
	char kind; /* '2' write, '3' read, '4' either, as in Z packets */
};

struct gdb {
	struct machine *machine;
	struct gdb_connection connection;
	struct packet in, out;
	const volatile int *please;
	struct stop *stop;  /* how the machine ended */
	unsigned core;      /* that g, p, m and their like are about */
	unsigned next_core; /* that c and s are about; UINT_MAX: any */
	unsigned watch_count;
	struct gdb_watch watches[WATCHES_MAX];
	bool hit; /* a watchpoint, by which core at which address */
	unsigned hit_core;
	struct gdb_watch hit_watch;
	bool done;         /* nothing is left to serve */
	bool detached;     /* and the machine shall run on */
	char target[8192]; /* target.xml */
	size_t target_size;
};

#define ANY_CORE UINT32_MAX

static struct vcpu *current(struct gdb *g)
{
	return &g->machine->cores[g->core];
}

static void reply(struct gdb *g, const char *text)
{
	packet_clear(&g->out);
	packet_add(&g->out, "%s", text);
}

/* --- threads: pcore n is thread n + 1 --- */

static bool parse_thread(const struct gdb *g, const char *text, unsigned *core)
{
	unsigned long id = strtoul(text, NULL, 16);

	*core = ANY_CORE;
	if (text[0] == '-' || id == 0)
		return true;
	*core = (unsigned)id - 1;
	return id <= g->machine->cpu_count;
}

static void set_thread(struct gdb *g)
{
	unsigned core;

	if (!parse_thread(g, g->in.text + 2, &core)) {
		reply(g, "E01");
		return;
	}
	if (g->in.text[1] == 'c')
		g->next_core = core;
	else
		g->core = core == ANY_CORE ? g->core : core;
	reply(g, "OK");
}

static void thread_list(struct gdb *g)
{
	packet_clear(&g->out);
	for (unsigned i = 0; i < g->machine->cpu_count; i++)
		packet_add(&g->out, "%c%x", i == 0 ? 'm' : ',', i + 1);
}

static void thread_extra(struct gdb *g, const char *text)
{
	static const char *const names[] = {[ACTIVITY_RUNNING] = "running",
		[ACTIVITY_HALTED] = "halted",
		[ACTIVITY_WAIT_SIPI] = "waits for SIPI",
		[ACTIVITY_SHUTDOWN] = "shut down",
		[ACTIVITY_MWAIT] = "in MWAIT"};
	char line[96];
	unsigned core;

	_Static_assert(ARRAY_LEN(names) == ACTIVITIES, "each has a name");
	if (!parse_thread(g, text, &core) || core == ANY_CORE) {
		reply(g, "E01");
		return;
	}
	snprintf(line, sizeof(line), "pcore %u, %s, step %" PRIu64, core,
		names[g->machine->cores[core].arch.activity], g->machine->cores[core].arch.step);
	packet_clear(&g->out);
	packet_add_hex(&g->out, (const uint8_t *)line, strlen(line));
}

/* --- registers and memory --- */

static void read_registers(struct gdb *g)
{
	packet_clear(&g->out);
	for (unsigned i = 0; i < gdb_register_count(); i++) {
		uint8_t value[16];

		gdb_register_read(current(g), i, value);
		packet_add_hex(&g->out, value, gdb_register_size(i));
	}
}

static void write_registers(struct gdb *g)
{
	const char *text = g->in.text + 1;

	for (unsigned i = 0; i < gdb_register_count(); i++) {
		unsigned size = gdb_register_size(i);
		uint8_t value[16];

		if (!hex_decode(text, value, size))
			break;
		gdb_register_write(current(g), i, value);
		text += 2 * size;
	}
	reply(g, "OK");
}

static void one_register(struct gdb *g)
{
	char *end;
	unsigned long number = strtoul(g->in.text + 1, &end, 16);
	uint8_t value[16];

	if (number >= gdb_register_count()) {
		reply(g, "E01");
		return;
	}
	if (g->in.text[0] == 'p') {
		gdb_register_read(current(g), (unsigned)number, value);
		packet_clear(&g->out);
		packet_add_hex(&g->out, value, gdb_register_size((unsigned)number));
		return;
	}
	if (*end != '=' || !hex_decode(end + 1, value, gdb_register_size((unsigned)number))) {
		reply(g, "E01");
		return;
	}
	gdb_register_write(current(g), (unsigned)number, value);
	reply(g, "OK");
}

static bool parse_range(const char *text, uint64_t *address, uint64_t *size, char **end)
{
	*address = strtoull(text, end, 16);
	if (**end != ',')
		return false;
	*size = strtoull(*end + 1, end, 16);
	return true;
}

static void read_memory(struct gdb *g)
{
	uint8_t data[MEMORY_MAX];
	uint64_t address, size, done = 0;
	char *end;

	if (!parse_range(g->in.text + 1, &address, &size, &end) || size > MEMORY_MAX) {
		reply(g, "E01");
		return;
	}
	while (done < size && cpu_peek(current(g), address + done, &data[done], 1))
		done++;
	packet_clear(&g->out);
	if (done == 0 && size != 0)
		packet_add(&g->out, "E0e");
	else
		packet_add_hex(&g->out, data, done);
}

static void write_memory(struct gdb *g)
{
	uint8_t data[MEMORY_MAX];
	uint64_t address, size;
	char *end;

	if (!parse_range(g->in.text + 1, &address, &size, &end) || size > MEMORY_MAX ||
		*end != ':' || !hex_decode(end + 1, data, size))
		reply(g, "E01");
	else if (!cpu_poke(current(g), address, data, (unsigned)size))
		reply(g, "E0e");
	else
		reply(g, "OK");
}

/* --- breakpoints and watchpoints --- */

static void on_access(void *context, struct vcpu *c, enum access how, uint64_t la, uint64_t pa,
	unsigned size, uint64_t value)
{
	struct gdb *g = context;

	(void)pa, (void)value;
	for (unsigned i = 0; i < g->watch_count && !g->hit; i++) {
		const struct gdb_watch *w = &g->watches[i];
		bool kind = w->kind == '4' || (w->kind == '2') == (how == ACCESS_WRITE);

		if (how == ACCESS_FETCH || !kind || la >= w->address + w->size ||
			w->address >= la + size)
			continue;
		g->hit = true;
		g->hit_core = c->id;
		g->hit_watch = *w;
		run_please_stop(g->machine);
	}
}

static void watch_machine(struct gdb *g)
{
	struct machine *m = g->machine;

	m->single_steps = g->watch_count != 0;
	for (unsigned i = 0; i < m->cpu_count; i++) {
		m->cores[i].watch = (struct cpu_watch){.context = g};
		if (g->watch_count != 0)
			m->cores[i].watch.access = on_access;
		cpu_watch_changed(&m->cores[i]);
	}
}

static bool watch_change(struct gdb *g, const struct gdb_watch *w, bool insert)
{
	unsigned i = 0;

	while (i < g->watch_count && memcmp(&g->watches[i], w, sizeof(*w)) != 0)
		i++;
	if (insert && i == WATCHES_MAX)
		return false;
	if (insert) {
		g->watches[g->watch_count++] = *w;
	} else if (i < g->watch_count) {
		g->watch_count--;
		memmove(&g->watches[i], &g->watches[i + 1],
			(g->watch_count - i) * sizeof(g->watches[0]));
	}
	watch_machine(g);
	return true;
}

static bool breakpoint_change(struct gdb *g, uint64_t address, bool insert)
{
	struct machine *m = g->machine;

	for (unsigned i = 0; i < m->cpu_count; i++) {
		cpu_breakpoint_remove(&m->cores[i], address);
		if (insert && !cpu_breakpoint_add(&m->cores[i], address))
			return false;
	}
	return true;
}

static void change_point(struct gdb *g)
{
	bool insert = g->in.text[0] == 'Z', good = false;
	char kind = g->in.text[1], *end;
	struct gdb_watch w;

	memset(&w, 0, sizeof(w));
	w.kind = kind;
	if (kind < '0' || kind > '4' || g->in.text[2] != ',') {
		reply(g, "");
		return;
	}
	if (!parse_range(g->in.text + 3, &w.address, &w.size, &end))
		good = false;
	else if (kind <= '1')
		good = breakpoint_change(g, w.address, insert);
	else
		good = watch_change(g, &w, insert);
	reply(g, good ? "OK" : "E01");
}

/* --- running --- */

static void say_stopped(struct gdb *g, unsigned core, int signal)
{
	static const char *const kinds[] = {"watch", "rwatch", "awatch"};

	g->core = core;
	packet_clear(&g->out);
	packet_add(&g->out, "T%02x", signal);
	if (g->hit)
		packet_add(&g->out, "%s:%" PRIx64 ";", kinds[g->hit_watch.kind - '2'],
			g->hit_watch.address);
	packet_add(&g->out, "thread:%x;", core + 1);
}

static void say_console(struct gdb *g, const char *text)
{
	packet_clear(&g->out);
	packet_add(&g->out, "O");
	packet_add_hex(&g->out, (const uint8_t *)text, strlen(text));
	if (!packet_send(&g->connection, &g->out))
		g->done = true;
}

/* Tells gdb why the machine has stopped; the stops that end it are kept. */
static void say_stop(struct gdb *g, struct stop s, unsigned core)
{
	*g->stop = s;
	switch (s.why) {
	case STOP_EXIT:
		packet_clear(&g->out);
		packet_add(&g->out, "W%02x", s.status & 0xff);
		g->done = true;
		return;
	case STOP_OFF:
	case STOP_RESET:
		packet_clear(&g->out);
		packet_add(&g->out, "W00");
		g->done = true;
		return;
	case STOP_IDLE:
		say_console(g, "ringv: every pcore is halted for ever\n");
		say_stopped(g, core, SIGNAL_INT);
		return;
	case STOP_HELD:
		say_console(g, "ringv: every pcore is halted or held back\n");
		say_stopped(g, core, SIGNAL_INT);
		return;
	case STOP_SHUTDOWN:
		say_console(g, "ringv: triple fault\n");
		say_stopped(g, s.core, SIGNAL_ABRT);
		return;
	case STOP_UNIMPLEMENTED:
		say_console(g, "ringv: an instruction that ringv does not have\n");
		say_stopped(g, s.core, SIGNAL_ILL);
		return;
	case STOP_BREAKPOINT:
		say_stopped(g, s.core, SIGNAL_TRAP);
		return;
	case STOP_INTERRUPTED:
		say_stopped(g, g->hit ? g->hit_core : core, g->hit ? SIGNAL_TRAP : SIGNAL_INT);
		return;
	default:
		say_stopped(g, core, SIGNAL_TRAP);
	}
}

/* Runs until the machine stops by itself, or gdb or the user asks. */
static struct stop run_attended(struct gdb *g, struct run_limit limit)
{
	uint64_t end = limit.steps;
	struct stop s;

	do {
		limit.steps = min_u64(end, g->machine->run.steps + CHUNK_STEPS);
		s = machine_run(g->machine, &limit);
		if (s.why == STOP_STEPS && gdb_interrupts(&g->connection))
			s.why = STOP_INTERRUPTED;
	} while (s.why == STOP_STEPS && g->machine->run.steps < end);
	return s;
}

static void resume(struct gdb *g, unsigned core, bool step)
{
	struct run_limit limit = RUN_FREELY;
	struct stop s;

	limit.please = g->please;
	if (step) {
		limit.core = core;
		limit.core_step = g->machine->cores[core].arch.step + 1;
	}
	g->hit = false;
	g->machine->cores[core].skip_breakpoint = g->machine->cores[core].arch.step + 1;
	s = run_attended(g, limit);
	g->machine->cores[core].skip_breakpoint = 0;
	say_stop(g, s, core);
}

/* vCont;action[:thread][;action[:thread]]...: a step of one thread, or everybody goes on. */
static void resume_many(struct gdb *g)
{
	const char *at = g->in.text + 5;
	unsigned core = g->core;
	bool step = false;

	while (*at == ';' && !step) {
		char action = at[1];
		const char *colon = at + 2;

		if (action == 'C' || action == 'S')
			colon += 2;
		step = action == 's' || action == 'S';
		if (*colon == ':' && !parse_thread(g, colon + 1, &core)) {
			reply(g, "E01");
			return;
		}
		core = core == ANY_CORE ? g->core : core;
		at = strchr(at + 1, ';') != NULL ? strchr(at + 1, ';') : "";
	}
	resume(g, core, step);
}

static void resume_one(struct gdb *g)
{
	char action = g->in.text[0];

	resume(g, g->next_core == ANY_CORE ? g->core : g->next_core,
		action == 's' || action == 'S');
}

/* --- queries --- */

static void read_features(struct gdb *g, const char *text)
{
	uint64_t offset, size;
	char *end;

	if (!parse_range(text, &offset, &size, &end) || offset > g->target_size) {
		reply(g, "E01");
		return;
	}
	size = min_u64(min_u64(size, PACKET_MAX / 4), g->target_size - offset);
	packet_clear(&g->out);
	packet_add(&g->out, "%c", offset + size < g->target_size ? 'm' : 'l');
	packet_add_binary(&g->out, g->target + offset, size);
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void query(struct gdb *g)
{
	const char *text = g->in.text;
	static const char features[] = "qXfer:features:read:target.xml:";

	packet_clear(&g->out);
	if (starts(text, "qSupported"))
		packet_add(&g->out,
			"PacketSize=%x;qXfer:features:read+;vContSupported+;QStartNoAckMode+",
			PACKET_MAX / 4);
	else if (starts(text, features))
		read_features(g, text + strlen(features));
	else if (starts(text, "qfThreadInfo"))
		thread_list(g);
	else if (starts(text, "qsThreadInfo"))
		reply(g, "l");
	else if (starts(text, "qThreadExtraInfo,"))
		thread_extra(g, strchr(text, ',') + 1);
	else if (strcmp(text, "qC") == 0)
		packet_add(&g->out, "QC%x", g->core + 1);
	else if (starts(text, "qAttached"))
		reply(g, "1");
}

static void no_ack_mode(struct gdb *g)
{
	reply(g, "OK");
	if (!packet_send(&g->connection, &g->out))
		g->done = true;
	g->connection.no_ack = true;
}

static void thread_alive(struct gdb *g)
{
	unsigned core;

	reply(g, parse_thread(g, g->in.text + 1, &core) ? "OK" : "E01");
}

static void detach(struct gdb *g)
{
	reply(g, "OK");
	g->done = g->detached = true;
}

static void kill_machine(struct gdb *g)
{
	reply(g, "OK");
	g->done = true;
	*g->stop = (struct stop){.why = STOP_INTERRUPTED};
}

static void last_signal(struct gdb *g)
{
	g->hit = false;
	say_stopped(g, g->core, SIGNAL_TRAP);
}

static void offer_vcont(struct gdb *g)
{
	reply(g, "vCont;c;C;s;S");
}

/* --- the table of packets --- */

static const struct request {
	const char *start;
	void (*serve)(struct gdb *g);
	bool silent; /* has sent its own reply, or wants none */
} requests[] = {
	{"QStartNoAckMode", no_ack_mode, true},
	{"q", query, false},
	{"?", last_signal, false},
	{"g", read_registers, false},
	{"G", write_registers, false},
	{"p", one_register, false},
	{"P", one_register, false},
	{"m", read_memory, false},
	{"M", write_memory, false},
	{"Z", change_point, false},
	{"z", change_point, false},
	{"H", set_thread, false},
	{"T", thread_alive, false},
	{"vCont?", offer_vcont, false},
	{"vCont;", resume_many, false},
	{"vKill", kill_machine, false},
	{"c", resume_one, false},
	{"C", resume_one, false},
	{"s", resume_one, false},
	{"S", resume_one, false},
	{"D", detach, false},
	{"k", kill_machine, true},
};

static void serve(struct gdb *g)
{
	for (unsigned i = 0; i < ARRAY_LEN(requests); i++) {
		if (!starts(g->in.text, requests[i].start))
			continue;
		requests[i].serve(g);
		if (!requests[i].silent && !packet_send(&g->connection, &g->out))
			g->done = true;
		return;
	}
	reply(g, ""); /* "not supported" */
	if (!packet_send(&g->connection, &g->out))
		g->done = true;
}

static void serve_all(struct gdb *g)
{
	while (!g->done) {
		if (!packet_receive(&g->connection, &g->in)) {
			*g->stop = (struct stop){.why = STOP_INTERRUPTED};
			return;
		}
		serve(g);
	}
}

/* Takes every trace of gdb out of the machine. */
static void let_go(struct gdb *g)
{
	struct machine *m = g->machine;

	for (unsigned i = 0; i < m->cpu_count; i++)
		while (m->cores[i].breakpoint_count != 0)
			cpu_breakpoint_remove(&m->cores[i], m->cores[i].breakpoints[0]);
	g->watch_count = 0;
	watch_machine(g);
}

bool gdb_serve(struct machine *m, const char *address, const volatile int *please,
	struct stop *stop, struct error *e)
{
	struct gdb *g = calloc(1, sizeof(*g));

	SIM_ASSERT(g != NULL);
	g->machine = m;
	g->please = please;
	g->stop = stop;
	g->next_core = ANY_CORE;
	g->target_size = gdb_target_xml(g->target, sizeof(g->target));
	if (!gdb_connect(&g->connection, address, e)) {
		free(g);
		return false;
	}
	serve_all(g);
	gdb_disconnect(&g->connection);
	let_go(g);
	if (g->detached) {
		struct run_limit limit = RUN_FREELY;

		limit.please = please;
		*stop = machine_run(m, &limit);
	}
	free(g);
	return true;
}
