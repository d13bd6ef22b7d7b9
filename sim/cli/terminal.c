#include "sim/cli/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/monitor.h"
#include "sim/cli/tty.h"

#define CTRL_A       1
#define PATIENCE_MAX 3600000
#define ONE_SECOND   1000000000

void terminal_open(struct terminal *t, bool input, bool progress, struct recording *recording)
{
	*t = (struct terminal){.input = input, .recording = recording};
	t->progress = progress && isatty(STDERR_FILENO);
	t->started = t->shown = tty_now();
	tty_catch_signals();
	t->raw = input && tty_raw();
}

void terminal_close(struct terminal *t)
{
	if (t->raw)
		tty_cooked();
	t->raw = false;
}

/* An idle machine waits for its user at the pace of the host's clock: else its own would race
 * ahead to whatever timer is next. Input that is no terminal is not waited for, unless there is
 * nothing else. In milliseconds; -1 is for ever. */
static int patience(const struct terminal *t, const struct machine *m, uint64_t idle)
{
	uint64_t hz = m->config.machine.hz;

	if (idle == EVENT_NEVER)
		return -1;
	if (!t->raw)
		return 0;
	return (int)min_u64(idle / (hz / 1000), PATIENCE_MAX);
}

/* A byte of the terminal: for the serial line, or for us after Ctrl-A. */
static void typed(struct terminal *t, struct machine *m, uint8_t byte)
{
	bool escaped = t->escape;

	t->escape = false;
	if (escaped && (byte == 'x' || byte == 'X')) {
		*tty_please() = 1;
	} else if (escaped && (byte == 'c' || byte == 'C')) {
		tty_cooked();
		monitor(m, t->symbols);
		t->raw = tty_raw();
	} else if (escaped || byte != CTRL_A) {
		t->kept[t->kept_count++] = byte;
	} else {
		t->escape = true;
	}
}

static bool take_kept(struct terminal *t, uint8_t *byte)
{
	if (t->kept_count == 0)
		return false;
	*byte = t->kept[0];
	memmove(t->kept, t->kept + 1, --t->kept_count);
	return true;
}

static bool poll_input(void *context, struct machine *m, uint64_t idle, uint8_t *byte)
{
	struct terminal *t = context;
	bool wanted = uart_can_receive(&m->uart);
	int wait = wanted && t->kept_count == 0 ? patience(t, m, idle) : 0;

	fflush(stdout); /* what was answered to the last byte may lack a newline */
	if (!t->raw)
		return wanted && tty_read(wait, byte, &t->ended);
	while (*tty_please() == 0 && t->kept_count < TERMINAL_KEPT &&
		tty_read(wait, byte, &t->ended)) {
		typed(t, m, *byte);
		wait = t->kept_count == 0 && wanted ? wait : 0;
	}
	return wanted && take_kept(t, byte);
}

static void note_input(void *context, struct machine *m, uint8_t byte)
{
	struct terminal *t = context;

	recording_add_input(t->recording, m, byte);
}

struct input_source terminal_input(struct terminal *t)
{
	return (struct input_source){
		.poll = t->input ? poll_input : NULL,
		.fed = t->recording != NULL ? note_input : NULL,
		.context = t,
	};
}

double terminal_seconds(const struct terminal *t)
{
	return (double)(tty_now() - t->started) / ONE_SECOND;
}

void terminal_progress(struct terminal *t, const struct machine *m, struct serial_output *serial)
{
	double million = (double)machine_insns(m) / 1e6;
	uint64_t now = tty_now();
	char text[128];

	if (!t->progress || now - t->shown < ONE_SECOND)
		return;
	t->shown = now;
	snprintf(text, sizeof(text), "[%.0f M instructions, %.1f MIPS, %.3f s simulated]", million,
		million / terminal_seconds(t),
		(double)machine_cycles(m) / (double)m->config.machine.hz);
	serial_progress(serial, text);
}
