/* test_paging.c - random paging structures of every format, against a reference that is written
 * down from the SDM's tables without the walker ("32-Bit Paging", "PAE Paging", "4-Level Paging",
 * "Determination of Access Rights", "Page-Fault Exceptions"): address or error code, and which
 * accessed and dirty bits are set.
 */
#include "sim/base/config.h"
#include "sim/base/rng.h"
#include "sim/machine/machine.h"

#include "tests/unit/unit.h"

#define TABLES      16 /* pages 16 to 31 hold structures that refer to each other */
#define FIRST_TABLE 16
#define ROUNDS      120000

enum format { BITS32, PAE, IA32E, FORMATS };

/* What an access does: an error code, or an address; and the entries that it marks. */
struct outcome {
	bool fault;
	uint32_t code;
	uint64_t pa;
	unsigned marks;
	struct mark {
		uint64_t pa, value;
	} mark[4];
};

static struct machine *m;
static struct rng rng;
static unsigned width; /* MAXPHYADDR */
static unsigned translated[FORMATS], keyed;

static uint64_t entry_at(uint64_t pa, unsigned size)
{
	uint64_t entry = 0;

	if (!phys_read(&m->mem, pa, &entry, size))
		return size == 4 ? UINT32_MAX : UINT64_MAX;
	return entry;
}

static bool user_may(bool w, bool u, bool xd, enum access how)
{
	return u && !(how == ACCESS_WRITE && !w) && !(how == ACCESS_FETCH && xd);
}

static bool supervisor_may(
	const struct core_state *a, bool w, bool u, bool xd, enum access how, enum privilege who)
{
	bool smap =
		(a->cr4 & CR4_SMAP) && u && (who == PRIVILEGE_IMPLICIT || !(a->rflags & RFLAGS_AC));

	switch (how) {
	case ACCESS_READ:
		return !smap;
	case ACCESS_WRITE:
		return !smap && (w || !(a->cr0 & CR0_WP));
	default:
		return !xd && !(u && (a->cr4 & CR4_SMEP));
	}
}

/* The addresses below 52 bits that the processor has not. */
static uint64_t beyond_width(void)
{
	return BIT(52) - BIT(width);
}

/* Bits that must be 0, by format, level and whether it maps a page. */
static uint64_t reserved_bits(const struct core_state *a, enum format f, unsigned level, bool large)
{
	static const uint64_t large_low[] = {0, 0, 0x1fe000, 0x3fffe000};
	uint64_t xd = a->efer & EFER_NXE ? 0 : BIT(63);

	if (f == BITS32)
		return large ? BIT(22) - BIT(width - 19) : 0;
	if (f == PAE)
		return xd | UINT64_C(0x7ff0000000000000) | beyond_width() |
		       (large ? large_low[level] : 0);
	return xd | beyond_width() | (level == 4 ? PTE_PS : 0) | (large ? large_low[level] : 0);
}

static struct outcome page_fault(
	const struct core_state *a, enum access how, enum privilege who, uint32_t why)
{
	bool id = (a->cr4 & CR4_SMEP) || ((a->cr4 & CR4_PAE) && (a->efer & EFER_NXE));

	return (struct outcome){.fault = true,
		.code = why | (how == ACCESS_WRITE ? 2 : 0) | (who == PRIVILEGE_USER ? 4 : 0) |
			(how == ACCESS_FETCH && id ? 16 : 0)};
}

static uint64_t page_address(enum format f, unsigned shift, uint64_t entry, uint64_t la)
{
	uint64_t offset = la & (BIT(shift) - 1), frame = entry & UINT64_C(0xfffffff000);

	if (f == BITS32)
		frame = entry & 0xfffff000;
	if (f == BITS32 && shift == 22)
		frame = (entry & 0xffc00000) | (entry & 0x1fe000) << 19;
	return (frame & ~(BIT(shift) - 1)) | offset;
}

/* SDM "Protection Keys": does the key of a user page deny data? */
static bool key_denies(const struct core_state *a, enum format f, uint64_t leaf, bool u,
	enum access how, enum privilege who)
{
	unsigned key = leaf >> 59 & 15;
	bool no_access = a->pkru >> 2 * key & 1, no_write = a->pkru >> (2 * key + 1) & 1;

	if (f != IA32E || !(a->cr4 & CR4_PKE) || !u || how == ACCESS_FETCH)
		return false;
	if (how == ACCESS_WRITE && no_write && (who == PRIVILEGE_USER || (a->cr0 & CR0_WP)))
		return true;
	return no_access;
}

