#!/bin/sh
# tests/cli/explore.sh BUILD - ringv explore: usage; the same findings with any number of workers, and
# the second time, by each strategy; a finding is a scenario that `ringv run` repeats, digest and all;
# correct programs are not accused; results files, shards, and what becomes of a campaign that is killed.
. tests/lib.sh
ringv=$1/ringv
start=scenarios/preempt/start-without-waiting.ini
idle=scenarios/idle/message-before-the-halt.ini

refuse explore-no-scenario "no/such.ini" "$ringv" explore no/such.ini
refuse explore-no-runs "--runs 0: expected 1 to" "$ringv" explore $start --runs 0
refuse explore-many-jobs "--jobs 257: expected at most 256" "$ringv" explore $start --jobs 257
refuse explore-many-forcings "expected at most" "$ringv" explore $start --preemptions 509 --pauses 3
refuse explore-no-folder "no such folder" "$ringv" explore $start --save "$work/none"
refuse explore-strategy "expected one of: random chaos pct" "$ringv" explore $start --strategy luck
refuse explore-depth "--depth 0: expected 1 to" "$ringv" explore $start --depth 0
refuse explore-shard "--shard 3/2: expected I/N" "$ringv" explore $start --shard 3/2
refuse explore-shard-text "--shard x: expected I/N" "$ringv" explore $start --shard x
refuse explore-resume-what "--resume: expected --results" "$ringv" explore $start --resume

# campaign NAME CODE SCENARIO OPTION... - leaves findings in $work/NAME, JSON in $work/NAME.json.
campaign() {
    campaign=$1 code_wanted=$2
    shift 2
    mkdir -p "$work/$campaign"
    expect "explore-$campaign" "$code_wanted" "$ringv" explore "$@" --save "$work/$campaign" --json
    cp "$work/out" "$work/$campaign.json"
}
all_digest() { field digest "$work/$1.json" | tail -1; }

campaign one 1 $start --runs 40 --seed 3 --jobs 1
campaign two 1 $start --runs 40 --seed 3 --jobs 2
same explore-jobs-same "$(all_digest one)" "$(all_digest two)"
same explore-jobs-files "$(ls "$work/one")" "$(ls "$work/two")"
campaign one 1 $start --runs 40 --seed 3
same explore-again "$(all_digest one)" "$(all_digest two)"
same explore-again-files "$(ls "$work/one")" "$(ls "$work/two")"
campaign other 1 $start --runs 40 --seed 4
[ "$(all_digest one)" != "$(all_digest other)" ] &&
    ok explore-seed || not_ok explore-seed "another seed, the same runs"

