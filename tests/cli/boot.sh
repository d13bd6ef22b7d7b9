# boot.sh BUILD - images run, and how they end.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images

expect boot/pass 0 "$ringv" boot "$images/hello.elf" --append '0 good day'
says boot/serial "$work/out" '^hello: 0 good day'
expect boot/status 7 "$ringv" boot "$images/hello.elf" --append 7
expect boot/idle 1 "$ringv" boot "$images/idle.elf"
says boot/idle-says "$work/err" 'every pcore is halted'
expect boot/triple 1 "$ringv" boot "$images/triple.elf"
says boot/triple-says "$work/err" 'triple fault of pcore 0'
says boot/triple-registers "$work/err" 'rax [0-9a-f]{16}'
says boot/triple-place "$work/err" 'main\+0x7 \(.*triple.S:[0-9]+\) \(shut down\): ud2'
says boot/triple-repro "$work/err" '^repro: ringv boot '
expect boot/until 0 "$ringv" boot "$images/work.elf" --until 12345 --json
same boot/until-steps "$(field steps "$work/out")" 12345
expect boot/max-insns 3 "$ringv" boot "$images/work.elf" --set run.max_insns=1000 --json
same boot/max-insns-insns "$(field insns "$work/out")" 1000
same boot/max-insns-verdict "$(field verdict "$work/out")" stuck
expect boot/quiet 0 "$ringv" boot "$images/hello.elf" --quiet
[ ! -s "$work/out" ] && [ ! -s "$work/err" ] && ok boot/quiet-is || not_ok boot/quiet-is "it spoke"
expect boot/serial-file 0 "$ringv" boot "$images/hello.elf" --append 0 --serial "$work/serial"
says boot/serial-file-has "$work/serial" '^hello: 0'
run "$ringv" boot "$images/hello.elf" --append 0 --json
for key in verdict expected digest insns cycles seconds repro; do
    [ -n "$(field $key "$work/out")" ] && ok "boot/json-$key" || not_ok "boot/json-$key" "missing"
done

whole=$(digest "$ringv" boot "$images/work.elf")
same boot/again "$whole" "$(digest "$ringv" boot "$images/work.elf")"
same boot/runs "$whole" "$(digest "$ringv" boot "$images/work.elf" --runs 3)"
part=$(digest "$ringv" boot "$images/work.elf" --until 20000)
same boot/drop-caches "$part" "$(digest "$ringv" boot "$images/work.elf" --until 20000 --drop-caches 1)"
expect boot/lockstep 0 "$ringv" boot "$images/work.elf" --until 50000 --lockstep

expect boot/off 0 "$ringv" boot "$images/power.elf" --append o
says boot/off-says "$work/err" 'the machine was powered off'
for way in r a k; do
    expect "boot/reset-$way" 0 "$ringv" boot "$images/power.elf" --append $way
    says "boot/reset-$way-says" "$work/err" 'the machine was reset'
done

# Debian's SeaBIOS, which finds nothing to boot and resets the machine after 60 seconds.
bios=/usr/share/seabios/bios-256k.bin
# The quantum is a prime, so that its spin lock and the slices do not fall into step.
expect boot/bios 0 "$ringv" boot --bios $bios --cpus 3 --set machine.quantum=499 \
    --until 10000000 --bios-log "$work/log"
says boot/bios-serial "$work/out" 'SeaBIOS \(version'
says boot/bios-log "$work/log" 'Found 3 cpu\(s\)'
says boot/bios-acpi "$work/log" 'table\(50434146\)=.* \(via xsdt\)'
says boot/bios-keyboard "$work/log" 'PS2 keyboard initialized'
same boot/bios-restarts "$(grep -c 'Running on QEMU (i440fx)' "$work/log")" 2
expect boot/bios-reset 0 "$ringv" boot $bios --set board.reset=stop
says boot/bios-reset-says "$work/err" 'the machine was reset'
bios_part=$(digest "$ringv" boot --bios $bios --until 1000000)
same boot/bios-drop-caches "$bios_part" \
    "$(digest "$ringv" boot --bios $bios --until 1000000 --drop-caches 100)"
refuse boot/bios-none 'not a BIOS' "$ringv" boot --bios "$images/hello.elf"
refuse boot/bios-and-image 'either an IMAGE or --bios' "$ringv" boot --bios $bios "$images/hello.elf"
refuse boot/bios-module 'neither modules' "$ringv" boot --bios $bios --module "$images/hello.elf"
