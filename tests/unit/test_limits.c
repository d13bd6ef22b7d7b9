/* test_limits.c - accesses of every size around the ends of random segments: limits, expand-down
 * segments, what each type allows, and that addresses wrap at 32 bits. Against the SDM's "Limit
 * Checking" and "Type Checking", byte by byte.
 */
#include "tests/fuzz/any_tables.h"
#include "tests/unit/fault_watch.h"
#include "tests/unit/unit.h"

#define CASES  200000
#define SLOT   16u
#define MEMORY UINT64_C(0x200000)

static const enum any_mode modes[] = {ANY_16, ANY_32, ANY_COMPAT, ANY_64, ANY_REAL};

/* MOV and MOVDQU between [rsi] and al, eax or xmm0; mode 16 has [si]. */
static const struct move {
	uint8_t code[3], length;
	unsigned size;
	bool store;
} moves[] = {{{0x8a}, 1, 1, false}, {{0x8b}, 1, 4, false}, {{0xf3, 0x0f, 0x6f}, 3, 16, false},
	{{0x88}, 1, 1, true}, {{0x89}, 1, 4, true}, {{0xf3, 0x0f, 0x7f}, 3, 16, true}};

/* In the order of the segment registers. */
static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

static struct rng rng;

static unsigned any(unsigned n)
{
	return (unsigned)rng_below(&rng, n);
}

static uint64_t slot_of(unsigned access, unsigned seg)
{
	return ANY_CODE + SLOT * (access * ARRAY_LEN(overrides) + seg);
}

/* With 4-byte operands and addresses throughout. */
static void put_code(struct vcpu *c, enum any_mode mode)
{
	bool narrow = mode == ANY_16 || mode == ANY_REAL;

	for (unsigned i = 0; i < ARRAY_LEN(moves); i++) {
		for (unsigned seg = ES; seg <= GS; seg++) {
			const struct move *a = &moves[i];
			uint8_t code[SLOT] = {overrides[seg]};
			unsigned n = 1;

			if (narrow)
				code[n++] = 0x67;
			if (narrow && a->size == 4)
				code[n++] = 0x66;
			memcpy(code + n, a->code, a->length);
			code[n + a->length] = 0x06;
			any_put(c, slot_of(i, seg), code, sizeof(code));
		}
	}
}

static struct segment any_segment(void)
{
	uint16_t attr = (uint16_t)(SEG_P | SEG_S | any(16) | (any(2) ? SEG_D : 0));
	uint32_t limit = any(2) ? any(0x10000) : 0x10000 + any(0x80000);

	if (any(8) == 0)
		limit = UINT32_MAX - (any(2) ? any(32) : 0);
	if (any(16) == 0)
		return (struct segment){.base = 0}; /* null */
	return (struct segment){any(2) ? 0x100000 : any(0x1000) * UINT64_C(0xff0ff) & UINT32_MAX,
		limit, ANY_DS, attr};
}

/* What is raised is delivered on this one, too. */
static struct segment any_stack(void)
{
	return (struct segment){.limit = any(4) ? 0xffff + any(0x80000) : UINT32_MAX,
		.selector = ANY_DS,
		.attr = (uint16_t)(SEG_P | SEG_S | 3 | (any(2) ? SEG_D : 0))};
}

static uint64_t any_offset(const struct segment *s)
{
	static const uint32_t ends[] = {0, 0xffff, 0x10000, UINT32_MAX};
	uint32_t near = any(2) ? s->limit : ends[any(ARRAY_LEN(ends))];

	return any(4) ? near + any(40) - 20 : any(0x80000);
}

/* Is this byte within the segment? */
static bool byte_is_within(const struct segment *s, uint64_t offset)
{
	bool data = (s->attr & 8) == 0, down = data && (s->attr & 4);

	if (!down)
		return offset <= s->limit;
	return offset > s->limit && offset <= (s->attr & SEG_D ? UINT32_MAX : 0xffffu);
}

static bool type_allows(const struct segment *s, bool store)
{
	bool code = s->attr & 8, second = s->attr & 2;

	if ((s->attr & SEG_P) == 0)
		return false;
	if (store)
		return !code && second;
	return !code || second;
}

static bool may_access(
	enum any_mode mode, const struct segment *s, uint64_t offset, unsigned size, bool store)
{
	if (mode == ANY_64)
		return true;
	if (mode != ANY_REAL && !type_allows(s, store))
		return false;
	for (unsigned i = 0; i < size; i++)
		if (!byte_is_within(s, offset + i))
			return false;
	return true;
}

