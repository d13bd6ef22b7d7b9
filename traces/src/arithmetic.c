/* arithmetic.c - the program of traces/arithmetic.hwt: a bit of everything that a core computes.
 *
 * gcc -O2 -static -o arithmetic arithmetic.c -lm
 */
#include <emmintrin.h>
#include <math.h>
#include <mmintrin.h>
#include <nmmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* --- SSE2: doubles, one at a time --- */

#define BODIES 5

struct body {
	double at[3], speed[3], mass;
};

static double bodies_energy(int steps)
{
	struct body b[BODIES];
	double energy = 0;

	for (int i = 0; i < BODIES; i++)
		for (int k = 0; k < 3; k++) {
			b[i].at[k] = (i + 1) * (k + 2) * 0.37;
			b[i].speed[k] = (k - i) * 0.011;
			b[i].mass = 1.0 / (i + 1);
		}
	for (int step = 0; step < steps; step++) {
		for (int i = 0; i < BODIES; i++)
			for (int j = i + 1; j < BODIES; j++) {
				double d[3], square = 0.01, pull;

				for (int k = 0; k < 3; k++) {
					d[k] = b[i].at[k] - b[j].at[k];
					square += d[k] * d[k];
				}
				pull = 0.01 / (square * __builtin_sqrt(square));
				for (int k = 0; k < 3; k++) {
					b[i].speed[k] -= d[k] * b[j].mass * pull;
					b[j].speed[k] += d[k] * b[i].mass * pull;
				}
			}
		for (int i = 0; i < BODIES; i++)
			for (int k = 0; k < 3; k++)
				b[i].at[k] += 0.01 * b[i].speed[k];
	}
	for (int i = 0; i < BODIES; i++)
		for (int k = 0; k < 3; k++)
			energy += b[i].mass * b[i].speed[k] * b[i].speed[k] / 2;
	return energy;
}

/* --- SSE: four floats at a time --- */

#define SIDE 16

static float matrix_trace(int times)
{
	static float a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
	float trace = 0;

	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++) {
			a[i][j] = (float)((i * 3 + j) % 5) - 2;
			b[i][j] = (float)((i + j * 7) % 3);
		}
	for (int t = 0; t < times; t++) {
		for (int i = 0; i < SIDE; i++)
			for (int j = 0; j < SIDE; j += 4) {
				__m128 sum = _mm_setzero_ps();

				for (int k = 0; k < SIDE; k++)
					sum = _mm_add_ps(sum, _mm_mul_ps(_mm_set1_ps(a[i][k]),
								      _mm_loadu_ps(&b[k][j])));
				_mm_storeu_ps(&c[i][j], sum);
			}
		for (int i = 0; i < SIDE; i++)
			trace += c[i][i] + _mm_cvtss_f32(_mm_rcp_ss(_mm_set_ss(2.0f + i)));
	}
	return trace;
}

/* --- x87 --- */

static long double series(int terms)
{
	long double e = 1, term = 1, pi = 0;

	for (int i = 1; i <= terms; i++) {
		term /= i;
		e += term;
		pi += (i & 1 ? 4.0L : -4.0L) / (2 * i - 1);
	}
	return e * pi + __builtin_sqrtl(e);
}

/* Each rounding mode and precision, on the same numbers. */
static long double roundings(void)
{
	long double sum = 0;
	uint16_t old, control;

	__asm__ volatile("fnstcw %0" : "=m"(old));
	for (unsigned mode = 0; mode < 16; mode++) {
		long double third;
		int64_t whole;

		control = (uint16_t)((old & 0xf0ff) | mode << 8);
		__asm__ volatile("fldcw %0" : : "m"(control));
		__asm__ volatile("fld1; fldpi; fdivrp" : "=t"(third));
		__asm__ volatile("fld %1; fistpll %0" : "=m"(whole) : "f"(third * 1001));
		sum += third * (mode + 1) + whole;
	}
	__asm__ volatile("fldcw %0" : : "m"(old));
	return sum;
}

static double transcendental(int count)
{
	double sum = 0;

	for (int i = 1; i <= count; i++) {
		double x = i * 0.0625, y;

		__asm__ volatile("fsin" : "=t"(y) : "0"((long double)x));
		sum += y;
		__asm__ volatile("fpatan" : "=t"(y) : "0"((long double)x), "u"(1.0L) : "st(1)");
		sum += y;
		__asm__ volatile("fyl2x" : "=t"(y) : "0"((long double)x), "u"(1.0L) : "st(1)");
		sum += y;
	}
	return sum;
}

/* What the C library makes of the x87. */
static long double library(int count)
{
	long double sum = 0;

	for (int i = 1; i <= count; i++) {
		long double x = i * 0.3L;

		sum += expl(-x) + logl(x) + powl(x, 1.5L) + log1pl(x / count) + tanhl(x);
		sum += fmodl(1000.1L, x) + remainderl(77.7L, x) + rintl(x) + scalbnl(x, i % 7);
		sum += (long double)llrintl(x * x) / (i + 1) + atan2l(x, 2) + sqrtl(x);
	}
	return sum;
}

