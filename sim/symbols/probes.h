/* probes.h - the USDT probes of an image (sim/abi/probe.h): where they are, and what their
 * arguments are when a core stands there.
 *
 * Read from .note.stapsdt; only provider `ringv` counts. https://sourceware.org/systemtap/wiki/
 * UserSpaceProbeImplementation describes the notes. An argument is written as the assembler would:
 * N@OPERAND, N its size in bytes, negative when signed.
 */
#ifndef SYMBOLS_PROBES_H
#define SYMBOLS_PROBES_H

#include "sim/symbols/images.h"

#define PROBE_ARGS_MAX 12

struct vcpu;

enum probe_arg_kind { PROBE_CONSTANT, PROBE_REGISTER, PROBE_MEMORY };

struct probe_arg {
	uint8_t kind;
	uint8_t size; /* 1, 2, 4 or 8 */
	bool is_signed;
	uint8_t base;  /* enum gpr, or REG_ZERO; of PROBE_REGISTER that register */
	uint8_t width; /* of the register that is named: 1, 2, 4 or 8 */
	bool high;     /* it is AH, CH, DH or BH */
	uint8_t index, scale;
	uint8_t segment; /* FS, GS, or DS, whose base does not count */
	int64_t value;   /* the constant, or the displacement */
};

struct probe {
	const char *name;
	const struct elf_image *image;
	uint64_t address;
	unsigned arg_count;
	struct probe_arg args[PROBE_ARGS_MAX];
	const char *arg_text; /* as in the note */
};

/* The arguments as the core's registers and memory are just now, at the probe's address. An
 * argument in memory that is not mapped is 0, and makes the answer false. */
bool probe_args(const struct probe *p, const struct vcpu *c, int64_t args[PROBE_ARGS_MAX]);

/* All probes at an address; NULL: none. */
const struct probe *image_probes_at(const struct elf_image *image, uint64_t address, size_t *count);

/* Whether any image has a probe of this name. */
bool images_have_probe(const struct images *images, const char *name);

#endif
