/*
 * fuzz_resp - a stream of requests, uncut and cut, must be heard the same
 *
 * The first byte says how the rest is cut: in two, or in pieces of a few
 * bytes, by a stranger or not.
 *
 * Not here: what should be heard (unit_resp.c).
 */
#include <stdlib.h>

#include "t/hear.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct heard whole, cut;
	struct slice in;
	size_t first, step;

	if (bytes < 2)
		return 0;
	in = (struct slice){ (const char *)data + 1, bytes - 1 };
	step = 1 + (data[0] >> 1 & 3);
	first = step;
	if (data[0] & 8) {
		first = (size_t)(data[0] >> 4) * in.bytes / 16;
		step = in.bytes;
	}
	whole = hear_stream(in, in.bytes, 1, data[0] & 1);
	cut = hear_stream(in, first, step, data[0] & 1);
	must(hear_same(&whole, &cut), "a cut changes nothing");
	free(whole.text);
	free(cut.text);
	return 0;
}
