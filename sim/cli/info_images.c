#include "sim/cli/info_images.h"

#include "sim/cli/options.h"
#include "sim/symbols/faults.h"
#include "sim/symbols/probes.h"

/* --- text --- */

static void print_place(const struct elf_image *image, uint64_t address, FILE *out)
{
	char text[512];

	symbols_print(image->symbols, address, true, text, sizeof(text));
	fprintf(out, "%#" PRIx64 " %s\n", address, text);
}

void info_images_text(const struct images *images, FILE *out)
{
	for (size_t i = 0; i < images_count(images); i++) {
		const struct elf_image *image = images_at(images, i);

		for (size_t k = 0; k < image->probe_count; k++) {
			const struct probe *p = &image->probes[k];

			fprintf(out, "probe    %s %s(%s) ", image->name, p->name, p->arg_text);
			print_place(image, p->address, out);
		}
		for (size_t k = 0; k < image->fault_count; k++) {
			fprintf(out, "fault    %s %s ", image->name, image->faults[k].name);
			print_place(image, image->faults[k].address, out);
		}
	}
}

/* --- JSON --- */

static void json_place(const struct elf_image *image, uint64_t address, FILE *out)
{
	struct symbol symbol;
	struct source_line line;

	fprintf(out, ", \"address\": \"%#" PRIx64 "\"", address);
	if (symbols_at(image->symbols, address, &symbol)) {
		fprintf(out, ", \"function\": ");
		json_text(symbol.name, out);
	}
	if (symbols_line(image->symbols, address, &line)) {
		fprintf(out, ", \"file\": ");
		json_text(line.file, out);
		fprintf(out, ", \"line\": %d", line.line);
	}
	putc('}', out);
}

/* One object of a list, up to its place. */
static void json_begin(const struct elf_image *image, const char *name, bool *first, FILE *out)
{
	fprintf(out, "%s\n    {\"image\": ", *first ? "" : ",");
	json_text(image->name, out);
	fprintf(out, ", \"name\": ");
	json_text(name, out);
	*first = false;
}

static void json_arguments(const struct probe *p, FILE *out)
{
	fprintf(out, ", \"arguments\": %u, \"operands\": ", p->arg_count);
	json_text(p->arg_text, out);
}

void info_images_json(const struct images *images, FILE *out)
{
	bool first = true;

	fprintf(out, "  \"probes\": [");
	for (size_t i = 0; i < images_count(images); i++) {
		const struct elf_image *image = images_at(images, i);

		for (size_t k = 0; k < image->probe_count; k++) {
			json_begin(image, image->probes[k].name, &first, out);
			json_arguments(&image->probes[k], out);
			json_place(image, image->probes[k].address, out);
		}
	}
	fprintf(out, "],\n  \"fault_points\": [");
	first = true;
	for (size_t i = 0; i < images_count(images); i++) {
		const struct elf_image *image = images_at(images, i);

		for (size_t k = 0; k < image->fault_count; k++) {
			json_begin(image, image->faults[k].name, &first, out);
			json_place(image, image->faults[k].address, out);
		}
	}
	fprintf(out, "]");
}
