/* test_segments.c - random descriptors in random tables, random selectors at every privilege, in
 * protected mode with 16- and 32-bit code and stacks, in compatibility and in 64-bit mode: what
 * instructions that load segments do, against segment_reference.h.
 */
#include "tests/fuzz/any_tables.h"
#include "tests/unit/fault_watch.h"
#include "tests/unit/segment_reference.h"
#include "tests/unit/unit.h"

#define CASES   120000
#define ROUND   64 /* cases with the same tables */
#define POINTER 0x3000u
#define SLOT    16u /* bytes for each instruction */

static const enum any_mode modes[] = {ANY_16, ANY_32, ANY_COMPAT, ANY_64};

struct bench {
	enum any_mode mode;
	struct machine *m;
	struct vcpu *c;
	struct core_state start;
	struct fault_watch seen;
	unsigned done[OPERATIONS], faulted[OPERATIONS];
	char what[200]; /* the case under way is */
};

static struct rng rng;

static unsigned any(unsigned n)
{
	return (unsigned)rng_below(&rng, n);
}

/* --- the instructions, each with each operand size --- */

static const unsigned sizes[] = {2, 4, 8};

static uint64_t slot_of(enum operation op, unsigned size)
{
	return ANY_CODE + SLOT * (op * ARRAY_LEN(sizes) + (size == 8 ? 2 : size / 4));
}

static unsigned assemble(uint8_t *to, enum any_mode mode, enum operation op, unsigned size)
{
	static const uint8_t code[OPERATIONS][3] = {[OP_LAR] = {0x0f, 0x02, 0xd8},
		[OP_LSL] = {0x0f, 0x03, 0xd8},
		[OP_VERR] = {0x0f, 0x00, 0xe0},
		[OP_VERW] = {0x0f, 0x00, 0xe8},
		[OP_JMP] = {0xff, 0x2e},  /* ljmp [rsi] */
		[OP_CALL] = {0xff, 0x1e}, /* lcall [rsi] */
		[OP_RETF] = {0xcb},
		[OP_RETF_8] = {0xca, 0x08, 0x00},
		[OP_IRET] = {0xcf}};
	static const uint8_t lengths[OPERATIONS] = {2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 2, 2, 1, 3, 1};
	unsigned n = 0;

	if (size == 8)
		to[n++] = 0x48;
	else if (size != (mode == ANY_16 ? 2 : 4))
		to[n++] = 0x66;
	memcpy(to + n, code[op], lengths[op]);
	if (op <= OP_MOV_GS) {
		to[n] = 0x8e;
		to[n + 1] = (uint8_t)(0xc0 | op << 3);
	}
	if (mode == ANY_16 && (op == OP_JMP || op == OP_CALL))
		to[n + 1] -= 2; /* [si] */
	return n + lengths[op];
}

/* --- random tables --- */

static uint16_t any_selector(unsigned cpl)
{
	unsigned rpl = any(2) ? cpl : any(4);

	if (any(16) == 0)
		return (uint16_t)any(4);
	if (any(16) == 0)
		return (uint16_t)rng_next(&rng);
	return (uint16_t)(any(ANY_DESCRIPTORS + 1) << 3 | any(2) << 2 | rpl);
}

/* Stacks among them lie where they overwrite nothing that the test needs. */
static uint64_t any_segment(bool ia32e)
{
	static const uint32_t limits[] = {0xffff, 0xfffff, 0, 0xbfff, 0x1f};
	uint64_t limit = any(4) ? limits[any(ARRAY_LEN(limits))] : any(0x100000);
	uint64_t base = 0x100000 + any(0x80000), access, flags = any(16);
	uint64_t type = 16 | (any(3) == 0 ? 2 : any(16));

	if (ia32e && any(2))
		flags = (flags & ~UINT64_C(4)) | 2; /* 64-bit code */
	access = type | (uint64_t)any(4) << 5 | (any(8) ? 0x80 : 0);
	return (limit & 0xffff) | (base & 0xffffff) << 16 | access << 40 | (limit >> 16) << 48 |
	       flags << 52 | (base >> 24) << 56;
}

/* A system descriptor; but no task that could be switched to. */
static uint64_t any_system(bool ia32e)
{
	static const uint8_t gates[] = {4, 12, 12, 5};
	uint64_t type = any(3) ? gates[any(4)] : any(16);
	uint64_t access = (uint64_t)(any(3) ? 3 : any(4)) << 5 | (any(8) ? 0x80 : 0);
	uint64_t offset = any(4) ? any(0x2000) : rng_next(&rng) & 0xffffffff;

	if (!ia32e && (type == 1 || type == 9))
		type += 2;
	return (offset & 0xffff) | (uint64_t)any_selector(any(4)) << 16 |
	       (uint64_t)(any(2) ? 0 : any(32)) << 32 | (access | type) << 40 |
	       (offset >> 16) << 48;
}

