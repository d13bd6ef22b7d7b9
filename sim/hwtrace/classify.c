#include "sim/hwtrace/classify.h"

#include <capstone/capstone.h>
#include <stdlib.h>

struct classifier {
	csh handle;
	cs_insn *insn; /* scratch */
	struct hw_instruction known[CLASS_ENTRIES];
};

struct classifier *classifier_create(void)
{
	struct classifier *c = calloc(1, sizeof(*c));

	SIM_ASSERT(c != NULL);
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &c->handle) != CS_ERR_OK ||
		cs_option(c->handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
		SIM_ASSERT(!"Capstone knows x86");
	c->insn = cs_malloc(c->handle);
	SIM_ASSERT(c->insn != NULL);
	return c;
}

void classifier_destroy(struct classifier *c)
{
	if (c == NULL)
		return;
	cs_free(c->insn, 1);
	cs_close(&c->handle);
	free(c);
}

static bool in_group(const cs_insn *insn, unsigned group)
{
	for (unsigned i = 0; i < insn->detail->groups_count; i++)
		if (insn->detail->groups[i] == group)
			return true;
	return false;
}

/* VEX and EVEX are AVX, but for the instructions on general registers. */
static bool is_avx(const cs_insn *insn)
{
	uint8_t first = insn->bytes[0];

	return (first == 0xc4 || first == 0xc5 || first == 0x62) && !in_group(insn, X86_GRP_BMI) &&
	       !in_group(insn, X86_GRP_BMI2);
}

static enum hw_class class_of(const cs_insn *insn)
{
	switch (insn->id) {
	case X86_INS_CPUID:
		return CLASS_CPUID;
	case X86_INS_RDTSC:
	case X86_INS_RDTSCP:
	case X86_INS_RDRAND:
	case X86_INS_RDSEED:
	case X86_INS_RDPMC:
	case X86_INS_XGETBV:
		return CLASS_ENVIRONMENT;
	case X86_INS_SYSCALL:
	case X86_INS_SYSENTER:
	case X86_INS_INT:
		return CLASS_SYSCALL;
	case X86_INS_PUSHF:
	case X86_INS_PUSHFQ:
		return CLASS_PUSHF;
	case X86_INS_INT1:
	case X86_INS_INT3:
		return CLASS_BREAKPOINT;
	default:
		return is_avx(insn) ? CLASS_AVX : CLASS_PLAIN;
	}
}

/* RDPID: Debian 12's Capstone does not know it. */
static bool is_rdpid(const uint8_t *bytes, unsigned size)
{
	return size >= 4 && bytes[0] == 0xf3 && bytes[1] == 0x0f && bytes[2] == 0xc7 &&
	       bytes[3] >= 0xf8;
}

/* --- memory operands --- */

static const struct {
	unsigned wide, narrow;
	uint8_t word;
} registers[] = {
	{X86_REG_RAX, X86_REG_EAX, RAX},
	{X86_REG_RCX, X86_REG_ECX, RCX},
	{X86_REG_RDX, X86_REG_EDX, RDX},
	{X86_REG_RBX, X86_REG_EBX, RBX},
	{X86_REG_RSP, X86_REG_ESP, RSP},
	{X86_REG_RBP, X86_REG_EBP, RBP},
	{X86_REG_RSI, X86_REG_ESI, RSI},
	{X86_REG_RDI, X86_REG_EDI, RDI},
	{X86_REG_R8, X86_REG_R8D, R8},
	{X86_REG_R9, X86_REG_R9D, R9},
	{X86_REG_R10, X86_REG_R10D, R10},
	{X86_REG_R11, X86_REG_R11D, R11},
	{X86_REG_R12, X86_REG_R12D, R12},
	{X86_REG_R13, X86_REG_R13D, R13},
	{X86_REG_R14, X86_REG_R14D, R14},
	{X86_REG_R15, X86_REG_R15D, R15},
	{X86_REG_RIP, X86_REG_EIP, HW_RIP},
};

static uint8_t word_of(unsigned reg, bool *narrow)
{
	for (unsigned i = 0; i < ARRAY_LEN(registers); i++) {
		if (reg == registers[i].narrow && reg != X86_REG_INVALID)
			*narrow = true;
		if (reg == registers[i].wide || reg == registers[i].narrow)
			return registers[i].word;
	}
	return CLASS_NO_REG;
}

static void add_operand(struct hw_instruction *i, const cs_x86_op *op)
{
	struct hw_operand *o = &i->operands[i->operand_count];

	if (op->type != X86_OP_MEM || i->operand_count == CLASS_MEMORY)
		return;
	*o = (struct hw_operand){
		.segment = CLASS_NO_REG,
		.scale = (uint8_t)op->mem.scale,
		.size = op->size,
		.disp = op->mem.disp,
	};
	o->base = word_of(op->mem.base, &o->narrow);
	o->index = word_of(op->mem.index, &o->narrow);
	if (op->mem.segment == X86_REG_FS)
		o->segment = HW_FS_BASE;
	if (op->mem.segment == X86_REG_GS)
		o->segment = HW_GS_BASE;
	if (o->base == HW_RIP)
		o->disp += i->length;
	i->operand_count++;
}

uint64_t hw_operand_address(const struct hw_operand *o, const struct hw_state *s)
{
	uint64_t la = (uint64_t)o->disp;

	if (o->base != CLASS_NO_REG)
		la += s->w[o->base];
	if (o->index != CLASS_NO_REG)
		la += s->w[o->index] * o->scale;
	if (o->narrow)
		la = (uint32_t)la;
	if (o->segment != CLASS_NO_REG)
		la += s->w[o->segment];
	return la;
}

/* --- all --- */

static void look(struct classifier *c, struct hw_instruction *i, unsigned size)
{
	const uint8_t *code = i->bytes;
	size_t left = size;
	uint64_t la = i->rip;

	if (is_rdpid(i->bytes, size))
		i->class = CLASS_ENVIRONMENT;
	if (!cs_disasm_iter(c->handle, &code, &left, &la, c->insn))
		return;
	i->length = (uint8_t)c->insn->size;
	i->class = class_of(c->insn);
	for (unsigned n = 0; n < c->insn->detail->x86.op_count; n++)
		add_operand(i, &c->insn->detail->x86.operands[n]);
}

const struct hw_instruction *classify(
	struct classifier *c, uint64_t rip, const uint8_t *bytes, unsigned size)
{
	struct hw_instruction *i = &c->known[(rip ^ rip >> 12) % CLASS_ENTRIES];

	SIM_ASSERT(size <= CLASS_BYTES);
	if (i->length != 0 && i->rip == rip && i->length <= size &&
		memcmp(i->bytes, bytes, i->length) == 0)
		return i;
	*i = (struct hw_instruction){.rip = rip};
	memcpy(i->bytes, bytes, size);
	look(c, i, size);
	return i;
}
