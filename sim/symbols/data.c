/* data.c - where data lies: NAME, then .FIELD and [INDEX], by the types in DWARF. */
#include <dwarf.h>

#include "sim/abi/memlayout.h"
#include "sim/symbols/dwarf.h"
#include "sim/symbols/images.h"

#define WORD_MAX 128

/* What the text has spelled so far. */
struct cursor {
	const struct elf_image *image;
	const char *text, *at;
	struct error *e;
	struct data_place place; /* its size only at the end */
	Dwarf_Die type;
	unsigned dimension; /* of an array type: how many indices were given */
};

/* Structures that the kernel maps into every process at one address (sim/abi/procinfo.h). */
static const struct {
	const char *name, *type, *member; /* member: start there */
	uint64_t address;
} fixed_places[] = {
	{"procinfo", "procinfo", NULL, UINFO},
	{"procdata", "procdata", NULL, UDATA},
	{"vcpd", "procdata", "vcore_preempt_data", UDATA},
};

static bool wrong(struct cursor *c, const char *what)
{
	return fail(c->e, "%s: %s: %s, at '%s'", c->image->path, c->text, what, c->at);
}

/* --- finding a name among what the image declares --- */

typedef bool wanted_die(Dwarf_Die *die, void *context);

static bool find_in_unit(
	Dwarf_Die *unit, const char *name, wanted_die *wanted, void *context, Dwarf_Die *found)
{
	Dwarf_Die die;

	if (dwarf_child(unit, &die) != 0)
		return false;
	do {
		const char *called = dwarf_diename(&die);

		if (called != NULL && strcmp(called, name) == 0 && wanted(&die, context)) {
			*found = die;
			return true;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* The first one that is wanted, in the order of the units. */
static bool find_die(const struct elf_image *image, const char *name, wanted_die *wanted,
	void *context, Dwarf_Die *found)
{
	Dwarf *dwarf = symbols_dwarf(image->symbols);
	Dwarf_Off at = 0, next;
	size_t header;

	if (dwarf == NULL)
		return false;
	for (; dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0; at = next) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, at + header, &unit) != NULL &&
			find_in_unit(&unit, name, wanted, context, found))
			return true;
	}
	return false;
}

static bool is_type(Dwarf_Die *die, void *context)
{
	int tag = dwarf_tag(die);

	(void)context;
	return (tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
		       tag == DW_TAG_typedef) &&
	       !dwarf_hasattr(die, DW_AT_declaration);
}

static bool has_address(Dwarf_Die *die, uint64_t *address)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *op;
	size_t count;

	if (dwarf_attr(die, DW_AT_location, &attribute) == NULL ||
		dwarf_getlocation(&attribute, &op, &count) != 0 || count != 1 ||
		op->atom != DW_OP_addr)
		return false;
	*address = op->number;
	return true;
}

/* The variables of one name, static ones in several files. */
struct variables {
	unsigned count;
	uint64_t address;
	Dwarf_Die die; /* the first */
};

/* Takes them all down, and goes on looking. */
static bool note_variable(Dwarf_Die *die, void *context)
{
	struct variables *v = context;
	uint64_t address;

	if (dwarf_tag(die) != DW_TAG_variable || !has_address(die, &address))
		return false;
	if (v->count == 0) {
		v->die = *die;
		v->address = address;
	}
	if (v->count == 0 || address != v->address)
		v->count++;
	return false;
}

/* --- types --- */

/* Replaces a type by what it is without names and qualifiers. */
static bool strip(Dwarf_Die *type)
{
	return dwarf_peel_type(type, type) == 0;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, DW_AT_type, &attribute) != NULL &&
	       dwarf_formref_die(&attribute, type) != NULL && strip(type);
}

static bool is_structure(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);

	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* The number of elements in one dimension of an array, 0 where it is open; and how many bytes one
 * of them has. */
