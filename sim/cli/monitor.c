#include "sim/cli/monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/core_report.h"
#include "sim/cli/tty.h"
#include "sim/debug/disasm.h"

#define LINE_SIZE  256
#define WORDS_MAX  4
#define COUNT_MAX  4096
#define LINES_LONG 8 /* of what is shown without a count */

struct monitor {
	struct machine *m;
	const struct symbols *symbols;
	struct disassembler *disassembler;
	unsigned core; /* that commands are about */
	bool done;
	bool ended; /* standard input has */
	char *words[WORDS_MAX];
	unsigned count;
};

static struct vcpu *core_of(const struct monitor *mon)
{
	return &mon->m->cores[mon->core];
}

/* --- arguments --- */

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 0);
	return end != text && *end == '\0';
}

/* A number, or the name of a function or an object. */
static bool parse_address(const struct monitor *mon, const char *text, uint64_t *address)
{
	struct symbol symbol;

	if (parse_number(text, address))
		return true;
	if (mon->symbols != NULL && symbols_named(mon->symbols, text, &symbol)) {
		*address = symbol.address;
		return true;
	}
	printf("%s: expected an address or the name of a symbol\n", text);
	return false;
}

/* Words 1 and 2, where they are given. */
static bool address_and_count(struct monitor *mon, uint64_t *address, uint64_t *count)
{
	if (mon->count > 1 && !parse_address(mon, mon->words[1], address))
		return false;
	*count = LINES_LONG;
	if (mon->count > 2 &&
		(!parse_number(mon->words[2], count) || *count == 0 || *count > COUNT_MAX)) {
		printf("%s: expected a count, 1 to %u\n", mon->words[2], COUNT_MAX);
		return false;
	}
	return true;
}

/* --- commands --- */

static void show_cores(struct monitor *mon)
{
	for (unsigned i = 0; i < mon->m->cpu_count; i++)
		print_core_line(&mon->m->cores[i], i, mon->symbols, stdout);
}

static void choose_core(struct monitor *mon)
{
	uint64_t number = mon->core;

	if (mon->count > 1 &&
		(!parse_number(mon->words[1], &number) || number >= mon->m->cpu_count))
		printf("%s: expected a pcore, 0 to %u\n", mon->words[1], mon->m->cpu_count - 1);
	else
		mon->core = (unsigned)number;
}

static void show_registers(struct monitor *mon)
{
	choose_core(mon);
	print_core(core_of(mon), mon->core, mon->symbols, stdout);
}

static void show_code(struct monitor *mon)
{
	const struct vcpu *c = core_of(mon);
	uint64_t la = c->arch.seg[CS].base + c->arch.rip, count;

	if (!address_and_count(mon, &la, &count))
		return;
	for (; count != 0; count--) {
		char text[160], where[256] = "";
		unsigned length = disassemble(mon->disassembler, c, la, text, sizeof(text));

		if (mon->symbols != NULL)
			symbols_print(mon->symbols, la, false, where, sizeof(where));
		printf("  %016" PRIx64 " %s%s%s\n", la, where, where[0] != '\0' ? ": " : "", text);
		if (length == 0)
			return;
		la += length;
	}
}

static bool read_linear(const struct monitor *mon, uint64_t address, uint64_t *value)
{
	return cpu_peek(core_of(mon), address, value, sizeof(*value));
}

static bool read_physical(const struct monitor *mon, uint64_t address, uint64_t *value)
{
	return phys_read(&mon->m->mem, address, value, sizeof(*value));
}

static void show_words(
	struct monitor *mon, bool (*read)(const struct monitor *, uint64_t, uint64_t *))
{
	uint64_t address = core_of(mon)->arch.gpr[RSP], count, value;

	if (!address_and_count(mon, &address, &count))
		return;
	for (uint64_t i = 0; i < count; i++) {
		if (i % 2 == 0)
			printf("%s  %016" PRIx64 ":", i == 0 ? "" : "\n", address + 8 * i);
		if (read(mon, address + 8 * i, &value))
			printf(" %016" PRIx64, value);
		else
			printf(" %-16s", "(no memory)");
	}
	printf("\n");
}

static void show_memory(struct monitor *mon)
{
	show_words(mon, read_linear);
}

static void show_physical(struct monitor *mon)
{
	if (mon->count < 2) {
		printf("physical: expected an address\n");
		return;
	}
	show_words(mon, read_physical);
}

static void go_on(struct monitor *mon)
{
	mon->done = true;
}

static void end_run(struct monitor *mon)
{
	mon->done = true;
	*tty_please() = 1;
}

static void show_help(struct monitor *mon);

static const struct command {
	const char *name, *arguments, *help;
	void (*run)(struct monitor *mon);
} commands[] = {
	{"continue", "", "go on", go_on},
	{"core", "N", "the commands below are about pcore N", choose_core},
	{"cores", "", "where each pcore is", show_cores},
	{"registers", "[N]", "the registers of the pcore, or from now on of pcore N",
		show_registers},
	{"disassemble", "[ADDRESS [COUNT]]", "instructions; without ADDRESS, from the next one",
		show_code},
	{"memory", "[ADDRESS [COUNT]]", "words of 8 bytes; without ADDRESS, of the stack",
		show_memory},
	{"physical", "ADDRESS [COUNT]", "the same, by physical address", show_physical},
	{"quit", "", "end the run, with its report", end_run},
	{"help", "", "this list", show_help},
};

static void show_help(struct monitor *mon)
{
	(void)mon;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-11s %-18s %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	printf("A command may be shortened. An address is a number or the name of a symbol.\n");
}

/* The first in the table that begins so. */
static void obey(struct monitor *mon)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strncmp(commands[i].name, mon->words[0], strlen(mon->words[0])) == 0) {
			commands[i].run(mon);
			return;
		}
	}
	printf("%s: expected a command; `help` lists them\n", mon->words[0]);
}

/* --- lines --- */

/* False at the end of input. */
static bool read_line(struct monitor *mon, char line[LINE_SIZE])
{
	size_t length = 0;
	uint8_t byte;

	printf("(ringv c%u) ", mon->core);
	fflush(stdout);
	while (tty_read(-1, &byte, &mon->ended) && byte != '\n')
		if (length < LINE_SIZE - 1)
			line[length++] = (char)byte;
	line[length] = '\0';
	return !mon->ended && *tty_please() == 0;
}

static void split(struct monitor *mon, char *line)
{
	char *rest = NULL;

	mon->count = 0;
	for (char *word = strtok_r(line, " \t\r", &rest); word != NULL && mon->count < WORDS_MAX;
		word = strtok_r(NULL, " \t\r", &rest))
		mon->words[mon->count++] = word;
}

void monitor(struct machine *m, const struct symbols *symbols)
{
	struct monitor mon = {.m = m, .symbols = symbols, .disassembler = disassembler_create()};
	char line[LINE_SIZE];

	printf("\nstopped after %" PRIu64 " steps; `continue` goes on, `help` says more\n",
		m->run.steps);
	show_cores(&mon);
	while (!mon.done && read_line(&mon, line)) {
		split(&mon, line);
		if (mon.count != 0)
			obey(&mon);
	}
	disassembler_destroy(mon.disassembler);
}
