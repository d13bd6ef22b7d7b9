/* race_rules.h - what a kernel and its programs declare about accesses without a lock
 * (docs/formats.md, "Race rules").
 *
 * They come from section .ringv.races of an image, and from a file that the user names, whose rules
 * are for all images. Each rule names code or data; one whose name no image has is an error.
 */
#ifndef REPLAY_RACE_RULES_H
#define REPLAY_RACE_RULES_H

#include "sim/symbols/images.h"

enum race_rule_kind {
	RULE_NONE,
	RULE_SYNC,      /* what the function loads and stores synchronises */
	RULE_RACY,      /* what the function loads and stores is racy on purpose */
	RULE_SEQ_BEGIN, /* it loads a sequence counter: the core's loads from now on ... */
	RULE_SEQ_END,   /* ... until it loads it here, and compares, may be torn */
	RULE_SYNC_DATA, /* the same, for data whoever accesses it */
	RULE_RACY_DATA,
	RACE_RULE_KINDS
};

struct race_rule {
	enum race_rule_kind kind;
	const struct elf_image *image; /* that declares it; NULL: a file that is for all */
	char name[96];
	char where[160]; /* file and line */
	bool known;      /* some image has it */
	uint64_t used;   /* accesses that it was needed for */
};

/* Code of an image that a rule is about; or data. */
struct race_code {
	const struct elf_image *image;
	uint64_t first, end;
	unsigned rule;
};

struct race_data {
	const struct elf_image *image;
	struct data_place place;
	unsigned rule;
};

struct race_rules {
	size_t count, code_count, data_count;
	struct race_rule *rules;
	struct race_code *code; /* in the order of images; an inner range after the outer one */
	struct race_data *data;
};

/* file may be NULL. On error nothing is left. */
MUST_CHECK bool race_rules_load(
	struct race_rules *r, const struct images *images, const char *file, struct error *e);
void race_rules_free(struct race_rules *r);

/* The innermost rule for the instruction at that address; NULL: none. */
struct race_rule *race_rules_at(
	struct race_rules *r, const struct elf_image *image, uint64_t address);

#endif
