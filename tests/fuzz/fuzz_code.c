/* fuzz_code.c - any bytes as code, in each mode: the simulator never crashes, and neither stops nor
 * dropped caches change anything. */
#include "tests/fuzz/any_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 3 && size <= ANY_CODE_MAX)
		SIM_ASSERT(any_code_same(data, size, 300));
	return 0;
}
