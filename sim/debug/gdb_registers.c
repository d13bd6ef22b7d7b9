#include "sim/debug/gdb_registers.h"

#include "sim/cpu/x87.h"

#include <stdarg.h>
#include <stdio.h>

enum source {
	AT_OFFSET,  /* the bytes at an offset in struct core_state */
	SELECTOR,   /* of segment `offset` */
	X87_REG,    /* ST(offset) */
	X87_CONTROL /* the control register `offset`, in gdb's order from fctrl on */
};

struct gdb_register {
	const char *name, *type, *group;
	unsigned size;
	enum source source;
	size_t offset;
	unsigned feature;
};

static const char *const features[] = {
	"org.gnu.gdb.i386.core", "org.gnu.gdb.i386.sse", "org.gnu.gdb.i386.segments"};

#define GPR(name, index)                                                                           \
	{                                                                                          \
		name, "int64", "general", 8, AT_OFFSET, 8 * (index), 0                             \
	}
#define FIELD(name, type, size, field, feature)                                                    \
	{                                                                                          \
		name, type, "general", size, AT_OFFSET, offsetof(struct core_state, field),        \
			feature                                                                    \
	}
#define SEGMENT(name, index)                                                                       \
	{                                                                                          \
		name, "int32", "general", 4, SELECTOR, index, 0                                    \
	}
#define ST(name, index)                                                                            \
	{                                                                                          \
		name, "i387_ext", "float", 10, X87_REG, index, 0                                   \
	}
#define CONTROL(name, index)                                                                       \
	{                                                                                          \
		name, "int", "float", 4, X87_CONTROL, index, 0                                     \
	}
#define XMM(name, index)                                                                           \
	{                                                                                          \
		name, "vec128", "vector", 16, AT_OFFSET,                                           \
			offsetof(struct core_state, xmm) + 16 * (index), 1                         \
	}
#define BASE(name, index)                                                                          \
	{                                                                                          \
		name, "int64", "general", 8, AT_OFFSET,                                            \
			offsetof(struct core_state, seg) + sizeof(struct segment) * (index), 2     \
	}

static const struct gdb_register registers[] = {
	GPR("rax", RAX),
	GPR("rbx", RBX),
	GPR("rcx", RCX),
	GPR("rdx", RDX),
	GPR("rsi", RSI),
	GPR("rdi", RDI),
	GPR("rbp", RBP),
	GPR("rsp", RSP),
	GPR("r8", R8),
	GPR("r9", R9),
	GPR("r10", R10),
	GPR("r11", R11),
	GPR("r12", R12),
	GPR("r13", R13),
	GPR("r14", R14),
	GPR("r15", R15),
	FIELD("rip", "code_ptr", 8, rip, 0),
	FIELD("eflags", "i386_eflags", 4, rflags, 0),
	SEGMENT("cs", CS),
	SEGMENT("ss", SS),
	SEGMENT("ds", DS),
	SEGMENT("es", ES),
	SEGMENT("fs", FS),
	SEGMENT("gs", GS),
	ST("st0", 0),
	ST("st1", 1),
	ST("st2", 2),
	ST("st3", 3),
	ST("st4", 4),
	ST("st5", 5),
	ST("st6", 6),
	ST("st7", 7),
	CONTROL("fctrl", 0),
	CONTROL("fstat", 1),
	CONTROL("ftag", 2),
	CONTROL("fiseg", 3),
	CONTROL("fioff", 4),
	CONTROL("foseg", 5),
	CONTROL("fooff", 6),
	CONTROL("fop", 7),
	XMM("xmm0", 0),
	XMM("xmm1", 1),
	XMM("xmm2", 2),
	XMM("xmm3", 3),
	XMM("xmm4", 4),
	XMM("xmm5", 5),
	XMM("xmm6", 6),
	XMM("xmm7", 7),
	XMM("xmm8", 8),
	XMM("xmm9", 9),
	XMM("xmm10", 10),
	XMM("xmm11", 11),
	XMM("xmm12", 12),
	XMM("xmm13", 13),
	XMM("xmm14", 14),
	XMM("xmm15", 15),
	FIELD("mxcsr", "i386_mxcsr", 4, mxcsr, 1),
	BASE("fs_base", FS),
	BASE("gs_base", GS),
};