static struct outcome reference(
	const struct core_state *a, enum format f, uint64_t la, enum access how, enum privilege who)
{
	unsigned bits = f == BITS32 ? 10 : 9, size = f == BITS32 ? 4 : 8;
	uint64_t table = f == BITS32 ? a->cr3 & 0xfffff000 : a->cr3 & UINT64_C(0xfffffff000);
	bool w = true, u = true, xd = false, large = false, key;
	uint64_t entry;
	struct outcome o = {.fault = false};

	if (f == PAE) {
		table = a->pdpte[la >> 30 & 3];
		if (!(table & 1))
			return page_fault(a, how, who, 0);
		table &= UINT64_C(0xfffffff000);
	}
	for (unsigned level = f == IA32E ? 4 : 2;; level--) {
		unsigned shift = 12 + bits * (level - 1);
		uint64_t pa = table + (la >> shift & (BIT(bits) - 1)) * size;

		entry = entry_at(pa, size);
		if (!(entry & 1))
			return page_fault(a, how, who, 0);
		large = level > 1 && level < 4 && (entry & PTE_PS) &&
			(f != BITS32 || (a->cr4 & CR4_PSE));
		if (entry & reserved_bits(a, f, level, large))
			return page_fault(a, how, who, 1 | 8);
		w &= entry >> 1 & 1;
		u &= entry >> 2 & 1;
		xd |= entry >> 63;
		o.mark[o.marks++] = (struct mark){pa, entry | PTE_A};
		if (level == 1 || large) {
			o.pa = page_address(f, shift, entry, la);
			break;
		}
		table = entry & (f == BITS32 ? 0xfffff000 : UINT64_C(0xfffffff000));
	}
	key = key_denies(a, f, entry, u, how, who);
	keyed += key;
	if (key || (who == PRIVILEGE_USER ? !user_may(w, u, xd, how)
					  : !supervisor_may(a, w, u, xd, how, who)))
		return page_fault(a, how, who, 1 | (key ? 32 : 0));
	if (how == ACCESS_WRITE)
		o.mark[o.marks - 1].value |= PTE_D;
	return o;
}

static uint64_t table_address(void)
{
	return (FIRST_TABLE + rng_below(&rng, TABLES)) << PAGE_SHIFT;
}

static uint64_t random_entry(enum format f)
{
	uint64_t entry = table_address() | (rng_next(&rng) & 0x1ff);

	if (rng_below(&rng, 8) != 0)
		entry |= PTE_P | PTE_W | PTE_U;
	if (rng_below(&rng, 16) == 0)
		entry ^= BIT(rng_below(&rng, 64));
	if (rng_below(&rng, 4) == 0)
		entry &= ~PTE_W;
	if (rng_below(&rng, 3) != 0)
		entry &= ~PTE_PS;
	if (entry & PTE_PS) /* mostly a legal one */
		entry &= rng_below(&rng, 4) == 0 ? UINT64_MAX : ~UINT64_C(0x3fffe000);
	if (rng_below(&rng, 8) == 0 && f != BITS32)
		entry |= PTE_XD;
	if (f == IA32E)
		entry |= rng_below(&rng, 16) << 59;
	return f == BITS32 ? (uint32_t)entry : entry;
}

/* All structures anew. */
static void fill_tables(enum format f)
{
	uint64_t page[512];

	for (unsigned i = 0; i < TABLES; i++) {
		for (unsigned j = 0; j < ARRAY_LEN(page); j++)
			page[j] = f == BITS32 ? random_entry(f) | random_entry(f) << 32
					      : random_entry(f);
		ck_assert(phys_write(&m->mem, (FIRST_TABLE + i) << PAGE_SHIFT, page, sizeof(page)));
	}
}

static void random_controls(struct core_state *a, enum format f)
{
	uint64_t any = rng_next(&rng);

	a->cr0 = CR0_PG | CR0_PE | (any & CR0_WP);
	a->cr4 = any & (CR4_PSE | CR4_PGE | CR4_SMEP | CR4_SMAP | CR4_PKE);
	a->pkru = (uint32_t)(rng_next(&rng) & rng_next(&rng));
	a->efer = any & EFER_NXE;
	a->rflags = RFLAGS_ONE | (any & RFLAGS_AC);
	if (f != BITS32)
		a->cr4 |= CR4_PAE;
	if (f == IA32E)
		a->efer |= EFER_LME | EFER_LMA;
	a->cr3 = table_address();
	for (unsigned i = 0; i < 4; i++)
		a->pdpte[i] = table_address() | (rng_below(&rng, 8) != 0);
}

