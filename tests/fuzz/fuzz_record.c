/* fuzz_record.c - any bytes as a recording. Those that start with P are a payload, which gets a
 * right header, so that the checksum does not keep the fuzzer out. */
#include <stdlib.h>
#include <zlib.h>

#include "sim/replay/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_bytes(const uint8_t *data, size_t size)
{
	struct recording r;
	struct error e = {""};

	if (record_read_memory(&r, "recording", data, size, &e))
		recording_free(&r);
	else
		SIM_ASSERT(e.text[0] != '\0');
}

static void read_payload(const uint8_t *payload, size_t size)
{
	uLongf compressed = compressBound(size);
	uint8_t *file = malloc(40 + compressed);
	uint64_t header[5] = {0, RECORD_VERSION, size, 0, 0};

	SIM_ASSERT(file != NULL);
	SIM_ASSERT(compress2(file + 40, &compressed, payload, size, 1) == Z_OK);
	memcpy(header, "RINGVREC", 8);
	header[3] = compressed;
	header[4] = hash_bytes(file + 40, compressed, size);
	memcpy(file, header, sizeof(header));
	read_bytes(file, 40 + compressed);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 'P')
		read_payload(data + 1, size - 1);
	else
		read_bytes(data, size);
	return 0;
}
