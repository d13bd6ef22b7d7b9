# The host CPU as an oracle for single instructions: `make oracle` in full, check-oracle in short.
# x86-64 Linux hosts only. Addresses of the stub are absolute, so programs are not PIE.
ORACLE_C   := $(filter-out %/decode_lengths.c,$(sort $(wildcard tests/oracle/*.c)))
ORACLE_OBJ := $(ORACLE_C:%.c=$O/%.o) $O/tests/oracle/host_stub.o

$O/tests/oracle/host_stub.o: tests/oracle/host_stub.S
	@mkdir -p $(@D)
	@echo '  AS  $@'
	$Q$(CC) -c -o $@ $<

$O/tests/oracle/oracle: $(ORACLE_OBJ) $(LIB)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

oracle: $O/tests/oracle/oracle
	$Q$< --list

-include $(ORACLE_C:%.c=$O/%.d)
.PHONY: oracle
