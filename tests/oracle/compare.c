#include "tests/oracle/compare.h"

#include <stdio.h>

#include "sim/cpu/float80.h"

static const struct window windows[] = WINDOWS;

static bool differ(struct difference *d, const char *field, uint64_t host, uint64_t model)
{
	*d = (struct difference){.host = host, .model = model};
	snprintf(d->field, sizeof(d->field), "%s", field);
	return true;
}

static bool differ_numbered(
	struct difference *d, const char *field, unsigned i, uint64_t host, uint64_t model)
{
	*d = (struct difference){.host = host, .model = model};
	snprintf(d->field, sizeof(d->field), "%s%u", field, i);
	return true;
}

static bool st_differs(const struct code *c, const struct xmm *h, const struct xmm *m)
{
	if (h->q[0] == m->q[0] && (h->q[1] & 0xffff) == (m->q[1] & 0xffff))
		return false;
	return bound_of(c->form->row) != BOUND_TRANSCENDENTAL || !transcendentals_near(h, m);
}

static bool fx_differ(const struct code *c, const struct fx_image *h, const struct fx_image *m,
	struct difference *d)
{
	if (h->fcw != m->fcw)
		return differ(d, "fcw", h->fcw, m->fcw);
	if (h->fsw != m->fsw && !(bound_of(c->form->row) == BOUND_TRANSCENDENTAL &&
					((h->fsw ^ m->fsw) & ~FSW_C1) == 0))
		return differ(d, "fsw", h->fsw, m->fsw);
	if (h->ftw != m->ftw)
		return differ(d, "ftw", h->ftw, m->ftw);
	if (h->fop != m->fop || h->fip != m->fip || h->fdp != m->fdp)
		return differ(d, "fip/fdp/fop", h->fip, m->fip);
	if (h->mxcsr != m->mxcsr)
		return differ(d, "mxcsr", h->mxcsr, m->mxcsr);
	for (unsigned i = 0; i < 8; i++)
		if (st_differs(c, &h->st[i], &m->st[i]))
			return differ_numbered(d, h->st[i].q[0] == m->st[i].q[0] ? "st.head" : "st",
				i, h->st[i].q[0], m->st[i].q[0]);
	for (unsigned i = 0; i < 32; i++)
		if (h->xmm[i / 2].q[i & 1] != m->xmm[i / 2].q[i & 1] &&
			!(bound_of(c->form->row) == BOUND_RECIPROCAL &&
				reciprocals_near(h->xmm[i / 2].q[i & 1], m->xmm[i / 2].q[i & 1])))
			return differ_numbered(d, i & 1 ? "xmm.high" : "xmm", i / 2,
				h->xmm[i / 2].q[i & 1], m->xmm[i / 2].q[i & 1]);
	return false;
}

/* FXSAVE and FXRSTOR report any byte of their operand; which, no manual says. */
static bool fault_differs(const struct code *c, const struct outcome *h, const struct outcome *m,
	struct difference *d)
{
	if (h->vector != m->vector)
		return differ(d, "vector", h->vector, m->vector);
	if (h->vector == NO_VECTOR)
		return false;
	if (h->error != m->error)
		return differ(d, "error code", h->error, m->error);
	if (h->vector == VECTOR_PF && h->cr2 != m->cr2 &&
		(c->access <= 10 || (h->cr2 ^ m->cr2) >> PAGE_SHIFT != 0))
		return differ(d, "cr2", h->cr2, m->cr2);
	return false;
}

/* A fault in the middle of POPA leaves some registers popped on the host, none in ringv. */
static bool popped_partly(const struct code *c, const struct outcome *h)
{
	return h->vector != NO_VECTOR && row_is(c->form->row, "popa");
}

/* The IRET of an interrupt just behind the instruction makes null selectors 0, whatever their RPL.
 */
static bool interrupt_cleared(uint64_t host, uint64_t model)
{
	return host == 0 && model <= 3;
}