static void fill_table(struct bench *b, uint64_t at, unsigned first)
{
	bool ia32e = any_is_long(b->mode);

	for (unsigned i = first; i < ANY_DESCRIPTORS; i++) {
		uint64_t d[2] = {
			any(3) ? any_segment(ia32e) : any_system(ia32e), any(2) ? 0 : any(0x8000)};
		bool gate = ia32e && (d[0] >> 40 & 31) == 12 && any(8) != 0;

		any_put(b->c, at + 8 * i, d, gate && i + 1 < ANY_DESCRIPTORS ? 16 : 8);
		i += gate;
	}
}

static void fill_task(struct bench *b)
{
	struct segment *tr = &b->start.seg[TR];
	bool tss32 = any_is_long(b->mode) || any(2);

	tr->attr = SEG_P | (tss32 ? 11 : 3);
	tr->limit = any(2) ? 0x67 : 2 + any(28);
	for (unsigned level = 0; level < 3; level++) {
		uint64_t rsp = any(4) ? 0xc000 + any(0x2000) : any(64);
		uint16_t ss = any_selector(level);

		if (any_is_long(b->mode)) {
			rsp |= any(8) ? 0 : rng_next(&rng) << 44;
			any_put(b->c, ANY_TSS + 4 + 8 * level, &rsp, 8);
		} else {
			any_put(b->c, ANY_TSS + (tss32 ? 4 + 8 * level : 2 + 4 * level), &rsp, 4);
			any_put(b->c, ANY_TSS + (tss32 ? 8 + 8 * level : 4 + 4 * level), &ss, 2);
		}
	}
}

static void new_tables(struct bench *b)
{
	struct core_state *a = &b->start;

	fill_table(b, ANY_GDT, ANY_USED);
	fill_table(b, ANY_LDT, 0);
	fill_task(b);
	a->gdtr.limit = any(2) ? 8 * ANY_DESCRIPTORS - 1 : 8 * ANY_USED + any(200);
	a->seg[LDTR].limit = any(2) ? 8 * ANY_DESCRIPTORS - 1 : any(256);
	a->seg[LDTR].attr = any(8) ? SEG_P | 2 : 0;
}

/* --- a core for each mode --- */

/* 64-bit code sees all RAM a second time, where RSP has something in its upper half. */
#define ALIAS BIT(32)

static void map_alias(struct vcpu *c)
{
	const uint64_t page = PTE_P | PTE_W | PTE_U | PTE_PS;

	any_put(c, ANY_TABLES + PAGE_SIZE + 8 * (ALIAS >> 30), &page, 8);
}

/* The handlers' code conforms, so that faults need no other stack. */
static void bench_init(struct bench *b, enum any_mode mode)
{
	const struct byte_sink nowhere = {.put = NULL};
	uint8_t conforming = 0x9f, code[SLOT] = {0};
	struct config config;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	*b = (struct bench){.mode = mode, .m = machine_create(&config, &nowhere, NULL)};
	ck_assert_ptr_nonnull(b->m);
	b->c = &b->m->cores[0];
	any_enter(b->c, mode);
	any_put(b->c, ANY_GDT + ANY_HANDLER_CS + 5, &conforming, 1);
	for (unsigned op = 0; op < OPERATIONS; op++) {
		for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
			assemble(code, mode, op, sizes[i]);
			any_put(b->c, slot_of(op, sizes[i]), code, sizeof(code));
		}
	}
	map_alias(b->c);
	b->start = b->c->arch;
}

/* --- a case --- */

struct test_case {
	enum operation op;
	unsigned size;
	uint16_t selector;
	uint64_t offset;   /* of a far pointer */
	uint64_t frame[5]; /* of a return */
};

static uint64_t any_offset(const struct bench *b)
{
	uint64_t offset = any(4) ? any(0x2000) : rng_next(&rng) & 0xffffffff;

	return b->mode == ANY_64 && any(8) == 0 ? offset | rng_next(&rng) << 44 : offset;
}

static struct test_case any_case(const struct bench *b, unsigned cpl)
{
	struct test_case t = {.op = (enum operation)any(OPERATIONS), .selector = any_selector(cpl)};