static uint64_t linear(enum any_mode mode, unsigned seg, const struct segment *s, uint64_t offset)
{
	if (mode == ANY_64)
		return offset + (seg == FS || seg == GS ? s->base : 0);
	return (uint32_t)(s->base + offset);
}

/* Paging, where it is on, maps 1 GiB. */
static unsigned vector_of(enum any_mode mode, unsigned seg, uint64_t la, bool good)
{
	if (!good)
		return seg == SS ? VECTOR_SS : VECTOR_GP;
	return any_is_long(mode) && la + 16 > BIT(30) ? VECTOR_PF : NO_VECTOR;
}

/* The bytes of al, eax or xmm0. */
static void *operand_of(struct core_state *a, unsigned size)
{
	return size == 16 ? (void *)&a->xmm[0] : (void *)&a->gpr[RAX];
}

/* What is at la, of RAM that the tables do not use; nothing else can be compared. */
static bool can_compare(uint64_t la, unsigned size)
{
	return la >= 0x20000 && size <= 16 && la <= MEMORY - 16;
}

static void check_moved(struct machine *m, const struct move *how, uint64_t la, const uint8_t *was,
	const uint8_t *memory)
{
	struct core_state *a = &m->cores[0].arch;
	uint8_t now[16];

	if (!can_compare(la, how->size))
		return;
	ck_assert(phys_read(&m->mem, la, now, how->size));
	ck_assert_mem_eq(now, how->store ? was : memory, how->size);
	ck_assert_mem_eq(operand_of(a, how->size), now, how->size);
}

/* Stores there would overwrite the tables, and the end of such an access is on another page. */
static bool is_avoided(uint64_t la)
{
	return la < 0x20000 || la + 16 > UINT32_MAX || (la < BIT(30) && la + 16 > BIT(30));
}

static void check_access(struct machine *m, enum any_mode mode, unsigned i, unsigned seg,
	const struct segment *s, uint64_t offset)
{
	const struct move *how = &moves[i];
	struct vcpu *c = &m->cores[0];
	uint64_t la = linear(mode, seg, s, offset), operand[2] = {rng_next(&rng), rng_next(&rng)};
	bool good = may_access(mode, s, offset, how->size, how->store);
	struct fault_watch seen;
	uint8_t memory[16];

	c->arch.seg[seg] = *s;
	c->arch.rip = slot_of(i, seg);
	c->arch.gpr[RSI] = offset;
	memcpy(operand_of(&c->arch, how->size), operand, how->size);
	cpu_state_changed(c);
	if (can_compare(la, how->size))
		ck_assert(phys_read(&m->mem, la, memory, how->size));
	fault_watch_step(&seen, c);
	ck_assert_msg(seen.vector == vector_of(mode, seg, la, good),
		"mode %u, access %u, segment %u, base %" PRIx64 ", limit %x, attributes %x, "
		"offset %" PRIx64 ": vector %u",
		mode, i, seg, s->base, s->limit, s->attr, offset, seen.vector);
	if (!good)
		ck_assert_uint_eq(seen.error, 0);
	else if (seen.vector == NO_VECTOR)
		check_moved(m, how, la, (const uint8_t *)operand, memory);
}

static void check_case(struct machine *m, enum any_mode mode, const struct core_state *start)
{
	unsigned seg = any(6);
	struct segment s = seg == CS ? start->seg[CS] : seg == SS ? any_stack() : any_segment();
	uint64_t offset = (uint32_t)any_offset(&s);

	if (seg == CS && any(2))
		s.attr &= (uint16_t)~2; /* execute-only */
	if (is_avoided(linear(mode, seg, &s, offset)))
		return;
	fault_watch_restart(&m->cores[0], start);
	check_access(m, mode, any(ARRAY_LEN(moves)), seg, &s, offset);
}

START_TEST(accesses_stay_within_their_segments)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct core_state start;
	struct config config;
	struct machine *m;

	rng = rng_from(stream_seed(1, "limits") + (uint64_t)_i);
	config_defaults(&config);
	config.machine.memory_mib = MEMORY >> 20;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	any_enter(&m->cores[0], modes[_i]);
	m->cores[0].arch.cr4 |= CR4_OSFXSR;
	put_code(&m->cores[0], modes[_i]);
	start = m->cores[0].arch;
	for (unsigned i = 0; i < CASES / ARRAY_LEN(modes); i++)
		check_case(m, modes[_i], &start);
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const struct unit_repeated tests[] = {
		{accesses_stay_within_their_segments, ARRAY_LEN(modes)},
	};

	return unit_run_repeated("limits", tests, ARRAY_LEN(tests));
}
