/* segment_reference.h - what loading a segment register, LAR, LSL, VERR, VERW, and far JMP, CALL,
 * RET and IRET do: written down from the "Operation" sections of the SDM, slowly, without sim/cpu.
 *
 * Left out: tasks that can be switched to, virtual-8086 and real mode; tests/system has them.
 */
#ifndef UNIT_SEGMENT_REFERENCE_H
#define UNIT_SEGMENT_REFERENCE_H

#include "sim/base/core.h"
#include "sim/base/fault.h"
#include "sim/mmu/phys.h"

enum operation {
	OP_MOV_ES,
	OP_MOV_SS = OP_MOV_ES + 2,
	OP_MOV_DS,
	OP_MOV_FS,
	OP_MOV_GS,
	OP_LAR,
	OP_LSL,
	OP_VERR,
	OP_VERW,
	OP_JMP,
	OP_CALL,
	OP_RETF,
	OP_RETF_8, /* RETF 8 */
	OP_IRET,
	OPERATIONS
};

#define FRAME_MAX 40

/* A core before, and after if it does not fault. */
struct scene {
	struct phys_mem *mem; /* linear addresses are physical */
	bool ia32e, wide;     /* IA-32e mode; and in it 64-bit code */
	unsigned cpl, size;   /* the operand's */
	struct segment seg[SEGMENT_COUNT];
	struct table_register gdtr;
	uint64_t rip, rsp, rflags, rbx;
	uint64_t return_rip;

	bool fault;
	unsigned vector;
	uint32_t error;
	unsigned pushed, pushed_size; /* from rsp on */
	uint64_t frame[FRAME_MAX];
	uint16_t loaded[3]; /* selectors whose descriptors are now accessed */
	unsigned loads;
};

/* A descriptor taken apart. */
struct parts {
	uint64_t raw, high;
	unsigned type, dpl;
	bool system, present, is_long, big;
	bool code, conforming, data, writable, readable;
};

static inline bool scene_fault(struct scene *s, unsigned vector, uint32_t error)
{
	s->fault = true;
	s->vector = vector;
	s->error = error;
	return false;
}

static inline bool scene_gp(struct scene *s, uint32_t selector)
{
	return scene_fault(s, VECTOR_GP, selector & 0xfffc);
}

static inline uint64_t scene_read(const struct scene *s, uint64_t la, unsigned size)
{
	uint64_t value = 0;

	if (!phys_read(s->mem, la, &value, size))
		return UINT64_MAX >> (64 - 8 * size);
	return value;
}

static inline bool is_null(uint64_t selector)
{
	return (selector & 0xfffc) == 0;
}

static inline uint64_t table_base(const struct scene *s, uint16_t selector)
{
	return (selector & 4 ? s->seg[LDTR].base : s->gdtr.base) + selector / 8 * 8;
}

/* Does its table hold so many bytes at the selector? */
static inline bool table_has(const struct scene *s, uint16_t selector, unsigned bytes)
{
	uint64_t limit = selector & 4 ? s->seg[LDTR].limit : s->gdtr.limit;

	if ((selector & 4) && !(s->seg[LDTR].attr & 0x80))
		return false;
	return selector / 8 * 8 + bytes - 1 <= limit;
}

static inline struct parts descriptor_parts(const struct scene *s, uint16_t selector)
{
	struct parts p = {.raw = scene_read(s, table_base(s, selector), 8)};

	p.high = scene_read(s, table_base(s, selector) + 8, 8);
	p.type = p.raw >> 40 & 15;
	p.system = !(p.raw >> 44 & 1);
	p.dpl = p.raw >> 45 & 3;
	p.present = p.raw >> 47 & 1;
	p.is_long = p.raw >> 53 & 1;
	p.big = p.raw >> 54 & 1;
	p.code = !p.system && p.type >= 8;
	p.data = !p.system && p.type < 8;
	p.conforming = p.code && (p.type & 4);
	p.writable = p.data && (p.type & 2);
	p.readable = p.data || (p.code && (p.type & 2));
	return p;
}

