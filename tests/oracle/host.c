/* host.c - the host CPU's side: one instruction run natively, faults caught as signals. */
#include "tests/oracle/host_signal.h"
#include "tests/oracle/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

extern struct regs host_in, host_saved;
extern struct fx_image host_plain_fx;
extern uint64_t host_stack, host_code, host_way, host_fs;
extern void *host_ways[WAYS_OUT];
extern uint32_t host_far_ways[WAYS_OUT][2], host_far[2];

/* A copy of host_far_ways, within reach of 16-bit code. */
#define FAR_WAYS_LA (CODE_LA + CODE_PAGES * PAGE_SIZE - WAYS_OUT * 8)
void host_enter(void);
void host_enter_32(void);
void host_resume(void);

static struct outcome *fault_outcome; /* of the run in progress */

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(SIM_USAGE);
}

static void on_fault(const struct host_fault *f)
{
	struct outcome *o = fault_outcome;
	uint64_t la = f->rip + selector_base(f->cs);

	if (o == NULL || la - CODE_LA >= CODE_PAGES * PAGE_SIZE) {
		fprintf(stderr, "oracle: fault %" PRIu64 " at %#" PRIx64 ", outside the code\n",
			f->vector, f->rip);
		_Exit(SIM_BUG);
	}
	memcpy(o->regs.gpr, f->gpr, sizeof(f->gpr));
	o->regs.rip = f->rip;
	o->regs.rflags = f->rflags;
	o->regs.selector[CS] = f->cs;
	memcpy(&o->regs.fx, f->fx, sizeof(f->fx));
	o->vector = (uint32_t)f->vector;
	o->error = (uint32_t)f->error;
	o->cr2 = f->cr2;
}

static void map(uint64_t la, uint64_t pages, int protection)
{
	void *want = (void *)(uintptr_t)la;

	if (mmap(want, pages * PAGE_SIZE, protection,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != want)
		give_up("oracle: mmap");
}

void host_init(void)
{
	void *constant = (void *)(uintptr_t)DATA_AT(PAGE_READ_ONLY);

	map(CODE_LA, CODE_PAGES, PROT_READ | PROT_WRITE | PROT_EXEC);
	map(DATA_AT(PAGE_A), 2, PROT_READ | PROT_WRITE);
	map(DATA_AT(PAGE_C), 1, PROT_READ | PROT_WRITE);
	map(DATA_AT(PAGE_READ_ONLY), 1, PROT_READ | PROT_WRITE);
	memset(constant, READ_ONLY_BYTE, PAGE_SIZE);
	if (mprotect(constant, PAGE_SIZE, PROT_READ) != 0)
		give_up("oracle: mprotect");
	memcpy((void *)(uintptr_t)FAR_WAYS_LA, host_far_ways, WAYS_OUT * 8);
	for (unsigned i = 0; i < LDT_SEGMENTS; i++)
		if (!host_set_ldt(i, ldt_descriptor(i)))
			give_up("oracle: modify_ldt");
	if (!host_catch(on_fault, host_resume, &host_stack))
		give_up("oracle: sigaction");
	__asm__ volatile("rdfsbase %0" : "=r"(host_fs));
	__asm__ volatile("fxsave64 %0" : "=m"(host_plain_fx));
}

uint64_t host_fs_base(void)
{
	return host_fs;
}

static void write_code(uint64_t la, const void *bytes, unsigned size)
{
	memcpy((void *)(uintptr_t)la, bytes, size);
}

/* jmp *host_ways[way], or ljmp *host_far_ways[way], by an absolute address; of 32 bits also in
 * 16-bit code. What is far is in CS: DS may be gone. */
static void write_way(uint64_t la, enum way_out way, const struct form *s)
{
	uint32_t pointer = (uint32_t)(uintptr_t)&host_ways[way];
	uint32_t far_pointer = (uint32_t)(uintptr_t)&host_far_ways[way];
	uint16_t near_pointer = (uint16_t)(FAR_WAYS_LA + 8 * way - CODE_LA);
	uint8_t jump[7] = {0xff, 0x24, 0x25}, far_jump[7] = {0x2e, 0xff, 0x2d};
	uint8_t jump16[6] = {0x66, 0x2e, 0xff, 0x2e};

	if (s->ldt)
		far_pointer = near_pointer;
	memcpy(jump + 3, &pointer, 4);
	memcpy(far_jump + 3, &far_pointer, 4);
	memcpy(jump16 + 4, &near_pointer, 2);
	if (s->mode == CODE_64)
		write_code(la, jump, sizeof(jump));
	else if (s->mode == CODE_32)
		write_code(la, far_jump, sizeof(far_jump));
	else
		write_code(la, jump16, sizeof(jump16));
}

void host_write_code(uint64_t slot, const struct code *c)
{
	write_code(slot + SLOT_INSN, c->bytes, c->len);
	write_way(slot + SLOT_INSN + c->len, OUT_NEXT, c->form);
	write_way(slot + SLOT_BACK, OUT_BACK, c->form);
	write_way(slot + SLOT_FAR, OUT_FAR, c->form);
}

void host_run(const struct regs *in, uint64_t slot, unsigned len, struct outcome *out)
{
	const uint64_t ways[WAYS_OUT] = {slot + SLOT_INSN + len, slot + SLOT_BACK, slot + SLOT_FAR};

	host_in = *in;
	host_code = in->rip;
	if (in->selector[CS] != USER_CS) {
		host_far[0] = (uint32_t)in->rip;
		host_far[1] = (uint32_t)in->selector[CS];
		host_code = (uint64_t)(uintptr_t)host_enter_32;
	}
	out->vector = NO_VECTOR;
	fault_outcome = out;
	host_enter();
	fault_outcome = NULL;
	if (out->vector == NO_VECTOR) {
		out->regs = host_saved;
		out->regs.rip = ways[host_way] - selector_base(in->selector[CS]);
		out->regs.selector[CS] = in->selector[CS]; /* which the way out has changed */
	} else {
		memcpy(out->regs.selector, in->selector, sizeof(in->selector));
		out->regs.fs_base = in->fs_base;
		out->regs.gs_base = in->gs_base;
	}
}
