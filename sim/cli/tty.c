#include "sim/cli/tty.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* They belong to the process, not to a machine. */
static volatile int please;
static volatile sig_atomic_t raw;
static struct termios cooked_mode;

volatile int *tty_please(void)
{
	return &please;
}

static void on_signal(int number)
{
	(void)number;
	if (please != 0) {
		tty_cooked();
		_exit(SIM_FAIL);
	}
	please = 1;
}

void tty_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool tty_raw(void)
{
	struct termios mode;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &cooked_mode) != 0)
		return false;
	mode = cooked_mode;
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	mode.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	raw = 1;
	atexit(tty_cooked);
	return tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0;
}

void tty_cooked(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked_mode);
	raw = 0;
}

bool tty_read(int wait, uint8_t *byte, bool *ended)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	if (*ended || poll(&fd, 1, wait) <= 0)
		return false;
	if (read(STDIN_FILENO, byte, 1) == 1)
		return true;
	*ended = true;
	return false;
}

uint64_t tty_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
