# input.sh BUILD - what the serial line receives is recorded and replayed; diff finds it.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images

record() { # NAME TEXT
    { sleep 0.3; printf '%s' "$2"; sleep 0.1; printf q; } |
        timeout "$limit" "$ringv" boot "$images/echo.elf" --record "$work/$1.rec" \
            >"$work/$1.out" 2>"$work/$1.err"
    code=$?
}

record a abc
same input/exit $code 0
same input/echo "$(cat "$work/a.out")" abcq
expect input/replay 0 "$ringv" replay "$work/a.rec"
same input/replay-echo "$(cat "$work/out")" abcq
record b abd
expect input/diff 1 "$ringv" diff "$work/a.rec" "$work/b.rec"
says input/diff-names "$work/out" 'then (uart|c0.core|run) '

# --- the terminal's keys ---
{ sleep 1; printf 'a\001c'; sleep 1; printf 'registers\nmemory main 1\nx\n'; sleep 1
  printf 'continue\n'; sleep 1; printf 'bq'; } |
    timeout "$limit" script -qec "$ringv boot $images/echo.elf --record $work/m.rec" /dev/null \
        >"$work/out" 2>&1
same monitor/exit $? 0
says monitor/cores "$work/out" 'c0: step [0-9]+, .* main\+'
says monitor/registers "$work/out" 'rax 0.* rcx 0'
says monitor/memory "$work/out" '0000000000100029: [0-9a-f]{16}'
says monitor/mistake "$work/out" 'x: expected a command'
says monitor/goes-on "$work/out" 'bq'
expect monitor/changes-nothing 0 "$ringv" replay "$work/m.rec"

# --- scripts ---
cat >"$work/s" <<'END'
# nothing comes before something is typed
type aab\x61ab
expect abaab
timeout 1
type q
END
expect script/played 0 "$ringv" boot "$images/echo.elf" --script "$work/s" --record "$work/s.rec"
same script/echo "$(cat "$work/out")" aabaabq
expect script/replay 0 "$ringv" replay "$work/s.rec"
expect script/runs 0 "$ringv" boot "$images/echo.elf" --script "$work/s" --runs 3
same script/digest "$(digest "$ringv" boot "$images/echo.elf" --script "$work/s")" \
    "$(digest "$ringv" boot "$images/echo.elf" --script "$work/s" --drop-caches 1)"
printf 'timeout 1\nexpect never' >"$work/late"
expect script/late 1 "$ringv" boot "$images/idle.elf" --script "$work/late"
says script/late-says "$work/err" 'late:2: .*did not come within 1 s'
printf 'expect more' >"$work/more"
expect script/ended-before 1 "$ringv" boot "$images/hello.elf" --append 0 --script "$work/more"
for bad in 'typo x:expected expect, type or timeout' 'type:expected some' 'expect a\q:after a backslash' \
    'timeout 0:expected 1 to' 'timeout 1h:expected 1 to' 'type \x4:after a backslash'; do
    printf '# line 1\n%s\n' "${bad%%:*}" >"$work/bad"
    refuse "script/${bad%%:*}" "bad:2: " "$ringv" boot "$images/echo.elf" --script "$work/bad"
    says "script/${bad%%:*}-says" "$work/err" "${bad#*:}"
done
refuse script/lockstep "does not go with" "$ringv" boot "$images/echo.elf" --script "$work/s" --lockstep
