#include "sim/cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/machine/firmware.h"
#include "sim/replay/version.h"

static bool apply_setting(struct config *config, const char *setting, struct error *e)
{
	char key[64];
	const char *equals = strchr(setting, '=');

	if (equals == NULL || (size_t)(equals - setting) >= sizeof(key))
		return fail(e, "--set %s: expected KEY=VALUE", setting);
	memcpy(key, setting, (size_t)(equals - setting));
	key[equals - setting] = '\0';
	return config_set(config, key, equals + 1, e);
}

bool options_config(const struct args *args, struct config *config, struct error *e)
{
	if (args->config != NULL && !config_read_file(config, args->config, e))
		return false;
	for (unsigned i = 0; i < args->settings.count; i++)
		if (!apply_setting(config, args->settings.at[i], e))
			return false;
	if (args->cpus != NULL && !config_set(config, "machine.cpus", args->cpus, e))
		return false;
	if (args->cpu != NULL && !config_set(config, "cpu.model", args->cpu, e))
		return false;
	if (args->memory != NULL && !config_set(config, "machine.memory_mib", args->memory, e))
		return false;
	return model_pin(config->cpu.model, sizeof(config->cpu.model), e);
}

static bool add_disk(struct session *s, const char *option, struct error *e)
{
	size_t length = strlen(option);
	bool read_only = length > 3 && strcmp(option + length - 3, ",ro") == 0;
	char *path = strndup(option, read_only ? length - 3 : length);
	bool good = path != NULL ? session_add_disk(s, path, read_only, e)
				 : fail(e, "the host has no memory");

	free(path);
	return good;
}

static bool read_schedule(const struct args *args, struct session *s, struct error *e)
{
	struct blob text;
	bool good;

	if (args->program != NULL && !session_set_program(s, args->program, e))
		return false;
	if (args->schedule == NULL)
		return true;
	if (!file_read(args->schedule, 1 << 20, &text, e))
		return false;
	good = schedule_read(&s->schedule, args->schedule, (const char *)text.data, text.size, e);
	blob_free(&text);
	return good;
}

/* --bios says of an image what it is; it is found by its content all the same. */
static bool set_image(const struct args *args, struct session *s, struct error *e)
{
	if ((args->bios != NULL) + args->names.count != 1)
		return fail(e, "expected either an IMAGE or --bios FILE");
	if (args->bios == NULL)
		return session_set_image(s, args->names.at[0], e);
	if (!session_set_image(s, args->bios, e))
		return false;
	if (firmware_is_bios(s->image.blob.data, s->image.blob.size))
		return true;
	return fail(e,
		"%s: not a BIOS: expected a multiple of 64 KiB, at most 16 MiB, with a jump at its "
		"reset vector",
		args->bios);
}

bool options_session(const struct args *args, struct session *s, struct error *e)
{
	session_init(s);
	if (!options_config(args, &s->config, e) || !set_image(args, s, e) ||
		!session_set_command_line(s, args->append != NULL ? args->append : "", e)) {
		session_free(s);
		return false;
	}
	for (unsigned i = 0; i < args->modules.count; i++) {
		if (!session_add_module(s, args->modules.at[i], e)) {
			session_free(s);
			return false;
		}
	}
	for (unsigned i = 0; i < args->disks.count; i++) {
		if (!add_disk(s, args->disks.at[i], e)) {
			session_free(s);
			return false;
		}
	}
	if (args->share != NULL && !session_set_share(s, args->share, e)) {
		session_free(s);
		return false;
	}
	for (unsigned i = 0; i < args->faults.count; i++) {
		if (!session_add_fault(s, args->faults.at[i], e)) {
			session_free(s);
			return false;
		}
	}
	if (read_schedule(args, s, e))
		return true;
	session_free(s);
	return false;
}

