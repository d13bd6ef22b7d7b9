#include "sim/cpu/task.h"

#include "sim/cpu/debug.h"
#include "sim/cpu/flags.h"
#include "sim/cpu/memory.h"
#include "sim/cpu/new_stack.h"
#include "sim/cpu/v8086.h"

#define TYPE_BUSY 0x2
#define TYPE_32   0x8

#define TSS32_LIMIT 0x67
#define TSS16_LIMIT 0x2b

#define DR7_LOCAL UINT64_C(0x155) /* L0 to L3, and LE */

/* What a switch changes in a TSS, and where: both formats have EIP, EFLAGS and the registers in one
 * run, then the selectors, each in a slot of that size. */
struct tss_layout {
	unsigned size; /* of a slot */
	uint64_t first, selectors, ldt, limit;
	unsigned selector_count;
};

static const struct tss_layout layout32 = {4, 0x20, 0x48, 0x60, TSS32_LIMIT, 6};
static const struct tss_layout layout16 = {2, 0x0e, 0x22, 0x2a, TSS16_LIMIT, 4};

#define TSS32_CR3  0x1c
#define TSS32_TRAP 0x64

static const struct tss_layout *tss_layout(const struct segment *tss)
{
	return tss->attr & TYPE_32 ? &layout32 : &layout16;
}

/* The state of a task, in the order of a TSS: EIP, EFLAGS, eight registers. */
struct task_image {
	uint32_t words[10];
	uint16_t selectors[6]; /* ES, CS, SS, DS, FS, GS */
	uint16_t ldt;
	uint32_t cr3;
	bool trap;
};

/* --- the descriptor --- */

MUST_CHECK static struct fault task_descriptor(
	struct vcpu *c, const struct task_request *r, struct descriptor *d, struct segment *tss)
{
	bool back = r->cause == TASK_RETURN;
	enum vector vector = back ? VECTOR_TS : VECTOR_GP;
	uint32_t error = (r->selector & 0xfffcu) | r->ext;
	unsigned type;

	if (r->selector & 4)
		return fault_error(vector, error);
	TRY(fault_with_ext(descriptor_read(c, r->selector, vector, d), r->ext));
	type = descriptor_type(d);
	if (descriptor_is_code_or_data(d) ||
		(type & ~(unsigned)TYPE_32) != (back ? 1 | TYPE_BUSY : 1))
		return fault_error(vector, error);
	if (!descriptor_present(d))
		return fault_error(VECTOR_NP, error);
	*tss = segment_from_descriptor(r->selector, d);
	return tss->limit >= tss_layout(tss)->limit ? no_fault : fault_error(VECTOR_TS, error);
}

static uint64_t descriptor_address(const struct vcpu *c, uint16_t selector)
{
	return c->arch.gdtr.base + (selector & ~7u);
}

/* The type byte of a TSS descriptor, with the busy bit as told. */
MUST_CHECK static struct fault set_busy(struct vcpu *c, uint16_t selector, bool busy)
{
	uint64_t at = descriptor_address(c, selector) + 5;
	uint8_t type;

	TRY(mem_system_load(c, at, 1, &type));
	type = (uint8_t)(busy ? type | TYPE_BUSY : type & ~TYPE_BUSY);
	return mem_system_store(c, at, 1, &type);
}

/* --- images --- */

MUST_CHECK static struct fault image_read(
	struct vcpu *c, const struct segment *tss, struct task_image *image)
{
	const struct tss_layout *l = tss_layout(tss);
	uint8_t bytes[TSS32_LIMIT + 1];

	memset(image, 0, sizeof(*image));
	TRY(mem_system_load(c, tss->base, (unsigned)l->limit + 1, bytes));
	for (unsigned i = 0; i < 10; i++)
		memcpy(&image->words[i], bytes + l->first + i * l->size, l->size);
	for (unsigned i = 0; i < l->selector_count; i++)
		memcpy(&image->selectors[i], bytes + l->selectors + i * l->size, 2);
	memcpy(&image->ldt, bytes + l->ldt, 2);
	if (l == &layout32) {
		memcpy(&image->cr3, bytes + TSS32_CR3, 4);
		image->trap = bytes[TSS32_TRAP] & 1;
	}
	return no_fault;
}

