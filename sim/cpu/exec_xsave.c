/* exec_xsave.c - XCR0, the XSAVE family, and PKRU.
 *
 * SDM "Managing State Using the XSAVE Feature Set". A component is in use (XINUSE) when it is not
 * in its initial configuration. XSAVEOPT and XSAVES leave out what is not in use; that a component
 * was not modified since XRSTOR is never made use of, as the manual allows. There are no supervisor
 * components, so that IA32_XSS is 0.
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/x87.h"
#include "sim/cpu/xsave.h"

#define MXCSR_DEFAULT 0x1f80

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

#define XCOMP_COMPACTED BIT(63)

struct xsave_header {
	uint64_t xstate_bv, xcomp_bv;
	uint64_t reserved[6];
};

struct xsave_area {
	struct fxsave_image legacy;
	struct xsave_header header;
};

_Static_assert(sizeof(struct xsave_area) == XSAVE_EXTENDED, "as the manual draws it");

/* A range of the area, as offsets. */
struct part {
	unsigned begin, end;
};

/* --- what is in use --- */

static bool x87_in_use(const struct x87 *x)
{
	if (x->fcw != FCW_DEFAULT || x->fsw != 0 || x->ftw != 0 || x->fop != 0 || x->fip != 0 ||
		x->fdp != 0)
		return true;
	for (unsigned i = 0; i < X87_REGISTERS; i++)
		if (x->st[i].q[0] != 0 || x->st[i].q[1] != 0)
			return true;
	return false;
}

static unsigned xmm_count(const struct vcpu *c)
{
	return c->mode == CODE_64 ? 16 : 8;
}

static bool sse_in_use(const struct vcpu *c)
{
	for (unsigned i = 0; i < ARRAY_LEN(c->arch.xmm); i++)
		if (c->arch.xmm[i].q[0] != 0 || c->arch.xmm[i].q[1] != 0)
			return true;
	return false;
}

static uint64_t in_use(const struct vcpu *c)
{
	return (x87_in_use(&c->arch.x87) ? XSTATE_X87 : 0) | (sse_in_use(c) ? XSTATE_SSE : 0) |
	       (c->arch.pkru != 0 ? XSTATE_PKRU : 0);
}

/* --- XCR0 --- */

MUST_CHECK static struct fault need_osxsave(const struct vcpu *c)
{
	return c->arch.cr4 & CR4_OSXSAVE ? no_fault : fault_ud;
}

OP_ANY(xgetbv)
{
	uint32_t n = (uint32_t)c->arch.gpr[RCX];
	uint64_t value = c->arch.xcr0;

	TRY(need_osxsave(c));
	if (n > 1 || (n == 1 && !model_has(c->model, FEATURE_xgetbv1)))
		return fault_gp(0);
	if (n == 1)
		value &= in_use(c);
	reg_set(c, REG_OFFSET(RAX), 4, value);
	reg_set(c, REG_OFFSET(RDX), 4, value >> 32);
	return no_fault;
}

static uint64_t get_edx_eax(const struct vcpu *c)
{
	return (uint32_t)c->arch.gpr[RAX] | c->arch.gpr[RDX] << 32;
}

OP_ANY(xsetbv)
{
	uint64_t value = get_edx_eax(c);

	TRY(need_osxsave(c));
	if (cpu_cpl(c) != 0 || (uint32_t)c->arch.gpr[RCX] != 0)
		return fault_gp(0);
	if ((value & ~xsave_supported(c->model)) || !(value & XSTATE_X87))
		return fault_gp(0);
	c->arch.xcr0 = value;
	return no_fault;
}

/* --- saving --- */

/* What an instruction of the family does. */
struct kind {
	bool compacted;   /* XSAVEC, XSAVES, XRSTORS */
	bool supervisor;  /* XSAVES, XRSTORS */
	bool leaves_init; /* what is not in use is not written */
};

/* SDM "Priority Among Concurrent Events": #UD and #NM come before what execution meets. */
MUST_CHECK static struct fault xsave_address(struct vcpu *c, const struct insn *in,
	struct kind kind, enum access how, unsigned size, uint64_t *la)
{
	TRY(need_osxsave(c));
	if (c->arch.cr0 & CR0_TS)
		return fault_exception(VECTOR_NM);
	if (kind.supervisor && cpu_cpl(c) != 0)
		return fault_gp(0);
	TRY(operand_linear(c, in, how, size, la));
	return *la & 63 ? state_image_misaligned(c, *la) : no_fault;
}

