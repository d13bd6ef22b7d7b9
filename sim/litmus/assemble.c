#include "sim/litmus/assemble.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the source: a section for each thread, and for each handler --- */

static void write_code(FILE *out, const struct litmus_test *t, size_t number,
	const struct litmus_thread *th, unsigned section)
{
	fprintf(out, ".section .test%zu.%u, \"ax\"\n", number, section);
	for (unsigned i = 0; i < th->count; i++)
		fprintf(out, "# %u \"%s\"\n%s\n", th->insn[i].line, t->file, th->insn[i].text);
}

static void write_test(FILE *out, const struct litmus_test *t, size_t number)
{
	for (unsigned i = 0; i < t->location_count; i++)
		fprintf(out, ".set %s, %#" PRIx64 "\n", t->location[i].name, litmus_address(i));
	for (unsigned i = 0; i < t->thread_count; i++) {
		write_code(out, t, number, &t->thread[i], i);
		if (!t->has_handler[i])
			continue;
		write_code(out, t, number, &t->handler[i], LITMUS_THREADS + i);
		fprintf(out, "iretq\n");
	}
}

static bool write_source(
	const char *path, const struct litmus_test *tests, size_t count, struct error *e)
{
	FILE *out = fopen(path, "w");
	bool written;

	if (out == NULL)
		return fail(e, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < count; i++)
		write_test(out, &tests[i], i);
	written = ferror(out) == 0;
	return (fclose(out) == 0 && written) || fail(e, "%s: %s", path, strerror(errno));
}

/* --- the assembler --- */

/* What it says first that names a line. */
static bool say_why(const char *path, struct error *e)
{
	char line[400] = "", said[400] = "";
	FILE *in = fopen(path, "r");

	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, "Error: ") != NULL && said[0] == '\0')
			memcpy(said, line, sizeof(said));
	}
	if (in != NULL)
		fclose(in);
	return fail(
		e, "%s: expected an instruction that `as` knows", said[0] != '\0' ? said : line);
}

static bool spawn_as(
	const char *source, const char *object, const char *messages, int *status, struct error *e)
{
	char *argv[] = {
		(char *)"as", (char *)"--64", (char *)"-o", (char *)object, (char *)source, NULL};
	extern char **environ;
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
		&actions, STDERR_FILENO, messages, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	error = posix_spawnp(&pid, "as", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0)
		return fail(e, "as: %s: expected the assembler of binutils", strerror(error));
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return fail(e, "as: %s", strerror(errno));
	return true;
}

/* --- the object --- */

static bool take_section(const struct litmus_test *tests, size_t count, struct litmus_code *code,
	const char *name, Elf_Scn *scn, struct error *e)
{
	struct litmus_bytes *to;
	unsigned section;
	Elf_Data *data;
	size_t number;

	if (sscanf(name, ".rela.test%zu.", &number) == 1 && number < count)
		return fail(e, "%s: expected instructions that name only locations of the test",
			tests[number].file);
	if (sscanf(name, ".test%zu.%u", &number, &section) != 2 || number >= count ||
		section >= 2 * LITMUS_THREADS)
		return true;
	data = elf_getdata(scn, NULL);
	if (data == NULL || data->d_size > LITMUS_CODE)
		return fail(e, "%s: P%u: expected at most %d bytes of code", tests[number].file,
			section % LITMUS_THREADS, LITMUS_CODE);
	to = section < LITMUS_THREADS ? &code[number].thread[section]
				      : &code[number].handler[section - LITMUS_THREADS];
	to->size = (unsigned)data->d_size;
	if (data->d_size != 0)
		memcpy(to->bytes, data->d_buf, data->d_size);
	return true;
}

static bool read_object(const char *path, const struct litmus_test *tests, size_t count,
	struct litmus_code *code, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = true;
	size_t strings;
	Elf_Scn *scn = NULL;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf == NULL || elf_getshdrstrndx(elf, &strings) != 0)
		good = fail(e, "%s: %s", path, elf_errmsg(-1));
	while (good && (scn = elf_nextscn(elf, scn)) != NULL) {
		GElf_Shdr header;
		const char *name;

		if (gelf_getshdr(scn, &header) == NULL)
			continue;
		name = elf_strptr(elf, strings, header.sh_name);
		if (name != NULL)
			good = take_section(tests, count, code, name, scn, e);
	}
	elf_end(elf);
	close(fd);
	return good;
}

/* --- all of it, in a folder of its own --- */

static bool assemble_in(const char *folder, const struct litmus_test *tests, size_t count,
	struct litmus_code *code, struct error *e)
{
	char source[64], object[64], messages[64];
	bool good;
	int status = 0;

	snprintf(source, sizeof(source), "%s/t.s", folder);
	snprintf(object, sizeof(object), "%s/t.o", folder);
	snprintf(messages, sizeof(messages), "%s/messages", folder);
	good = write_source(source, tests, count, e) &&
	       spawn_as(source, object, messages, &status, e);
	if (good)
		good = status == 0 ? read_object(object, tests, count, code, e)
				   : say_why(messages, e);
	unlink(source);
	unlink(object);
	unlink(messages);
	return good;
}

bool litmus_assemble(
	const struct litmus_test *tests, size_t count, struct litmus_code *code, struct error *e)
{
	char folder[] = "/tmp/ringv-litmus-XXXXXX";
	bool good;

	if (mkdtemp(folder) == NULL)
		return fail(e, "%s: %s", folder, strerror(errno));
	memset(code, 0, count * sizeof(*code));
	good = assemble_in(folder, tests, count, code, e);
	rmdir(folder);
	return good;
}