bool outcomes_differ(const struct code *c, const struct regs *in, const struct outcome *h,
	const struct outcome *m, struct difference *d)
{
	uint64_t unlike = h->regs.rflags ^ m->regs.rflags;
	bool wide = c->form->mode == CODE_64;

	if (fault_differs(c, h, m, d))
		return true;
	if (h->regs.rip != m->regs.rip)
		return differ(d, "rip", h->regs.rip, m->regs.rip);
	if (unlike != 0)
		unlike &= ~undefined_flags(c, in);
	for (unsigned i = 0; i < (wide ? 16 : 8) && !popped_partly(c, h); i++)
		if ((h->regs.gpr[i] ^ m->regs.gpr[i]) & (wide ? UINT64_MAX : UINT32_MAX))
			return differ_numbered(d, "gpr", i, h->regs.gpr[i], m->regs.gpr[i]);
	if (unlike != 0)
		return differ(d, "rflags", h->regs.rflags, m->regs.rflags);
	for (unsigned i = 0; i < ARRAY_LEN(h->regs.selector); i++)
		if (h->regs.selector[i] != m->regs.selector[i] &&
			!interrupt_cleared(h->regs.selector[i], m->regs.selector[i]))
			return differ_numbered(
				d, "selector", i, h->regs.selector[i], m->regs.selector[i]);
	if (h->regs.fs_base != m->regs.fs_base)
		return differ(d, "fs.base", h->regs.fs_base, m->regs.fs_base);
	if (h->regs.gs_base != m->regs.gs_base)
		return differ(d, "gs.base", h->regs.gs_base, m->regs.gs_base);
	return fx_differ(c, &h->regs.fx, &m->regs.fx, d);
}

/* --- memory --- */

static uint8_t *host_at(uint64_t la)
{
	return (uint8_t *)(uintptr_t)la;
}

/* Calls f for each part of a range that is one page. */
static void each_page(struct memory *mem, uint64_t la, unsigned size,
	void (*f)(struct memory *mem, uint64_t la, unsigned at, unsigned size))
{
	for (unsigned at = 0; at < size;) {
		unsigned part = (unsigned)min_u64(size - at, PAGE_SIZE - ((la + at) & PAGE_MASK));

		f(mem, la + at, at, part);
		at += part;
	}
}

static void save_part(struct memory *mem, uint64_t la, unsigned at, unsigned size)
{
	(void)at;
	memcpy(mem->before + (la - DATA_LA), host_at(la), size);
}

static void restore_part(struct memory *mem, uint64_t la, unsigned at, unsigned size)
{
	(void)at;
	memcpy(mem->model[(la - DATA_LA) / PAGE_SIZE] + (la & PAGE_MASK),
		mem->before + (la - DATA_LA), size);
}

static void compare_part(struct memory *mem, uint64_t la, unsigned at, unsigned size)
{
	const uint8_t *model = mem->model[(la - DATA_LA) / PAGE_SIZE] + (la & PAGE_MASK);

	(void)at;
	if (mem->differs || memcmp(host_at(la), model, size) == 0)
		return;
	for (unsigned i = 0; i < size; i++) {
		if (host_at(la)[i] == model[i])
			continue;
		mem->differs = true;
		mem->difference = (struct difference){.host = host_at(la)[i], .model = model[i]};
		snprintf(mem->difference.field, sizeof(mem->difference.field), "memory %#" PRIx64,
			la + i);
		return;
	}
}

static void each_window(
	struct memory *mem, void (*f)(struct memory *mem, uint64_t la, unsigned at, unsigned size))
{
	for (unsigned i = 0; i < ARRAY_LEN(windows); i++)
		each_page(mem, windows[i].la, windows[i].size, f);
}

void memory_save(struct memory *mem)
{
	each_window(mem, save_part);
}

void memory_restore_model(struct memory *mem)
{
	each_window(mem, restore_part);
}

bool memory_differs(struct memory *mem, struct difference *d)
{
	mem->differs = false;
	each_window(mem, compare_part);
	if (mem->differs)
		*d = mem->difference;
	return mem->differs;
}

/* After a difference: both sides as the host has it. */
void memory_level(struct memory *mem)
{
	memory_save(mem);
	memory_restore_model(mem);
}

static bool is_writable(uint64_t la)
{
	uint64_t page = (la - DATA_LA) / PAGE_SIZE;

	return la >= DATA_LA && (page == PAGE_A || page == PAGE_B || page == PAGE_C);
}

void memory_write(void *context, uint64_t la, const void *bytes, unsigned size)
{
	struct memory *mem = context;

	for (unsigned at = 0; at < size;) {
		uint64_t to = la + at;
		unsigned part = (unsigned)min_u64(size - at, PAGE_SIZE - (to & PAGE_MASK));

		if (is_writable(to)) {
			uint8_t *page = mem->model[(to - DATA_LA) / PAGE_SIZE];

			memcpy(host_at(to), (const uint8_t *)bytes + at, part);
			memcpy(page + (to & PAGE_MASK), (const uint8_t *)bytes + at, part);
		}
		at += part;
	}
}
