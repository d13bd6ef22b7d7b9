#!/bin/sh
# tests/cli/fuzz.sh BUILD - ringv fuzz: usage; the same findings with any number of workers, and the
# second time; a finding is a scenario that `ringv run` repeats, digest and all; correct programs are
# not accused.
. tests/lib.sh
ringv=$1/ringv
start=scenarios/preempt/start-without-waiting.ini

refuse fuzz-no-scenario "no/such.ini" "$ringv" fuzz no/such.ini
refuse fuzz-no-runs "--runs 0: expected 1 to" "$ringv" fuzz $start --runs 0
refuse fuzz-many-jobs "--jobs 257: expected at most 256" "$ringv" fuzz $start --jobs 257
refuse fuzz-many-forcings "expected at most" "$ringv" fuzz $start --preemptions 125 --pauses 3
refuse fuzz-no-folder "no such folder" "$ringv" fuzz $start --save "$work/none"

# campaign NAME CODE SCENARIO OPTION... - leaves findings in $work/NAME, JSON in $work/NAME.json.
campaign() {
    campaign=$1 code_wanted=$2
    shift 2
    mkdir -p "$work/$campaign"
    expect "fuzz-$campaign" "$code_wanted" "$ringv" fuzz "$@" --save "$work/$campaign" --json
    cp "$work/out" "$work/$campaign.json"
}

campaign one 1 $start --runs 40 --seed 3 --jobs 1
campaign two 1 $start --runs 40 --seed 3 --jobs 2
same fuzz-jobs-same "$(field digest "$work/one.json")" "$(field digest "$work/two.json")"
same fuzz-jobs-files "$(ls "$work/one")" "$(ls "$work/two")"
campaign one 1 $start --runs 40 --seed 3
same fuzz-again "$(field digest "$work/one.json")" "$(field digest "$work/two.json")"
same fuzz-again-files "$(ls "$work/one")" "$(ls "$work/two")"
campaign other 1 $start --runs 40 --seed 4
[ "$(field digest "$work/one.json")" != "$(field digest "$work/other.json")" ] &&
    ok fuzz-seed || not_ok fuzz-seed "another seed, the same runs"

for file in "$work"/one/*.ini; do
    finding=$(basename "$file" .ini)
    expect "fuzz-repeats-$finding" 0 "$ringv" run "$file" --json "$work/run.json"
    says "fuzz-digest-$finding" "$work/one.json" \
        "\"digest\": \"$(field digest "$work/run.json")\"}"
done

campaign correct 0 $start --runs 40 --seed 3 --no-fault
says fuzz-preempts "$work/correct.json" '"preemptions": \{"sum": [1-9]'
says fuzz-none-gone "$work/correct.json" '"gone": \{"runs": 0,'
says fuzz-all-watched "$work/correct.json" '"unwatched": \{"runs": 0,'
