#include "sim/debug/disasm.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>

#define INSN_MAX 15

enum mode { MODE_16, MODE_32, MODE_64, MODES };

struct disassembler {
	csh handles[MODES];
};

struct disassembler *disassembler_create(void)
{
	static const cs_mode modes[MODES] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
	struct disassembler *d = calloc(1, sizeof(*d));

	SIM_ASSERT(d != NULL);
	for (int i = 0; i < MODES; i++)
		if (cs_open(CS_ARCH_X86, modes[i], &d->handles[i]) != CS_ERR_OK)
			SIM_ASSERT(!"Capstone knows x86");
	return d;
}

void disassembler_destroy(struct disassembler *d)
{
	if (d == NULL)
		return;
	for (int i = 0; i < MODES; i++)
		cs_close(&d->handles[i]);
	free(d);
}

static enum mode code_mode(const struct core_state *arch)
{
	uint16_t cs = arch->seg[CS].attr;

	if ((arch->efer & EFER_LMA) && (cs & SEG_L))
		return MODE_64;
	return cs & SEG_D ? MODE_32 : MODE_16;
}

/* As many bytes as can be read, up to the longest instruction. */
static unsigned peek_code(const struct vcpu *c, uint64_t la, uint8_t *code)
{
	unsigned size = 0;

	while (size < INSN_MAX && cpu_peek(c, la + size, &code[size], 1))
		size++;
	return size;
}

unsigned disassemble(
	struct disassembler *d, const struct vcpu *c, uint64_t la, char *text, size_t size)
{
	enum mode mode = code_mode(&c->arch);
	uint64_t at = mode == MODE_64 ? la : la + c->arch.seg[CS].base;
	uint8_t code[INSN_MAX];
	unsigned readable = peek_code(c, at, code), length = 0;
	cs_insn *insn = NULL;

	if (readable == 0) {
		snprintf(text, size, "(not mapped)");
	} else if (cs_disasm(d->handles[mode], code, readable, la, 1, &insn) == 1) {
		snprintf(text, size, "%s%s%s", insn->mnemonic, insn->op_str[0] != '\0' ? " " : "",
			insn->op_str);
		length = insn->size;
	} else {
		snprintf(text, size, "(bad)");
	}
	cs_free(insn, insn != NULL ? 1 : 0);
	return length;
}

void disasm_at(const struct vcpu *c, uint64_t la, char *text, size_t size)
{
	struct disassembler *d = disassembler_create();

	disassemble(d, c, la, text, size);
	disassembler_destroy(d);
}
