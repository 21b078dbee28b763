#include "cluster/ranges.h"

#include "proto/number.h"

bool
ranges_print(const uint8_t *slots, char separator, char *to, size_t room)
{
	unsigned first, last, ranges = 0;
	size_t used = 0;

	to[0] = 0;
	for (first = 0; bus_next_range(slots, &first, &last);
	    first = last + 1) {
		if (ranges++ == RANGES_MAX || used + 16 > room)
			return false;
		if (used > 0)
			to[used++] = separator;
		used += number_put_uint(to + used, first);
		to[used++] = '-';
		used += number_put_uint(to + used, last);
		to[used] = 0;
	}
	return true;
}

/* Digits up to `end`, or -1. */
static int64_t
scan_number(const char **text, char end)
{
	int64_t n = 0;
	const char *p = *text;

	for (; *p >= '0' && *p <= '9' && p - *text < 5; p++)
		n = n * 10 + (*p - '0');
	if (p == *text || (*p != end && *p != 0))
		return -1;
	*text = p + (*p == end);
	return n;
}

bool
ranges_scan(const char *text, uint8_t *slots)
{
	int64_t first, last;

	memset(slots, 0, BUS_SLOT_BYTES);
	while (*text != 0) {
		first = scan_number(&text, '-');
		last = scan_number(&text, ',');
		if (first < 0 || last >= KEYSLOT_COUNT || first > last)
			return false;
		for (; first <= last; first++)
			bus_add_slot(slots, (unsigned)first);
	}
	return true;
}
