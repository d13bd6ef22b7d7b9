# Devices as drivers of Debian's kernel (tests/linux) see them.
GROUPS      += devices
LONG_GROUPS += devices-long

$O/linux/devices.cpio: tools/linux-modules $O/linux/vmlinuz
	@echo '  CPIO $@'
	$Qtools/linux-modules $O/linux $@ 9p 9pnet_virtio bochs

DEVICES := $O/ringv $O/linux/vmlinuz $O/linux/initrd.cpio $O/linux/devices.cpio

check-devices: $(DEVICES)
	$Q$(RUN_GROUP) tests/devices/run $(DEVICES) msi

check-devices-long: $(DEVICES)
	$Q$(RUN_GROUP) tests/devices/run $(DEVICES) msi intx pic
