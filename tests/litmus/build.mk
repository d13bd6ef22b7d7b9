# Litmus tests: what real code on simulated cores can end in, against the axioms of the memory model.
GROUPS += litmus

check-litmus: $O/ringv
	$Q$(RUN_GROUP) tests/litmus/run $O/ringv
