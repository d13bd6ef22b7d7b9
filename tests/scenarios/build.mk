# Every scenario, with its fault and without; and on a kernel and programs whose functions lie
# elsewhere.
GROUPS      += scenarios
LONG_GROUPS += scenarios-long

MOVED := $O-moved

moved: FORCE
	$Q$(MAKE) -s O=$(MOVED) TARGET_CC='$(TARGET_CC) -falign-functions=64' target

check-scenarios: $O/ringv target moved
	$Q$(RUN_GROUP) tests/scenarios/run $O 3 $(MOVED)

check-scenarios-long: $O/ringv target moved
	$Q$(RUN_GROUP) tests/scenarios/run $O 100 $(MOVED)

.PHONY: moved
