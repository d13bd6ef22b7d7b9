# grub.sh KERNEL INITRD - GRUB loads the same image from a CD: on QEMU, and on Bochs, which has what
# QEMU's TCG lacks: the x2APIC mode and the TSC-deadline timer.
kernel=$1 initrd=$2
. tests/lib.sh
limit=${TEST_SECONDS:-120}

# cd_with NAME COMMAND-LINE - makes $work/NAME.iso.
cd_with() {
    mkdir -p "$work/$1/boot/grub"
    cp "$kernel" "$work/$1/boot/kernel"
    cp "$initrd" "$work/$1/boot/initrd"
    cat >"$work/$1/boot/grub/grub.cfg" <<END
set timeout=0
multiboot /boot/kernel $2
module /boot/initrd
boot
END
    run grub-mkrescue -o "$work/$1.iso" "$work/$1"
    [ $code -eq 0 ] || not_ok "grub.$1.cd" "grub-mkrescue failed"
}

# on_bochs NAME - boots the CD until one of the kernel's last lines is in $work/out: Bochs has no
# debug-exit port, so the machine halts.
on_bochs() {
    cat >"$work/bochsrc" <<END
display_library: rfb, options="timeout=0"
config_interface: textconfig
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_skylake_x, count=4, quantum=32, ips=20000000
memory: guest=128, host=128
ata0-master: type=cdrom, path=$work/$1.iso, status=inserted
boot: cdrom
clock: sync=none, time0=1
com1: enabled=1, mode=file, dev=$work/serial
log: $work/log
panic: action=fatal
error: action=ignore
sound: waveoutdrv=dummy
END
    echo continue >"$work/commands"
    : >"$work/serial"
    timeout "$limit" bochs -q -f "$work/bochsrc" -rc "$work/commands" >"$work/err" 2>&1 &
    bochs=$!
    while kill -0 $bochs 2>/dev/null; do
        grep -qE '^(ktests:|init exited|panic:)' "$work/serial" && kill $bochs
        sleep 1
    done
    tr -d '\r' <"$work/serial" >"$work/out"
    : >"$work/err"
}

cd_with hello "run=hello"
expect grub.hello 1 qemu-system-x86_64 -accel tcg -smp 4 -m 256 -display none -serial stdio \
    -monitor none -nic none -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 \
    -cdrom "$work/hello.iso"
says grub.hello.output "$work/out" "^hello: pi is about 3.141592"

cd_with ktest "ktest=all"
on_bochs ktest
says bochs.ktest "$work/out" "^ktests: [0-9]+ passed, 0 failed"
says bochs.ktest.machine "$work/out" "4 cores.* x2apic, tsc-deadline"

cd_with children "run=children"
on_bochs children
says bochs.children "$work/out" "^children: exit codes add up to 10"
