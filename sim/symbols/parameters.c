#include "sim/symbols/parameters.h"

#define SECTION "program_parameters"

/* NAME>=LEAST, and what follows it. */
static bool read_one(const char **text, struct program_parameter *p)
{
	const char *at = *text;
	size_t length = strcspn(at, "> ");
	unsigned digits = 0;

	if (length == 0 || length >= sizeof(p->name) || at[length] != '>' || at[length + 1] != '=')
		return false;
	memcpy(p->name, at, length);
	p->name[length] = '\0';
	p->least = 0;
	for (at += length + 2; *at >= '0' && *at <= '9' && digits < 9; at++, digits++)
		p->least = 10 * p->least + (uint64_t)(*at - '0');
	*text = at + strspn(at, " ");
	return digits != 0 && (*at == ' ' || *at == '\0');
}

bool parameters_read(const struct elf_file *f, struct parameter_list *list, struct error *e)
{
	struct elf_section section;
	const char *text;

	*list = (struct parameter_list){.count = 0};
	if (!elf_file_section(f, SECTION, &section) || section.size == 0)
		return true;
	text = (const char *)section.data;
	if (memchr(text, '\0', section.size) != text + section.size - 1)
		return fail(e, "%s: section " SECTION ": expected one text", f->path);
	while (*text != '\0') {
		struct program_parameter *p = &list->at[list->count];

		if (list->count == PARAMETERS_MAX || !read_one(&text, p)) {
			list->count = 0;
			return fail(e,
				"%s: section " SECTION ": '%.40s': expected NAME>=LEAST, at most "
				"%d of them",
				f->path, text, PARAMETERS_MAX);
		}
		list->count++;
	}
	return true;
}