# repeats NAME - each finding of that campaign is the same run from boot.
repeats() {
    for file in "$work/$1"/*.ini; do
        finding=$(basename "$file" .ini)
        expect "explore-repeats-$finding" 0 "$ringv" run "$file" --json "$work/run.json"
        says "explore-digest-$finding" "$work/$1.json" \
            "\"digest\": \"$(field digest "$work/run.json")\"}"
    done
}
repeats one

# Strategies that were told nothing find a lost wakeup.
for strategy in random chaos pct pause; do
    campaign $strategy 1 $idle --strategy $strategy --runs 600 --jobs 1
    campaign $strategy-2 1 $idle --strategy $strategy --runs 600 --jobs 2
    same explore-$strategy-jobs "$(all_digest $strategy)" "$(all_digest $strategy-2)"
    says explore-$strategy-finds "$work/$strategy.json" '"verdict": "lost-wakeup"'
    repeats $strategy
    campaign $strategy-correct 0 $idle --strategy $strategy --runs 600 --no-fault
done
expect explore-bound 1 "$ringv" explore $idle --strategy pct --depth 2 --runs 600 --save "$work/pct"
says explore-bound-says "$work/out" 'n = 3 pcores, k = [0-9]* visible steps, d = 2'

campaign correct 0 $start --runs 40 --seed 3 --no-fault
says explore-preempts "$work/correct.json" '"preemptions": \{"sum": [1-9]'
says explore-none-gone "$work/correct.json" '"gone": \{"runs": 0,'
says explore-all-watched "$work/correct.json" '"unwatched": \{"runs": 0,'

# A results file holds what the report says; it is of one campaign, and of one at a time.
sql() { sqlite3 "$work/$1.db" "$2"; }
campaign kept 1 $start --runs 40 --seed 3 --results "$work/kept.db"
same results-runs "$(sql kept 'SELECT count(*) FROM runs')" 41
same results-digest "$(all_digest kept)" "$(all_digest one)"
same results-findings "$(sql kept 'SELECT count(*) FROM findings')" "$(ls "$work/kept" | wc -l)"
refuse results-there "there already; --resume" "$ringv" explore $start --runs 40 --seed 3 \
    --results "$work/kept.db"
refuse results-seed "another campaign: its seed is 3, not 4" "$ringv" explore $start --runs 40 \
    --seed 4 --results "$work/kept.db" --resume
refuse results-scenario "another campaign: its scenario" "$ringv" explore $idle --runs 40 --seed 3 \
    --results "$work/kept.db" --resume
sql kept 'PRAGMA user_version = 99'
refuse results-format "results of format 99" "$ringv" explore $start --runs 40 --seed 3 \
    --results "$work/kept.db" --resume
echo 'not a database, but longer than the header of one, which has a hundred bytes in all, or so ....' \
    >"$work/text.db"
refuse results-text "no file of results" "$ringv" explore $start --results "$work/text.db"
sqlite3 "$work/other.db" 'CREATE TABLE t (a)'
refuse results-other "not one of results" "$ringv" explore $start --results "$work/other.db"
refuse results-folder "unable to open" "$ringv" explore $start --results "$work/none/x.db"
(
    sqlite3 "$work/busy.db" <<END
CREATE TABLE t (a);
BEGIN EXCLUSIVE;
.shell touch "$work/busy"; sleep 2
END
) &
while [ ! -e "$work/busy" ]; do sleep 0.05; done
refuse results-busy "another campaign is using it" "$ringv" explore $start --results "$work/busy.db"
wait

# More runs of a campaign that has ended; and one that is killed goes on where it was.
"$ringv" explore $start --runs 15 --seed 3 --results "$work/more.db" --save "$work/kept" --quiet
campaign more 1 $start --runs 40 --seed 3 --results "$work/more.db" --resume
same resume-digest "$(all_digest more)" "$(all_digest one)"
mkdir -p "$work/killed"
for kill in 1 2 3; do
    "$ringv" explore $start --runs 400 --seed 3 --results "$work/killed.db" --resume \
        --save "$work/killed" --quiet 2>>"$work/killed.err" &
    sleep 0.4
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
done
campaign whole 1 $start --runs 400 --seed 3
campaign killed 1 $start --runs 400 --seed 3 --results "$work/killed.db" --resume
same killed-digest "$(all_digest killed)" "$(all_digest whole)"
same killed-files "$(ls "$work/killed")" "$(ls "$work/whole")"

# Workers that are killed are replaced.
"$ringv" explore $start --runs 400 --seed 3 --save "$work/killed" --json >"$work/workers.json" &
campaign_pid=$!
for kill in 1 2 3 4 5; do
    sleep 0.15
    victim=$(pgrep -P $campaign_pid | head -1)
    [ -z "$victim" ] || kill -9 "$victim"
done
wait $campaign_pid
same workers-digest "$(all_digest workers)" "$(all_digest whole)"
says workers-ended "$work/workers.json" '"workers_ended": [1-9]'

# Shards together are the campaign.
for shard in 1 2 3; do
    mkdir -p "$work/shard$shard"
    campaign shard$shard 1 $start --runs 40 --seed 3 --shard $shard/3 --results "$work/shard$shard.db"
done
shards="$work/shard1.db $work/shard2.db $work/shard3.db"
# shellcheck disable=SC2086 # a list
expect merge 0 "$ringv" merge $shards --output "$work/merged.db" --json
cp "$work/out" "$work/merged.json"
same merge-digest "$(all_digest merged)" "$(all_digest one)"
findings="SELECT kind, run, verdict, oracle, reason, digest FROM findings"
campaign kept 1 $start --runs 40 --seed 3 --results "$work/kept2.db"
same merge-findings "$(sql merged "$findings")" "$(sql kept2 "$findings")"
same merge-runs "$(sql merged 'SELECT * FROM runs')" "$(sql kept2 'SELECT * FROM runs')"
# shellcheck disable=SC2086
refuse merge-there "there already" "$ringv" merge $shards --output "$work/merged.db"
refuse merge-missing "shard 2/3 is there 0 times" "$ringv" merge "$work/shard1.db" "$work/shard3.db" \
    --output "$work/m.db"
cp "$work/shard1.db" "$work/again.db"
refuse merge-twice "is there 2 times" "$ringv" merge "$work/shard1.db" "$work/shard2.db" \
    "$work/shard3.db" "$work/again.db" --output "$work/m.db"
refuse merge-two "are of two campaigns: step is 3 and 1" "$ringv" merge "$work/shard1.db" \
    "$work/kept2.db" --output "$work/m.db"
refuse merge-none "unable to open" "$ringv" merge "$work/none.db" --output "$work/m.db"
refuse merge-output "expected --output" "$ringv" merge "$work/shard1.db"
cp "$work/shard1.db" "$work/torn.db"
head -c 900 /dev/zero | tr '\0' X |
    dd of="$work/torn.db" bs=1 seek=4100 conv=notrunc status=none
refuse merge-torn "torn.db: " "$ringv" merge "$work/torn.db" "$work/shard2.db" "$work/shard3.db" \
    --output "$work/m.db"
[ -e "$work/m.db" ] && not_ok merge-nothing "a file is left" || ok merge-nothing
