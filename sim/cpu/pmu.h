/* pmu.h - architectural performance monitoring, version 2 (SDM "Performance Monitoring").
 *
 * Four programmable and three fixed counters of 48 bits. They count instructions retired, cycles of
 * the core's clock that it was not halted, and branches retired; caches and a branch predictor,
 * which the flat timing has not, give the events about them no count. A step counts for the CPL in
 * which it began; a WRMSR to one of the registers below for nobody.
 *
 * The counter that goes beyond its 48 bits raises its interrupt right after that step.
 */
#ifndef CPU_PMU_H
#define CPU_PMU_H

#include "sim/cpu/cpu.h"

#define PMU_WIDTH   48
#define PMU_VERSION 2
#define PMU_EVENTS  7 /* of the architecture, all there */

#define PMU_GLOBAL_FIXED 32 /* the first fixed counter's bit in the global registers */
#define PMU_GLOBAL_RESET (BIT(PMU_PROGRAMMABLE) - 1)

/* IA32_PERF_CAPABILITIES: IA32_A_PMCx are there. */
#define PMU_CAPABILITIES BIT(13)

/* Between two steps, when arch's clocks are up to date: heeds overflows, starts and stops counters
 * as registers and CPL ask, and says how many steps may be made before it must be called again. */
uint64_t pmu_settle(struct vcpu *c);

/* Before the first step of a run: how many may be made. */
uint64_t pmu_steps(const struct vcpu *c);

/* The registers. Only in a step of its own, with arch's clocks up to date. */
uint64_t pmu_read(const struct vcpu *c, uint32_t msr);
MUST_CHECK struct fault pmu_write(struct vcpu *c, uint32_t msr, uint64_t value);

/* RDPMC; false: there is no counter of that number. */
MUST_CHECK bool pmu_read_counter(const struct vcpu *c, uint32_t number, uint64_t *value);

#endif
