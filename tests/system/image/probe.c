/* probe.c - see probe.h. */
#include "tests/system/image/probe.h"

#include "sim/kernel/x86.h"

#define CR2_BEFORE   0xc0ffee
#define SNIPPET_SIZE 256
#define STACK_REACH  0x800

static struct context start;
static uint64_t snippet; /* of the probe that ran last */

static bool has_error_code(uint64_t vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static bool add_near(const char *prefix, uint64_t address, uint64_t from, int64_t reach)
{
	int64_t distance = (int64_t)(address - from);

	if (distance < -reach || distance > reach)
		return false;
	line_add("%s%d", prefix, distance);
	return true;
}

void line_address(uint64_t a)
{
	if (a - snippet < SNIPPET_SIZE)
		line_add("+%x", a - snippet);
	else if (a - snippet - USER_ALIAS < SNIPPET_SIZE)
		line_add("u+%x", a - snippet - USER_ALIAS);
	else if (!add_near("S", a, machine_test_stack(), STACK_REACH) &&
		 !add_near("uS", a, machine_test_stack() + USER_ALIAS, STACK_REACH) &&
		 !add_near("T0", a, machine_trap_stack(0), STACK_REACH) &&
		 !add_near("T1", a, machine_trap_stack(1), STACK_REACH) &&
		 !add_near("T2", a, machine_trap_stack(2), STACK_REACH))
		line_add("%x", a);
}

static void fill_start(const struct probe *p)
{
	static const struct {
		uint16_t cs, ss;
	} selectors[] = {
		[RING0] = {SEL_KERNEL_CODE, SEL_KERNEL_DATA},
		[RING3] = {SEL_USER_CODE, SEL_USER_DATA},
		[COMPAT0] = {SEL_CODE32, SEL_KERNEL_DATA},
		[COMPAT3] = {SEL_USER_CODE32, SEL_USER_DATA},
	};
	bool user = p->mode == RING3 || p->mode == COMPAT3;
	uint16_t data = selectors[p->mode].ss;
	uint64_t alias = user ? USER_ALIAS : 0;

	snippet = (uint64_t)p->code;
	start = (struct context){
		.rip = snippet + alias,
		.cs = selectors[p->mode].cs,
		.ss = data,
		.rflags = p->flags | RFLAGS_ONE,
		.ds = data,
		.es = data,
		.fs = data,
		.gs = data,
	};
	for (unsigned i = 0; i < 16; i++)
		start.gpr[i] = p->gpr[i];
	if (p->rsp == 0)
		start.gpr[RSP] = machine_test_stack() + alias;
}

void probe_run(const struct probe *p)
{
	uint64_t cr0 = rcr0(), cr4 = rcr4();

	fill_start(p);
	write_cr2(CR2_BEFORE);
	if (p->efer_flip != 0)
		wrmsr(MSR_EFER, efer_normal ^ p->efer_flip);
	if (p->cr4_flip != 0)
		lcr4(cr4 ^ p->cr4_flip);
	if (p->cr0_flip != 0)
		lcr0(cr0 ^ p->cr0_flip);
	machine_run(&start, p->resume);
	lcr0(cr0);
	if (rcr4() != cr4)
		lcr4(cr4);
	if (rdmsr(MSR_EFER) != efer_normal)
		wrmsr(MSR_EFER, efer_normal);
}

static void show_registers(const struct probe *p, const struct event *e)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

	for (unsigned i = 0; i < 16 && !p->no_registers; i++) {
		if (i == RSP || e->frame.gpr[i] == start.gpr[i] || (p->keep && !(p->keep >> i & 1)))
			continue;
		line_add(" %s=", names[i]);
		line_address(e->frame.gpr[i]);
	}
}

static void show_event(const struct probe *p, const struct event *e)
{
	const struct trap_frame *f = &e->frame;
	uint64_t hidden = RFLAGS_ONE | (p->rf ? 0 : RFLAGS_RF) | (p->status ? 0 : RFLAGS_STATUS);

	line_add(" ");
	line_vector(f->vector);
	if (has_error_code(f->vector))
		line_add("(%x)", f->error);
	line_add(" ");
	line_address(f->rip);
	if (f->cs != start.cs)
		line_add(" cs=%x", f->cs);
	line_add(" f=%x", f->rflags & ~hidden);
	if (f->rsp != start.gpr[RSP]) {
		line_add(" sp=");
		line_address(f->rsp);
	}
	if (f->ss != start.ss)
		line_add(" ss=%x", f->ss);
	line_add(" @");
	line_address(e->stack);
	if (e->handler_ss != ((f->cs & 3) != 0 ? 0 : f->ss))
		line_add(" hss=%x", (uint64_t)e->handler_ss);
	if (f->vector == 14 || e->cr2 != CR2_BEFORE) {
		line_add(" cr2=");
		line_address(e->cr2);
	}
	if (f->vector == 1)
		line_add(" dr6=%x", e->dr6);
	show_registers(p, e);
}

void probe_show(const struct probe *p)
{
	for (unsigned i = 0; i < event_count; i++) {
		if (i != 0)
			line_add(";");
		show_event(p, &events[i]);
	}
}

void probe_show_brief(void)
{
	const struct trap_frame *f = &events[0].frame;

	line_vector(f->vector);
	if (has_error_code(f->vector))
		line_add("%x", f->error);
}

void probe(const char *name, const struct probe *p)
{
	line_begin("%s", name);
	probe_run(p);
	probe_show(p);
	line_end();
}