/* As the hidden part of a segment register has it, accessed. */
static inline struct segment parts_segment(const struct parts *p, uint16_t selector)
{
	uint32_t pages = (uint32_t)(p->raw & 0xffff) | (uint32_t)(p->raw >> 48 & 15) << 16;

	return (struct segment){
		.base = (p->raw >> 16 & 0xffffff) | (p->raw >> 56) << 24,
		.limit = p->raw >> 55 & 1 ? pages * 4096 + 4095 : pages,
		.selector = selector,
		.attr = (uint16_t)((p->raw >> 40 & 0xff) | (p->raw >> 52 & 15) << 12 | 1),
	};
}

static inline bool canonical(uint64_t la)
{
	return la >> 47 == 0 || la >> 47 == 0x1ffff;
}

/* Everything that the instruction loads is known to be good. */
static inline void scene_load(struct scene *s, unsigned seg, const struct parts *p, uint16_t as)
{
	s->seg[seg] = parts_segment(p, as);
	s->loaded[s->loads++] = as;
}

/* --- MOV, LAR, LSL, VERR, VERW --- */

static inline bool reference_mov_ss(struct scene *s, uint16_t selector)
{
	struct parts p;

	if (is_null(selector)) {
		if (!s->wide || s->cpl == 3 || (selector & 3) != s->cpl)
			return scene_gp(s, 0);
		s->seg[SS] =
			(struct segment){.selector = selector, .attr = (uint16_t)(s->cpl << 5)};
		return true;
	}
	if (!table_has(s, selector, 8))
		return scene_gp(s, selector);
	p = descriptor_parts(s, selector);
	if ((selector & 3) != s->cpl || !p.writable || p.dpl != s->cpl)
		return scene_gp(s, selector);
	if (!p.present)
		return scene_fault(s, VECTOR_SS, selector & 0xfffc);
	scene_load(s, SS, &p, selector);
	return true;
}

static inline bool reference_mov(struct scene *s, unsigned seg, uint16_t selector)
{
	struct parts p;

	if (seg == SS)
		return reference_mov_ss(s, selector);
	if (is_null(selector)) {
		s->seg[seg] = (struct segment){.selector = selector};
		return true;
	}
	if (!table_has(s, selector, 8))
		return scene_gp(s, selector);
	p = descriptor_parts(s, selector);
	if (!p.readable)
		return scene_gp(s, selector);
	if (!p.conforming && ((selector & 3) > p.dpl || s->cpl > p.dpl))
		return scene_gp(s, selector);
	if (!p.present)
		return scene_fault(s, VECTOR_NP, selector & 0xfffc);
	scene_load(s, seg, &p, selector);
	return true;
}

/* Which types of system descriptors LAR and LSL know: the tables at these instructions. */
static inline bool type_is_known(const struct scene *s, const struct parts *p, bool lsl)
{
	static const char *const legacy[] = {"TTLTGG___T_TG___", "TTLT_____T_T____"};
	static const char *const ia32e[] = {"__L______T_TG___", "__L______T_T____"};

	if (!p->system)
		return true;
	if (p->type == 0)
		return false;
	return (s->ia32e ? ia32e : legacy)[lsl][p->type] != '_';
}

/* LAR, LSL, VERR and VERW of what ES was loaded from; the result in RBX. */
static inline bool reference_look(struct scene *s, enum operation op, uint16_t selector)
{
	uint64_t mask = s->size == 2 ? 0xffff : 0xffffffff, result;
	struct parts p;
	bool good;

	s->rflags &= ~RFLAGS_ZF;
	if (is_null(selector) || !table_has(s, selector, 8))
		return true;
	p = descriptor_parts(s, selector);
	if (!p.conforming && (s->cpl > p.dpl || (selector & 3) > p.dpl))
		return true;
	if (op == OP_VERR || op == OP_VERW)
		good = op == OP_VERR ? p.readable : p.writable;
	else
		good = type_is_known(s, &p, op == OP_LSL);
	if (!good)
		return true;
	s->rflags |= RFLAGS_ZF;
	result = op == OP_LAR ? p.raw >> 32 & 0xffff00 : parts_segment(&p, 0).limit;
	if (op == OP_LAR || op == OP_LSL)
		s->rbx = s->size == 2 ? (s->rbx & ~mask) | (result & mask) : result & mask;
	return true;
}

/* --- far JMP and CALL --- */

