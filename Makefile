# ringv: `make demo` sets up, builds and runs the main job; `make check` passes the tests.
# make V=1 shows commands; make O=dir builds elsewhere; sanitizers:
#   make O=build-asan CFLAGS='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover'
O      ?= build
CC     := $(if $(filter default,$(origin CC)),gcc,$(CC))
CFLAGS ?= -O2 -g
Q      := $(if $V,,@)

LAYERS := base mmu apic cpu dev machine symbols replay explore debug hwtrace litmus ui cli
LIBS   := capstone inih libdw libelf libxxhash mpfr sqlite3 zlib
ALL    := -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wvla -fno-common -fno-pie \
          -MMD -MP -I. $(CFLAGS)
LDLIBS  = $(shell pkg-config --libs $(LIBS)) -lm

OBJ := $(patsubst %.c,$O/%.o,$(foreach l,$(LAYERS),$(sort $(wildcard sim/$l/*.c))))
LIB := $(filter-out $O/sim/cli/main.o,$(OBJ))

all: $O/ringv target

$O/ringv: $(OBJ)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$O/%.o: %.c $O/flags
	@mkdir -p $(@D)
	@echo '  CC  $<'
	$Q$(CC) $(ALL) -c -o $@ $<

# The DSDT's AML, as the bytes of a C array.
$O/sim/dev/dsdt.inc: sim/dev/dsdt.asl
	@mkdir -p $(@D)
	@echo '  ASL $@'
	$Qiasl -ve -p $(@:.inc=) $< >$(@:.inc=.log) 2>&1 || { cat $(@:.inc=.log); exit 1; }
	$Qod -An -v -tx1 $(@:.inc=.aml) | sed 's/ \(..\)/0x\1,/g' >$@

$O/sim/dev/acpi.o: $O/sim/dev/dsdt.inc
$O/sim/dev/acpi.o: private ALL += -I$O

# Recordings are bound to the sources that made them.
MODELS  := $(sort $(wildcard sim/cpu/models/*.ini))
SOURCES := $(sort $(wildcard $(foreach l,$(LAYERS),sim/$l/*.[ch] sim/$l/*.inc sim/$l/*.asl))) $(MODELS)
$O/sim/replay/version.o: $(SOURCES)
$O/sim/replay/version.o: private ALL += \
	-DRINGV_BUILD_ID='"$(shell cat $(SOURCES) | sha256sum | cut -c1-16)"'

# The CPU models, as rows of name and text.
$O/sim/cpu/models.inc: $(MODELS)
	@mkdir -p $(@D)
	$Qfor m in $^; do \
		echo "{\"$$(basename $$m .ini)\","; sed 's/["\\]/\\&/g; s/.*/"&\\n"/' $$m; echo '},'; \
	done >$@
$O/sim/cpu/model.o: $O/sim/cpu/models.inc
$O/sim/cpu/model.o: private ALL += -I$O

$O/flags: FORCE
	@mkdir -p $O
	@echo '$(CC) $(ALL)' | cmp -s - $@ || echo '$(CC) $(ALL)' > $@

include sim/kernel/build.mk sim/guest/build.mk tests/build.mk bench/build.mk

target: $(KERNEL) $(INITRD)

setup:
	$Qtools/setup

demo: setup
	$Q$(MAKE) --no-print-directory -j"$$(nproc)" all
	$Qtools/demo $O

format:
	$Qclang-format -i $$(git ls-files '*.[ch]')

clean:
	rm -rf $O

FORCE:
.PHONY: all target setup demo format clean FORCE
.DELETE_ON_ERROR:
-include $(OBJ:.o=.d)
