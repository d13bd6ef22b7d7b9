# image.sh KERNEL INITRD - the image is at the same time what an ELF loader and what a multiboot loader
# takes it for, and nothing of the machine that built it is in it.
kernel=$1 initrd=$2
. tests/lib.sh

run readelf -lW "$kernel"
grep '^ *LOAD' "$work/out" | while read -r _ offset _ paddr _; do
    echo $((paddr - offset))
done | sort -u >"$work/distances"
[ "$(wc -l <"$work/distances")" -eq 1 ] && ok image.offsets ||
    not_ok image.offsets "file offsets do not grow as physical addresses do"

# the header: magic, flags, checksum, and its own address first of the address fields
od -An -tx4 -v -N8192 -w4 "$kernel" | tr -d ' ' | grep -n -m1 1badb002 >"$work/out"
offset=$((($(cut -d: -f1 "$work/out") - 1) * 4))
set -- $(od -An -tu4 -v -j$offset -N32 "$kernel")
[ $((($1 + $2 + $3) & 0xffffffff)) -eq 0 ] && [ $(($2 & 65536)) -ne 0 ] &&
    [ "$4" -eq "$5" ] && [ "$6" -gt "$5" ] && [ "$7" -ge "$6" ] && [ "$8" -ge "$5" ] &&
    ok image.multiboot || not_ok image.multiboot "header at $offset: $*"

grep -qF "$PWD" "$kernel" && not_ok image.paths "it contains $PWD" || ok image.paths
run readelf -SW "$kernel"
says image.dwarf "$work/out" "\.debug_info"

# building again, elsewhere, gives the same bytes
run make -s O="$work/again" CFLAGS=-O0 target
cmp -s "$kernel" "$work/again/kernel/ringv-kernel.elf" && ok image.reproducible ||
    not_ok image.reproducible "the kernel differs"
cmp -s "$initrd" "$work/again/initrd.cpio" && ok initrd.reproducible ||
    not_ok initrd.reproducible "the initrd differs"
