# recording.sh BUILD - record, replay, diff; and recordings that are not what they should be.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images
cp "$images/work.elf" "$work/work.elf"
good=$work/good.rec bad=$work/bad.rec

expect record/write 0 "$ringv" boot "$work/work.elf" --quiet --record "$good" \
    --set record.window=100000
expect record/replay 0 "$ringv" replay "$good" --quiet
expect record/info 0 "$ringv" info "$good"
says record/info-windows "$work/out" 'one in 100000'
expect record/no-difference 0 "$ringv" diff "$good" "$good"

head -c 100 "$good" >"$bad"
refuse record/truncated "truncated or altered" "$ringv" replay "$bad"
head -c 20 "$good" >"$bad"
refuse record/header "not a recording" "$ringv" replay "$bad"
byte=$(od -An -tu1 -j200 -N1 "$good")
cp "$good" "$bad" && printf "\\$(printf %o $((255 - byte)))" |
    dd of="$bad" bs=1 seek=200 conv=notrunc status=none
refuse record/altered "altered" "$ringv" replay "$bad"
cp "$good" "$bad" && printf '\07' | dd of="$bad" bs=1 seek=8 conv=notrunc status=none
refuse record/format "a recording of format 7" "$ringv" replay "$bad"
refuse record/missing "No such file" "$ringv" replay "$work/none.rec"
refuse record/other-kind "not a recording" "$ringv" replay "$work/work.elf"
printf 'X' >>"$work/work.elf"
refuse record/image "was recorded with another" "$ringv" replay "$good"
mkdir "$work/folder"
refuse record/unwritable "cannot" "$ringv" boot "$images/work.elf" --quiet \
    --record "$work/none/x.rec"
cp "$good" "$bad"
refuse record/kept "No such file" "$ringv" boot "$work/none.elf" --record "$bad"
cmp -s "$good" "$bad" && ok record/kept-is || not_ok record/kept-is "overwritten"

# Another command line is another memory, before anything runs.
"$ringv" boot "$images/work.elf" --append 0 --quiet --record "$work/a.rec"
"$ringv" boot "$images/work.elf" --append 1 --quiet --record "$work/b.rec"
expect diff/command-line 1 "$ringv" diff "$work/a.rec" "$work/b.rec"
says diff/before "$work/out" 'before the first step'

# However a run ends, its recording replays to that end.
ends() { # NAME IMAGE OPTION...
    name=$1 image=$2
    shift 2
    run "$ringv" boot "$images/$image.elf" --quiet --record "$work/end.rec" "$@"
    expect "record/end-$name" 0 "$ringv" replay "$work/end.rec"
    says "record/end-$name-says" "$work/err" 'the replay is equal'
}
ends until work --until 123456 --set record.window=1000
ends max-insns work --set run.max_insns=54321
ends idle idle
ends triple triple
ends status hello --append 5

# Nothing is overwritten before all input is known to be good.
echo kept >"$work/serial.txt"
refuse record/serial-kept "neither a multiboot" "$ringv" boot tests/lib.sh --serial "$work/serial.txt"
same record/serial-kept-is "$(cat "$work/serial.txt")" kept
refuse record/early "cannot create" "$ringv" boot "$images/echo.elf" --record "$work/none/x.rec"
