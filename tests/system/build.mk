# The privileged architecture, compared: one image of many small tests runs on ringv and on QEMU,
# and every line that differs is a failure or a row of tests/system/exceptions.
SYSTEM       := $O/tests/system/image.elf
SYSTEM_SRC   := $(sort $(wildcard tests/system/image/*.[cS]))
SYSTEM_OBJ   := $(patsubst %,$O/%.o,$(basename $(SYSTEM_SRC))) \
                $(patsubst %,$O/bench/image/%.o,start console lib)

$(SYSTEM): $(SYSTEM_OBJ) bench/image/image.ld
	@echo '  LD  $@'
	$Q$(TARGET_CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -T bench/image/image.ld -o $@ \
		$(SYSTEM_OBJ)

$O/tests/system/image/%.o: tests/system/image/%.c tests/system/build.mk
	@mkdir -p $(@D)
	@echo '  TCC $<'
	$Q$(TARGET_CC) $(BENCH_ALL) -mgeneral-regs-only -c -o $@ $<

$O/tests/system/image/%.o: tests/system/image/%.S tests/system/build.mk
	@mkdir -p $(@D)
	@echo '  TAS $<'
	$Q$(TARGET_CC) $(BENCH_ALL) -c -o $@ $<

check-system: $O/ringv $(SYSTEM)
	$Q$(RUN_GROUP) tests/system/run --ringv $O/ringv --image $(SYSTEM) --work $O/tests/system

system-image: $(SYSTEM)

.PHONY: system-image
-include $(SYSTEM_OBJ:.o=.d)
