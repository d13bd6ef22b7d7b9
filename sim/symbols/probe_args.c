#include "sim/symbols/probe_args.h"

#include "sim/cpu/cpu.h"

#define SYMBOL_MAX 256

struct reader {
	const char *start, *at;
	const struct probe_names *names;
	struct error *e;
	bool relocated; /* a symbol was read */
};

static bool wrong(struct reader *r, const char *what)
{
	return fail(r->e, "argument '%.*s': %s, at '%.20s'", (int)strcspn(r->start, " "), r->start,
		what, r->at);
}

static bool accept(struct reader *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '.' || c == '$';
}

/* --- numbers and symbols --- */

/* 16 for what is none in any base. */
static unsigned digit_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Decimal, hexadecimal or octal, as in C; values from 2^63 up are those of the same bits. */
static bool read_number(struct reader *r, uint64_t *value)
{
	unsigned base = 10;
	bool any = false;

	*value = 0;
	if (r->at[0] == '0' && (r->at[1] | 0x20) == 'x') {
		base = 16;
		r->at += 2;
	} else if (r->at[0] == '0') {
		base = 8;
	}
	for (;; r->at++, any = true) {
		unsigned digit = digit_value(*r->at);

		if (digit >= base)
			break;
		if (*value > (UINT64_MAX - digit) / base)
			return wrong(r, "a number beyond 64 bits");
		*value = *value * base + digit;
	}
	return (any && !is_word(*r->at)) || wrong(r, "expected a digit");
}

static bool read_symbol(struct reader *r, uint64_t *value)
{
	char name[SYMBOL_MAX];
	size_t length = 0;
	bool tls = false;

	while (is_word(r->at[length]))
		length++;
	if (length == 0 || length >= sizeof(name))
		return wrong(r, "expected a number or a symbol");
	memcpy(name, r->at, length);
	name[length] = '\0';
	if (r->at[length] == '@') {
		tls = strncmp(r->at + length, "@tpoff", 6) == 0 && !is_word(r->at[length + 6]);
		if (!tls)
			return wrong(r, "after a symbol only @tpoff is known");
	}
	switch (r->names->find(r->names->context, name, tls, value)) {
	case ELF_NONE:
		return wrong(r, "the image has no such symbol");
	case ELF_SEVERAL:
		return wrong(r, "the image has several symbols of this name; give it another one");
	case ELF_ONE:
		break;
	}
	r->at += length + (tls ? 6 : 0);
	r->relocated = true;
	return true;
}

/* Terms with + and - between them. */
static bool read_expression(struct reader *r, int64_t *value)
{
	uint64_t sum = 0, term;
	bool minus = accept(r, '-');

	for (;;) {
		bool good = is_digit(*r->at) ? read_number(r, &term) : read_symbol(r, &term);

		if (!good)
			return false;
		sum += minus ? -term : term;
		minus = *r->at == '-';
		if (!minus && *r->at != '+')
			break;
		r->at++;
		if (minus == false && accept(r, '-')) /* 8+-4: clang */
			minus = true;
	}
	*value = (int64_t)sum;
	return true;
}

/* --- registers --- */

struct named_register {
	uint8_t number, width;
	bool high;
};

/* By number; the columns are 8, 4, 2 and 1 bytes wide, then the second byte. */
static const char *const register_names[8][5] = {
	[RAX] = {"rax", "eax", "ax", "al", "ah"},
	[RCX] = {"rcx", "ecx", "cx", "cl", "ch"},
	[RDX] = {"rdx", "edx", "dx", "dl", "dh"},
	[RBX] = {"rbx", "ebx", "bx", "bl", "bh"},
	[RSP] = {"rsp", "esp", "sp", "spl", NULL},
	[RBP] = {"rbp", "ebp", "bp", "bpl", NULL},
	[RSI] = {"rsi", "esi", "si", "sil", NULL},
	[RDI] = {"rdi", "edi", "di", "dil", NULL},
};
static const uint8_t column_width[5] = {8, 4, 2, 1, 1};

static bool old_register(const char *name, struct named_register *reg)
{
	for (uint8_t i = 0; i < ARRAY_LEN(register_names); i++) {
		for (unsigned k = 0; k < ARRAY_LEN(column_width); k++) {
			if (register_names[i][k] == NULL || strcmp(name, register_names[i][k]) != 0)
				continue;
			*reg = (struct named_register){i, column_width[k], k == 4};
			return true;
		}
	}
	return false;
}

/* r8 to r15, and with d, w or b behind. */
static bool new_register(const char *name, struct named_register *reg)
{
	unsigned number = 0;

	if (*name++ != 'r' || *name == '0')
		return false;
	while (is_digit(*name) && number < 16)
		number = number * 10 + (unsigned)(*name++ - '0');
	if (number < 8 || number > 15)
		return false;
	*reg = (struct named_register){(uint8_t)number, 8, false};
	if (*name == '\0')
		return true;
	reg->width = *name == 'd' ? 4 : *name == 'w' ? 2 : *name == 'b' ? 1 : 0;
	return reg->width != 0 && name[1] == '\0';
}

/* Behind the percent sign. */
static bool read_register(struct reader *r, struct named_register *reg)
{
	char name[8];
	size_t length = 0;

	while (is_word(r->at[length]))
		length++;
	if (length == 0 || length >= sizeof(name))
		return wrong(r, "expected a general register");
	memcpy(name, r->at, length);
	name[length] = '\0';
	if (!old_register(name, reg) && !new_register(name, reg))
		return wrong(r, "expected a general register");
	r->at += length;
	return true;
}

/* --- operands --- */

