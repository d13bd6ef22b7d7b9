/* model.h - the CPU model of a machine: what its cores say of themselves, and what they have.
 *
 * A model is an ini file of sim/cpu/models, which is part of the program, or a file of the user's.
 * It may be based on one of the former. Where a model is named, features can be turned on and off:
 * "ringv-v2,-smap,+sse3"; what needs a feature that is off is off with it.
 */
#ifndef CPU_MODEL_H
#define CPU_MODEL_H

#include "sim/base/error.h"
#include "sim/cpu/features.h"

#define MODEL_NAME_MAX   32
#define MODEL_CACHES     4
#define MODEL_CACHE_LINE 64

/* A cache of leaf 4. kib is 0 where there is none. */
struct model_cache {
	uint32_t kib, ways;
};

enum model_cache_index { CACHE_L1D, CACHE_L1I, CACHE_L2, CACHE_L3 };

struct cpu_model {
	char vendor[12 + 1];
	char brand[48 + 1];
	uint32_t family, model, stepping;
	uint32_t max_leaf, max_extended; /* max_extended 0: there are no extended leaves */
	uint32_t physical_bits;
	struct model_cache caches[MODEL_CACHES]; /* by enum model_cache_index; L3 is shared */
	struct feature_set features;
};

/* Makes the model that text names: NAME or FILE, then ",+feature" and ",-feature". A FILE has a
 * slash or ends in .ini; FILE@DIGEST is refused if the file's digest is another (model_pin). */
MUST_CHECK bool model_resolve(const char *text, struct cpu_model *model, struct error *e);

/* Rewrites the name of a model so that it can mean no other one: a file gets its digest. */
MUST_CHECK bool model_pin(char *text, size_t room, struct error *e);

/* Reads the text of a model file over the default of an empty model. */
MUST_CHECK bool model_read(const char *file, const char *text, size_t length,
	struct cpu_model *model, struct error *e);

/* The default model with every feature there is: for tests of instructions. */
void model_of_everything(struct cpu_model *model);

/* The names of the built-in models: NULL beyond the last. */
const char *model_name(unsigned index);

/* What CPUID leaf 1 has in EAX, and EDX after a reset. */
uint32_t model_signature(const struct cpu_model *model);

static inline bool model_has(const struct cpu_model *model, enum cpu_feature f)
{
	return feature_has(&model->features, f);
}

#endif
