# The target kernel: one ELF64 file that is a multiboot-1 image as well (kernel.ld).
# Its flags do not depend on CFLAGS, so that every build of ringv has the same images.
TARGET_CC ?= gcc

TARGET_ALL := -std=gnu17 -O2 -g -ffreestanding -fno-pic -fno-pie -mno-red-zone -fno-common \
              -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
              -fno-omit-frame-pointer -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)=. \
              -Wall -Wextra -Werror -Wshadow -Wvla -MMD -MP -I.
KERNEL_ALL := $(TARGET_ALL) -mcmodel=kernel -mgeneral-regs-only -fno-delete-null-pointer-checks

KERNEL     := $O/kernel/ringv-kernel.elf
KERNEL_SRC := $(sort $(wildcard sim/kernel/*.[cS] sim/kernel/lib/*.c sim/kernel/ktest/*.c))
KERNEL_OBJ := $(patsubst %,$O/%.o,$(basename $(KERNEL_SRC)))

$(KERNEL): $(KERNEL_OBJ) sim/kernel/kernel.ld
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(TARGET_CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -T sim/kernel/kernel.ld -o $@ $(KERNEL_OBJ)

$O/sim/kernel/%.o: sim/kernel/%.c $O/target-flags
	@mkdir -p $(@D)
	@echo '  TCC $<'
	$Q$(TARGET_CC) $(KERNEL_ALL) -c -o $@ $<

$O/sim/kernel/context.o: sim/kernel/races.txt
$O/sim/kernel/%.o: sim/kernel/%.S $O/target-flags
	@mkdir -p $(@D)
	@echo '  TAS $<'
	$Q$(TARGET_CC) $(KERNEL_ALL) -c -o $@ $<

$O/target-flags: FORCE
	@mkdir -p $O
	@echo '$(TARGET_CC) $(KERNEL_ALL) $(GUEST_LIB_ALL)' | cmp -s - $@ || echo '$(TARGET_CC) $(KERNEL_ALL) $(GUEST_LIB_ALL)' > $@

-include $(KERNEL_OBJ:.o=.d)