/* Code at p with this RPL: where its instruction pointer may go. */
static inline bool code_holds(struct scene *s, const struct parts *p, uint64_t rip)
{
	if (s->ia32e && p->is_long ? !canonical(rip) : rip > parts_segment(p, 0).limit)
		return scene_gp(s, 0);
	return true;
}

static inline void push_frame_value(struct scene *s, uint64_t value)
{
	memmove(s->frame + 1, s->frame, s->pushed++ * sizeof(s->frame[0]));
	s->frame[0] = value & (UINT64_MAX >> (64 - 8 * s->pushed_size));
}

/* RSP once all is pushed. flat: 64 bits of it, whatever SS is. */
static inline void stack_is_pushed(struct scene *s, bool flat)
{
	uint64_t mask = flat ? UINT64_MAX : s->seg[SS].attr & 0x4000 ? 0xffffffff : 0xffff;

	s->rsp = (s->rsp & ~mask) | ((s->rsp - s->pushed * s->pushed_size) & mask);
}

static inline void enter(struct scene *s, const struct parts *p, uint16_t selector, uint64_t rip)
{
	scene_load(s, CS, p, selector);
	s->rip = rip;
	if (s->ia32e && !p->is_long)
		s->rsp = (uint32_t)s->rsp;
}

static inline bool reference_code(
	struct scene *s, bool call, uint16_t selector, uint64_t offset, const struct parts *p)
{
	uint16_t cs = s->seg[CS].selector;

	if (s->ia32e && p->is_long && p->big)
		return scene_gp(s, selector);
	if (p->conforming ? p->dpl > s->cpl : (selector & 3) > s->cpl || p->dpl != s->cpl)
		return scene_gp(s, selector);
	if (!p->present)
		return scene_fault(s, VECTOR_NP, selector & 0xfffc);
	if (!(s->ia32e && p->is_long))
		offset = (uint32_t)offset;
	if (!code_holds(s, p, offset))
		return false;
	if (call) {
		s->pushed_size = s->size;
		push_frame_value(s, cs);
		push_frame_value(s, s->return_rip);
		stack_is_pushed(s, s->wide);
	}
	enter(s, p, (uint16_t)((selector & 0xfffc) | s->cpl), offset);
	return true;
}

/* The stack for that level, of the TSS: SS and RSP are the new ones then. */
static inline bool stack_of_task(struct scene *s, unsigned level)
{
	const struct segment *tr = &s->seg[TR];
	uint32_t tss = tr->selector & 0xfffc;
	bool tss32 = tr->attr & 8;
	unsigned at = s->ia32e || tss32 ? 4 + 8 * level : 2 + 4 * level;
	unsigned bytes = s->ia32e ? 8 : tss32 ? 6 : 4;
	uint16_t selector;
	struct parts p;

	if (at + bytes - 1 > tr->limit)
		return scene_fault(s, VECTOR_TS, tss);
	if (s->ia32e) {
		s->rsp = scene_read(s, tr->base + at, 8);
		s->seg[SS] = (struct segment){
			.selector = (uint16_t)level, .attr = (uint16_t)(level << 5)};
		return canonical(s->rsp) || scene_fault(s, VECTOR_SS, 0);
	}
	s->rsp = scene_read(s, tr->base + at, bytes - 2);
	selector = (uint16_t)scene_read(s, tr->base + at + bytes - 2, 2);
	if (is_null(selector))
		return scene_fault(s, VECTOR_TS, 0);
	if (!table_has(s, selector, 8))
		return scene_fault(s, VECTOR_TS, selector & 0xfffc);
	p = descriptor_parts(s, selector);
	if ((selector & 3) != level || p.dpl != level || !p.writable)
		return scene_fault(s, VECTOR_TS, selector & 0xfffc);
	if (!p.present)
		return scene_fault(s, VECTOR_SS, selector & 0xfffc);
	scene_load(s, SS, &p, selector);
	return true;
}

/* Is there room for what is pushed, on the stack that SS and RSP name? */
static inline bool stack_has_room(struct scene *s, unsigned bytes)
{
	const struct segment *ss = &s->seg[SS];
	uint64_t mask = ss->attr & 0x4000 ? 0xffffffff : 0xffff, top = s->rsp & mask;

	if (s->ia32e)
		return true;
	for (unsigned i = 1; i <= bytes; i++) {
		uint64_t at = (top - i) & mask;

		if ((ss->attr & 0xc) == 4 ? at <= ss->limit : at > ss->limit)
			return scene_fault(s, VECTOR_SS, ss->selector & 0xfffc);
	}
	return true;
}

