# faults.sh BUILD - fault points and `ringv info` of images.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images kernel=$1/kernel/ringv-kernel.elf initrd=$1/initrd.cpio

expect info/image 0 "$ringv" info "$kernel"
says info/probe "$work/out" \
    '^probe +kernel idle_check\(\) 0xffffffffc[0-9a-f]+ idle_loop\+0x[0-9a-f]+ \(sim/kernel/idle\.c:[0-9]+\)$'
says info/fault "$work/out" '^fault +kernel idle\.halt_gap 0xffffffffc[0-9a-f]+ idle_loop\+'
expect info/json 0 "$ringv" info "$kernel" --json
says info/json-fault "$work/out" '"name": "idle\.halt_gap", "address": "0x[0-9a-f]+", "function": "idle_loop"'
expect info/archive 0 "$ringv" info "$initrd"
expect info/no-probes 0 "$ringv" info "$images/work.elf"

plain=$(digest "$ringv" boot "$kernel" --module "$initrd")
fault=$(digest "$ringv" boot "$kernel" --module "$initrd" --fault idle.halt_gap)
[ -n "$fault" ] && [ "$fault" != "$plain" ] && ok fault/changes || not_ok fault/changes "'$fault'"
refuse fault/name "no image has a fault point nothing; there are: event.fence" \
    "$ringv" boot "$kernel" --module "$initrd" --fault idle.halt_gap --fault nothing
refuse fault/none "there are: none" "$ringv" boot "$images/work.elf" --fault idle.halt_gap

expect fault/record 0 "$ringv" boot "$kernel" --module "$initrd" --quiet --fault idle.halt_gap \
    --record "$work/fault.rec"
expect fault/replay 0 "$ringv" replay "$work/fault.rec" --quiet
expect fault/info 0 "$ringv" info "$work/fault.rec"
says fault/info-says "$work/out" '^fault +idle\.halt_gap$'
expect fault/info-json 0 "$ringv" info "$work/fault.rec" --json
says fault/info-json-says "$work/out" '"faults": \["idle\.halt_gap"\]'

# An archive that ends within an entry.
head -c 1000 "$initrd" >"$work/short.cpio"
refuse image/archive "short.cpio: broken cpio archive: the entry at offset" \
    "$ringv" info "$work/short.cpio"

# Notes that make no sense are refused, with the probe's name where there is one.
bad_notes() { objcopy --update-section .note.stapsdt="$work/notes" "$kernel" "$work/bad.elf"; }
objcopy --dump-section .note.stapsdt="$work/good" "$kernel" "$work/bad.elf"
head -c 50 "$work/good" >"$work/notes" && bad_notes
refuse image/notes "bad.elf: .note.stapsdt" "$ringv" info "$work/bad.elf"
refuse image/notes-boot "bad.elf: .note.stapsdt" "$ringv" boot "$work/bad.elf" --trace --trace-kind probe
sed 's/%rcx/%rcz/g' "$work/good" >"$work/notes" && bad_notes
refuse image/notes-operand "expected a general register" "$ringv" info "$work/bad.elf"
