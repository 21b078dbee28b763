#include "proto/intset.h"

static uint32_t
load32(const char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return n;
}

static void
store_header(char *is, uint32_t width, uint32_t count)
{
	memcpy(is, &width, sizeof(width));
	memcpy(is + 4, &count, sizeof(count));
}

static uint32_t
width_of(int64_t n)
{
	return n == (int16_t)n ? 2 : n == (int32_t)n ? 4 : 8;
}

static int64_t
load(const char *numbers, uint32_t width, uint32_t index)
{
	const char *at = numbers + (size_t)index * width;
	int64_t n64;
	int32_t n32;
	int16_t n16;

	switch (width) {
	case 2:
		memcpy(&n16, at, sizeof(n16));
		return n16;
	case 4:
		memcpy(&n32, at, sizeof(n32));
		return n32;
	default:
		memcpy(&n64, at, sizeof(n64));
		return n64;
	}
}

static void
store(char *numbers, uint32_t width, uint32_t index, int64_t n)
{
	/* little-endian: the low bytes come first */
	memcpy(numbers + (size_t)index * width, &n, width);
}

void
intset_init(char *is)
{
	store_header(is, 2, 0);
}

size_t
intset_bytes(const char *is)
{
	return INTSET_EMPTY_BYTES + (size_t)load32(is) * load32(is + 4);
}

uint32_t
intset_count(const char *is)
{
	return load32(is + 4);
}

int64_t
intset_get(const char *is, uint32_t index)
{
	return load(is + INTSET_EMPTY_BYTES, load32(is), index);
}

bool
intset_find(const char *is, int64_t n, uint32_t *index)
{
	const char *numbers = is + INTSET_EMPTY_BYTES;
	uint32_t width = load32(is), low = 0, high = load32(is + 4), middle;
	int64_t there;

	/* numbers that only grow are the usual case */
	if (high > 0 && load(numbers, width, high - 1) < n)
		low = high;
	while (low < high) {
		middle = low + (high - low) / 2;
		there = load(numbers, width, middle);
		if (there == n) {
			*index = middle;
			return true;
		}
		if (there < n)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low;
	return false;
}

bool
intset_widens(const char *is, int64_t n)
{
	return width_of(n) > load32(is);
}

size_t
intset_put_bytes(const char *is, int64_t n)
{
	uint32_t width = load32(is);

	if (width_of(n) > width)
		width = width_of(n);
	return INTSET_EMPTY_BYTES + (size_t)width * (load32(is + 4) + 1);
}

size_t
intset_changes_from(const char *is, uint32_t index)
{
	return INTSET_EMPTY_BYTES + (size_t)load32(is) * index;
}

/* Makes room for a wider n at index by moving everything, last first. */
static void
widen(char *is, uint32_t index, int64_t n)
{
	char *numbers = is + INTSET_EMPTY_BYTES;
	uint32_t old = load32(is), width = width_of(n), i;

	for (i = load32(is + 4); i-- > 0;)
		store(numbers, width, i + (i >= index), load(numbers, old, i));
	store(numbers, width, index, n);
	store_header(is, width, load32(is + 4) + 1);
}

void
intset_insert(char *is, uint32_t index, int64_t n)
{
	char *numbers = is + INTSET_EMPTY_BYTES;
	uint32_t width = load32(is), count = load32(is + 4);
	char *at = numbers + (size_t)index * width;

	if (width_of(n) > width) {
		widen(is, index, n);
		return;
	}
	memmove(at + width, at, (size_t)(count - index) * width);
	store(numbers, width, index, n);
	store_header(is, width, count + 1);
}

void
intset_delete(char *is, uint32_t index)
{
	uint32_t width = load32(is), count = load32(is + 4);
	char *at = is + INTSET_EMPTY_BYTES + (size_t)index * width;

	memmove(at, at + width, (size_t)(count - index - 1) * width);
	store_header(is, width, count - 1);
}

bool
intset_check(const char *is, size_t bytes)
{
	uint32_t width, count, i;

	if (bytes < INTSET_EMPTY_BYTES)
		return false;
	width = load32(is);
	count = load32(is + 4);
	if ((width != 2 && width != 4 && width != 8) ||
	    bytes - INTSET_EMPTY_BYTES != (size_t)width * count)
		return false;
	for (i = 1; i < count; i++)
		if (intset_get(is, i - 1) >= intset_get(is, i))
			return false;
	return true;
}
