# ringv against traces of real hardware.
GROUPS += hwtrace

RECORDED := $O/tests/hwtrace/recorded
ALTER    := $O/tests/hwtrace/alter

$(RECORDED): tests/hwtrace/recorded.c
	@mkdir -p $(@D)
	@echo '  CC  $@'
	$Qgcc -O1 -D_GNU_SOURCE -Wall -Wextra -static -o $@ $<

$(ALTER): $(ALTER).o $(LIB)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

check-hwtrace: $O/ringv $(RECORDED) $(ALTER)
	$Q$(RUN_GROUP) tests/hwtrace/run $O

-include $(ALTER).d
