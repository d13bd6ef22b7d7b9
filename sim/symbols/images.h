/* images.h - the programs of a run, read from the files it starts with: the kernel, and each ELF
 * file in the modules that are cpio archives. Of each: symbols, lines, probes, fault points, and
 * where its data lies.
 *
 * Only reads: nothing here depends on a machine. Files may be any bytes. One that is no ELF file
 * has no symbols, which is fine; notes or tables that are there but broken are an error.
 */
#ifndef SYMBOLS_IMAGES_H
#define SYMBOLS_IMAGES_H

#include "sim/symbols/symbols.h"

struct boot;
struct probe;
struct fault_place;
struct parameter_list;

/* Names, lists and everything they point to live as long as the struct images. */
struct elf_image {
	const char *name; /* "kernel"; of a program the last part of its path: "block_test" */
	const char *path; /* for messages: "build/initrd.cpio:bin/block_test" */
	bool user;        /* lies in address spaces of processes */
	int module;       /* of struct boot, that holds it; -1: it is the kernel */
	const struct elf_image *kernel;
	const struct symbols *symbols;
	size_t probe_count;
	const struct probe *probes; /* by address, then name */
	size_t fault_count;
	const struct fault_place *faults; /* by name, then address */
	const struct parameter_list *parameters;
	const char *race_rules; /* section .ringv.races; NULL: none */
	size_t race_rules_size;
};

struct images;

/* NULL on error. boot may go; the bytes of its files must live as long as the images. */
struct images *images_load(const struct boot *boot, struct error *e);
void images_destroy(struct images *images);

/* All of them; number 0 is the kernel. */
size_t images_count(const struct images *images);
const struct elf_image *images_at(const struct images *images, size_t number);
const struct elf_image *images_kernel(const struct images *images);

/* By what a process calls itself, "block_test" or a path: the first program with that last part.
 * NULL: there is none. */
const struct elf_image *images_program(const struct images *images, const char *name);

/* --- places --- */

/* Bytes that a store point watches or an oracle reads: count pieces of size bytes, stride apart. */
struct data_place {
	uint64_t address;
	uint64_t size;
	uint64_t count, stride; /* 1, 0 unless an array was left without an index */
};

/* Where the data that `text` spells lies: NAME, then any number of .FIELD and [INDEX].
 *
 * NAME is a variable of the image, or one of the structures that every process has at a fixed
 * place: procinfo, procdata, vcpd (= procdata.vcore_preempt_data). An array without [INDEX] stands
 * for all its elements: vcpd.notif_pending is that of any vcore, vcpd[2].notif_pending of vcore 2.
 * The types come from the image's DWARF. On error e says which part of the text is wrong.
 */
MUST_CHECK bool image_data(
	const struct elf_image *image, const char *text, struct data_place *place, struct error *e);

/* The same within a type of the image: "proc.vcore_lists" -> address is the offset in struct proc.
 */
MUST_CHECK bool image_field(
	const struct elf_image *image, const char *text, struct data_place *place, struct error *e);

#endif
