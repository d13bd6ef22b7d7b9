# trace.sh BUILD - the text trace and its filters.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images
trace() { run "$ringv" boot "$images/work.elf" --trace --trace-file "$work/trace" --quiet "$@"; }
lines() { wc -l <"$work/trace"; }

plain=$(digest "$ringv" boot "$images/work.elf" --until 1000)
trace --until 1000
says trace/insn "$work/trace" '^[0-9]+ [0-9]+ c0 insn 0x100[0-9a-f]+ main(\+0x[0-9a-f]+)?.*: imul eax'
says trace/write "$work/trace" '^[0-9]+ [0-9]+ c0 write la=0x[0-9a-f]+ pa=0x[0-9a-f]+ size=4 value='
same trace/unchanged "$plain" "$(digest "$ringv" boot "$images/work.elf" --until 1000 --trace \
    --trace-file "$work/trace")"
trace --until 1000 --trace-kind insn
same trace/each-step "$(lines)" 1000
trace --until 1000 --trace-kind insn --trace-from 900 --trace-to 950
same trace/range "$(lines)" 50
says trace/range-first "$work/trace" '^900 '
trace --until 1000 --trace-kind insn --trace-function 100000-100010
[ "$(lines)" -lt 10 ] && ok trace/function || not_ok trace/function "$(lines) lines"
trace --until 1000 --trace-source
says trace/source "$work/trace" 'work\.S:[0-9]+\)'
run "$ringv" boot "$images/fault.elf" --trace --trace-kind exception --quiet
says trace/exception "$work/err" 'c0 exception #UD .* to 0x[0-9a-f]+ handler'
refuse trace/name "neither a function" "$ringv" boot "$images/work.elf" --trace --trace-function nowhere

# Probes: build/kernel has them, these images do not.
kernel=$1/kernel/ringv-kernel.elf initrd=$1/initrd.cpio
probes() { run "$ringv" boot "$kernel" --module "$initrd" --quiet --trace --trace-file "$work/trace" "$@"; }
probes --trace-kind probe
says trace/probe "$work/trace" \
    '^[0-9]+ [0-9]+ c0 probe - kernel_ready\(\) 0xffffffffc[0-9a-f]+ kernel_main\+0x[0-9a-f]+ \(sim/kernel/main\.c:[0-9]+\)'
says trace/probe-owner "$work/trace" ' probe init:v0 vcore_enter\(1, 0, 0\) '
probes --trace-probe 'proc_st*' --trace-probe proc_created
says trace/probe-first "$work/trace" ' probe - proc_created\(1, 0x[0-9a-f]+, 0x[0-9a-f]+\) '
same trace/probe-only 'proc_created proc_state' \
    "$(sed 's/.* probe [^ ]* \([a-z_]*\)(.*/\1/' "$work/trace" | sort -u | tr '\n' ' ' | sed 's/ $//')"
same trace/probe-unchanged "$(digest "$ringv" boot "$kernel" --module "$initrd")" \
    "$(digest "$ringv" boot "$kernel" --module "$initrd" --trace --trace-probe '*' --trace-file "$work/trace")"
refuse trace/probe-name "no image has such a probe" "$ringv" boot "$kernel" --trace --trace-probe 'nothing*'

# Whom identity says the pcore works for is who the program says it is, under preemption too.
run "$ringv" boot "$kernel" --module "$initrd" --cpus 4 --append 'run=lock_test storm=50' --quiet \
    --trace --trace-probe 'lock_[tr]*' --trace-probe preempt_done --trace-file "$work/trace"
sed -n 's/.* probe lock_test:v\([0-9]*\) lock_[a-z]*([^,]*, \([0-9]*\)) .*/\1 \2/p' "$work/trace" \
    >"$work/pairs"
awk '$1 != $2 { bad = 1 } END { exit bad || NR < 1000 }' "$work/pairs" && ok trace/identity ||
    not_ok trace/identity "$(wc -l <"$work/pairs") lines"
says trace/preempted "$work/trace" ' probe - preempt_done\([0-9]+, [0-9]+, [0-9]+\) '

# The same probes with caches dropped at every step.
probes --cpus 4 --append 'run=lock_test storm=50' --trace-kind probe --until 300000
mv "$work/trace" "$work/fast"
probes --cpus 4 --append 'run=lock_test storm=50' --trace-kind probe --until 300000 \
    --drop-caches 1 --drop-from 100000
cmp -s "$work/fast" "$work/trace" && ok trace/probe-caches || not_ok trace/probe-caches "differs"