MUST_CHECK static struct fault store_part(struct vcpu *c, const struct insn *in, uint64_t la,
	const struct xsave_area *area, struct part p)
{
	return mem_store(
		c, in->seg, la + p.begin, p.end - p.begin, (const uint8_t *)area + p.begin);
}

/* Of the legacy region; FXSAVE's fields are in three runs. */
MUST_CHECK static struct fault store_legacy(struct vcpu *c, const struct insn *in, uint64_t la,
	const struct xsave_area *area, uint64_t components, bool mxcsr)
{
	static const struct part x87_low = {0, offsetof(struct fxsave_image, mxcsr)};
	static const struct part control = {
		offsetof(struct fxsave_image, mxcsr), offsetof(struct fxsave_image, st)};
	static const struct part x87_high = {
		offsetof(struct fxsave_image, st), offsetof(struct fxsave_image, xmm)};
	struct part xmm = {x87_high.end, x87_high.end + sizeof(struct xmm) * xmm_count(c)};

	if (components & XSTATE_X87) {
		TRY(store_part(c, in, la, area, x87_low));
		TRY(store_part(c, in, la, area, x87_high));
	}
	if (mxcsr)
		TRY(store_part(c, in, la, area, control));
	return components & XSTATE_SSE ? store_part(c, in, la, area, xmm) : no_fault;
}

/* May all of it be written? It is less than a page, so that its ends tell. */
MUST_CHECK static struct fault probe_ends(
	struct vcpu *c, const struct insn *in, uint64_t la, unsigned size)
{
	uint8_t *end;

	TRY(mem_open(c, in->seg, la, 1, &end));
	return mem_open(c, in->seg, la + size - 1, 1, &end);
}

MUST_CHECK static struct fault save(struct vcpu *c, const struct insn *in, struct kind kind)
{
	uint64_t requested = c->arch.xcr0 & get_edx_eax(c), used = in_use(c), saved = requested;
	unsigned size = xsave_size(requested, kind.compacted);
	bool mxcsr = requested & (XSTATE_SSE | XSTATE_AVX);
	struct xsave_area area;
	uint64_t la, pkru = c->arch.pkru;

	TRY(xsave_address(c, in, kind, ACCESS_WRITE, size, &la));
	TRY(probe_ends(c, in, la, size));
	fxsave_image_make(c, in->prefix & PREFIX_REX_W, &area.legacy);
	if (kind.compacted && c->arch.mxcsr != MXCSR_DEFAULT)
		used |= XSTATE_SSE;
	if (kind.leaves_init)
		saved &= used;
	if (kind.compacted)
		mxcsr = saved & XSTATE_SSE;
	TRY(mem_load(c, in->seg, la + XSAVE_LEGACY, 8, &area.header.xstate_bv));
	area.header.xstate_bv = (area.header.xstate_bv & ~requested) | (requested & used);
	if (kind.compacted)
		area.header.xstate_bv = requested & used;
	area.header.xcomp_bv = requested | XCOMP_COMPACTED;
	TRY(store_legacy(c, in, la, &area, saved, mxcsr));
	if (saved & XSTATE_PKRU)
		TRY(mem_store(c, in->seg, la + size - XSAVE_PKRU_SIZE, XSAVE_PKRU_SIZE, &pkru));
	return store_part(c, in, la, &area,
		(struct part){XSAVE_LEGACY, XSAVE_LEGACY + (kind.compacted ? 16 : 8)});
}

OP_ANY(xsave)
{
	return save(c, in, (struct kind){.compacted = false});
}

OP_ANY(xsaveopt)
{
	return save(c, in, (struct kind){.leaves_init = true});
}

OP_ANY(xsavec)
{
	return save(c, in, (struct kind){.compacted = true, .leaves_init = true});
}

OP_ANY(xsaves)
{
	return save(
		c, in, (struct kind){.compacted = true, .supervisor = true, .leaves_init = true});
}

/* --- restoring --- */

