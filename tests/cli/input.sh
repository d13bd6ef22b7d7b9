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