	while (t.op == 1) /* there is no MOV to CS */
		t.op = (enum operation)any(OPERATIONS);
	t.size = sizes[any(b->mode == ANY_64 && t.op >= OP_JMP ? 3 : 2)];
	t.offset = any_offset(b);
	t.frame[0] = any_offset(b);
	t.frame[1] = t.selector;
	t.frame[2] = RFLAGS_ONE | (rng_next(&rng) & (RFLAGS_STATUS | RFLAGS_IF | RFLAGS_IOPL));
	t.frame[t.op == OP_IRET ? 3 : 2] = any(0x10000);
	t.frame[t.op == OP_IRET ? 4 : 3] = any_selector(t.selector & 3);
	for (unsigned i = 0; i < 5; i++)
		t.frame[i] &= UINT64_MAX >> (64 - 8 * t.size);
	t.offset &= UINT64_MAX >> (64 - 8 * t.size);
	return t;
}

static void put_case(struct bench *b, const struct test_case *t)
{
	uint8_t pointer[10];

	memcpy(pointer, &t->offset, 8);
	memcpy(pointer + t->size, &t->selector, 2);
	any_put(b->c, POINTER, pointer, sizeof(pointer));
	for (unsigned i = 0; i < 5; i++)
		any_put(b->c, ANY_STACK + (t->op == OP_RETF_8 && i >= 2 ? 8 : 0) + i * t->size,
			&t->frame[i], t->size);
}

/* The core before the instruction. */
static void set_core(struct bench *b, const struct test_case *t, unsigned cpl)
{
	struct core_state *a = &b->c->arch;
	uint16_t dpl = (uint16_t)(cpl << 5), big = any(2) || any_is_long(b->mode) ? SEG_D : 0;

	fault_watch_restart(b->c, &b->start);
	a->rip = slot_of(t->op, t->size);
	a->rflags = RFLAGS_ONE | (rng_next(&rng) & (RFLAGS_STATUS | RFLAGS_IOPL));
	a->gpr[RAX] = t->selector | (uint64_t)any(2) << 16;
	a->gpr[RBX] = rng_next(&rng);
	a->gpr[RSI] = POINTER;
	a->gpr[RSP] = ANY_STACK | (big ? 0 : (rng_next(&rng) & 0xffff0000));
	a->seg[CS].selector |= (uint16_t)cpl;
	a->seg[CS].attr |= dpl;
	a->seg[SS].selector |= (uint16_t)cpl;
	a->seg[SS].attr = SEG_P | SEG_S | 3 | dpl | big;
	for (unsigned i = DS; i <= GS; i++)
		a->seg[i].attr |= (uint16_t)(any(4) << 5);
	if (any(4) == 0)
		a->seg[FS] = (struct segment){.base = 0x1234, .selector = (uint16_t)any(4)};
	if (any(4) == 0)
		a->seg[GS].attr = (uint16_t)(SEG_P | SEG_S | any(128));
	if (b->mode == ANY_64 && any(2))
		a->gpr[RSP] |= ALIAS;
	cpu_state_changed(b->c);
}

static struct scene scene_of(const struct bench *b, const struct test_case *t, unsigned cpl)
{
	const struct core_state *a = &b->c->arch;
	uint8_t code[SLOT];
	struct scene s = {.mem = &b->m->mem,
		.ia32e = any_is_long(b->mode),
		.wide = b->mode == ANY_64,
		.cpl = cpl,
		.size = t->size,
		.gdtr = a->gdtr,
		.rip = a->rip,
		.rsp = a->gpr[RSP],
		.rflags = a->rflags,
		.rbx = a->gpr[RBX]};

	memcpy(s.seg, a->seg, sizeof(s.seg));
	s.return_rip = s.rip + assemble(code, b->mode, t->op, t->size);
	return s;
}

static void reference(struct scene *s, const struct test_case *t)
{
	bool good;

	if (t->op <= OP_MOV_GS)
		good = reference_mov(s, t->op, t->selector);
	else if (t->op <= OP_VERW)
		good = reference_look(s, t->op, t->selector);
	else if (t->op <= OP_CALL)
		good = reference_far(s, t->op == OP_CALL, t->selector, t->offset);
	else
		good = reference_return(s, t->op == OP_IRET, t->frame, t->op == OP_RETF_8 ? 8 : 0);
	ck_assert(good == !s->fault);
	if (good && t->op <= OP_VERW)
		s->rip = s->return_rip;
}

/* --- and after it --- */

#define SAME(b, got, want)                                                                         \
	ck_assert_msg((got) == (want), "%s: " #got " is %" PRIx64 ", expected %" PRIx64,           \
		(b)->what, (uint64_t)(got), (uint64_t)(want))