/* SDM XRSTOR, XRSTORS: what the header must be. */
static bool header_is_good(const struct vcpu *c, const struct xsave_header *h, struct kind kind)
{
	uint64_t listed = h->xcomp_bv & ~XCOMP_COMPACTED, rest = 0;

	for (unsigned i = 1; i < ARRAY_LEN(h->reserved); i++)
		rest |= h->reserved[i];
	if ((h->xcomp_bv & XCOMP_COMPACTED) == 0)
		return !kind.compacted && (h->xstate_bv & ~c->arch.xcr0) == 0 && listed == 0 &&
		       h->reserved[0] == 0;
	return model_has(c->model, FEATURE_xsavec) && (listed & ~c->arch.xcr0) == 0 &&
	       (h->xstate_bv & ~listed) == 0 && h->reserved[0] == 0 && rest == 0;
}

static void restore_x87(struct vcpu *c, const struct xsave_area *area, bool load, bool wide)
{
	if (load)
		x87_restore(&c->arch.x87, &area->legacy, wide);
	else
		c->arch.x87 = (struct x87){.fcw = FCW_DEFAULT};
}

static void restore_xmm(struct vcpu *c, const struct xsave_area *area, bool load)
{
	if (load)
		memcpy(c->arch.xmm, area->legacy.xmm, sizeof(struct xmm) * xmm_count(c));
	else
		memset(c->arch.xmm, 0, sizeof(struct xmm) * xmm_count(c));
}

/* In the standard format MXCSR is loaded whatever XSTATE_BV says, with SSE or AVX. */
static bool loads_mxcsr(const struct xsave_header *h, uint64_t requested)
{
	if (h->xcomp_bv & XCOMP_COMPACTED)
		return requested & h->xstate_bv & XSTATE_SSE;
	return requested & (XSTATE_SSE | XSTATE_AVX);
}

static void set_pkru(struct vcpu *c, uint64_t value)
{
	c->arch.pkru = (uint32_t)value;
	if (c->arch.cr4 & CR4_PKE)
		mmu_drop_cache(&c->mmu); /* the fast path has no notion of keys */
}

MUST_CHECK static struct fault restore(struct vcpu *c, const struct insn *in, struct kind kind)
{
	uint64_t requested = c->arch.xcr0 & get_edx_eax(c), loaded, la, pkru = 0;
	struct xsave_area area;
	unsigned at;

	TRY(xsave_address(c, in, kind, ACCESS_READ, sizeof(area), &la));
	TRY(mem_load(c, in->seg, la, sizeof(area), &area));
	if (!header_is_good(c, &area.header, kind))
		return fault_gp(0);
	loaded = requested & area.header.xstate_bv;
	if (loads_mxcsr(&area.header, requested) && (area.legacy.mxcsr & ~MXCSR_KNOWN))
		return fault_gp(0);
	at = area.header.xcomp_bv & XCOMP_COMPACTED ? XSAVE_EXTENDED : XSAVE_PKRU_OFFSET;
	if (loaded & XSTATE_PKRU)
		TRY(mem_load(c, in->seg, la + at, XSAVE_PKRU_SIZE, &pkru));
	if (requested & XSTATE_X87)
		restore_x87(c, &area, loaded & XSTATE_X87, in->prefix & PREFIX_REX_W);
	if (requested & XSTATE_SSE) {
		restore_xmm(c, &area, loaded & XSTATE_SSE);
		c->arch.mxcsr = MXCSR_DEFAULT;
	}
	if (loads_mxcsr(&area.header, requested))
		c->arch.mxcsr = area.legacy.mxcsr;
	if (requested & XSTATE_PKRU)
		set_pkru(c, pkru);
	return no_fault;
}

OP_ANY(xrstor)
{
	return restore(c, in, (struct kind){.compacted = false});
}

OP_ANY(xrstors)
{
	return restore(c, in, (struct kind){.compacted = true, .supervisor = true});
}

/* --- PKRU (SDM "Protection Keys") --- */

MUST_CHECK static struct fault need_pke(const struct vcpu *c)
{
	if ((c->arch.cr4 & CR4_PKE) == 0)
		return fault_ud;
	return (uint32_t)c->arch.gpr[RCX] == 0 ? no_fault : fault_gp(0);
}

OP_ANY(rdpkru)
{
	TRY(need_pke(c));
	reg_set(c, REG_OFFSET(RAX), 4, c->arch.pkru);
	reg_set(c, REG_OFFSET(RDX), 4, 0);
	return no_fault;
}

OP_ANY(wrpkru)
{
	TRY(need_pke(c));
	if ((uint32_t)c->arch.gpr[RDX] != 0)
		return fault_gp(0);
	set_pkru(c, c->arch.gpr[RAX]);
	return no_fault;
}