static void check_once(enum format f)
{
	struct vcpu *c = &m->cores[0];
	enum access how = (enum access)rng_below(&rng, 3);
	enum privilege who = (enum privilege)rng_below(&rng, 3);
	uint64_t la = rng_next(&rng), pa = 0;
	struct outcome want;
	struct fault got;

	la = f == IA32E ? (uint64_t)((int64_t)(la << 16) >> 16) : (uint32_t)la;
	random_controls(&c->arch, f);
	width = rng_below(&rng, 2) ? 40 : 36;
	c->mmu.reserved = BIT(40) - BIT(width);
	mmu_flush_all(&c->mmu);
	want = reference(&c->arch, f, la, how, who);
	translated[f] += !want.fault;
	ck_assert(mmu_probe(&c->mmu, la, how, who, &pa) == !want.fault);
	for (unsigned again = 0; again < 2; again++) { /* a walk, and the TLB */
		got = mmu_translate(&c->mmu, la, how, who, &pa);
		ck_assert_int_eq(fault_kind(got), want.fault ? FAULT_EXCEPTION : FAULT_NONE);
		if (want.fault)
			ck_assert_uint_eq(fault_error_code(got), want.code);
		else
			ck_assert_uint_eq(pa, want.pa);
	}
	for (unsigned i = 0; i < want.marks && !want.fault; i++)
		ck_assert_uint_eq(entry_at(want.mark[i].pa, f == BITS32 ? 4 : 8) | PTE_A | PTE_D,
			want.mark[i].value | PTE_A | PTE_D);
	if (!want.fault) {
		struct mark *leaf = &want.mark[want.marks - 1];

		ck_assert_uint_eq(entry_at(leaf->pa, f == BITS32 ? 4 : 8), leaf->value);
	}
}

static void make(const char *name)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct config config;

	rng = rng_from(stream_seed(1, name));
	config_defaults(&config);
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
}

START_TEST(all_formats)
{
	make("paging");
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum format f = (enum format)(i / 500 % FORMATS);

		if (i % 500 == 0)
			fill_tables(f);
		check_once(f);
	}
	for (unsigned f = 0; f < FORMATS; f++)
		ck_assert_uint_gt(translated[f], ROUNDS / FORMATS / 20);
	ck_assert_uint_gt(keyed, ROUNDS / 100);
	machine_destroy(m);
}
END_TEST

/* A page of 4 MiB is two entries of the TLB, and INVLPG of any of its addresses drops both. */
START_TEST(large_page_goes_as_one)
{
	struct core_state *a;
	uint32_t pde = 0x00400087;
	struct mmu *mmu;
	uint64_t pa;

	make("large");
	a = &m->cores[0].arch;
	mmu = &m->cores[0].mmu;
	a->cr0 = CR0_PG | CR0_PE;
	a->cr4 = CR4_PSE;
	a->cr3 = FIRST_TABLE << PAGE_SHIFT;
	mmu_flush_all(mmu);
	ck_assert(phys_write(&m->mem, a->cr3, &pde, 4));
	for (uint64_t la = 0x1000; la < 0x400000; la += 0x200000) {
		ck_assert_int_eq(
			fault_kind(mmu_translate(mmu, la, ACCESS_READ, PRIVILEGE_SUPERVISOR, &pa)),
			FAULT_NONE);
		ck_assert_uint_eq(pa, 0x400000 + la);
	}
	pde = 0;
	ck_assert(phys_write(&m->mem, a->cr3, &pde, 4));
	ck_assert(mmu_probe(mmu, 0x201000, ACCESS_READ, PRIVILEGE_SUPERVISOR, &pa)); /* stale */
	mmu_flush_page(mmu, 0x5000);
	ck_assert(!mmu_probe(mmu, 0x201000, ACCESS_READ, PRIVILEGE_SUPERVISOR, &pa));
	ck_assert(!mmu_probe(mmu, 0x1000, ACCESS_READ, PRIVILEGE_SUPERVISOR, &pa));
	machine_destroy(m);
}
END_TEST

START_TEST(pdptes)
{
	static const struct {
		uint64_t entry;
		bool good;
	} cases[] = {{0, true}, {UINT64_MAX - 1, true}, {0x1001, true}, {0x1fff - 0x1e6, true},
		{0x1003, false}, {0x1005, false}, {0x1021, false}, {0x1101, false},
		{UINT64_C(0xff00001001), true}, {BIT(40) | 1, false}, {PTE_XD | 1, false}};
	uint64_t pdpte[4], at = (FIRST_TABLE << PAGE_SHIFT) + 0x20;

	make("pdptes");
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert(phys_write(&m->mem, at + 8 * (i % 4), &cases[i].entry, 8));
		ck_assert_msg(mmu_read_pdptes(&m->cores[0].mmu, at | 0x1f, pdpte) == cases[i].good,
			"%u", i);
		if (cases[i].good)
			ck_assert_uint_eq(pdpte[i % 4], cases[i].entry);
		ck_assert(phys_write(&m->mem, at + 8 * (i % 4), &cases[0].entry, 8));
	}
	ck_assert(!mmu_read_pdptes(&m->cores[0].mmu, 0xf0000000, pdpte)); /* nothing: all ones */
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {all_formats, large_page_goes_as_one, pdptes};

	return unit_run("paging", tests, ARRAY_LEN(tests));
}
