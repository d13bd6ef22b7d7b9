/* rules.c - what is known of single rows: which the host cannot run, what is left undefined. */
#include "tests/oracle/oracle.h"

bool row_is(const struct row *row, const char *name)
{
	return strcmp(row->name, name) == 0;
}

bool row_has_kind(const struct row *row, const char *kinds)
{
	for (unsigned i = 0; i < OPERANDS; i++)
		if (row->operands[i].kind != 0 && strchr(kinds, row->operands[i].kind) != NULL)
			return true;
	return false;
}

bool row_has_size(const struct row *row, char size)
{
	for (unsigned i = 0; i < OPERANDS; i++)
		if (row->operands[i].size == size)
			return true;
	return false;
}

static bool is_one_of(const struct row *row, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (row_is(row, names[i]))
			return true;
	return false;
}

bool row_uses_stack(const struct row *row)
{
	static const char *const names[] = {"push", "pop", "call", "ret", "pushf", "popf", "enter",
		"leave", "lcall", "lret", "iret", "pusha", "popa"};

	return is_one_of(row, names, ARRAY_LEN(names));
}

/* A CALL to an address that is not canonical is not made: the host has pushed by the time it
 * faults, ringv has not, and the manual's order is ringv's. In 32-bit code all addresses can be
 * gone to. An IRET would set RFLAGS.AC: the host then checks alignment within IRET, and Linux takes
 * that for a split lock, for ever. */
bool avoids_read_only(const struct form *f)
{
	if (row_is(f->row, "call") || row_is(f->row, "lcall") || row_is(f->row, "iret"))
		return true;
	return f->mode != CODE_64 && (f->row->attributes & BRANCH);
}

/* Of ten bytes, the first eight. */
bool stores_half(const struct row *row)
{
	return row_is(row, "fbstp") || (row_is(row, "fstp") && row->operands[0].size == 0);
}

bool row_is_indirect(const struct row *row)
{
	return (row->attributes & BRANCH) && row_has_kind(row, "E");
}

bool row_is_far(const struct row *row)
{
	static const char *const names[] = {"ljmp", "lcall", "lret", "iret"};

	return is_one_of(row, names, ARRAY_LEN(names));
}

bool row_takes_selector(const struct row *row)
{
	static const char *const names[] = {
		"lar", "lsl", "verr", "verw", "lss", "lfs", "lgs", "les", "lds"};

	return is_one_of(row, names, ARRAY_LEN(names)) ||
	       (row_is(row, "mov") && row->operands[0].kind == 'S') ||
	       (row_is(row, "pop") && row->operands[0].kind == 's');
}

bool row_is_x87(const struct row *row)
{
	return row->name[0] == 'f' || row_is(row, "emms") || row_has_kind(row, "PQN");
}

bool row_is_bit_string(const struct row *row)
{
	return row->name[0] == 'b' && row->name[1] == 't' && row_has_kind(row, "G");
}

bool row_is_special(const struct row *row)
{
	static const char *const names[] = {"div", "idiv", "cmpxchg", "cmpxchg8b", "cmpxchg16b",
		"fxrstor", "ldmxcsr", "fldcw", "maskmovq", "maskmovdqu"};

	return is_one_of(row, names, ARRAY_LEN(names)) || row_has_kind(row, "XYOT") ||
	       row_takes_selector(row) || row_is_far(row) || row_is_indirect(row);
}

/* --- rows that are not run --- */

#define ENVIRONMENT "its result is the environment's: clock, identity, operating system"
#define EMULATED    "the host's kernel emulates it (UMIP)"
#define RANDOM      "its result is random"
#define XSAVE       "it has more components than ringv"
#define SYSTEM_CALL "enters the host's kernel"

static const struct {
	const char *name, *reason;
} exclusions[] = {
	{"cpuid", ENVIRONMENT},
	{"rdtsc", ENVIRONMENT},
	{"rdtscp", ENVIRONMENT},
	{"syscall", SYSTEM_CALL},
	{"sysenter", SYSTEM_CALL},
	{"int3", SYSTEM_CALL},
	{"int", SYSTEM_CALL},
	{"sgdt", EMULATED},
	{"sidt", EMULATED},
	{"sldt", EMULATED},
	{"str", EMULATED},
	{"rdpid", ENVIRONMENT},
	{"xgetbv", ENVIRONMENT},
	{"rdpkru", ENVIRONMENT},
	{"wrpkru", ENVIRONMENT},
	{"xsave", XSAVE},
	{"xsaveopt", XSAVE},
	{"xsavec", XSAVE},
	{"xrstor", XSAVE},
	{"rdrand", RANDOM},
	{"rdseed", RANDOM},
	{"smsw", EMULATED},
};

const char *row_exclusion(const struct row *row, enum code_mode mode)
{
	if (row->attributes & (mode == CODE_64 ? NO64 : ONLY64))
		return "not in this mode";
	for (size_t i = 0; i < ARRAY_LEN(exclusions); i++)
		if (row_is(row, exclusions[i].name))
			return exclusions[i].reason;
	return NULL;
}

/* --- and where else they are checked --- */

#define BY_QEMU  "; at CPL 0 QEMU (group system)"
#define BY_BOCHS "; at CPL 0 Bochs (group system)"
#define BY_BOTH  "; at CPL 0 QEMU and Bochs (group system)"

static const struct {
	const char *names; /* separated by blanks */
	const char *where;
} elsewhere[] = {
	{"cli sti hlt clts lmsw smsw lgdt lidt sgdt sidt lldt ltr sldt str invlpg swapgs wrmsr "
	 "rdmsr clac stac in out outs iret int int3 int1 into syscall sysret "
	 "lcall "
	 "ljmp lret rdtsc rdtscp",
		BY_QEMU},
	{"cpuid", "; unit test model, values of the CPU models"},
	{"xsave xsaveopt xsavec xrstor", "; the host by oracle/xsave, 64-bit code"},
	{"ins sysexit xsetbv", BY_BOTH},
	{"rdpmc invpcid xsaves xrstors monitor mwait", BY_BOCHS},
	{"sysenter xgetbv rdpkru wrpkru rdrand", "; QEMU and Bochs (group system)"},
	{"rdseed rdpid", "; Bochs (group system)"},
	{"invd wbinvd", "; at CPL 0 no oracle: nothing is to be seen of them"},
};

const char *row_elsewhere(const struct row *row)
{
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		if (names_include(elsewhere[i].names, row->name))
			return elsewhere[i].where;
	return row_has_kind(row, "CD") ? BY_QEMU : "";
}

/* --- what the manual leaves undefined: sim/cpu/undefined.c --- */

static struct execution execution_of(const struct code *c, const struct regs *in)
{
	const struct row *row = c->form->row;

	return (struct execution){
		.row = row,
		.width = row->operands[0].size == 'b' ? 1 : c->width,
		.imm = c->imm,
		.rcx = in->gpr[RCX],
	};
}

uint64_t undefined_flags(const struct code *c, const struct regs *in)
{
	struct execution x = execution_of(c, in);

	return undefined_flags_of(&x);
}

bool undefined_result(const struct code *c, const struct regs *in)
{
	struct execution x = execution_of(c, in);

	return undefined_result_of(&x);
}
