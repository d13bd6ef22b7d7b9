# own.sh BUILD - a kernel that is not ringv's, with probes of its own: docs/own-kernel.md.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images
cp "$images/own-program.elf" "$work/own-program"
(cd "$work" && echo own-program | cpio --quiet -o -H newc) >"$work/own.cpio"

expect own/boot 0 "$ringv" boot "$images/own.elf" --module "$work/own.cpio" --quiet --trace \
    --trace-kind probe --trace-file "$work/trace"
sed 's/^.* probe \([^)]*)\).*/\1/; s/0x[0-9a-f]*/X/g' "$work/trace" | tr '\n' ';' >"$work/out"
same own/identity "$(cat "$work/out")" "- proc_created(1, X, X);- addr_space_loaded(1);\
own-program:v0 vcore_enter(1, 0, 1);own-program:v0 progress(3);own-program:v0 progress(2);\
own-program:v0 progress(1);- vcore_leave(1, 0);- proc_freed(1);"

# Without the module there is no such program, and nobody is told of its probe.
expect own/info 0 "$ringv" info "$work/own.cpio"
says own/info-says "$work/out" '^probe +own-program progress\(4@%ecx\) 0x400005 start\+0x5 '
