# share.sh BUILD - a folder that is shared with the guest is part of a run.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images
mkdir -p "$work/folder/below"
echo one >"$work/folder/below/file"

expect share/runs 0 "$ringv" boot "$images/work.elf" --quiet --share "$work/folder" \
    --record "$work/share.rec"
expect share/replay 0 "$ringv" replay "$work/share.rec" --quiet
expect share/info 0 "$ringv" info "$work/share.rec"
says share/info-says "$work/out" 'share .*folder \(4 bytes'
echo two >"$work/folder/below/file"
refuse share/other "was recorded with another" "$ringv" replay "$work/share.rec"
refuse share/missing "No such file" "$ringv" boot "$images/work.elf" --share "$work/none"
refuse share/file "not a folder" "$ringv" boot "$images/work.elf" --share "$work/share.rec"
