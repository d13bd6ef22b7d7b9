# The host CPU as an oracle for single instructions, and Capstone for their lengths. `make oracle`
# runs 10,000 cases of each row and operand shape (minutes) and lists the rows; check-oracle some of them.
# For x86-64 Linux hosts. Addresses in the stub are absolute, so that programs are not PIE.
GROUPS      += oracle
LONG_GROUPS += oracle-long

ORACLE     := $O/tests/oracle/oracle
LENGTHS    := $O/tests/oracle/decode_lengths
CONTROL    := $O/tests/oracle/control
XSAVE      := $O/tests/oracle/xsave
ORACLE_C   := $(filter-out %/decode_lengths.c %/control.c %/xsave.c,$(sort $(wildcard tests/oracle/*.c)))
ORACLE_OBJ := $(ORACLE_C:%.c=$O/%.o) $O/tests/oracle/host_stub.o

$O/tests/oracle/host_stub.o: tests/oracle/host_stub.S
	@mkdir -p $(@D)
	@echo '  AS  $@'
	$Q$(CC) -c -o $@ $<

$(ORACLE): $(ORACLE_OBJ) $(LIB)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LENGTHS): $(LENGTHS).o $(LIB)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(CONTROL) $(XSAVE): %: %.o $(filter-out %/main.o,$(ORACLE_OBJ)) $(LIB)
	@echo '  LD  $@'
	$Q$(CC) -no-pie $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

oracle: $(ORACLE) $(LENGTHS)
	$Q$(ORACLE) --list $(ORACLE_OPTIONS)
	$Q$(LENGTHS) 10000000

# The page of the docs that says who checked what; about 20 minutes of both cores.
docs-coverage: $(ORACLE)
	$Qtests/oracle/coverage $(ORACLE) $O/coverage make

check-oracle: $(ORACLE) $(LENGTHS) $(CONTROL) $(XSAVE)
	$Qtools/run-group $O/check/oracle.log sh -c \
		'$(ORACLE) --cases 200; $(LENGTHS) 300000; $(CONTROL); $(XSAVE); \
		tests/oracle/coverage $(ORACLE) $O/coverage check'

check-oracle-long: $(ORACLE) $(LENGTHS)
	$Qtools/run-group $O/check/oracle-long.log sh -c \
		'$(ORACLE); $(LENGTHS) 10000000; tests/oracle/mutations $O/mutations'

.PHONY: oracle docs-coverage
-include $(ORACLE_C:%.c=$O/%.d) $(LENGTHS).d $(CONTROL).d $(XSAVE).d
