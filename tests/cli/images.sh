# images.sh BUILD - bad images are refused with a message, whatever they hold.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images
bad=$work/bad.elf

# patch FILE OFFSET BYTES... - overwrites bytes, given in octal.
patch() {
    file=$1 offset=$2
    shift 2
    printf '%b' "$(printf '\\0%s' "$@")" |
        dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# fresh - a copy of an image without a multiboot header, so that only ELF speaks.
fresh() {
    cp "$images/work.elf" "$bad"
    patch "$bad" 4096 0
}

refuse image/missing "No such file" "$ringv" boot "$work/none.elf"
refuse image/folder "not a regular file" "$ringv" boot "$work"
: >"$bad"
refuse image/empty "neither a multiboot 1 image nor ELF" "$ringv" boot "$bad"
head -c 9000 /dev/zero >"$bad"
refuse image/zeros "neither a multiboot 1 image nor ELF" "$ringv" boot "$bad"
head -c 4100 "$images/work.elf" >"$bad"
refuse image/truncated "truncated" "$ringv" boot "$bad"
head -c 40 "$images/work.elf" >"$bad"
refuse image/header-only "bad.elf" "$ringv" boot "$bad"
fresh
expect image/plain-elf 0 "$ringv" boot "$bad"
fresh && patch "$bad" 18 50
refuse image/machine "expected little-endian 386 or x86-64" "$ringv" boot "$bad"
fresh && patch "$bad" 16 3
refuse image/type "expected an executable" "$ringv" boot "$bad"
fresh && patch "$bad" 24 0 0 0 1
refuse image/entry "outside of every segment" "$ringv" boot "$bad"
fresh && patch "$bad" 64 0 20 20 0
refuse image/overlap "overlap" "$ringv" boot "$bad"
fresh && patch "$bad" 104 377 377 377 177
refuse image/memory "lies outside of the memory" "$ringv" boot "$bad" --memory 16
fresh && patch "$bad" 64 0 0 11 0
refuse image/low "firmware" "$ringv" boot "$bad"
cp "$images/work.elf" "$bad" && patch "$bad" 4100 4 0 0 0 372 117 122 344
refuse image/feature "requires features 0x4" "$ringv" boot "$bad"
refuse image/module-missing "No such file" "$ringv" boot "$images/work.elf" --module "$work/none"
head -c 3000000 /dev/zero >"$work/module"
refuse image/module-large "does not fit" "$ringv" boot "$images/work.elf" --memory 2 \
    --module "$work/module"
refuse image/command-line "longer than" "$ringv" boot "$images/work.elf" \
    --append "$(head -c 70000 /dev/zero | tr '\0' x)"

# --- Linux' boot protocol ---
printf 'disk' >"$work/disk" && printf 'two!' >"$work/two"
expect linux/64 4 "$ringv" boot "$images/bzimage" --append "one " --initrd "$work/disk" \
    --initrd "$work/two"
says linux/64-told "$work/out" '^6one disktwo!$'
cp "$images/bzimage" "$bad" && patch "$bad" 566 0
expect linux/32 4 "$ringv" boot "$bad" --append "one " --initrd "$work/disk"
says linux/32-told "$work/out" '^3one disk$'
run "$ringv" info "$images/bzimage"
says linux/info "$work/out" '^version  1.2.3-test$'
cp "$images/bzimage" "$bad" && patch "$bad" 518 0
refuse linux/version "expected at least 2.12" "$ringv" boot "$bad"
cp "$images/bzimage" "$bad" && patch "$bad" 529 0
refuse linux/zimage "expected a bzImage" "$ringv" boot "$bad"
cp "$images/bzimage" "$bad" && patch "$bad" 497 377
refuse linux/truncated "cut off" "$ringv" boot "$bad"
cp "$images/bzimage" "$bad" && patch "$bad" 600 0 0 0 177
refuse linux/address "machine.memory_mib" "$ringv" boot "$bad"
refuse linux/ramdisk-large "initial ramdisk" "$ringv" boot "$images/bzimage" --memory 4 \
    --initrd "$work/module" --initrd "$work/module"
refuse linux/command-line "command line of 63" "$ringv" boot "$images/bzimage" \
    --append "$(head -c 64 /dev/zero | tr '\0' x)"

# --- PVH ---
printf 'text\0' >"$work/text"
expect pvh/enters 4 "$ringv" boot "$images/pvh.elf" --append "one " --module "$work/text"
says pvh/told "$work/out" '^one texttext$'