static bool read_address_register(struct reader *r, uint8_t *number)
{
	struct named_register reg;

	if (!accept(r, '%'))
		return wrong(r, "expected a register");
	if (!read_register(r, &reg))
		return false;
	if (reg.width < 4)
		return wrong(r, "expected a register of 64 or 32 bits before this");
	*number = reg.number;
	return true;
}

static bool read_index(struct reader *r, struct probe_arg *arg)
{
	uint64_t scale = 1;

	if (!read_address_register(r, &arg->index))
		return false;
	if (accept(r, ',') && !read_number(r, &scale))
		return false;
	if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
		return wrong(r, "expected a scale of 1, 2, 4 or 8 before this");
	arg->scale = (uint8_t)scale;
	return true;
}

/* symbol(%rip) is the symbol's own address. */
static bool skip_rip(struct reader *r)
{
	if (strncmp(r->at, "%rip)", 5) != 0)
		return false;
	r->at += 5;
	return true;
}

/* [DISPLACEMENT][([BASE][,INDEX[,SCALE]])] */
static bool read_memory(struct reader *r, struct probe_arg *arg)
{
	arg->kind = PROBE_MEMORY;
	if (*r->at != '(' && !read_expression(r, &arg->value))
		return false;
	if (!accept(r, '('))
		return true;
	if (skip_rip(r))
		return r->relocated || wrong(r, "expected a symbol in front of (%rip)");
	if (*r->at != ',' && !read_address_register(r, &arg->base))
		return false;
	if (accept(r, ',') && !read_index(r, arg))
		return false;
	return accept(r, ')') || wrong(r, "expected )");
}

static bool read_segment(struct reader *r, struct probe_arg *arg)
{
	static const struct {
		const char *name;
		uint8_t segment;
	} segments[] = {
		{"%fs:", FS}, {"%gs:", GS}, {"%ds:", DS}, {"%ss:", DS}, {"%es:", DS}, {"%cs:", DS}};

	for (unsigned i = 0; i < ARRAY_LEN(segments); i++) {
		if (strncmp(r->at, segments[i].name, 4) != 0)
			continue;
		arg->segment = segments[i].segment;
		r->at += 4;
		return true;
	}
	return false;
}

static bool read_operand(struct reader *r, struct probe_arg *arg)
{
	struct named_register reg;

	if (accept(r, '$')) {
		arg->kind = PROBE_CONSTANT;
		return read_expression(r, &arg->value);
	}
	if (read_segment(r, arg) || *r->at != '%')
		return read_memory(r, arg);
	r->at++;
	if (!read_register(r, &reg))
		return false;
	arg->kind = PROBE_REGISTER;
	arg->base = reg.number;
	arg->width = reg.width;
	arg->high = reg.high;
	return true;
}

static bool read_size(struct reader *r, struct probe_arg *arg)
{
	uint64_t size;

	arg->is_signed = accept(r, '-');
	if (!is_digit(*r->at) || !read_number(r, &size))
		return wrong(r, "expected the size in bytes and @");
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return wrong(r, "expected a size of 1, 2, 4 or 8 before this");
	arg->size = (uint8_t)size;
	return accept(r, '@') || wrong(r, "expected @ after the size");
}

bool probe_arg_read(
	struct probe_arg *arg, const char **text, const struct probe_names *names, struct error *e)
{
	struct reader r = {.start = *text, .at = *text, .names = names, .e = e};

	*arg = (struct probe_arg){.base = REG_ZERO, .index = REG_ZERO, .scale = 1, .segment = DS};
	if (!read_size(&r, arg) || !read_operand(&r, arg))
		return false;
	if (*r.at != '\0' && *r.at != ' ')
		return wrong(&r, "expected a blank or the end");
	*text = r.at;
	return true;
}

/* --- values --- */

static int64_t extend(uint64_t value, unsigned size, bool is_signed)
{
	unsigned unused = 64 - 8 * size;

	if (is_signed)
		return (int64_t)(value << unused) >> unused;
	return (int64_t)(value << unused >> unused);
}

static uint64_t register_value(const struct vcpu *c, unsigned number)
{
	return number == REG_ZERO ? 0 : c->arch.gpr[number];
}

static bool memory_value(const struct probe_arg *arg, const struct vcpu *c, int64_t *value)
{
	uint64_t bits = 0;
	uint64_t la = register_value(c, arg->base) + register_value(c, arg->index) * arg->scale +
		      (uint64_t)arg->value;

	if (arg->segment != DS)
		la += c->arch.seg[arg->segment].base;
	*value = 0;
	if (!cpu_peek(c, la, &bits, arg->size))
		return false;
	*value = extend(bits, arg->size, arg->is_signed);
	return true;
}

static bool arg_value(const struct probe_arg *arg, const struct vcpu *c, int64_t *value)
{
	switch ((enum probe_arg_kind)arg->kind) {
	case PROBE_CONSTANT:
		*value = extend((uint64_t)arg->value, arg->size, arg->is_signed);
		return true;
	case PROBE_REGISTER:
		*value = extend(c->arch.gpr[arg->base] >> (arg->high ? 8 : 0),
			arg->width < arg->size ? arg->width : arg->size, arg->is_signed);
		return true;
	case PROBE_MEMORY:
		break;
	}
	return memory_value(arg, c, value);
}

bool probe_args(const struct probe *p, const struct vcpu *c, int64_t args[PROBE_ARGS_MAX])
{
	bool good = true;

	for (unsigned i = 0; i < p->arg_count; i++)
		good &= arg_value(&p->args[i], c, &args[i]);
	return good;
}
