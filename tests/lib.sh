# lib.sh - what the shell tests share. A test is a line `ok NAME` or `not ok NAME: why`.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
limit=${TEST_SECONDS:-120}

ok() { echo "ok $1"; }

not_ok() {
    echo "not ok $1: $2"
    [ ! -e "$work/out" ] || sed '/: pass$/d; s/^/    /' "$work/out" | head -20
    [ ! -e "$work/err" ] || sed 's/^/    /' "$work/err" | head -20
}

# run COMMAND... - leaves its output in $work/out and $work/err, and its exit code in $code.
run() {
    timeout "$limit" "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
}

# expect NAME CODE COMMAND... - the exit code.
expect() {
    name=$1 want=$2
    shift 2
    run "$@"
    [ $code -eq "$want" ] && ok "$name" || not_ok "$name" "exit code $code, expected $want: $*"
}

# refuse NAME TEXT COMMAND... - exit code 2, and a message that contains TEXT.
refuse() {
    name=$1 text=$2
    shift 2
    run "$@"
    if [ $code -ne 2 ]; then
        not_ok "$name" "exit code $code, expected 2: $*"
    elif ! grep -qF -- "$text" "$work/err"; then
        not_ok "$name" "the message lacks '$text'"
    else
        ok "$name"
    fi
}

# says NAME FILE PATTERN - a line of the file matches the extended regular expression.
says() {
    grep -qE -- "$3" "$2" && ok "$1" || not_ok "$1" "nothing in $(basename "$2") matches $3"
}

# same NAME A B - two words are equal and not empty.
same() {
    [ -n "$2" ] && [ "$2" = "$3" ] && ok "$1" || not_ok "$1" "'$2' and '$3'"
}

# field NAME FILE - the value of a field in a JSON file made by ringv.
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" "$2"; }

# digest COMMAND... - the digest that `ringv ... --json` reports.
digest() {
    run "$@" --json
    field digest "$work/out"
}
