#include "sim/symbols/elf_file.h"

#include <gelf.h>

bool elf_file_open(struct elf_file *f, const char *path, const uint8_t *data, size_t size)
{
	GElf_Ehdr header;

	*f = (struct elf_file){.path = path, .data = data, .size = size};
	SIM_ASSERT(elf_version(EV_CURRENT) != EV_NONE);
	f->elf = elf_memory((char *)(uintptr_t)data, size);
	if (f->elf == NULL)
		return false;
	if (elf_kind(f->elf) == ELF_K_ELF && gelf_getehdr(f->elf, &header) != NULL &&
		header.e_ident[EI_DATA] == ELFDATA2LSB &&
		(header.e_machine == EM_386 || header.e_machine == EM_X86_64)) {
		f->address_size = header.e_ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;
		return true;
	}
	elf_file_close(f);
	return false;
}

void elf_file_close(struct elf_file *f)
{
	elf_end(f->elf);
	f->elf = NULL;
}

bool elf_file_section(const struct elf_file *f, const char *name, struct elf_section *section)
{
	size_t names;

	if (elf_getshdrstrndx(f->elf, &names) != 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(f->elf, scn)) != NULL;) {
		GElf_Shdr header;
		const char *found;

		if (gelf_getshdr(scn, &header) == NULL)
			continue;
		found = elf_strptr(f->elf, names, header.sh_name);
		if (found == NULL || strcmp(found, name) != 0 || header.sh_type == SHT_NOBITS)
			continue;
		if (header.sh_offset > f->size || header.sh_size > f->size - header.sh_offset)
			return false;
		*section = (struct elf_section){
			header.sh_addr, f->data + header.sh_offset, header.sh_size};
		return true;
	}
	return false;
}

/* --- segments --- */

static bool segment(const struct elf_file *f, size_t number, GElf_Phdr *p)
{
	return gelf_getphdr(f->elf, (int)number, p) != NULL && p->p_offset <= f->size &&
	       p->p_filesz <= f->size - p->p_offset;
}

static size_t segment_count(const struct elf_file *f)
{
	size_t count;

	return elf_getphdrnum(f->elf, &count) == 0 ? count : 0;
}

bool elf_file_offset(
	const struct elf_file *f, uint64_t address, uint64_t size, bool code, uint64_t *offset)
{
	size_t count = segment_count(f);

	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (!segment(f, i, &p) || p.p_type != PT_LOAD || (code && !(p.p_flags & PF_X)))
			continue;
		if (address < p.p_vaddr || address - p.p_vaddr > p.p_filesz ||
			size > p.p_filesz - (address - p.p_vaddr))
			continue;
		*offset = p.p_offset + (address - p.p_vaddr);
		return true;
	}
	return false;
}

const char *elf_file_text(const struct elf_file *f, uint64_t address)
{
	uint64_t offset;
	const char *text;

	if (!elf_file_offset(f, address, 1, false, &offset))
		return NULL;
	text = (const char *)f->data + offset;
	return memchr(text, '\0', f->size - offset) != NULL ? text : NULL;
}

/* --- symbols --- */

/* How far below the thread pointer the thread-local segment begins. */
static bool tls_size(const struct elf_file *f, uint64_t *size)
{
	size_t count = segment_count(f);

	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (!segment(f, i, &p) || p.p_type != PT_TLS)
			continue;
		*size = (p.p_memsz + p.p_align - 1) & -(p.p_align | !p.p_align);
		return true;
	}
	return false;
}

static Elf_Data *symbol_table(const struct elf_file *f, GElf_Shdr *header)
{
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(f->elf, scn)) != NULL;)
		if (gelf_getshdr(scn, header) != NULL && header->sh_type == SHT_SYMTAB)
			return elf_getdata(scn, NULL);
	return NULL;
}

static enum elf_found find_symbol(
	const struct elf_file *f, const char *name, bool tls, uint64_t *value)
{
	enum elf_found found = ELF_NONE;
	GElf_Shdr header;
	Elf_Data *table = symbol_table(f, &header);
	GElf_Sym s;

	if (table == NULL)
		return ELF_NONE;
	for (int i = 0; gelf_getsym(table, i, &s) != NULL; i++) {
		const char *called = elf_strptr(f->elf, header.sh_link, s.st_name);

		if (called == NULL || strcmp(called, name) != 0 || s.st_shndx == SHN_UNDEF ||
			(GELF_ST_TYPE(s.st_info) == STT_TLS) != tls)
			continue;
		if (found != ELF_NONE && s.st_value != *value)
			return ELF_SEVERAL;
		*value = s.st_value;
		found = ELF_ONE;
	}
	return found;
}

enum elf_found elf_file_symbol(
	const struct elf_file *f, const char *name, bool tls, uint64_t *value)
{
	enum elf_found found = find_symbol(f, name, tls, value);
	uint64_t size;

	if (found != ELF_ONE || !tls)
		return found;
	if (!tls_size(f, &size))
		return ELF_NONE;
	*value -= size;
	return ELF_ONE;
}