static void check_segment(
	const struct bench *b, const struct segment *got, const struct segment *want)
{
	SAME(b, got->selector, want->selector);
	SAME(b, got->base, want->base);
	SAME(b, got->limit, want->limit);
	SAME(b, got->attr, want->attr);
}

/* The handler's frame has the instruction that faulted, and nothing else has changed. */
static void check_faulted(
	const struct bench *b, const struct scene *before, const struct scene *want)
{
	const struct core_state *a = &b->c->arch;
	bool big = before->ia32e || (before->seg[SS].attr & SEG_D);
	uint64_t at = big ? a->gpr[RSP] & ~ALIAS : a->gpr[RSP] & 0xffff;
	unsigned word = before->ia32e ? 8 : 4;

	SAME(b, b->seen.vector, want->vector);
	SAME(b, b->seen.error, want->error);
	SAME(b, scene_read(before, at, word), want->error);
	SAME(b, scene_read(before, at + word, word), before->rip);
	SAME(b, scene_read(before, at + 2 * word, 2), before->seg[CS].selector);
	SAME(b, cpu_cpl(b->c), before->cpl);
	SAME(b, a->gpr[RBX], before->rbx);
	for (unsigned i = 0; i < 6; i++)
		if (i != CS)
			check_segment(b, &a->seg[i], &before->seg[i]);
}

static void check_pushed(const struct bench *b, const struct scene *want)
{
	const struct core_state *a = &b->c->arch;
	bool flat = want->ia32e, wide = a->seg[SS].attr & SEG_D;
	uint64_t base = flat ? 0 : a->seg[SS].base;
	uint64_t mask = flat ? UINT64_MAX : wide ? 0xffffffff : 0xffff;

	for (unsigned i = 0; i < want->pushed; i++) {
		uint64_t at = (a->gpr[RSP] + i * want->pushed_size) & mask;
		uint64_t la = flat ? at & ~ALIAS : (uint32_t)(base + at);

		if (phys_is_ram(want->mem, la, want->pushed_size))
			SAME(b, scene_read(want, la, want->pushed_size), want->frame[i]);
	}
}

static void check_done(const struct bench *b, const struct scene *want)
{
	const struct core_state *a = &b->c->arch;

	SAME(b, b->seen.vector, NO_VECTOR);
	for (unsigned i = 0; i < 6; i++)
		check_segment(b, &a->seg[i], &want->seg[i]);
	SAME(b, a->rip, want->rip);
	SAME(b, a->gpr[RSP], want->rsp);
	SAME(b, a->gpr[RBX], want->rbx);
	SAME(b, a->rflags, want->rflags);
	check_pushed(b, want);
	for (unsigned i = 0; i < want->loads; i++)
		SAME(b, descriptor_parts(want, want->loaded[i]).raw >> 40 & 1, 1u);
}

static void check_case(struct bench *b)
{
	unsigned cpl = any(4);
	struct test_case t = any_case(b, cpl);
	struct scene before, want;

	set_core(b, &t, cpl);
	put_case(b, &t);
	before = want = scene_of(b, &t, cpl);
	reference(&want, &t);
	snprintf(b->what, sizeof(b->what),
		"mode %u, operation %u of %u bytes, cpl %u, selector %x, %" PRIx64
		", returning to %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64,
		b->mode, t.op, t.size, cpl, t.selector, t.offset, t.frame[0], t.frame[2],
		t.frame[3], t.frame[4]);
	fault_watch_step(&b->seen, b->c);
	if (want.fault)
		check_faulted(b, &before, &want);
	else
		check_done(b, &want);
	b->done[t.op] += !want.fault;
	b->faulted[t.op] += want.fault;
}

START_TEST(loads_are_as_the_manual_says)
{
	struct bench b;

	rng = rng_from(stream_seed(1, "segments") + (uint64_t)_i);
	bench_init(&b, modes[_i]);
	for (unsigned i = 0; i < CASES / ARRAY_LEN(modes); i++) {
		if (i % ROUND == 0)
			new_tables(&b);
		check_case(&b);
	}
	for (unsigned op = 0; op < OPERATIONS; op++) {
		ck_assert_uint_gt(b.done[op] + (op == 1), 0);
		ck_assert_uint_gt(b.faulted[op] + (op == 1 || (op >= OP_LAR && op <= OP_VERW)), 0);
	}
	machine_destroy(b.m);
}
END_TEST

int main(void)
{
	const struct unit_repeated tests[] = {
		{loads_are_as_the_manual_says, ARRAY_LEN(modes)},
	};

	return unit_run_repeated("segments", tests, ARRAY_LEN(tests));
}