/* SS, RSP and the parameters of the outer level. */
static inline void push_outer(struct scene *s, const struct scene *old, unsigned params)
{
	uint64_t mask = old->seg[SS].attr & 0x4000 ? 0xffffffff : 0xffff;

	push_frame_value(s, old->seg[SS].selector);
	push_frame_value(s, old->rsp);
	for (unsigned i = params; i-- > 0;) {
		uint64_t at = (old->rsp + i * s->pushed_size) & mask;

		push_frame_value(s, scene_read(s, at, s->pushed_size));
	}
}

/* A call gate, of 16, 32 or 64 bits. The SDM looks whether there is room on the new stack before it
 * looks at the offset; ringv's order is that of the pushes, which come last. */
static inline bool reference_gate(struct scene *s, bool call, uint16_t selector, struct parts g)
{
	uint16_t target = (uint16_t)(g.raw >> 16);
	uint64_t offset = (g.raw & 0xffff) | (g.raw >> 48) << 16;
	unsigned params = s->ia32e ? 0 : g.raw >> 32 & 31, level = s->cpl;
	const struct scene old = *s;
	struct parts p;

	if (g.dpl < s->cpl || g.dpl < (selector & 3u))
		return scene_gp(s, selector);
	if (s->ia32e && (!table_has(s, selector, 16) || (g.high >> 40 & 31) != 0))
		return scene_gp(s, selector);
	if (!g.present)
		return scene_fault(s, VECTOR_NP, selector & 0xfffc);
	if (g.type == 4)
		offset &= 0xffff;
	if (s->ia32e)
		offset |= g.high << 32;
	if (is_null(target))
		return scene_gp(s, 0);
	if (!table_has(s, target, 8))
		return scene_gp(s, target);
	p = descriptor_parts(s, target);
	if (!p.code || p.dpl > s->cpl || (!call && !p.conforming && p.dpl != s->cpl))
		return scene_gp(s, target);
	if (s->ia32e && (!p.is_long || p.big))
		return scene_gp(s, target);
	if (!p.present)
		return scene_fault(s, VECTOR_NP, target & 0xfffc);
	if (call && !p.conforming)
		level = p.dpl;
	s->pushed_size = s->ia32e ? 8 : g.type == 4 ? 2 : 4;
	if (level != s->cpl && !stack_of_task(s, level))
		return false;
	if (!code_holds(s, &p, offset))
		return false;
	if (level != s->cpl && !stack_has_room(s, (4 + params) * s->pushed_size))
		return false;
	if (level != s->cpl)
		push_outer(s, &old, params);
	if (call) {
		push_frame_value(s, old.seg[CS].selector);
		push_frame_value(s, s->return_rip);
		stack_is_pushed(s, s->ia32e);
	}
	enter(s, &p, (uint16_t)((target & 0xfffc) | level), offset);
	return true;
}

/* A task gate, whose selector names no task that could be switched to. */
static inline bool reference_task_gate(struct scene *s, uint16_t selector, const struct parts *g)
{
	if (g->dpl < s->cpl || g->dpl < (selector & 3u))
		return scene_gp(s, selector);
	if (!g->present)
		return scene_fault(s, VECTOR_NP, selector & 0xfffc);
	return scene_gp(s, g->raw >> 16 & 0xffff);
}

static inline bool reference_far(struct scene *s, bool call, uint16_t selector, uint64_t offset)
{
	struct parts p;

	if (is_null(selector))
		return scene_gp(s, 0);
	if (!table_has(s, selector, 8))
		return scene_gp(s, selector);
	p = descriptor_parts(s, selector);
	if (p.code)
		return reference_code(s, call, selector, offset, &p);
	if (p.system && (p.type == 12 || (p.type == 4 && !s->ia32e)))
		return reference_gate(s, call, selector, p);
	if (p.system && p.type == 5 && !s->ia32e)
		return reference_task_gate(s, selector, &p);
	return scene_gp(s, selector);
}

/* --- RET and IRET --- */

