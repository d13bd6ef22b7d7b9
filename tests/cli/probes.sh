# probes.sh BUILD - docs/probes.md and the images agree: names, numbers of arguments, fault points.
. tests/lib.sh
ringv=$1/ringv kernel=$1/kernel/ringv-kernel.elf initrd=$1/initrd.cpio

# Rows of a table: | `name`, `name` | arguments | ...: in the arguments parentheses explain, and a
# colon ends the list. Fault points are in the section of that name.
awk -F'|' '
    /^## / { fault = /^## Fault points/ }
    /^\| `/ {
        names = $2; arguments = $3
        gsub(/\([^)]*\)/, "", arguments)
        sub(/:.*/, "", arguments)
        count = arguments ~ /^ *$/ ? 0 : split(arguments, unused, ",")
        gsub(/[` ]/, "", names)
        n = split(names, name, ",")
        for (i = 1; i <= n; i++)
            print fault ? "fault " name[i] : "probe " name[i] " " count
    }' docs/probes.md | sort -u >"$work/documented"

# The same of the images: probe IMAGE NAME(OPERAND OPERAND...) ADDRESS ...
{ "$ringv" info "$kernel" && "$ringv" info "$initrd"; } | awk '
    $1 == "fault" { print "fault " $3 }
    $1 == "probe" {
        name = $3
        sub(/\(.*/, "", name)
        list = substr($0, index($0, name "(") + length(name) + 1)
        list = substr(list, 1, match(list, /\) 0x[0-9a-f]+ /) - 1)
        print "probe " name " " split(list, unused, " ")
    }' | sort -u >"$work/there"

[ -s "$work/there" ] && [ -s "$work/documented" ] && ok probes/read || not_ok probes/read "nothing"
comm -13 "$work/documented" "$work/there" >"$work/out"
[ ! -s "$work/out" ] && ok probes/documented ||
    not_ok probes/documented "in an image, but not so in docs/probes.md"
comm -23 "$work/documented" "$work/there" >"$work/out"
[ ! -s "$work/out" ] && ok probes/there || not_ok probes/there "in docs/probes.md, but in no image"
