# Every scenario, with its fault and without.
GROUPS      += scenarios
LONG_GROUPS += scenarios-long

check-scenarios: $O/ringv target
	$Q$(RUN_GROUP) tests/scenarios/run $O 3

check-scenarios-long: $O/ringv target
	$Q$(RUN_GROUP) tests/scenarios/run $O 100
