/* elf_load.c - see elf_load.h. Format: System V ABI, "Object Files". */
#include "sim/kernel/elf_load.h"
#include "sim/abi/errno.h"
#include "sim/abi/syscall.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/memlayout.h"
#include "sim/kernel/mm.h"

#include <stdbool.h>

#define ELF_MAGIC     "\177ELF\2\1\1" /* 64-bit, little-endian, version 1 */
#define ET_EXEC       2
#define EM_X86_64     62
#define PT_LOAD       1
#define PF_X          1
#define PF_W          2
#define MAX_PROG_SIZE (1ul << 30)

struct ehdr {
	char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static bool header_ok(const struct ehdr *e, size_t size)
{
	return size >= sizeof(*e) && memcmp(e->ident, ELF_MAGIC, 7) == 0 && e->type == ET_EXEC &&
	       e->machine == EM_X86_64 && e->phentsize == sizeof(struct phdr) && e->phoff <= size &&
	       e->phnum <= (size - e->phoff) / sizeof(struct phdr);
}

static bool segment_ok(const struct phdr *ph, size_t size)
{
	return ph->offset <= size && ph->filesz <= size - ph->offset && ph->filesz <= ph->memsz &&
	       ph->memsz <= MAX_PROG_SIZE && ph->vaddr < BRK_START;
}

static int load_segment(struct proc *p, const char *file, const struct phdr *ph)
{
	uint64_t start = ROUNDDOWN(ph->vaddr, PGSIZE), end = ROUNDUP(ph->vaddr + ph->memsz, PGSIZE);
	int prot = PROT_READ | (ph->flags & PF_W ? PROT_WRITE : 0) |
		   (ph->flags & PF_X ? PROT_EXEC : 0);
	uint64_t va;
	int err;

	err = mm_map(p, start, end - start, prot, &va);
	if (err != 0)
		return err == EINVAL ? ENOEXEC : err;
	mm_poke(p, ph->vaddr, file + ph->offset, ph->filesz);
	return 0;
}

int elf_load(struct proc *p, const void *file, size_t size, struct elf_program *out)
{
	const struct ehdr *e = file;
	const struct phdr *ph;
	int err;

	if (!header_ok(e, size))
		return ENOEXEC;
	*out = (struct elf_program){e->entry, 0};
	ph = (const void *)((const char *)file + e->phoff);
	for (unsigned i = 0; i < e->phnum; i++) {
		if (ph[i].type != PT_LOAD || ph[i].memsz == 0)
			continue;
		if (!segment_ok(&ph[i], size))
			return ENOEXEC;
		err = load_segment(p, file, &ph[i]);
		if (err != 0)
			return err;
		if (ph[i].vaddr + ph[i].memsz > out->end)
			out->end = ph[i].vaddr + ph[i].memsz;
	}
	return out->end == 0 ? ENOEXEC : 0;
}