void default_files(char kernel[FILE_NAME_SIZE], char initrd[FILE_NAME_SIZE])
{
	char self[FILE_NAME_SIZE - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int folder;

	self[n > 0 ? n : 0] = '\0';
	folder = strrchr(self, '/') != NULL ? (int)(strrchr(self, '/') - self) : 0;
	snprintf(kernel, FILE_NAME_SIZE, "%.*s/kernel/ringv-kernel.elf", folder, self);
	snprintf(initrd, FILE_NAME_SIZE, "%.*s/initrd.cpio", folder, self);
}

/* --- serial output --- */

void serial_uncover(struct serial_output *s)
{
	if (s->covered)
		fprintf(stderr, "\r\033[K");
	s->covered = false;
}

void serial_progress(struct serial_output *s, const char *text)
{
	if (s->mid_line)
		return;
	serial_uncover(s);
	fprintf(stderr, "%s", text);
	s->covered = true;
}

static void put_byte(void *context, uint8_t byte)
{
	struct serial_output *s = context;

	if (s->file == NULL || s->muted)
		return;
	serial_uncover(s);
	putc(byte, s->file);
	s->mid_line = byte != '\n';
	if (byte == '\n')
		fflush(s->file);
}

struct byte_sink serial_sink(struct serial_output *s)
{
	return (struct byte_sink){.put = put_byte, .context = s};
}

static bool open_output(struct serial_output *s, const char *path, FILE *terminal, struct error *e)
{
	if (path == NULL)
		return true;
	if (strcmp(path, "-") == 0) {
		s->file = terminal;
		return true;
	}
	s->file = fopen(path, "we");
	s->close = true;
	return s->file != NULL || fail(e, "%s: %s", path, strerror(errno));
}

bool serial_open(const struct args *args, struct serial_output *s, struct error *e)
{
	const char *path = args->serial;

	if (path == NULL || strcmp(path, "-") == 0)
		path = args->quiet || args->json ? NULL : "-";
	return open_output(s, path, stdout, e);
}

bool bios_log_open(const struct args *args, struct serial_output *s, struct error *e)
{
	return open_output(s, args->bios_log, stderr, e);
}

bool serial_close(struct serial_output *s, struct error *e)
{
	serial_uncover(s);
	if (s->file == NULL)
		return true;
	if (fflush(s->file) != 0 || (s->close && fclose(s->file) != 0))
		return fail(e, "serial output: %s", strerror(errno));
	return true;
}

/* --- the repro line --- */

void print_word(const char *word, FILE *out)
{
	if (word[0] != '\0' && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789_-+=./:,@%") == strlen(word)) {
		fputs(word, out);
		return;
	}
	putc('\'', out);
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			putc(*word, out);
	}
	putc('\'', out);
}

void print_option(const char *name, const char *value, FILE *out)
{
	if (value == NULL)
		return;
	fprintf(out, " --%s ", name);
	print_word(value, out);
}

void print_repro(const struct session *s, const struct args *args, FILE *out)
{
	fputs("ringv boot ", out);
	print_word(s->image.path, out);
	print_option("config", args->config, out);
	for (unsigned i = 0; i < args->settings.count; i++)
		print_option("set", args->settings.at[i], out);
	print_option("cpus", args->cpus, out);
	if (args->cpu != NULL)
		print_option("cpu", s->config.cpu.model, out);
	print_option("memory", args->memory, out);
	for (unsigned i = 0; i < s->module_count; i++)
		print_option("module", s->modules[i].path, out);
	for (unsigned i = 0; i < args->disks.count; i++)
		print_option("disk", args->disks.at[i], out);
	print_option("share", args->share, out);
	print_option("append", args->append, out);
	for (unsigned i = 0; i < s->fault_count; i++)
		print_option("fault", s->faults[i], out);
	print_option("schedule", args->schedule, out);
	print_option("program", args->program, out);
	print_option("script", args->script, out);
	if (args->until != UINT64_MAX)
		fprintf(out, " --until %" PRIu64, args->until);
	fprintf(out, "  # ringv %s %s, image %016" PRIx64, ringv_version, ringv_build_id,
		s->image.digest.low);
	for (unsigned i = 0; i < s->module_count; i++)
		fprintf(out, ", module %016" PRIx64, s->modules[i].digest.low);
	for (unsigned i = 0; i < s->disk_count; i++)
		fprintf(out, ", disk %016" PRIx64, s->disks[i].digest.low);
	if (s->share_path != NULL)
		fprintf(out, ", share %016" PRIx64, tree_digest(&s->share).low);
}