static bool array_dimension(
	Dwarf_Die *array, unsigned dimension, uint64_t *elements, uint64_t *stride)
{
	Dwarf_Die die, element;
	Dwarf_Word size;
	unsigned number = 0;

	if (!type_of(array, &element) || dwarf_aggregate_size(&element, &size) != 0 ||
		dwarf_child(array, &die) != 0)
		return false;
	*stride = size;
	do {
		Dwarf_Attribute attribute;
		Dwarf_Word count = 0;

		if (dwarf_tag(&die) != DW_TAG_subrange_type)
			continue;
		if (dwarf_attr(&die, DW_AT_count, &attribute) != NULL)
			(void)dwarf_formudata(&attribute, &count);
		else if (dwarf_attr(&die, DW_AT_upper_bound, &attribute) != NULL &&
			 dwarf_formudata(&attribute, &count) == 0)
			count++;
		if (number == dimension)
			*elements = count;
		else if (number > dimension)
			*stride *= count;
		number++;
	} while (dwarf_siblingof(&die, &die) == 0);
	return number > dimension;
}

/* One more index of the array has been dealt with. */
static bool enter_element(struct cursor *c)
{
	uint64_t elements, stride;

	c->dimension++;
	if (array_dimension(&c->type, c->dimension, &elements, &stride))
		return true;
	c->dimension = 0;
	return type_of(&c->type, &c->type);
}

/* An array in front of .FIELD: all of its elements. */
static bool every_element(struct cursor *c)
{
	uint64_t elements, stride;

	if (!array_dimension(&c->type, c->dimension, &elements, &stride) || elements == 0)
		return wrong(c, "an array of unknown length: expected [INDEX]");
	if (c->place.count != 1)
		return wrong(c, "a second array without [INDEX]");
	c->place.count = elements;
	c->place.stride = stride;
	return enter_element(c) || wrong(c, "elements of unknown type");
}

/* --- steps --- */

static bool read_word(struct cursor *c, char word[WORD_MAX])
{
	size_t length = strspn(c->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_");

	if (length == 0 || length >= WORD_MAX)
		return wrong(c, "expected a name");
	memcpy(word, c->at, length);
	word[length] = '\0';
	return true;
}

static bool member_offset(Dwarf_Die *member, uint64_t *offset)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	*offset = 0; /* of a union */
	if (dwarf_attr(member, DW_AT_data_member_location, &attribute) == NULL)
		return true;
	if (dwarf_formudata(&attribute, &value) != 0)
		return false;
	*offset = value;
	return true;
}

/* Also looks into members without a name. */
static bool find_member(Dwarf_Die *structure, const char *name, Dwarf_Die *found, uint64_t *offset)
{
	Dwarf_Die member;

	if (dwarf_child(structure, &member) != 0)
		return false;
	do {
		const char *called = dwarf_diename(&member);
		uint64_t inner = 0;
		Dwarf_Die type;

		if (dwarf_tag(&member) != DW_TAG_member || !member_offset(&member, offset))
			continue;
		*found = member;
		if (called != NULL && strcmp(called, name) == 0)
			return true;
		if (called == NULL && type_of(&member, &type) && is_structure(&type) &&
			find_member(&type, name, found, &inner)) {
			*offset += inner;
			return true;
		}
	} while (dwarf_siblingof(&member, &member) == 0);
	return false;
}

static bool enter_member(struct cursor *c, const char *name)
{
	Dwarf_Die member;
	uint64_t offset;

	while (dwarf_tag(&c->type) == DW_TAG_array_type)
		if (!every_element(c))
			return false;
	if (!is_structure(&c->type))
		return wrong(c, "what stands before this is no structure");
	if (!find_member(&c->type, name, &member, &offset))
		return wrong(c, "the structure has no such member");
	if (dwarf_hasattr(&member, DW_AT_bit_size))
		return wrong(c, "a bit field has no address");
	if (!type_of(&member, &c->type))
		return wrong(c, "a member of unknown type");
	c->place.address += offset;
	c->dimension = 0;
	return true;
}

static bool step_index(struct cursor *c)
{
	uint64_t elements, stride, index = 0;

	if (dwarf_tag(&c->type) != DW_TAG_array_type ||
		!array_dimension(&c->type, c->dimension, &elements, &stride))
		return wrong(c, "what stands before this is no array");
	if (*++c->at < '0' || *c->at > '9')
		return wrong(c, "expected a number");
	for (; *c->at >= '0' && *c->at <= '9'; c->at++)
		index = min_u64(index * 10 + (uint64_t)(*c->at - '0'), UINT32_MAX);
	if (*c->at != ']')
		return wrong(c, "expected ]");
	if (elements != 0 && index >= elements)
		return wrong(c, "the index before this is beyond the array's end");
	c->at++;
	c->place.address += index * stride;
	return enter_element(c) || wrong(c, "elements of unknown type");
}

