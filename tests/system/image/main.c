/* main.c - the tests, group by group; `group=NAME` on the command line runs one alone,
 * `reckless=1` also the tests that QEMU does not survive. A line
 * `done` is the last. Core 0 runs all tests; the other one waits for messages in interrupts.c.
 */
#include "bench/image/console.h"
#include "bench/image/lib.h"
#include "tests/system/image/tests.h"

#define MULTIBOOT_HAS_CMDLINE 4

struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
};

bool reckless;

static const struct group {
	const char *name;
	void (*run)(void);
} groups[] = {
	{"exceptions", test_exceptions},
	{"paging", test_paging},
	{"descriptors", test_descriptors},
	{"transfers", test_transfers},
	{"control", test_control},
	{"debug", test_debug},
	{"legacy", test_legacy},
	{"protected", test_protected},
	{"legacy-debug", test_legacy_debug},
	{"keys", test_keys},
	{"pcid", test_pcid},
	{"sysenter", test_sysenter_sysexit},
	{"xstate", test_xstate},
	{"features", test_features},
	{"interrupts", test_interrupts},
	{"mwait", test_mwait},
};

/* start.S calls it on each core. */
void image_main(uint32_t core, const struct multiboot_info *info)
{
	const char *line = "", *only;

	if (core != 0)
		other_core();
	if (info->flags & MULTIBOOT_HAS_CMDLINE)
		line = (const char *)(uint64_t)info->cmdline;
	only = option(line, "group");
	reckless = option(line, "reckless") != NULL;
	console_init();
	machine_init();
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (only == NULL || word_is(only, groups[i].name))
			groups[i].run();
	print("done\n");
	leave(0);
}
