#!/bin/sh
# tests/cli/minimise.sh BUILD - ringv minimise: what the explorer finds of each race ends with three
# forcings at most, and repeats; forcings that do nothing go, those that are needed stay; the same
# input, the same output; bad input, and nothing half-written.
. tests/lib.sh
ringv=$1/ringv
lost=scenarios/events/yield-without-recheck.ini

refuse minimise-no-scenario "no/such.ini" "$ringv" minimise no/such.ini
refuse minimise-no-runs "--runs 0: expected 1 to" "$ringv" minimise $lost --runs 0
refuse minimise-unwritable "no/such/folder" "$ringv" minimise $lost -o no/such/folder/out.ini
refuse minimise-pass "expected a scenario that fails" "$ringv" minimise $lost --no-fault
sed 's/^2 = .*/2 = pause c1 at probe:idle_halt#999999 until 5 cycles/' $lost >"$work/never.ini"
refuse minimise-infeasible "its schedule does not apply" "$ringv" minimise "$work/never.ini"
sed 's/^2 = .*/2 = pawse c1/' $lost >"$work/word.ini"
refuse minimise-unreadable "expected pause, park, hold or do" "$ringv" minimise "$work/word.ini"

# forcings FILE - how many a scenario has.
forcings() { sed -n '/^\[schedule\]/,/^\[expect\]/p' "$1" | grep -c ' = '; }

# minimise NAME FILE AT_MOST OPTION... - minimises FILE to $work/NAME.min.ini and looks at that.
minimise() {
    result=$1 file=$2 most=$3
    shift 3
    expect "minimise-$result" 0 "$ringv" minimise "$file" -o "$work/$result.min.ini" "$@"
    left=$(forcings "$work/$result.min.ini")
    [ "$left" -le "$most" ] && ok "minimise-$result-few" ||
        not_ok "minimise-$result-few" "$left forcings are left"
    same "minimise-$result-verdict" "$(grep '^verdict' "$file")" \
        "$(grep '^verdict' "$work/$result.min.ini")"
    expect "minimise-$result-repeats" 0 "$ringv" run "$work/$result.min.ini" --quiet
    expect "minimise-$result-fixed" 0 "$ringv" run --no-fault "$work/$result.min.ini" --quiet
}

# race AREA/NAME VERDICT SEEDS - with the first of these seeds that finds it.
race() {
    race=$(basename "$1")
    mkdir "$work/$race"
    for seed in $3; do
        run "$ringv" explore "scenarios/$1.ini" --strategy preempt --runs 80 --seed "$seed" --save "$work/$race" --quiet
        found=$(grep -l "^verdict = $2" "$work/$race"/*.ini 2>/dev/null | head -1)
        [ -z "$found" ] || break
    done
    [ -n "$found" ] && ok "minimise-$race-found" ||
        not_ok "minimise-$race-found" "no finding of $2 with seeds $3"
    [ -z "$found" ] || minimise "$race" "$found" 3
}

seeds="1 2 3 4 5 6 7 8 9 10 11 12"
race events/yield-without-recheck lost-event "3 $seeds"
race idle/message-before-the-halt lost-wakeup "$seeds"
race locks/preempted-holder-plain deadlock "$seeds"
race preempt/done-before-saved double-run "$seeds"
race preempt/notice-to-the-preempted lost-event "$seeds"
race preempt/start-without-waiting double-run "$seeds"

# Both forcings of that scenario are needed, one of notice-to-the-preempted's is; 20 others are not.
minimise two $lost 2
same minimise-two-both 2 "$(forcings "$work/two.min.ini")"
says minimise-two-cause "$work/two.min.ini" '^# Cause: lost-event: proc_yield_vcore'
says minimise-two-between "$work/two.min.ini" '^# Must come between: .* vcore_first'

# A program that says which arguments make it do more does less.
minimise smaller scenarios/locks/preempted-holder-plain.ini 2
[ "$(sed -n 's/^program *= lock_test 2 //p' "$work/smaller.min.ini")" -lt 60 ] &&
    ok minimise-smaller-program || not_ok minimise-smaller-program "as many rounds as before"

single=scenarios/preempt/notice-to-the-preempted.ini
sed '/^\[expect\]/,$d' $single >"$work/noise.ini"
for i in $(seq 2 21); do
    echo "$i = pause c2 at c2:probe:lock_taken#$i until $((i % 7 + 1)) cycles"
done >>"$work/noise.ini"
sed -n '/^\[expect\]/,$p' $single >>"$work/noise.ini"
minimise noise "$work/noise.ini" 1
says minimise-noise-one "$work/noise.min.ini" '^1 = do preempt preempt_test:v0 for ever at '

# Always the same; and with few runs what is left by then, whole.
run "$ringv" minimise "$work/noise.ini"
cmp -s "$work/out" "$work/noise.min.ini" && ok minimise-same ||
    not_ok minimise-same "another result the second time"
expect minimise-short 0 "$ringv" minimise "$work/noise.ini" --runs 3 -o "$work/short.ini"
says minimise-short-says "$work/short.ini" '^# .* \(cut short\)'
expect minimise-short-repeats 0 "$ringv" run "$work/short.ini" --quiet
# Interrupted at some moment: the best so far, or nothing if that is too early.
timeout --preserve-status -s TERM 1 "$ringv" minimise "$work/noise.ini" -o "$work/term.ini" \
    >"$work/out" 2>"$work/err"
code=$?
if [ -e "$work/term.ini" ]; then
    expect minimise-interrupted 0 "$ringv" run "$work/term.ini" --quiet
else
    [ $code -eq 2 ] && ok minimise-interrupted ||
        not_ok minimise-interrupted "exit code $code, and no file"
fi
expect minimise-json 0 "$ringv" minimise $lost --json
python3 -m json.tool <"$work/out" >/dev/null && ok minimise-json-reads ||
    not_ok minimise-json-reads "not JSON"
says minimise-json-cause "$work/out" '"cause": \{"key": "lost-event: '
