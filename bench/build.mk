# The benchmark: one image (bench/image) on ringv, Bochs and QEMU; docs/benchmarks.md.
# `make bench` compares times, and several cores with one; `make bench-insns` counts host instructions per guest instruction.
# BENCH, BENCH_LINUX, BENCH_INSNS and BENCH_SCALING are the options of bench/run and its like.
BENCH         ?=
BENCH_LINUX   ?=
BENCH_INSNS   ?=
BENCH_SCALING ?=

# -O2 and no red zone, for interrupts; only the SSE2 phase may use SSE registers.
BENCH_ALL   := -std=gnu17 -O2 -g -ffreestanding -fno-pic -fno-pie -mno-red-zone -fno-common \
               -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
               -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)=. \
               -Wall -Wextra -Werror -Wshadow -Wvla -MMD -MP -I.
BENCH_IMAGE := $O/bench/image.elf
BENCH_SRC   := $(sort $(wildcard bench/image/*.[cS]))
BENCH_OBJ   := $(patsubst %,$O/%.o,$(basename $(BENCH_SRC)))

BENCH_REGISTERS := -mgeneral-regs-only
$O/bench/image/sse2.o: BENCH_REGISTERS := -msse2 -mno-sse3 -ftree-vectorize
$O/bench/image/x87.o: BENCH_REGISTERS := -mno-sse
$O/bench/image/lib.o: private BENCH_REGISTERS += -fno-tree-loop-distribute-patterns
$O/bench/image/memory.o: private BENCH_REGISTERS += -fno-tree-loop-distribute-patterns

$(BENCH_IMAGE): $(BENCH_OBJ) bench/image/image.ld
	@echo '  LD  $@'
	$Q$(TARGET_CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -T bench/image/image.ld -o $@ \
		$(BENCH_OBJ)

$O/bench/image/%.o: bench/image/%.c bench/build.mk
	@mkdir -p $(@D)
	@echo '  TCC $<'
	$Q$(TARGET_CC) $(BENCH_ALL) $(BENCH_REGISTERS) -c -o $@ $<

$O/bench/image/%.o: bench/image/%.S bench/build.mk
	@mkdir -p $(@D)
	@echo '  TAS $<'
	$Q$(TARGET_CC) $(BENCH_ALL) -c -o $@ $<

bench-image: $(BENCH_IMAGE)

bench: $O/ringv $(BENCH_IMAGE) $(LINUX_FILES)
	$Qbench/run --ringv $O/ringv --image $(BENCH_IMAGE) --work $O/bench $(BENCH)
	$Qbench/linux --ringv $O/ringv --linux $(LINUX) --work $O/bench $(BENCH_LINUX)
	$Qbench/scaling --ringv $O/ringv --image $(BENCH_IMAGE) --work $O/bench $(BENCH_SCALING)

bench-insns: $O/ringv $(BENCH_IMAGE)
	$Qbench/insns --ringv $O/ringv --image $(BENCH_IMAGE) --work $O/bench $(BENCH_INSNS)

bench-scaling: $O/ringv $(BENCH_IMAGE)
	$Qbench/scaling --ringv $O/ringv --image $(BENCH_IMAGE) --work $O/bench $(BENCH_SCALING)

.PHONY: bench bench-image bench-insns bench-scaling
-include $(BENCH_OBJ:.o=.d)
