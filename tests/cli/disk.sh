# disk.sh BUILD - disks, what becomes of them, and that recordings know them.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images
head -c 65536 /dev/urandom >"$work/a.img"
cp "$work/a.img" "$work/kept.img"

expect disk/runs 0 "$ringv" boot "$images/work.elf" --quiet --disk "$work/a.img" \
    --disk "$work/a.img,ro" --disk-out "$work/out.img" --record "$work/disk.rec"
cmp -s "$work/a.img" "$work/out.img" && ok disk/out || not_ok disk/out "another content"
cmp -s "$work/a.img" "$work/kept.img" && ok disk/kept || not_ok disk/kept "the file was changed"
expect disk/replay 0 "$ringv" replay "$work/disk.rec" --quiet
expect disk/info 0 "$ringv" info "$work/disk.rec"
says disk/info-says "$work/out" 'disk .*a.img \(65536 bytes'
with=$(digest "$ringv" boot "$images/work.elf" --disk "$work/a.img")
same disk/same "$with" "$(digest "$ringv" boot "$images/work.elf" --disk "$work/a.img")"
without=$(digest "$ringv" boot "$images/work.elf")
[ "$with" != "$without" ] && ok disk/counts || not_ok disk/counts "a disk makes no difference"

printf 'X' | dd of="$work/a.img" bs=1 seek=777 conv=notrunc status=none
refuse disk/other "was recorded with another" "$ringv" replay "$work/disk.rec"
refuse disk/missing "No such file" "$ringv" boot "$images/work.elf" --disk "$work/none.img"
refuse disk/folder "not a regular file" "$ringv" boot "$images/work.elf" --disk "$work"
: >"$work/empty.img"
refuse disk/empty "0 bytes; expected a disk image" "$ringv" boot "$images/work.elf" \
    --disk "$work/empty.img"
head -c 1000 "$work/kept.img" >"$work/odd.img"
refuse disk/odd "1000 bytes; expected a disk image" "$ringv" boot "$images/work.elf" \
    --disk "$work/odd.img"
refuse disk/out-too-many "there is no disk for it" "$ringv" boot "$images/work.elf" \
    --disk "$work/a.img" --disk-out "$work/1.img" --disk-out "$work/2.img"
refuse disk/out-unwritable "cannot create" "$ringv" boot "$images/work.elf" \
    --disk "$work/a.img" --disk-out "$work/none/x.img"
set --
for i in 1 2 3 4 5; do set -- "$@" --disk "$work/a.img"; done
refuse disk/five "more than 4 disks" "$ringv" boot "$images/work.elf" "$@"