static inline bool return_stack_is_good(struct scene *s, uint16_t selector, const struct parts *cs,
	unsigned level, struct parts *ss)
{
	if (is_null(selector))
		return (s->ia32e && cs->is_long && level != 3) || scene_gp(s, 0);
	if (!table_has(s, selector, 8))
		return scene_gp(s, selector);
	*ss = descriptor_parts(s, selector);
	if ((selector & 3) != level || !ss->writable || ss->dpl != level)
		return scene_gp(s, selector);
	return ss->present || scene_fault(s, VECTOR_SS, selector & 0xfffc);
}

static inline void load_return_stack(struct scene *s, uint16_t selector, const struct parts *cs,
	const struct parts *ss, uint64_t rsp)
{
	unsigned level = s->cpl;

	if (is_null(selector))
		s->seg[SS] = (struct segment){.selector = selector, .attr = (uint16_t)(level << 5)};
	else
		scene_load(s, SS, ss, selector);
	if (s->ia32e && cs->is_long)
		s->rsp = rsp;
	else if (s->seg[SS].attr & 0x4000)
		s->rsp = (uint32_t)rsp;
	else
		s->rsp = (s->rsp & ~UINT64_C(0xffff)) | (rsp & 0xffff);
}

/* What the outer level may not see. Null ones lose their RPL, and keep what they have besides, as
 * on processors. */
static inline void hide_segments(struct scene *s)
{
	static const unsigned data[] = {ES, DS, FS, GS};

	for (unsigned i = 0; i < 4; i++) {
		struct segment *seg = &s->seg[data[i]];
		bool conforming = (seg->attr & 0x1c) == 0x1c;

		if (is_null(seg->selector))
			seg->selector = 0;
		else if (!conforming && (seg->attr >> 5 & 3u) < s->cpl)
			*seg = (struct segment){.base = 0};
	}
}

static inline bool return_code_is_good(struct scene *s, uint16_t selector, struct parts *cs)
{
	unsigned rpl = selector & 3;

	if (is_null(selector))
		return scene_gp(s, 0);
	if (!table_has(s, selector, 8))
		return scene_gp(s, selector);
	*cs = descriptor_parts(s, selector);
	if (!cs->code || rpl < s->cpl || (cs->conforming ? cs->dpl > rpl : cs->dpl != rpl))
		return scene_gp(s, selector);
	if (s->ia32e && cs->is_long && cs->big)
		return scene_gp(s, selector);
	return cs->present || scene_fault(s, VECTOR_NP, selector & 0xfffc);
}

/* IRET below CPL 0 changes no IOPL, and above IOPL no IF. */
static inline uint64_t returned_flags(const struct scene *s, uint64_t image)
{
	uint64_t mask = RFLAGS_STATUS;

	if (s->cpl == 0)
		mask |= RFLAGS_IOPL;
	if (s->cpl <= (s->rflags >> 12 & 3))
		mask |= RFLAGS_IF;
	return (s->rflags & ~mask) | (image & mask);
}

/* frame: offset, CS, for IRET the flags; then RSP and SS. release: bytes that RET leaves out. */
static inline bool reference_return(
	struct scene *s, bool iret, const uint64_t *frame, unsigned release)
{
	unsigned words = iret ? 3 : 2, level = frame[1] & 3;
	uint64_t rip = frame[0], rsp = frame[words], selector = frame[words + 1];
	uint64_t mask = s->wide ? UINT64_MAX : s->seg[SS].attr & 0x4000 ? 0xffffffff : 0xffff;
	bool outer = level > s->cpl, stack = outer || (iret && s->wide);
	struct parts cs, ss = {.raw = 0};

	if (!return_code_is_good(s, (uint16_t)frame[1], &cs))
		return false;
	if (stack && !return_stack_is_good(s, (uint16_t)selector, &cs, level, &ss))
		return false;
	if (!(s->ia32e && cs.is_long))
		rip = (uint32_t)rip;
	if (!code_holds(s, &cs, rip))
		return false;
	if (iret)
		s->rflags = returned_flags(s, frame[2]);
	s->cpl = level;
	if (stack)
		load_return_stack(s, (uint16_t)selector, &cs, &ss, rsp + release);
	else
		s->rsp = (s->rsp & ~mask) | ((s->rsp + words * s->size + release) & mask);
	if (outer)
		hide_segments(s);
	enter(s, &cs, (uint16_t)frame[1], rip);
	return true;
}

#endif
