/* axioms.h - the outcomes that a memory model allows, by its axioms alone: no store buffer, no
 * steps.
 *
 * A candidate execution says for each read which writes its bytes come from (rf), and in which
 * order the writes reach memory (co); fr is a read, then the writes that come in co after what it
 * read. It is allowed if
 *	1. at each byte, program order, rf, co and fr have no cycle together;
 *	2. nothing comes in co between the read and the write of a locked instruction;
 *	3. preserved program order, rf from other threads, co and fr have no cycle together.
 * In tso all program order is preserved but that of a read behind a write, unless one of them is of
 * a locked instruction or uncached, or MFENCE lies between. A read that the last own write before
 *it overlaps, but does not contain, waits for that write, too (SDM "Store Forwarding"). In sc all
 *is preserved, and an instruction is one step, as if it were locked; so is one on uncached memory
 *in both (decision 17).
 *
 * To send an IPI counts as a read, uncached if it is a store to the local APIC; it comes before its
 * arrival in each handler. A handler stands at any place of its thread, between two fences: the
 * outcomes are those of all places.
 *
 * Alglave, Maranget, Tautschnig: "Herding Cats"; Owens, Sarkar, Sewell: "A Better x86 Memory Model:
 * x86-TSO".
 */
#ifndef LITMUS_AXIOMS_H
#define LITMUS_AXIOMS_H

#include "sim/base/config.h"
#include "sim/litmus/outcomes.h"

/* Adds the allowed outcomes to o. False: the axioms do not know an instruction, or the test has too
 * many accesses. */
MUST_CHECK bool axioms_allow(const struct litmus_test *t, enum memory_model model,
	struct litmus_outcomes *o, struct error *e);

#endif
