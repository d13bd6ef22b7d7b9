# usage.sh BUILD - help, options, configuration.
. tests/lib.sh
ringv=$1/ringv images=$1/tests/images

expect usage/none 2 "$ringv"
expect usage/help 0 "$ringv" help
expect usage/version 0 "$ringv" version
for command in boot run explore minimise merge replay diff hwtrace info litmus oracles config help version; do
    expect "usage/help-$command" 0 "$ringv" help $command
    says "usage/example-$command" "$work/out" '^example:'
    expect "usage/$command--help" 0 "$ringv" $command --help
done
refuse usage/command "no command 'boat'" "$ringv" boat
refuse usage/option "unknown option --foo" "$ringv" boot --foo x
refuse usage/value "--append needs TEXT" "$ringv" boot x --append
refuse usage/number "'ten' is not a number" "$ringv" boot x --until ten
refuse usage/operands "expected: ringv replay" "$ringv" replay
refuse usage/modes "exclude each other" "$ringv" boot x --lockstep --runs 2
refuse usage/trace-modes "do not go with" "$ringv" boot x --trace --runs 2

refuse config/key "machine.foo" "$ringv" config --set machine.foo=1
refuse config/range "expected 1 to 64" "$ringv" config --cpus 65
printf '[machine]\ncpus = 4\nfoo = 1\n' >"$work/bad.ini"
refuse config/line "bad.ini:3" "$ringv" config --config "$work/bad.ini"
refuse config/missing "nothing.ini" "$ringv" config --config "$work/nothing.ini"
expect config/print 0 "$ringv" config --cpus 4
cp "$work/out" "$work/four.ini"
says config/effective "$work/four.ini" '^cpus = 4'
run "$ringv" config --config "$work/four.ini"
cmp -s "$work/out" "$work/four.ini" && ok config/again || not_ok config/again "not read as printed"
