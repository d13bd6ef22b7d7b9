# Tests. `make check` runs all groups and counts; `make check-GROUP` runs one. Each group leaves
# lines `ok NAME [xCOUNT]` and `not ok NAME: why` in $O/check/GROUP.log.
GROUPS      := style unit cli system determinism kernel kernel-ringv bench fuzz builds sanitizer
LONG_GROUPS := determinism-long builds-long fuzz-long sanitizer-long
RUN_GROUP    = tools/run-group $O/check/$(@:check-%=%).log

# Groups with sources of their own add themselves: GROUPS += NAME, and a rule check-NAME.
include $(wildcard tests/*/build.mk)

# Every tests/unit/test_*.c is one program, linked with the simulator.
UNIT := $(patsubst %.c,$O/%,$(sort $(wildcard tests/unit/test_*.c)))

$O/tests/unit/%: $O/tests/unit/%.o $(LIB)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

# This one asks the host's CPU.
$O/tests/unit/test_alignment: $O/tests/oracle/host_signal.o

# Every tests/images/*.S is a small 32-bit multiboot image.
IMAGES := $(patsubst %.S,$O/%.elf,$(sort $(wildcard tests/images/*.S)))

$O/tests/images/own-program.elf: private IMAGE_BASE := --defsym image_base=0x400000
$O/tests/images/%.elf: tests/images/%.S $(wildcard tests/images/*.inc) tests/images/image.ld
	@mkdir -p $(@D)
	@echo '  AS  $@'
	$Qgcc -m32 -g -c -o $(@:.elf=.o) $<
	$Qld -m elf_i386 $(IMAGE_BASE) --no-warn-rwx-segments -T tests/images/image.ld -o $@ $(@:.elf=.o)

# Every tests/images/flat/*.S is a file byte by byte.
IMAGES += $(patsubst tests/images/flat/%.S,$O/tests/images/%,$(sort $(wildcard tests/images/flat/*.S)))

$O/tests/images/%: tests/images/flat/%.S
	@mkdir -p $(@D)
	@echo '  AS  $@'
	$Qgcc -m64 -c -o $@.o $<
	$Qobjcopy -O binary -j .text $@.o $@

check check-long:
	$Qrm -rf $O/check
	$Q$(MAKE) --no-print-directory -k $(@:check%=groups%) || echo 'not ok make' >$O/check/make.log
	$Qtools/check-summary $O/check

groups: $(GROUPS:%=check-%)
groups-long: $(LONG_GROUPS:%=check-%)

check-style: $(OBJ)
	$Q$(RUN_GROUP) tests/style $(OBJ)

check-unit unit: $(UNIT) $(IMAGES)
	$Qtools/run-group $O/check/unit.log tests/run-unit $(UNIT)

check-cli: $O/ringv $(IMAGES) target
	$Q$(RUN_GROUP) tests/cli/run $O

check-determinism: $O/ringv $(IMAGES) target
	$Q$(RUN_GROUP) tests/determinism/run $O $(KERNEL) $(INITRD)

check-determinism-long: $O/ringv $(IMAGES) target
	$Q$(RUN_GROUP) tests/determinism/run-long $O $(KERNEL) $(INITRD)

# The kernel's own tests: under QEMU, and the same on ringv.
check-kernel: target
	$Q$(RUN_GROUP) tests/kernel/run $(KERNEL) $(INITRD)

check-kernel-ringv: $O/ringv target
	$Q$(RUN_GROUP) tests/kernel/run $(KERNEL) $(INITRD) $O/ringv

# The benchmark's image computes the same on ringv and QEMU, every phase.
check-bench: $O/ringv bench-image
	$Q$(RUN_GROUP) bench/run --ringv $O/ringv --image $(BENCH_IMAGE) --work $O/check/bench \
		--machine ringv qemu --rounds 1 --n 2 --check

# ringv by other compilers and options must give the same digests.
BUILD-gcc-O0   := CC=gcc CFLAGS=-O0
BUILD-gcc-O3   := CC=gcc CFLAGS=-O3
BUILD-clang-O0 := CC=clang CFLAGS=-O0
BUILD-clang-O3 := CC=clang CFLAGS=-O3
BUILDS         := gcc-O0 clang-O3
BUILDS-LONG    := gcc-O0 gcc-O3 clang-O0 clang-O3

build-%: FORCE
	$Q$(MAKE) -s O=$O-$* $(BUILD-$*) $O-$*/ringv

check-builds: $(BUILDS:%=build-%) $O/ringv target
	$Q$(RUN_GROUP) tests/determinism/builds $(KERNEL) $(INITRD) $(BUILDS:%=$O-%/ringv) $O/ringv

check-builds-long: $(BUILDS-LONG:%=build-%) $O/ringv target
	$Q$(RUN_GROUP) tests/determinism/builds $(KERNEL) $(INITRD) $(BUILDS-LONG:%=$O-%/ringv) \
		$O/ringv

# The sanitizer build runs the unit tests and the tests of the command and of the kernel.
SANITIZE := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover

check-sanitizer: target
	$Q$(MAKE) -s O=$O-asan CFLAGS='$(SANITIZE)' check-unit check-cli >$O-asan.log
	$Qtools/run-group $O-asan/check/kernel.log \
		tests/kernel/run $(KERNEL) $(INITRD) $O-asan/ringv >>$O-asan.log
	$Q$(RUN_GROUP) cat $O-asan/check/unit.log $O-asan/check/cli.log $O-asan/check/kernel.log

# ... and this one the rest: the runs that have to be alike, the comparison with other machines, and
# that with the host.
check-sanitizer-long: target system-image
	$Q$(MAKE) -s O=$O-asan CFLAGS='$(SANITIZE)' $O-asan/ringv $O-asan/tests/oracle/oracle
	$Q$(RUN_GROUP) sh -c 'mkdir -p $O-asan/tests/images && cp $(IMAGES) $O-asan/tests/images; \
		tests/determinism/run $O-asan $(KERNEL) $(INITRD); \
		tests/system/run --ringv $O-asan/ringv --image $(SYSTEM) --work $O/check/sanitizer; \
		$O-asan/tests/oracle/oracle --cases 20'

# libFuzzer on what reads input; clang only. FUZZ_SECONDS is for each target.
FUZZ         := ini model elf record code schedule notes scenario script board virtio hwtrace litmus
FUZZ_SECONDS ?= 10
FUZZ_FLAGS   := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_LIB     := $(LIB:$O/%=$O-fuzz/%)

$O/tests/fuzz/built: $(SOURCES)
	@mkdir -p $(@D)
	$Q$(MAKE) -s O=$O-fuzz CC=clang \
		CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' $(FUZZ_LIB)
	@touch $@

$O/tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $O/tests/fuzz/built
	@echo '  LD  $@'
	$Qclang -std=c17 -D_GNU_SOURCE -I. -fno-pie -no-pie $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $< \
		$(FUZZ_LIB) $(LDLIBS)

# Random code by the billion: `make soak SOAK_INSNS=10000000000`, on both cores. Its short run uses
# the fuzzers' build, which counts branches and is slower.
SOAK_INSNS ?= 1000000000
SOAK_FLAGS := -g -O2 -fsanitize=address,undefined -fno-sanitize-recover=all

$O/tests/fuzz/soak: tests/fuzz/soak.c $(wildcard tests/fuzz/*.h) $O/tests/fuzz/built
	@echo '  LD  $@'
	$Qclang -std=c17 -D_GNU_SOURCE -I. -fno-pie -no-pie $(FUZZ_FLAGS) -o $@ $< $(FUZZ_LIB) $(LDLIBS)

$O-soak/tests/fuzz/soak: tests/fuzz/soak.c $(wildcard tests/fuzz/*.h) $(SOURCES)
	$Q$(MAKE) -s O=$O-soak CC=clang CFLAGS='$(SOAK_FLAGS)' $(LIB:$O/%=$O-soak/%)
	@echo '  LD  $@'
	@mkdir -p $(@D)
	$Qclang -std=c17 -D_GNU_SOURCE -I. -fno-pie -no-pie $(SOAK_FLAGS) -o $@ $< \
		$(LIB:$O/%=$O-soak/%) $(LDLIBS)

soak: $O-soak/tests/fuzz/soak
	$Qprintf '1\n2\n' | xargs -P2 -I% nice $< --seed % --insns $$(($(SOAK_INSNS) / 2))

fuzz-%: $O/tests/fuzz/fuzz_%
	$Qtests/fuzz/run $< $(FUZZ_SECONDS)

check-fuzz: $(FUZZ:%=$O/tests/fuzz/fuzz_%) $O/tests/fuzz/soak $(IMAGES) target
	$Q$(RUN_GROUP) sh -c '$O/tests/fuzz/soak --insns 10000000; \
		tests/fuzz/run-all $O $(FUZZ_SECONDS) $(FUZZ)'

check-fuzz-long: $(FUZZ:%=$O/tests/fuzz/fuzz_%) $(IMAGES) target
	$Q$(RUN_GROUP) tests/fuzz/run-all $O 600 $(FUZZ)

.SECONDARY: $(UNIT:=.o) $(FUZZ:%=$O/tests/fuzz/fuzz_%)
.PHONY: soak check check-long groups groups-long unit $(GROUPS:%=check-%) $(LONG_GROUPS:%=check-%)
-include $(UNIT:=.d)
