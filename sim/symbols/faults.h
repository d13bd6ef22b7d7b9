/* faults.h - the fault points of an image (sim/abi/fault_point.h), and turning them on: a JMP over
 * the NOP, in the bytes that are about to be loaded.
 */
#ifndef SYMBOLS_FAULTS_H
#define SYMBOLS_FAULTS_H

#include "sim/machine/file.h"
#include "sim/machine/loader.h"
#include "sim/symbols/images.h"

struct fault_place {
	const char *name;
	const struct elf_image *image;
	uint64_t address;     /* of the NOP */
	uint64_t target;      /* where the JMP goes */
	uint64_t file_offset; /* of the NOP, in the file that is loaded: kernel, or module */
};

/* Turns on each of the named points in all images, in copies of the files that hold them: boot
 * then names the copies, which live in patched until faults_free. A name that no image has is an
 * error that lists those that there are. */
struct faults_patched {
	struct blob image;
	struct blob modules[BOOT_MODULES_MAX];
};

MUST_CHECK bool faults_inject(const struct images *images, const char *const *names, size_t count,
	struct boot *boot, struct faults_patched *patched, struct error *e);
void faults_free(struct faults_patched *patched);

/* Does any image have this fault point? */
bool images_have_fault(const struct images *images, const char *name);

#endif
