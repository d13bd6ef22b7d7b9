/* integer.h - the parts of the integer phase: each does a small piece of what compilers, kernels
 * and text tools spend their time with, on random data, and returns a checksum.
 */
#ifndef BENCH_INTEGER_H
#define BENCH_INTEGER_H

#include <stdint.h>

typedef uint64_t part_fn(uint8_t *data, uint64_t *random);

/* integer.c */
part_fn part_sort, part_hash, part_tree, part_sieve, part_arithmetic, part_crc;
/* integer_text.c */
part_fn part_compress, part_words, part_interpreter, part_objects;

#endif
