/* elf_load.h - puts a static ELF64 program into an empty address space. */
#ifndef KERNEL_ELF_LOAD_H
#define KERNEL_ELF_LOAD_H

#include <stddef.h>
#include <stdint.h>

struct proc;

struct elf_program {
	uint64_t entry, end; /* end: of the highest segment */
};

/* 0, ENOEXEC when the file is not such a program, ENOMEM. On errors p keeps what is mapped. */
int elf_load(struct proc *p, const void *file, size_t size, struct elf_program *out);

#endif
