# Unit tests and checks. Every tests/unit/test_*.c is one program, linked with the simulator.
UNIT := $(patsubst %.c,$O/%,$(sort $(wildcard tests/unit/test_*.c)))

$O/tests/unit/%: $O/tests/unit/%.o $(LIB)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

unit: $(UNIT)
	@failed=; for t in $^; do \
		if timeout 60 $$t >$$t.log 2>&1; then \
			echo "ok $$(basename $$t): $$(grep -o 'Checks: [0-9]*' $$t.log)"; \
		else \
			failed=1; echo "FAIL $$(basename $$t) ($$t.log):"; cat $$t.log; \
		fi; \
	done; test -z "$$failed"

check: unit

# libFuzzer on what reads input; clang only. FUZZ_SECONDS is for each target.
FUZZ_SECONDS ?= 10
FUZZ_CFLAGS  := -std=c17 -D_GNU_SOURCE -g -O1 -I. -fsanitize=fuzzer,address,undefined \
                -fno-sanitize-recover=all

$O/tests/fuzz/fuzz_ini: tests/fuzz/fuzz_ini.c sim/base/config.c sim/base/ini.c sim/base/error.c
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Qclang $(FUZZ_CFLAGS) -o $@ $^ $(shell pkg-config --libs inih)

fuzz-ini: $O/tests/fuzz/fuzz_ini
	@mkdir -p $O/tests/fuzz/corpus-ini
	@cp sim.ini $O/tests/fuzz/corpus-ini/
	$Q$< -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -close_fd_mask=3 \
		$O/tests/fuzz/corpus-ini >$O/tests/fuzz/fuzz_ini.log 2>&1 || \
		{ tail -40 $O/tests/fuzz/fuzz_ini.log; exit 1; }
	@echo "ok fuzz-ini: $(FUZZ_SECONDS) s"

.SECONDARY: $(UNIT:=.o)
.PHONY: unit check fuzz-ini
-include $(patsubst %,%.d,$(UNIT))