/* --- MMX --- */

static uint64_t mmx_sums(int count)
{
	__m64 sum = _mm_setzero_si64(), step = _mm_set_pi16(1, 2, 3, 4);
	uint64_t result;

	for (int i = 0; i < count; i++) {
		sum = _mm_add_pi16(sum, step);
		step = _mm_adds_pi16(_mm_slli_pi16(step, 1), _mm_unpackhi_pi16(sum, step));
	}
	memcpy(&result, &sum, sizeof(result));
	_mm_empty();
	return result;
}

/* --- integers --- */

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static void quick_sort(int *at, int count)
{
	int i = 0, j = count - 1, middle = at[count / 2];

	if (count < 2)
		return;
	while (i <= j) {
		while (at[i] < middle)
			i++;
		while (at[j] > middle)
			j--;
		if (i <= j) {
			int swap = at[i];

			at[i++] = at[j];
			at[j--] = swap;
		}
	}
	quick_sort(at, j + 1);
	quick_sort(at + i, count - i);
}

static int sorted_median(int count)
{
	static int numbers[8192];

	for (int i = 0; i < count; i++)
		numbers[i] = (int)(next_random() % 1000);
	quick_sort(numbers, count);
	return numbers[count / 2];
}

static unsigned primes_below(unsigned end)
{
	static uint8_t composite[65536];
	unsigned count = 0;

	for (unsigned i = 2; i < end; i++) {
		if (composite[i])
			continue;
		count++;
		for (unsigned k = 2 * i; k < end; k += i)
			composite[k] = 1;
	}
	return count;
}

static uint64_t divisions(int count)
{
	uint64_t sum = 0;

	for (int i = 1; i <= count; i++) {
		unsigned __int128 wide = (unsigned __int128)next_random() * 0x123456789abcdefull;

		sum += (uint64_t)(wide >> 64) + next_random() % (uint32_t)i;
		sum += (uint64_t)((int64_t)sum / -(i + 7)) ^ (sum << (i & 63) | sum >> (-i & 63));
		sum += (uint64_t)__builtin_popcountll(sum) + (uint64_t)__builtin_clzll(sum | 1);
	}
	return sum;
}

/* --- strings --- */

static unsigned strings(void)
{
	static char a[4096], b[4096];
	unsigned long count = sizeof(a), at;
	char *to = a, *from = b;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"('x') : "memory");
	a[4000] = 'y';
	count = sizeof(a) / 8;
	to = b;
	from = a;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	count = sizeof(a);
	to = b;
	__asm__ volatile("repne scasb" : "+D"(to), "+c"(count) : "a"('y') : "memory", "cc");
	at = count;
	b[1234] = 'z';
	count = sizeof(a);
	to = b;
	from = a;
	__asm__ volatile("repe cmpsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory", "cc");
	return (unsigned)(at + count + strlen(a + 1) + (unsigned)memcmp(a, b, 1234));
}

/* --- SSE4.2, where there is one --- */

__attribute__((target("sse4.2"))) static unsigned newest(void)
{
	const __m128i text = _mm_loadu_si128((const __m128i *)"needle in a hay.");
	const __m128i set = _mm_loadu_si128((const __m128i *)"aeiou\0\0\0\0\0\0\0\0\0\0");
	__m128i sum = _mm_setzero_si128();
	uint32_t crc = 0;

	for (int i = 0; i < 64; i++) {
		__m128i turned = _mm_shuffle_epi8(text, _mm_set1_epi8((char)(i & 15)));

		crc = _mm_crc32_u32(crc, (uint32_t)i * 2654435761u);
		sum = _mm_add_epi32(sum, _mm_mullo_epi32(turned, _mm_abs_epi8(sum)));
		sum = _mm_blendv_epi8(sum, _mm_max_epi32(sum, text), turned);
		crc += (uint32_t)_mm_cmpistri(set, _mm_xor_si128(text, turned), 0);
	}
	return crc + (unsigned)_mm_extract_epi32(_mm_minpos_epu16(sum), 0);
}

int main(void)
{
	printf("bodies %.15g\n", bodies_energy(15));
	printf("matrix %g\n", (double)matrix_trace(8));
	printf("series %.18Lg\n", series(400));
	printf("roundings %.18Lg\n", roundings());
	printf("transcendental %.12g\n", transcendental(50));
	printf("library %.18Lg\n", library(40));
	printf("mmx %llx\n", (unsigned long long)mmx_sums(100));
	printf("median %d\n", sorted_median(2500));
	printf("primes %u\n", primes_below(65536));
	printf("divisions %llx\n", (unsigned long long)divisions(1000));
	printf("strings %u\n", strings());
	if (__builtin_cpu_supports("sse4.2"))
		printf("newest %x\n", newest());
	return 0;
}
