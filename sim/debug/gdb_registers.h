/* gdb_registers.h - a core's registers in the order that gdb is told in target.xml.
 */
#ifndef DEBUG_GDB_REGISTERS_H
#define DEBUG_GDB_REGISTERS_H

#include "sim/cpu/cpu.h"

/* The target description for qXfer:features:read:target.xml, made into text; returns its length. */
size_t gdb_target_xml(char *text, size_t size);

unsigned gdb_register_count(void);

/* The size of a register in bytes, at most 16. Reads or writes its value, little-endian. A write
 * of one that gdb may not change is ignored. */
unsigned gdb_register_size(unsigned number);
void gdb_register_read(const struct vcpu *c, unsigned number, uint8_t *value);
void gdb_register_write(struct vcpu *c, unsigned number, const uint8_t *value);

#endif
