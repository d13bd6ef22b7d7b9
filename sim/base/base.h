/* base.h - the small words that every file uses.
 *
 * SIM_ASSERT guards against bugs of ringv itself: it is always on and ends the process with
 * SIM_BUG. It never judges input: bad input is reported through struct error (error.h), and a
 * guest's mistake is a struct fault (fault.h).
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK    __attribute__((warn_unused_result))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PRINTF(f, a)  __attribute__((format(printf, f, a)))
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)       (UINT64_C(1) << (n))

/* Exit codes of the ringv command (DESIGN section 6). */
enum exit_code { SIM_PASS, SIM_FAIL, SIM_USAGE, SIM_STUCK, SIM_BUG };

#define CPU_MAX 255 /* pcores that the data structures allow for */

#define PAGE_SHIFT 12
#define PAGE_SIZE  UINT64_C(4096)
#define PAGE_MASK  (PAGE_SIZE - 1)

_Noreturn void sim_bug(const char *file, int line, const char *what);

#define SIM_ASSERT(c) (likely(c) ? (void)0 : sim_bug(__FILE__, __LINE__, #c))

/* The field of v that mask selects, shifted down; and v with that field set to f. */
static inline uint64_t bits_get(uint64_t v, uint64_t mask)
{
	return (v & mask) / (mask & -mask);
}

static inline uint64_t bits_set(uint64_t v, uint64_t mask, uint64_t f)
{
	return (v & ~mask) | ((f * (mask & -mask)) & mask);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What follows the last slash. */
static inline const char *path_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

#endif
