# gdb.sh BUILD - real gdb in batch mode.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images

session() { # IMAGE COMMANDS...
    image=$1
    shift
    rm -f "$work/socket"
    timeout "$limit" "$ringv" boot "$images/$image.elf" --gdb "$work/socket" >"$work/serial" \
        2>"$work/ringv" &
    pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$work/socket" ] || sleep 0.3; done
    for command in "$@"; do echo "$command"; done >"$work/commands"
    timeout "$limit" gdb -nx -batch -ex 'set architecture i386:x86-64' \
        -ex "file $images/$image.elf" -ex "target remote $work/socket" -x "$work/commands" \
        >"$work/out" 2>&1 </dev/null
    wait $pid
    code=$?
}

session work 'break differ' 'continue' 'print $ecx' 'info threads' 'stepi' 'x/i $pc' 'delete' \
    'continue'
says gdb/breakpoint "$work/out" 'Breakpoint 1, differ'
says gdb/register "$work/out" '= 250000'
says gdb/threads "$work/out" 'pcore 0, running'
says gdb/exit "$work/out" 'exited normally'
same gdb/status $code 0

session echo 'watch *(int *)&counter' 'continue' 'continue' 'print *(int *)&counter' 'kill'
says gdb/watch "$work/out" 'atchpoint 1'
says gdb/watch-value "$work/out" '= 2'

session work 'set var $ecx = 3' 'stepi' 'stepi' 'print $pc' 'detach'
says gdb/step "$work/out" 'main'
same gdb/detach $code 0
