# Data races: none in the kernel and its programs, whose rules are all needed; and rules that are wrong.
GROUPS += races

check-races: $O/ringv target
	$Q$(RUN_GROUP) tests/races/run $O/ringv
