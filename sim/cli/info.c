/* info.c - `ringv info`. */
#include <stdlib.h>

#include "sim/cli/info_images.h"
#include "sim/cli/options.h"
#include "sim/replay/record.h"
#include "sim/symbols/cpio.h"

static void print_file(const char *what, const struct recorded_file *f)
{
	printf("%-12s %s (%" PRIu64 " bytes, digest %016" PRIx64 "%016" PRIx64 ")\n", what, f->path,
		f->size, f->digest.high, f->digest.low);
}

static void print_text(const struct recording *r)
{
	printf("%-12s of ringv %s, build %s\n", "recording", r->version, r->build);
	print_file("image", &r->image);
	for (unsigned i = 0; i < r->module_count; i++)
		print_file("module", &r->modules[i]);
	for (unsigned i = 0; i < r->disk_count; i++)
		print_file("disk", &r->disks[i].file);
	if (r->share.path[0] != '\0')
		print_file("share", &r->share);
	printf("%-12s %s\n", "command line", r->command_line);
	for (unsigned i = 0; i < r->fault_count; i++)
		printf("%-12s %s\n", "fault", r->faults[i]);
	printf("%-12s %" PRIu64 " in total, %zu digests, one in %" PRIu64 "\n", "steps", r->steps,
		r->chain.count, r->chain.window);
	for (unsigned i = 0; i < r->core_count; i++)
		printf("%-12s %" PRIu64 " steps, %" PRIu64 " instructions, cycle %" PRIu64 "\n",
			i == 0 ? "pcores" : "", r->cores[i].steps, r->cores[i].insns,
			r->cores[i].cycle);
	printf("%-12s %zu bytes\n", "input", r->input_count);
	printf("%-12s %s", "ended by", stop_name((enum stop_why)r->stop));
	if (r->stop == STOP_EXIT)
		printf(", status %" PRIu64, r->status);
	printf("\n%-12s %016" PRIx64 "%016" PRIx64 "\n", "digest", r->end.high, r->end.low);
}

static void print_json(const struct recording *r)
{
	printf("{\n  \"kind\": \"recording\",\n  \"version\": ");
	json_text(r->version, stdout);
	printf(",\n  \"build\": ");
	json_text(r->build, stdout);
	printf(",\n  \"image\": ");
	json_text(r->image.path, stdout);
	printf(",\n  \"command_line\": ");
	json_text(r->command_line, stdout);
	printf(",\n  \"faults\": [");
	for (unsigned i = 0; i < r->fault_count; i++) {
		printf("%s", i == 0 ? "" : ", ");
		json_text(r->faults[i], stdout);
	}
	putchar(']');
	printf(",\n  \"steps\": %" PRIu64 ",\n  \"windows\": %zu,\n  \"input\": %zu,\n"
	       "  \"ended\": \"%s\",\n  \"status\": %" PRIu64 ",\n  \"digest\": \"%016" PRIx64
	       "%016" PRIx64 "\"\n}\n",
		r->steps, r->chain.count, r->input_count, stop_name((enum stop_why)r->stop),
		r->status, r->end.high, r->end.low);
}

static bool info_recording(const struct args *args, struct error *e)
{
	struct recording r;

	if (!record_read(&r, args->names.at[0], e))
		return false;
	if (args->json)
		print_json(&r);
	else
		print_text(&r);
	recording_free(&r);
	return true;
}

/* What a boot loader would make of the file, or, of an archive, nothing. */
static bool describe(const struct boot_file *file, bool archive, FILE *out, struct error *e)
{
	if (!archive)
		return boot_describe(file, out, e);
	fprintf(out, "format   cpio archive, a module\n");
	return true;
}

static bool print_image_text(const struct boot_file *file, bool archive,
	const struct images *images, struct digest d, struct error *e)
{
	if (!describe(file, archive, stdout, e))
		return false;
	printf("digest   %016" PRIx64 "%016" PRIx64 "\n", d.high, d.low);
	info_images_text(images, stdout);
	return true;
}

static bool print_image_json(const struct boot_file *file, bool archive,
	const struct images *images, struct digest d, struct error *e)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	bool good = describe(file, archive, memory, e);

	fclose(memory);
	if (good) {
		printf("{\n  \"kind\": \"%s\",\n  \"description\": ",
			archive ? "archive" : "image");
		json_text(text, stdout);
		printf(",\n  \"digest\": \"%016" PRIx64 "%016" PRIx64 "\",\n", d.high, d.low);
		info_images_json(images, stdout);
		printf("\n}\n");
	}
	free(text);
	return good;
}

static bool info_image(const struct args *args, const struct blob *file, struct error *e)
{
	struct boot_file image = {args->names.at[0], file->data, file->size};
	struct digest d = digest_bytes(file->data, file->size, 0);
	bool archive = cpio_is_archive(file->data, file->size);
	struct boot boot = {.command_line = ""};
	struct images *images;
	bool good;

	if (archive)
		boot.modules[boot.module_count++] = image;
	else
		boot.image = image;
	images = images_load(&boot, e);
	if (images == NULL)
		return false;
	good = args->json ? print_image_json(&image, archive, images, d, e)
			  : print_image_text(&image, archive, images, d, e);
	images_destroy(images);
	return good;
}

int info_command(const struct args *args, struct error *e)
{
	struct blob file;
	bool good;

	if (!file_read(args->names.at[0], SESSION_FILE_MAX, &file, e))
		return SIM_USAGE;
	if (file.size >= 8 && memcmp(file.data, "RINGVREC", 8) == 0)
		good = info_recording(args, e);
	else
		good = info_image(args, &file, e);
	blob_free(&file);
	return good ? SIM_PASS : SIM_USAGE;
}
