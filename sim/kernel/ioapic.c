/* ioapic.c - see ioapic.h. Registers: Intel 82093AA data sheet. */
#include "sim/kernel/ioapic.h"
#include "sim/kernel/acpi.h"
#include "sim/kernel/console.h"
#include "sim/kernel/pagetable.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/x86.h"

#define REG_VERSION      0x01
#define REG_REDIR        0x10 /* two registers an input */
#define REDIR_ACTIVE_LOW 0x2000
#define REDIR_LEVEL      0x8000
#define REDIR_MASKED     0x10000

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
#define ICW1_INIT    0x11
#define ICW4_8086    0x01
#define PIC_CASCADE  2

static volatile uint32_t *regs; /* [0] selects a register, [4] is it */
static unsigned num_inputs;

static uint32_t ioapic_read(unsigned reg)
{
	regs[0] = reg;
	return regs[4];
}

static void ioapic_write(unsigned reg, uint32_t v)
{
	regs[0] = reg;
	regs[4] = v;
}

/* Even masked, an 8259 may raise its spurious interrupt: move that off the exception vectors. */
static void pic_mask(void)
{
	outb(PIC1_COMMAND, ICW1_INIT);
	outb(PIC2_COMMAND, ICW1_INIT);
	outb(PIC1_DATA, VECTOR_PIC);
	outb(PIC2_DATA, VECTOR_PIC + 8);
	outb(PIC1_DATA, 1 << PIC_CASCADE);
	outb(PIC2_DATA, PIC_CASCADE);
	outb(PIC1_DATA, ICW4_8086);
	outb(PIC2_DATA, ICW4_8086);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
}

void ioapic_init(void)
{
	if (acpi_info.has_8259)
		pic_mask();
	regs = map_mmio(acpi_info.ioapic_pa, PGSIZE);
	num_inputs = (ioapic_read(REG_VERSION) >> 16 & 0xff) + 1;
	for (unsigned i = 0; i < num_inputs; i++)
		ioapic_write(REG_REDIR + 2 * i, REDIR_MASKED);
}

static void enable(unsigned gsi, uint32_t mode, irq_handler_t handler, void *arg)
{
	unsigned input = gsi - acpi_info.ioapic_gsi_base, vector = VECTOR_IOAPIC + gsi;

	if (input >= num_inputs || vector > VECTOR_IOAPIC_LAST)
		panic("I/O APIC: no input for global system interrupt %u", gsi);
	register_irq(vector, handler, arg);
	ioapic_write(REG_REDIR + 2 * input + 1, per_cpu_info[0].apic_id << 24);
	ioapic_write(REG_REDIR + 2 * input, mode | vector);
}

void ioapic_enable_isa(unsigned irq, irq_handler_t handler, void *arg)
{
	const struct isa_route *r = &acpi_info.isa[irq];
	uint32_t mode = (r->active_low ? REDIR_ACTIVE_LOW : 0) | (r->level ? REDIR_LEVEL : 0);

	enable(r->gsi, mode, handler, arg);
}

void ioapic_enable_level(unsigned gsi, irq_handler_t handler, void *arg)
{
	enable(gsi, REDIR_LEVEL, handler, arg);
}