static bool follow(struct cursor *c)
{
	char word[WORD_MAX];

	while (*c->at != '\0') {
		if (*c->at == '[') {
			if (!step_index(c))
				return false;
			continue;
		}
		if (*c->at++ != '.') {
			c->at--;
			return wrong(c, "expected . or [");
		}
		if (!read_word(c, word) || !enter_member(c, word))
			return false;
		c->at += strlen(word);
	}
	return true;
}

/* The size of what was spelled: of an array with indices missing, all of the rest. */
static bool set_size(struct cursor *c)
{
	Dwarf_Word size;
	uint64_t elements, stride;

	if (c->dimension != 0) {
		if (!array_dimension(&c->type, c->dimension, &elements, &stride))
			return wrong(c, "elements of unknown type");
		c->place.size = elements * stride;
		return true;
	}
	if (dwarf_aggregate_size(&c->type, &size) != 0)
		return wrong(c, "its size is not known");
	c->place.size = size;
	return true;
}

/* --- the first name --- */

/* A variable without a type: the symbol alone says where and how large. */
static bool plain_symbol(struct cursor *c, const char *name, struct data_place *place)
{
	struct symbol symbol;

	if (!symbols_named(c->image->symbols, name, &symbol))
		return wrong(c, "the image has no variable of this name, nor is it procinfo, "
				"procdata or vcpd");
	c->at += strlen(name);
	if (*c->at != '\0')
		return wrong(c, "the type of what stands before this is not known (no DWARF)");
	*place = (struct data_place){symbol.address, symbol.size, 1, 0};
	return true;
}

static bool find_type(struct cursor *c, const char *name)
{
	return find_die(c->image, name, is_type, NULL, &c->type) && strip(&c->type) &&
	       is_structure(&c->type);
}

/* is_fixed: the name is one of those; the type is then looked for in the kernel too, for a program
 * that never looks at it. */
static bool start_fixed(struct cursor *c, const char *name, bool *is_fixed)
{
	const struct elf_image *image = c->image;
	bool good;

	*is_fixed = false;
	for (unsigned i = 0; i < ARRAY_LEN(fixed_places); i++) {
		if (strcmp(fixed_places[i].name, name) != 0)
			continue;
		*is_fixed = true;
		good = find_type(c, fixed_places[i].type);
		if (!good) {
			c->image = image->kernel;
			good = find_type(c, fixed_places[i].type);
			c->image = image;
		}
		c->place.address = fixed_places[i].address;
		if (!good || (fixed_places[i].member != NULL &&
				     !enter_member(c, fixed_places[i].member)))
			return wrong(c, "neither the image nor the kernel has its type");
	}
	return true;
}

static bool finish(struct cursor *c, const char *name, struct data_place *place)
{
	c->at += strlen(name);
	if (!follow(c) || !set_size(c))
		return false;
	*place = c->place;
	return true;
}

static struct cursor start(const struct elf_image *image, const char *text, struct error *e)
{
	return (struct cursor){
		.image = image, .text = text, .at = text, .e = e, .place = {.count = 1}};
}

bool image_data(
	const struct elf_image *image, const char *text, struct data_place *place, struct error *e)
{
	struct cursor c = start(image, text, e);
	char name[WORD_MAX];
	struct variables variables = {0};
	Dwarf_Die unused;
	bool is_fixed;

	if (!read_word(&c, name) || !start_fixed(&c, name, &is_fixed))
		return false;
	if (is_fixed)
		return finish(&c, name, place);
	if (find_die(image, name, note_variable, &variables, &unused) || variables.count > 1)
		return wrong(&c, "several variables have this name");
	if (variables.count == 0 || !type_of(&variables.die, &c.type))
		return plain_symbol(&c, name, place);
	c.place.address = variables.address;
	return finish(&c, name, place);
}

bool image_field(
	const struct elf_image *image, const char *text, struct data_place *place, struct error *e)
{
	struct cursor c = start(image, text, e);
	char name[WORD_MAX];

	if (!read_word(&c, name))
		return false;
	if (!find_type(&c, name))
		return wrong(&c, "the image has no structure of this name");
	return finish(&c, name, place);
}
