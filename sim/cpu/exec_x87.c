/* exec_x87.c - the control instructions of the x87 FPU, FXSAVE and FXRSTOR, LDMXCSR and STMXCSR.
 *
 * SDM "x87 FPU Control Instructions" and "FXSAVE-Save x87 FPU, MMX Technology, and SSE State".
 * FCS and FDS are always 0, as on processors that deprecate them.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/vector.h"
#include "sim/cpu/x87.h"

OP_ANY(fninit)
{
	TRY(x87_check(c));
	x87_init(&c->arch.x87);
	return no_fault;
}

OP_ANY(fnclex)
{
	TRY(x87_check(c));
	c->arch.x87.fsw &= (uint16_t) ~(FSW_SF | FSW_FLAGS);
	x87_summarise(&c->arch.x87);
	return no_fault;
}

OP_ANY(fnop)
{
	TRY(x87_check(c));
	TRY(x87_pending(c));
	c->arch.x87.fip = c->arch.rip + in->start;
	return no_fault;
}

/* FENI, FDISI and FSETPM of the 8087 and 80287. */
OP_ANY(fneni)
{
	return x87_check(c);
}

OP_ANY(fwait)
{
	if ((c->arch.cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS))
		return fault_exception(VECTOR_NM);
	return x87_pending(c);
}

OP_ANY(fnstcw)
{
	TRY(x87_check(c));
	return operand_store(c, in, 0, 2, c->arch.x87.fcw);
}

OP_ANY(fldcw)
{
	uint64_t value;

	TRY(x87_check(c));
	TRY(x87_pending(c));
	TRY(operand_load(c, in, 0, 2, &value));
	x87_set_control(&c->arch.x87, (uint16_t)value);
	return no_fault;
}

OP_ANY(fnstsw)
{
	TRY(x87_check(c));
	return operand_store(c, in, 0, 2, c->arch.x87.fsw);
}

/* --- FXSAVE and FXRSTOR --- */

static unsigned xmm_count(const struct vcpu *c)
{
	return c->mode == CODE_64 ? 16 : 8;
}

/* How much of the image FXSAVE writes. Without CR4.OSFXSR the XMM registers are left out. */
static unsigned fxsave_written(const struct vcpu *c)
{
	if ((c->arch.cr4 & CR4_OSFXSR) == 0)
		return offsetof(struct fxsave_image, xmm);
	return (unsigned)(offsetof(struct fxsave_image, xmm) + sizeof(struct xmm) * xmm_count(c));
}

struct fault state_image_misaligned(const struct vcpu *c, uint64_t la)
{
	return (la & 3) != 0 && cpu_checks_alignment(c) ? fault_error(VECTOR_AC, 0) : fault_gp(0);
}

#define FXSAVE_LOOK 4 /* bytes whose limit comes before the alignment */

/* #GP, unless #SS comes first: for an address that is not canonical, not for an end beyond SS's
 * limit. */
static struct fault misaligned(const struct vcpu *c, const struct insn *in, uint64_t la)
{
	if (in->seg == SS && (!is_canonical(la) || !is_canonical(la + FXSAVE_SIZE - 1)))
		return fault_error(VECTOR_SS, 0);
	return state_image_misaligned(c, la);
}

MUST_CHECK static struct fault fxsave_address(
	struct vcpu *c, const struct insn *in, enum access how, uint64_t *la)
{
	TRY(x87_check(c));
	TRY(operand_linear(c, in, how, FXSAVE_LOOK, la)); /* as processors have it */
	if (*la & 15)
		return misaligned(c, in, *la);
	return operand_linear(c, in, how, FXSAVE_SIZE, la);
}

void fxsave_image_make(const struct vcpu *c, bool wide, struct fxsave_image *image)
{
	const struct x87 *x = &c->arch.x87;

	*image = (struct fxsave_image){
		.fcw = x->fcw,
		.fsw = x->fsw,
		.ftw = (uint8_t)x->ftw,
		.fop = x->fop,
		.fip = wide ? x->fip : (uint32_t)x->fip,
		.fdp = wide ? x->fdp : (uint32_t)x->fdp,
		.mxcsr = (uint32_t)c->arch.mxcsr,
		.mxcsr_mask = MXCSR_KNOWN,
	};
	for (unsigned i = 0; i < 8; i++)
		image->st[i] = x->st[x87_physical(x, i)];
	memcpy(image->xmm, c->arch.xmm, sizeof(image->xmm));
}

OP_ANY(fxsave)
{
	struct fxsave_image image;
	uint8_t *end;
	uint64_t la;

	TRY(fxsave_address(c, in, ACCESS_WRITE, &la));
	fxsave_image_make(c, in->prefix & PREFIX_REX_W, &image);
	TRY(mem_open(c, in->seg, la, 1, &end)); /* may all of it be written? */
	TRY(mem_open(c, in->seg, la + FXSAVE_SIZE - 1, 1, &end));
	return mem_store(c, in->seg, la, fxsave_written(c), &image);
}

/* The pointers hold as many bits as linear addresses have. */
static uint64_t canonical(uint64_t la)
{
	return (uint64_t)((int64_t)(la << (64 - LINEAR_ADDRESS_BITS)) >>
			  (64 - LINEAR_ADDRESS_BITS));
}

void x87_restore(struct x87 *x, const struct fxsave_image *image, bool wide)
{
	x->fsw = image->fsw;
	x87_set_control(x, image->fcw);
	x->fop = image->fop & 0x7ff;
	x->fip = wide ? canonical(image->fip) : (uint32_t)image->fip;
	x->fdp = wide ? canonical(image->fdp) : (uint32_t)image->fdp;
	for (unsigned i = 0; i < 8; i++) {
		struct xmm st = image->st[i];

		st.q[1] &= 0xffff;
		x->st[x87_physical(x, i)] = st;
	}
	x->ftw = image->ftw;
}

OP_ANY(fxrstor)
{
	struct fxsave_image image;
	uint64_t la;

	TRY(fxsave_address(c, in, ACCESS_READ, &la));
	TRY(mem_load(c, in->seg, la, FXSAVE_SIZE, &image));
	if (image.mxcsr & ~MXCSR_KNOWN)
		return fault_gp(0);
	x87_restore(&c->arch.x87, &image, in->prefix & PREFIX_REX_W);
	if (c->arch.cr4 & CR4_OSFXSR) {
		c->arch.mxcsr = image.mxcsr;
		memcpy(c->arch.xmm, image.xmm, sizeof(struct xmm) * xmm_count(c));
	}
	return no_fault;
}

/* --- MXCSR --- */

OP_ANY(ldmxcsr)
{
	uint64_t value;

	TRY(c->vector);
	TRY(operand_load(c, in, 0, 4, &value));
	if (value & ~MXCSR_KNOWN)
		return fault_gp(0);
	c->arch.mxcsr = value;
	return no_fault;
}

OP_ANY(stmxcsr)
{
	TRY(c->vector);
	return operand_store(c, in, 0, 4, c->arch.mxcsr);
}