MUST_CHECK static struct fault image_write(
	struct vcpu *c, const struct segment *tss, const struct task_image *image)
{
	const struct tss_layout *l = tss_layout(tss);
	uint8_t bytes[40];

	for (unsigned i = 0; i < 10; i++)
		memcpy(bytes + i * l->size, &image->words[i], l->size);
	TRY(mem_system_store(c, tss->base + l->first, 10 * l->size, bytes));
	for (unsigned i = 0; i < l->selector_count; i++)
		TRY(mem_system_store(
			c, tss->base + l->selectors + i * l->size, 2, &image->selectors[i]));
	return no_fault;
}

static struct task_image image_of_core(const struct vcpu *c, const struct task_request *r)
{
	uint64_t flags = c->arch.rflags | (r->fault ? RFLAGS_RF : 0);
	struct task_image image = {.words = {(uint32_t)r->return_rip}};

	image.words[1] = (uint32_t)(r->cause == TASK_RETURN ? flags & ~RFLAGS_NT : flags);
	for (unsigned i = 0; i < 8; i++)
		image.words[2 + i] = (uint32_t)c->arch.gpr[i];
	for (unsigned i = 0; i < 6; i++)
		image.selectors[i] = c->arch.seg[i].selector;
	return image;
}

/* --- the switch --- */

/* Everything that the switch will write can be written: from then on it goes through. */
MUST_CHECK static struct fault touch(
	struct vcpu *c, const struct task_request *r, const struct segment *tss)
{
	const struct segment *old = &c->arch.seg[TR];
	const struct tss_layout *l = tss_layout(old);

	if (old->limit < l->ldt - 1)
		return fault_error(VECTOR_TS, (old->selector & 0xfffcu) | r->ext);
	TRY(mem_system_touch(c, old->base + l->first, (unsigned)(l->ldt - l->first), ACCESS_WRITE));
	if (r->cause == TASK_JUMP || r->cause == TASK_RETURN)
		TRY(mem_system_touch(c, descriptor_address(c, old->selector) + 5, 1, ACCESS_WRITE));
	if (r->cause != TASK_RETURN)
		TRY(mem_system_touch(c, descriptor_address(c, r->selector) + 5, 1, ACCESS_WRITE));
	if (r->cause == TASK_CALL || r->cause == TASK_INTERRUPT)
		TRY(mem_system_touch(c, tss->base, 2, ACCESS_WRITE));
	return no_fault;
}

MUST_CHECK static struct fault leave_old(
	struct vcpu *c, const struct task_request *r, const struct segment *tss)
{
	const struct segment *old = &c->arch.seg[TR];
	struct task_image image = image_of_core(c, r);

	if (r->cause == TASK_JUMP || r->cause == TASK_RETURN)
		TRY(set_busy(c, old->selector, false));
	TRY(image_write(c, old, &image));
	if (r->cause == TASK_CALL || r->cause == TASK_INTERRUPT)
		TRY(mem_system_store(c, tss->base, 2, &old->selector));
	return r->cause != TASK_RETURN ? set_busy(c, r->selector, true) : no_fault;
}

static void load_image(struct vcpu *c, const struct task_request *r, const struct segment *tss,
	const struct task_image *image)
{
	uint64_t known = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL |
			 RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC | RFLAGS_VIF | RFLAGS_VIP |
			 RFLAGS_ID;
	bool nested = r->cause == TASK_CALL || r->cause == TASK_INTERRUPT;

	c->arch.seg[TR] = *tss;
	c->arch.seg[TR].attr |= TYPE_BUSY;
	c->arch.cr0 |= CR0_TS;
	c->arch.dr[7] &= ~DR7_LOCAL;
	c->arch.rip = image->words[0];
	c->arch.rflags = (image->words[1] & known) | RFLAGS_ONE | (nested ? RFLAGS_NT : 0);
	for (unsigned i = 0; i < 8; i++)
		c->arch.gpr[i] = tss->attr & TYPE_32 ? image->words[2 + i]
						     : image->words[2 + i] | 0xffff0000;
	for (unsigned i = 0; i < 6; i++)
		c->arch.seg[i] = (struct segment){.selector = image->selectors[i]};
	c->arch.seg[LDTR] = (struct segment){.selector = image->ldt};
	if (c->arch.rflags & RFLAGS_VM)
		v8086_segments(c, image->selectors);
	else /* until SS is good, whoever handles a fault gets a stack from the TSS */
		c->arch.seg[SS] = null_stack_segment(image->selectors[SS], 3);
	cpu_state_changed(c);
}

