/* multiboot.c - see multiboot.h. Structures: Multiboot Specification 0.6.96, "Boot information
 * format".
 */
#include "sim/kernel/multiboot.h"
#include "sim/kernel/console.h"
#include "sim/kernel/lib/string.h"

#define LOADER_MAGIC 0x2badb002

#define INFO_CMDLINE 0x04
#define INFO_MODULES 0x08
#define INFO_MMAP    0x40

struct mb_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr;
};

struct mb_module {
	uint32_t start, end, cmdline, reserved;
};

struct mb_mmap {
	uint32_t size; /* of the rest */
	uint64_t addr, len;
	uint32_t type;
} __attribute__((packed));

struct boot_info boot_info;
extern char kernel_end[];

static void loader_placed(physaddr_t end)
{
	if (end > boot_info.loader_end)
		boot_info.loader_end = end;
}

static void parse_modules(const struct mb_info *mb)
{
	const struct mb_module *mods = KADDR(mb->mods_addr);

	loader_placed(mb->mods_addr + mb->mods_count * sizeof(*mods));
	for (uint32_t i = 0; i < mb->mods_count; i++)
		loader_placed(mods[i].end);
	if (mb->mods_count > 0) {
		boot_info.initrd_start = mods[0].start;
		boot_info.initrd_end = mods[0].end;
	}
}

static void parse_mmap(const struct mb_info *mb)
{
	physaddr_t at = mb->mmap_addr, end = at + mb->mmap_length;

	loader_placed(end);
	while (at < end) {
		const struct mb_mmap *e = KADDR(at);
		struct boot_region *r = &boot_info.regions[boot_info.num_regions];

		if (boot_info.num_regions == BOOT_MAX_REGIONS)
			panic("the memory map has more than %d regions", BOOT_MAX_REGIONS);
		*r = (struct boot_region){e->addr, e->addr + e->len, e->type};
		boot_info.num_regions++;
		at += e->size + sizeof(e->size);
	}
}

void multiboot_parse(uint32_t magic, physaddr_t info)
{
	const struct mb_info *mb = KADDR(info);

	if (magic != LOADER_MAGIC)
		panic("not started by a multiboot loader: magic %x", magic);
	loader_placed(PADDR(kernel_end));
	loader_placed(info + sizeof(*mb));
	if (mb->flags & INFO_CMDLINE) {
		const char *cmdline = KADDR(mb->cmdline);

		strlcpy(boot_info.cmdline, cmdline, sizeof(boot_info.cmdline));
		loader_placed(mb->cmdline + strlen(cmdline) + 1);
	}
	if (mb->flags & INFO_MODULES)
		parse_modules(mb);
	if ((mb->flags & INFO_MMAP) == 0)
		panic("the loader gave no memory map");
	parse_mmap(mb);
}

bool cmdline_get(const char *key, char *buf, unsigned size)
{
	size_t n = strlen(key);

	for (const char *s = boot_info.cmdline; *s != 0;) {
		const char *end = strchr(s, ' ');
		size_t len = end != NULL ? (size_t)(end - s) : strlen(s);

		if (len > n && strncmp(s, key, n) == 0 && s[n] == '=') {
			size_t value = len - n - 1;

			strlcpy(buf, s + n + 1, value + 1 < size ? value + 1 : size);
			return true;
		}
		s += len;
		while (*s == ' ')
			s++;
	}
	return false;
}

bool cmdline_is(const char *key, const char *value)
{
	char buf[64];

	return cmdline_get(key, buf, sizeof(buf)) && strcmp(buf, value) == 0;
}
