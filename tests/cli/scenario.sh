# scenario.sh BUILD - `ringv run`: verdicts, exit codes, reports, and what is no scenario.
. tests/lib.sh
ringv=$1/ringv images=$(cd "$1/tests/images" && pwd)

# scenario NAME - writes $work/NAME.ini from standard input, with a title.
scenario() {
    { printf '[scenario]\ntitle = %s\n' "$1"; cat; } >"$work/$1.ini"
}

# bad NAME TEXT - the scenario of that name is refused with that text.
bad() { refuse "run/$1" "$2" "$ringv" run "$work/$1.ini"; }

scenario pass <<X
program = hello
[machine]
cpus = 2
[expect]
output = I am process 2
X
expect run/pass 0 "$ringv" run "$work/pass.ini" --json "$work/pass.json"
says run/pass-says "$work/out" '^  verdict    pass: .*; as expected'
same run/pass-json "$(field verdict "$work/pass.json")" pass
for key in expected digest insns cycles seconds repro; do
    says "run/json-$key" "$work/pass.json" "^ *\"$key\": "
done
expect run/times 0 "$ringv" run "$work/pass.ini" --times 3 --quiet
expect run/several 0 "$ringv" run "$work/pass.ini" "$work/pass.ini" --json -
same run/several-json "$(grep -c '"verdict"' "$work/out")" 2
expect run/serial 0 "$ringv" run "$work/pass.ini" --quiet --serial "$work/serial.txt"
says run/serial-says "$work/serial.txt" 'I am process 2'

expect run/trace 0 "$ringv" run "$work/pass.ini" --trace --trace-kind probe \
    --trace-probe 'proc_*' --trace-file "$work/trace" --json "$work/traced.json"
says run/trace-says "$work/trace" ' probe .*proc_created\(2, '
same run/trace-same "$(field digest "$work/pass.json")" "$(field digest "$work/traced.json")"

# The repro line is a command that does it again.
run "$ringv" run "$work/pass.ini"
sed -n 's/^  repro: ringv/ringv/p' "$work/out" >"$work/again.sh"
first=$(sed -n 's/.*digest \(.*\)/\1/p' "$work/out")
run sh -c "PATH=$(cd "$1" && pwd):\$PATH . $work/again.sh"
same run/repro "$first" "$(sed -n 's/.*digest \(.*\)/\1/p' "$work/out")"

# Every way to end.
scenario output <<X
program = hello
[expect]
output = something else
X
expect run/output 1 "$ringv" run "$work/output.ini"
says run/output-says "$work/out" 'unexpected-output: .*; EXPECTED pass'
says run/output-why "$work/out" 'the output lacks "something else"'
says run/output-tail "$work/out" 'I am process 2'
scenario status <<X
kernel = $images/hello.elf
append = 5
[expect]
verdict = unexpected-output
X
expect run/status 0 "$ringv" run "$work/status.ini"
says run/status-why "$work/out" 'the exit status is 5, not 0'
scenario exit <<X
kernel = $images/hello.elf
append = 5
[expect]
exit = 5
X
expect run/exit 0 "$ringv" run "$work/exit.ini"
scenario triple <<X
kernel = $images/triple.elf
[expect]
verdict = panic
X
expect run/triple 0 "$ringv" run "$work/triple.ini"
says run/triple-why "$work/out" 'a triple fault'
scenario idle <<X
kernel = $images/idle.elf
[expect]
verdict = deadlock
X
expect run/idle 0 "$ringv" run "$work/idle.ini"
says run/idle-why "$work/out" 'every pcore is halted'
scenario spin <<X
kernel = $images/spin.elf
[expect]
verdict = deadlock
X
expect run/spin 0 "$ringv" run "$work/spin.ini"
says run/spin-why "$work/out" 'nothing can change any more: 1 pcore does the same for ever'
scenario count <<X
kernel = $images/count.elf
[limit]
steps = 1000000
X
expect run/limit 3 "$ringv" run "$work/count.ini"
says run/limit-says "$work/out" 'the limit was reached: 1000000 steps'
sed -i 's/steps = .*/cycles = 777777/' "$work/count.ini"
expect run/limit-cycles 3 "$ringv" run "$work/count.ini"
scenario infeasible <<X
program = hello
[schedule]
1 = pause c0 at probe:panic until 10 cycles
[expect]
verdict = infeasible
X
expect run/infeasible 0 "$ringv" run "$work/infeasible.ini"
says run/infeasible-why "$work/out" 'its point was never'

# Bad input names file, line and cause.
scenario fault <<X
[fault]
no.such = on
X
bad fault "fault.ini:4: no image has the fault point no.such"
scenario program <<X
program = nonesuch
X
bad program "program.ini:3: the initrd has no program nonesuch"
scenario kernel <<X
kernel = none.elf
X
bad kernel "kernel.ini:3: "
scenario probes <<X
kernel = $images/hello.elf
initrd = $images/hello.elf
[expect]
verdict = lost-event
X
bad probes "probes.ini:6: lost-event cannot be found: the images lack the probes event_posted"
scenario forcing <<X
[schedule]
1 = pause c1 at probe:yield_try untill 3 cycles
X
bad forcing "forcing.ini:4"
scenario point <<X
[machine]
cpus = 2
[schedule]
1 = pause c1 at probe:no_such_probe until 3 cycles
X
bad point "point.ini:6"
scenario core <<X
[schedule]
1 = pause c1 at probe:yield_try until 3 cycles
X
bad core "core.ini:4"
refuse run/missing "No such file" "$ringv" run "$work/none.ini"
refuse run/key "unknown.ini:3: unknown key 'colour'" "$ringv" run \
    "$(scenario unknown <<X
colour = red
X
    echo "$work/unknown.ini")"
refuse run/times-0 "expected at least 1" "$ringv" run "$work/pass.ini" --times 0
refuse run/trace-two "takes one scenario" "$ringv" run "$work/pass.ini" --times 2 --trace
refuse run/record-two "takes one scenario" "$ringv" run "$work/pass.ini" "$work/pass.ini" \
    --record "$work/x.rec"

# Every verdict that can be expected has an oracle, or a way to end.
expect oracles/list 0 "$ringv" oracles
says oracles/claims "$work/out" '^lost-event: an event whose delivery was guaranteed'
expect oracles/json 0 "$ringv" oracles --json
says oracles/json-row "$work/out" '"name": "double-run", "verdict": "double-run", "probes": "vcore_'
