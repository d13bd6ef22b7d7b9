# schedule.sh BUILD - schedules on the kernel and a program of many vcores: they apply, whatever the
# caches and stops do, recordings repeat them, and what is wrong with one is said.
. tests/lib.sh
ringv=$1/ringv kernel=$1/kernel/ringv-kernel.elf initrd=$1/initrd.cpio
file=$work/schedule

boot=$work/boot # OPTION... - lock_test under the schedule

cat >"$boot" <<END
#!/bin/sh
exec "$ringv" boot "$kernel" --module "$initrd" --cpus 4 --append run=lock_test \
    --program lock_test --schedule "$file" --until 300000000 --serial "$work/serial" "\$@"
END
chmod +x "$boot"

cat >"$file" <<'END'
# a vcore is preempted while another one stands still with the lock in its hands
do preempt lock_test:v1 for 500 us at lock_test:v2:probe:lock_taken#5
park lock_test:v2 at probe:lock_taken#5 until probe:preempt_done
pause lock_test:v0 at probe:lock_released#7 until 20000 cycles
do irq 5 at store:vcpd.notif_pending#2
do delay 0xef on c1 by 3000 cycles at probe:kmsg_sent#3
END
expect schedule/applies 0 "$boot" --record "$work/one.rec"
says schedule/runs-on "$work/serial" 'lock_test: .*: ok'
want=$(digest "$boot")
same schedule/lockstep "$want" "$(digest "$boot" --lockstep)"
same schedule/caches "$want" "$(digest "$boot" --drop-caches 1 --drop-from 400000)"
expect schedule/repeats 0 "$boot" --quiet --runs 5
expect schedule/replay 0 "$ringv" replay "$work/one.rec" --quiet
expect schedule/other 0 "$ringv" boot "$kernel" --module "$initrd" --cpus 4 --quiet \
    --append run=lock_test --record "$work/two.rec"
expect schedule/diff 1 "$ringv" diff "$work/one.rec" "$work/two.rec"
expect schedule/diff-same 0 "$ringv" diff "$work/one.rec" "$work/one.rec"

# An oracle ends the run in the middle; --kernel and --initrd name this build's.
run "$ringv" run scenarios/preempt/start-without-waiting.ini --kernel "$kernel" \
    --initrd "$initrd" --record "$work/three.rec"
expect schedule/replay-verdict 0 "$ringv" replay "$work/three.rec" --quiet

echo 'pause c1 at c1:s999999999 until 5 cycles' >"$file"
expect schedule/infeasible 1 "$boot"
says schedule/infeasible-why "$work/err" 'infeasible: .*:1: pause c1 .*never reached'
echo 'pause lock_test:v1 at probe:lock_taken#20 until lock_test:v1:probe:lock_taken' >"$file"
expect schedule/expires 1 "$boot"
says schedule/expires-why "$work/err" 'only its expiry ended it'

bad() { # NAME FORCING TEXT
    printf '\n%s\n' "$2" >"$file"
    refuse "schedule/$1" "$3" "$boot"
}
bad text 'pause c1 until' "schedule:2: column 10: 'until': expected at"
bad probe 'pause c1 at probe:nothing until 1 cycles' 'no image has a probe of that name'
bad function 'pause c1 at nothing until 1 cycles' 'no function of that name in kernel or lock_test'
bad offset 'pause c1 at smp_idle+0xffffff until 1 cycles' 'smp_idle+0xffffff: '
bad core 'pause c4 at c4:s1 until 1 cycles' 'the machine has 4 pcores'
bad program 'pause none:v1 at probe:irq until 1 cycles' 'none: no program of that name'
bad data 'do irq 5 at store:vcpd.nothing' 'store:vcpd.nothing: '
rm "$file"
refuse schedule/missing 'No such file' "$boot"
