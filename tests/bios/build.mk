# SeaBIOS from Debian, and a disk with GRUB and Debian's kernel (tests/linux).
BIOS        ?= /usr/share/seabios/bios-256k.bin
GROUPS      += bios
LONG_GROUPS += bios-long

$O/linux/disk.img: tools/linux-disk $O/linux/vmlinuz $O/linux/initrd.cpio
	@echo '  DISK $@'
	$Qtools/linux-disk $O/linux

check-bios: $O/ringv $O/linux/disk.img
	$Q$(RUN_GROUP) tests/bios/run $O/ringv $O/linux/disk.img $(BIOS) 1 4

check-bios-long: $O/ringv $O/linux/disk.img
	$Q$(RUN_GROUP) tests/bios/run $O/ringv $O/linux/disk.img $(BIOS) 2 1 4 8
