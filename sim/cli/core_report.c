#include "sim/cli/core_report.h"

#include "sim/debug/disasm.h"

static const char *activity_text(const struct core_state *arch)
{
	static const char *const texts[] = {[ACTIVITY_RUNNING] = "",
		[ACTIVITY_HALTED] = " (halted)",
		[ACTIVITY_WAIT_SIPI] = " (waits for a SIPI)",
		[ACTIVITY_SHUTDOWN] = " (shut down)",
		[ACTIVITY_MWAIT] = " (in MWAIT)"};

	_Static_assert(ARRAY_LEN(texts) == ACTIVITIES, "each has a text");
	return texts[arch->activity];
}

void print_core_line(const struct vcpu *c, unsigned core, const struct symbols *symbols, FILE *out)
{
	char text[160], where[512] = "";

	disasm_at(c, c->arch.seg[CS].base + c->arch.rip, text, sizeof(text));
	if (symbols != NULL)
		symbols_print(symbols, c->arch.rip, true, where, sizeof(where));
	fprintf(out, "  c%u: step %" PRIu64 ", cycle %" PRIu64 ", rip %#" PRIx64 "%s%s%s: %s\n",
		core, c->arch.step, c->arch.cycle, c->arch.rip, where[0] != '\0' ? " " : "", where,
		activity_text(&c->arch), text);
}

static void print_general(const struct core_state *arch, FILE *out)
{
	static const char *const names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi",
		"rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		fprintf(out, "%s%3s %016" PRIx64 "%s", i % 4 == 0 ? "    " : "  ", names[i],
			arch->gpr[i], i % 4 == 3 ? "\n" : "");
}

static void print_segments(const struct core_state *arch, FILE *out)
{
	static const char *const names[SEGMENT_COUNT] = {[ES] = "es",
		[CS] = "cs",
		[SS] = "ss",
		[DS] = "ds",
		[FS] = "fs",
		[GS] = "gs",
		[LDTR] = "ldtr",
		[TR] = "tr"};

	for (unsigned i = 0; i < SEGMENT_COUNT; i++)
		fprintf(out, "%s%4s %04x base %016" PRIx64 " limit %08x attr %04x%s",
			i % 2 == 0 ? "    " : "  ", names[i], arch->seg[i].selector,
			arch->seg[i].base, arch->seg[i].limit, arch->seg[i].attr,
			i % 2 == 1 ? "\n" : "");
	fprintf(out, "    gdtr %016" PRIx64 " limit %04x  idtr %016" PRIx64 " limit %04x\n",
		arch->gdtr.base, (unsigned)arch->gdtr.limit, arch->idtr.base,
		(unsigned)arch->idtr.limit);
}

void print_core(const struct vcpu *c, unsigned core, const struct symbols *symbols, FILE *out)
{
	const struct core_state *arch = &c->arch;

	print_core_line(c, core, symbols, out);
	print_general(arch, out);
	fprintf(out,
		"    cr0 %016" PRIx64 "  cr2 %016" PRIx64 "  cr3 %016" PRIx64 "  cr4 %016" PRIx64
		"\n    rflags %" PRIx64 "  efer %" PRIx64 "  cpl %u\n",
		arch->cr0, arch->cr2, arch->cr3, arch->cr4, arch->rflags, arch->efer, cpu_cpl(c));
	print_segments(arch, out);
}
