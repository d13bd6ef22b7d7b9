# grub.sh KERNEL INITRD - GRUB loads the same image from a CD.
kernel=$1 initrd=$2
. tests/lib.sh
limit=${TEST_SECONDS:-120}

mkdir -p "$work/cd/boot/grub"
cp "$kernel" "$work/cd/boot/kernel"
cp "$initrd" "$work/cd/boot/initrd"
cat >"$work/cd/boot/grub/grub.cfg" <<END
set timeout=0
menuentry ringv {
    multiboot /boot/kernel run=hello
    module /boot/initrd
}
END
run grub-mkrescue -o "$work/cd.iso" "$work/cd"
if [ $code -ne 0 ]; then
    not_ok grub.image "grub-mkrescue failed"
    exit
fi
expect grub.hello 1 qemu-system-x86_64 -accel tcg -smp 4 -m 256 -display none -serial stdio \
    -monitor none -nic none -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 \
    -cdrom "$work/cd.iso"
says grub.output "$work/out" "^hello: pi is about 3.141592"
