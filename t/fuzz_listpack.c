/*
 * fuzz_listpack - foreign bytes as a listpack, read and then changed
 *
 * The size and the end are mended first, or nearly nothing would pass.  What
 * the check passes is walked both ways, searched for each of its elements,
 * and every element is put again in its own place, moved to the end and
 * deleted; it must pass the check after each of that.
 *
 * Not here: listpacks of our own making (unit_listpack.c).
 */
#include <stdlib.h>

#include "proto/listpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Both directions meet the same elements; returns how many. */
static size_t
walk(const char *lp)
{
	char scratch[24];
	size_t at, n = 0, back = 0;

	for (at = listpack_first(lp); at != 0; at = listpack_next(lp, at)) {
		struct slice s = listpack_text(lp, at, scratch);

		must(listpack_find(lp, at, s, 0) == at,
		    "an element is found where it is");
		must(listpack_put_bytes(s) == listpack_entry_bytes(lp, at),
		    "an element takes what it says");
		must(listpack_index(lp, n) == at, "an index counts elements");
		n++;
	}
	for (at = listpack_last(lp); at != 0; at = listpack_prev(lp, at))
		back++;
	must(n == back && n == listpack_count(lp),
	    "as many elements backwards as forwards");
	return n;
}

/* The first element goes to the end, until each was there. */
static char *
turn(char *lp, size_t n)
{
	while (n-- > 0) {
		size_t total = listpack_bytes(lp), at = listpack_first(lp);
		size_t entry = listpack_entry_bytes(lp, at);
		char scratch[24], *grown = malloc(total + entry);
		struct slice s = listpack_text(lp, at, scratch);

		memcpy(grown, lp, total);
		listpack_insert(grown, 0, s);
		listpack_replace(grown, at, s);
		listpack_delete(grown, at, 1);
		must(listpack_bytes(grown) == total &&
		    listpack_check(grown, total), "a turned one is sound");
		free(lp);
		lp = malloc(total);
		memcpy(lp, grown, total);
		free(grown);
	}
	return lp;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint32_t total = bytes;
	char *lp, *before;
	size_t n;

	if (bytes < LISTPACK_EMPTY_BYTES)
		return listpack_check((const char *)data, bytes);
	lp = malloc(bytes);
	memcpy(lp, data, bytes);
	memcpy(lp, &total, sizeof(total));
	lp[bytes - 1] = (char)0xff;
	if (listpack_check(lp, bytes)) {
		n = walk(lp);
		before = malloc(bytes);
		memcpy(before, lp, bytes);
		lp = turn(lp, n);
		must(memcmp(lp + 6, before + 6, bytes - 6) == 0,
		    "a listpack turned whole is as it was");
		free(before);
	}
	free(lp);
	return 0;
}