/* A new page-directory base counts where paging is on; a 16-bit TSS has none. */
MUST_CHECK static struct fault load_cr3(
	struct vcpu *c, const struct segment *tss, const struct task_image *image)
{
	uint64_t pdpte[4];

	if (!(tss->attr & TYPE_32) || !(c->arch.cr0 & CR0_PG))
		return no_fault;
	c->arch.cr3 = image->cr3;
	mmu_flush_local(&c->mmu);
	if ((c->arch.cr4 & CR4_PAE) == 0)
		return no_fault;
	if (!mmu_read_pdptes(&c->mmu, image->cr3, pdpte))
		return fault_gp(0);
	memcpy(c->arch.pdpte, pdpte, sizeof(pdpte));
	return no_fault;
}

/* --- the new task's segments: what fails now is its own fault --- */

MUST_CHECK static struct fault load_ldt(struct vcpu *c)
{
	uint16_t selector = c->arch.seg[LDTR].selector;
	uint32_t error = selector & 0xfffcu;
	struct descriptor d;

	if (error == 0)
		return no_fault;
	if (selector & 4)
		return fault_error(VECTOR_TS, error);
	TRY(descriptor_read(c, selector, VECTOR_TS, &d));
	if (descriptor_is_code_or_data(&d) || descriptor_type(&d) != SYSTEM_LDT ||
		!descriptor_present(&d))
		return fault_error(VECTOR_TS, error);
	c->arch.seg[LDTR] = segment_from_descriptor(selector, &d);
	return no_fault;
}

MUST_CHECK static struct fault load_code(struct vcpu *c)
{
	uint16_t selector = c->arch.seg[CS].selector;
	uint32_t error = selector & 0xfffcu;
	unsigned rpl = selector & 3;
	struct descriptor d;
	struct segment cs;

	if (error == 0)
		return fault_error(VECTOR_TS, 0);
	TRY(descriptor_read(c, selector, VECTOR_TS, &d));
	if (!descriptor_is_code(&d) ||
		(descriptor_type(&d) & 4 ? descriptor_dpl(&d) > rpl : descriptor_dpl(&d) != rpl))
		return fault_error(VECTOR_TS, error);
	if (!descriptor_present(&d))
		return fault_error(VECTOR_NP, error);
	TRY(descriptor_mark_accessed(c, selector, &d));
	cs = segment_from_descriptor(selector, &d);
	code_segment_set(c, &cs);
	return no_fault;
}

MUST_CHECK static struct fault load_segments(struct vcpu *c)
{
	static const uint8_t data[] = {ES, DS, FS, GS};
	struct segment s;

	TRY(load_ldt(c));
	if (c->arch.rflags & RFLAGS_VM)
		return no_fault;
	TRY(stack_segment_check(
		c, c->arch.seg[SS].selector, c->arch.seg[CS].selector & 3, VECTOR_TS, &s));
	c->arch.seg[SS] = s;
	cpu_state_changed(c);
	TRY(load_code(c));
	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		TRY(data_segment_check(c, c->arch.seg[data[i]].selector, VECTOR_TS, &s));
		c->arch.seg[data[i]] = s;
	}
	return no_fault;
}

MUST_CHECK static struct fault begin_new(
	struct vcpu *c, const struct segment *tss, const struct task_image *image)
{
	TRY(load_cr3(c, tss, image));
	TRY(load_segments(c));
	if (c->arch.rip > c->arch.seg[CS].limit)
		return fault_gp(0);
	return image->trap ? debug_exception(c, DR6_BT) : no_fault;
}

struct fault task_switch(struct vcpu *c, const struct task_request *r)
{
	struct task_image image;
	struct descriptor d;
	struct segment tss;
	struct fault f;

	flags_settle(c);
	TRY(task_descriptor(c, r, &d, &tss));
	TRY(image_read(c, &tss, &image));
	TRY(touch(c, r, &tss));
	f = leave_old(c, r, &tss);
	SIM_ASSERT(f.raw == 0);
	load_image(c, r, &tss, &image);
	c->moved = true;
	return fault_with_ext(begin_new(c, &tss, &image), r->ext);
}
