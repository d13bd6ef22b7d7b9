# Debian's stock kernel. `make linux` boots it to a shell on the terminal; check-linux types there.
LINUX       := $O/linux
LINUX_FILES := $(LINUX)/vmlinuz $(LINUX)/initrd.cpio
LINUX_CPUS  ?= 2

GROUPS      += linux
LONG_GROUPS += linux-long

# Both files come from one run of the tool.
$(LINUX)/vmlinuz: tools/linux tools/linux-init
	@echo '  GET $@'
	$Qtools/linux $(LINUX)

$(LINUX)/initrd.cpio: $(LINUX)/vmlinuz

linux: $O/ringv $(LINUX_FILES)
	$Q$O/ringv boot $(LINUX)/vmlinuz --initrd $(LINUX)/initrd.cpio --append console=ttyS0 \
		--cpus $(LINUX_CPUS) --memory 512

check-linux: $O/ringv $(LINUX_FILES)
	$Q$(RUN_GROUP) tests/linux/run $O/ringv $(LINUX) 1 4

check-linux-long: $O/ringv $(LINUX_FILES)
	$Q$(RUN_GROUP) tests/linux/run $O/ringv $(LINUX) 1 2 4 8

.PHONY: linux
