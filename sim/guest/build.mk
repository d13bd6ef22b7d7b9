# User side: a small C library, programs (one a file of sim/guest/bin), and the initrd of them.
# Programs that use parlib are linked with it, the others know nothing of it.
# The library keeps off floating-point registers: it has to serve code that must not change them,
# such as a scheduler between two threads. Programs may use SSE.
GUEST_ALL     := $(TARGET_ALL) -Isim/guest/include
GUEST_LIB_ALL := $(GUEST_ALL) -mgeneral-regs-only

GUEST_LIB_SRC := $(sort $(wildcard sim/guest/lib/*.[cS]))
GUEST_LIB_OBJ := $(patsubst %,$O/%.o,$(basename $(GUEST_LIB_SRC))) \
                 $O/sim/guest/shared/string.o $O/sim/guest/shared/format.o
PARLIB_SRC    := $(sort $(wildcard sim/guest/parlib/*.[cS]))
PARLIB_OBJ    := $(patsubst %,$O/%.o,$(basename $(PARLIB_SRC)))
PARLIB        := $O/guest/libparlib.a
GUEST_BIN_SRC := $(sort $(wildcard sim/guest/bin/*.c))
GUEST_BIN     := $(patsubst sim/guest/bin/%.c,$O/guest/bin/%,$(GUEST_BIN_SRC))
GUEST_ETC     := $(sort $(wildcard sim/guest/etc/*))
INITRD        := $O/initrd.cpio

# The same bytes on every machine: sorted names, times and owners of zero, numbered inodes.
$(INITRD): $(GUEST_BIN) $(GUEST_ETC)
	@echo '  CPIO $@'
	$Qrm -rf $O/initrd && mkdir -p $O/initrd/bin $O/initrd/etc
	$Qinstall -m 755 $(GUEST_BIN) $O/initrd/bin && install -m 644 $(GUEST_ETC) $O/initrd/etc
	$Qcd $O/initrd && find . -mindepth 1 -exec chmod go=rX {} + -exec touch -d @0 {} + && \
		find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort | \
		cpio --quiet --reproducible -o -H newc -R 0:0 > ../initrd.cpio

$(PARLIB): $(PARLIB_OBJ)
	@mkdir -p $(@D)
	@echo '  AR  $@'
	$Qrm -f $@ && ar rcsD $@ $^

$O/guest/bin/%: $O/sim/guest/bin/%.o $(GUEST_LIB_OBJ) $(PARLIB) sim/guest/guest.ld
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(TARGET_CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -T sim/guest/guest.ld -o $@ $< $(GUEST_LIB_OBJ) $(PARLIB)

$O/sim/guest/bin/%.o: sim/guest/bin/%.c $O/target-flags
	@mkdir -p $(@D)
	@echo '  TCC $<'
	$Q$(TARGET_CC) $(GUEST_ALL) -c -o $@ $<

$O/sim/guest/lib/%.o: sim/guest/lib/%.c $O/target-flags
	@mkdir -p $(@D)
	@echo '  TCC $<'
	$Q$(TARGET_CC) $(GUEST_LIB_ALL) -c -o $@ $<

$O/sim/guest/parlib/%.o: sim/guest/parlib/%.c $O/target-flags
	@mkdir -p $(@D)
	@echo '  TCC $<'
	$Q$(TARGET_CC) $(GUEST_LIB_ALL) -c -o $@ $<

$O/sim/guest/parlib/context.o: sim/guest/parlib/races.txt
$O/sim/guest/%.o: sim/guest/%.S $O/target-flags
	@mkdir -p $(@D)
	@echo '  TAS $<'
	$Q$(TARGET_CC) $(GUEST_ALL) -c -o $@ $<

$O/sim/guest/shared/%.o: sim/kernel/lib/%.c $O/target-flags
	@mkdir -p $(@D)
	@echo '  TCC $< (user)'
	$Q$(TARGET_CC) $(GUEST_LIB_ALL) -c -o $@ $<

.SECONDARY: $(GUEST_LIB_OBJ) $(PARLIB_OBJ) $(patsubst sim/guest/bin/%.c,$O/sim/guest/bin/%.o,$(GUEST_BIN_SRC))
-include $(GUEST_LIB_OBJ:.o=.d) $(PARLIB_OBJ:.o=.d) $(patsubst sim/guest/bin/%.c,$O/sim/guest/bin/%.d,$(GUEST_BIN_SRC))
