/* config.h - the options of a run: a plain struct, filled from defaults, ini texts and overrides.
 *
 * Every option is one row of the table in config.c (key, type, default, range, unit, help); a new
 * one is a row and a field. sim.ini at the root is what config_print makes of the defaults. The
 * readers change the configuration only when the whole text is good. An error names the file, the
 * line, the option and what was expected.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdio.h>

#include "sim/base/error.h"

enum memory_model { MEMORY_MODEL_SC, MEMORY_MODEL_TSO };

enum virtio_transport { VIRTIO_TRANSPORT_PCI, VIRTIO_TRANSPORT_MMIO };

enum reset_means { RESET_RESTART, RESET_STOP };

enum triple_fault_means { TRIPLE_FAULT_STOP, TRIPLE_FAULT_RESET };

enum cpu_profile { CPU_PROFILE_FLAT };

#define CONFIG_TEXT_SIZE 184 /* of an option that is a text, with its NUL */

struct config {
	struct {
		uint64_t cpus;
		uint64_t memory_mib;
		uint64_t hz;           /* cycles a second */
		uint64_t quantum;      /* cycles that one pcore may run ahead of the others */
		uint64_t memory_model; /* enum memory_model */
		uint64_t clock;        /* the CMOS time at power-on, seconds since 1970 */
		uint64_t seed;
	} machine;
	struct {
		uint64_t drain;  /* cycles that a store stays in a store buffer */
		uint64_t spread; /* up to so many more */
	} tso;
	struct {
		uint64_t profile;             /* enum cpu_profile */
		char model[CONFIG_TEXT_SIZE]; /* see sim/cpu/model.h */
		uint64_t pause;               /* cycles that a PAUSE takes */
	} cpu;
	struct {
		uint64_t virtio;         /* enum virtio_transport */
		uint64_t virtio_latency; /* cycles from a request to its answer */
		uint64_t framebuffer;    /* 0 or 1 */
		uint64_t reset;          /* enum reset_means */
		uint64_t triple_fault;   /* enum triple_fault_means */
	} board;
	struct {
		uint64_t window; /* steps from one digest to the next */
	} record;
	struct {
		uint64_t period;   /* steps from one look of the oracles to the next */
		uint64_t patience; /* cycles without a sign of life */
		uint64_t livelock; /* steps without progress */
		uint64_t races;    /* 0 or 1 */
		char race_rules[CONFIG_TEXT_SIZE]; /* path, or "none" */
	} oracle;
	struct {
		uint64_t max_insns; /* instructions of all pcores; 0 is no limit */
	} run;
};

void config_defaults(struct config *c);

/* Reads an ini text, or the file at path, over what c holds. A key may stand once in a text. */
MUST_CHECK bool config_read_text(
	struct config *c, const char *file, const char *text, size_t length, struct error *e);
MUST_CHECK bool config_read_file(struct config *c, const char *path, struct error *e);

/* Sets one option by its full key, as the command line does: config_set(c, "machine.cpus", "4"). */
MUST_CHECK bool config_set(struct config *c, const char *key, const char *value, struct error *e);

/* Is there an option in that section? For files that hold more than options, as scenarios do. */
bool config_has_section(const char *section);

enum config_form { CONFIG_INI, CONFIG_JSON, CONFIG_CHANGES };

/* Prints the effective configuration: as ini text with its documentation, as one JSON object of
 * objects, or as ini text of those options that are not the default. config_read_text of the first
 * gives c again, and so does that of the last, over the defaults. */
void config_print(const struct config *c, enum config_form form, FILE *out);

#endif