/* What the features refer to. */
static const char *const types[] = {
	"<flags id=\"i386_eflags\" size=\"4\"><field name=\"CF\" start=\"0\" end=\"0\"/>"
	"<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
	"<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
	"<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
	"<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
	"<field name=\"NT\" start=\"14\" end=\"14\"/><field name=\"RF\" start=\"16\" end=\"16\"/>"
	"<field name=\"AC\" start=\"18\" end=\"18\"/><field name=\"ID\" start=\"21\" end=\"21\"/>"
	"</flags>",
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
	"<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
	"<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	"<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
	"<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
	"<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
	"<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/>"
	"</union>"
	"<flags id=\"i386_mxcsr\" size=\"4\"><field name=\"IE\" start=\"0\" end=\"0\"/>"
	"<field name=\"DE\" start=\"1\" end=\"1\"/><field name=\"ZE\" start=\"2\" end=\"2\"/>"
	"<field name=\"OE\" start=\"3\" end=\"3\"/><field name=\"UE\" start=\"4\" end=\"4\"/>"
	"<field name=\"PE\" start=\"5\" end=\"5\"/></flags>",
	"",
};

/* --- the description --- */

static void append(char **to, size_t *left, const char *format, ...) PRINTF(3, 4);

static void append(char **to, size_t *left, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(*to, *left, format, args);
	va_end(args);
	SIM_ASSERT(n >= 0 && (size_t)n < *left);
	*to += n;
	*left -= (size_t)n;
}

size_t gdb_target_xml(char *text, size_t size)
{
	char *to = text;
	size_t left = size;

	append(&to, &left,
		"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
		"<target><architecture>i386:x86-64</architecture>");
	for (unsigned f = 0; f < ARRAY_LEN(features); f++) {
		append(&to, &left, "<feature name=\"%s\">%s", features[f], types[f]);
		for (unsigned i = 0; i < ARRAY_LEN(registers); i++) {
			const struct gdb_register *r = &registers[i];

			if (r->feature == f)
				append(&to, &left,
					"<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" group=\"%s\" "
					"regnum=\"%u\"/>",
					r->name, 8 * r->size, r->type, r->group, i);
		}
		append(&to, &left, "</feature>");
	}
	append(&to, &left, "</target>");
	return (size_t)(to - text);
}

/* --- values --- */

unsigned gdb_register_count(void)
{
	return ARRAY_LEN(registers);
}

unsigned gdb_register_size(unsigned number)
{
	return registers[number].size;
}

static uint32_t x87_control(const struct core_state *arch, size_t which)
{
	const uint32_t values[] = {arch->x87.fcw, arch->x87.fsw, x87_tag_word(&arch->x87), 0,
		(uint32_t)arch->x87.fip, 0, (uint32_t)arch->x87.fdp, arch->x87.fop};

	return values[which];
}

void gdb_register_read(const struct vcpu *c, unsigned number, uint8_t *value)
{
	const struct gdb_register *r = &registers[number];
	uint32_t small;

	switch (r->source) {
	case AT_OFFSET:
		memcpy(value, (const uint8_t *)&c->arch + r->offset, r->size);
		return;
	case SELECTOR:
		small = c->arch.seg[r->offset].selector;
		break;
	case X87_REG:
		memcpy(value, &c->arch.x87.st[x87_physical(&c->arch.x87, (unsigned)r->offset)],
			r->size);
		return;
	case X87_CONTROL:
	default:
		small = x87_control(&c->arch, r->offset);
		break;
	}
	memcpy(value, &small, sizeof(small));
}

void gdb_register_write(struct vcpu *c, unsigned number, const uint8_t *value)
{
	const struct gdb_register *r = &registers[number];

	if (r->source == AT_OFFSET)
		memcpy((uint8_t *)&c->arch + r->offset, value, r->size);
	else if (r->source == X87_REG)
		memcpy(&c->arch.x87.st[x87_physical(&c->arch.x87, (unsigned)r->offset)], value,
			r->size);
	else
		return;
	c->arch.rflags |= RFLAGS_ONE;
	cpu_state_changed(c);
}
