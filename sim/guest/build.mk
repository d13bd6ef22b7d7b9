# User side: a small C library, programs (one a file of sim/guest/bin), and the initrd of them.
GUEST_ALL := $(TARGET_ALL) -Isim/guest/include -fno-omit-frame-pointer

GUEST_LIB_SRC := $(sort $(wildcard sim/guest/lib/*.[cS]))
GUEST_LIB_OBJ := $(patsubst %,$O/%.o,$(basename $(GUEST_LIB_SRC))) \
                 $O/sim/guest/shared/string.o $O/sim/guest/shared/format.o
GUEST_BIN_SRC := $(sort $(wildcard sim/guest/bin/*.c))
GUEST_BIN     := $(patsubst sim/guest/bin/%.c,$O/initrd/bin/%,$(GUEST_BIN_SRC))
GUEST_ETC     := $(patsubst sim/guest/etc/%,$O/initrd/etc/%,$(sort $(wildcard sim/guest/etc/*)))
INITRD        := $O/initrd.cpio

# The same bytes on every machine: sorted names, times and owners of zero, numbered inodes.
$(INITRD): $(GUEST_BIN) $(GUEST_ETC)
	@echo '  CPIO $@'
	$Qcd $O/initrd && find . -mindepth 1 -exec touch -h -d @0 {} + && \
		find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort | \
		cpio --quiet --reproducible -o -H newc -R 0:0 > ../initrd.cpio

$O/initrd/bin/%: $O/sim/guest/bin/%.o $(GUEST_LIB_OBJ) sim/guest/guest.ld
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(TARGET_CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -T sim/guest/guest.ld -o $@ $< $(GUEST_LIB_OBJ)
	$Qchmod 755 $@

$O/initrd/etc/%: sim/guest/etc/%
	@mkdir -p $(@D)
	$Qinstall -m 644 $< $@

$O/sim/guest/%.o: sim/guest/%.c $O/target-flags
	@mkdir -p $(@D)
	@echo '  TCC $<'
	$Q$(TARGET_CC) $(GUEST_ALL) -c -o $@ $<

$O/sim/guest/%.o: sim/guest/%.S $O/target-flags
	@mkdir -p $(@D)
	@echo '  TAS $<'
	$Q$(TARGET_CC) $(GUEST_ALL) -c -o $@ $<

$O/sim/guest/shared/%.o: sim/kernel/lib/%.c $O/target-flags
	@mkdir -p $(@D)
	@echo '  TCC $< (user)'
	$Q$(TARGET_CC) $(GUEST_ALL) -c -o $@ $<

.SECONDARY: $(GUEST_LIB_OBJ) $(patsubst sim/guest/bin/%.c,$O/sim/guest/bin/%.o,$(GUEST_BIN_SRC))
-include $(GUEST_LIB_OBJ:.o=.d) $(patsubst sim/guest/bin/%.c,$O/sim/guest/bin/%.d,$(GUEST_BIN_SRC))
