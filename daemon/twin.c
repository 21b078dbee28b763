#include "daemon/twin.h"

#include "proto/crc64.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD_BYTES 72
#define ROOM_LEAST (16 * FILE_BLOCK)
#define FORM "almandine-twin 1 %020llu %010llu "
#define SUM "%016llx\n"

static uint64_t
sum_of(const char *head, size_t bytes, struct slice text)
{
	return crc64_add(crc64_add(0, head, bytes), text.data, text.bytes);
}

/* The line and the text; `to` has room for both. */
static size_t
put(char *to, struct slice text, uint64_t number)
{
	char head[HEAD_BYTES];
	size_t n = (size_t)snprintf(head, sizeof(head), FORM,
	    (unsigned long long)number, (unsigned long long)text.bytes);

	n += (size_t)snprintf(head + n, sizeof(head) - n, SUM,
	    (unsigned long long)sum_of(head, n, text));
	memcpy(to, head, n);
	memcpy(to + n, text.data, text.bytes);
	return n + text.bytes;
}

bool
twin_read(const struct file_map *m, unsigned place, struct slice *text,
    uint64_t *number)
{
	size_t room = m->bytes / TWIN_PLACES;
	unsigned long long n, bytes, sum;
	char head[HEAD_BYTES + 1] = "";
	const char *at = m->data + place * room;
	int before = 0, end = 0;

	if (room < ROOM_LEAST)
		return false;
	memcpy(head, at, HEAD_BYTES);
	if (sscanf(head, "almandine-twin 1 %llu %llu %n%llx%n", &n, &bytes,
	    &before, &sum, &end) != 3 || end == 0 || head[end] != '\n' ||
	    bytes > room - (size_t)end - 1)
		return false;
	*text = (struct slice){ at + end + 1, (size_t)bytes };
	*number = n;
	return sum == sum_of(head, (size_t)before, *text);
}

/* A new file, whole at once, with one text, or none. */
static int
make(struct twin *t, size_t room, struct slice text, uint64_t number)
{
	char *all = calloc(TWIN_PLACES, room);
	int bad;

	if (all == NULL)
		return -ENOMEM;
	if (text.bytes > 0)
		put(all, text, number);
	bad = file_replace(t->name,
	    (struct slice){ all, TWIN_PLACES * room });
	free(all);
	if (bad != 0)
		return bad;
	twin_close(t);
	t->fd = file_open(t->name);
	t->room = room;
	t->next = text.bytes > 0;
	return t->fd < 0 ? t->fd : 0;
}

/* Which place has the older text, or none; false: this is no such file. */
static bool
look(struct twin *t, const struct file_map *m)
{
	uint64_t number[TWIN_PLACES] = { 0 };
	struct slice text;
	unsigned i;

	if (m->bytes < TWIN_PLACES * ROOM_LEAST ||
	    m->bytes % (TWIN_PLACES * FILE_BLOCK) != 0)
		return false;
	for (i = 0; i < TWIN_PLACES; i++)
		if (!twin_read(m, i, &text, &number[i]))
			number[i] = 0;
	t->room = m->bytes / TWIN_PLACES;
	t->next = number[0] > number[1];
	return true;
}

int
twin_open(struct twin *t, const char *name)
{
	struct file_map m;
	bool is_one;
	int bad;

	*t = (struct twin){ .name = name, .fd = -1 };
	bad = file_map(&m, name);
	is_one = bad == 0 && look(t, &m);
	file_unmap(&m);
	if (!is_one)
		return make(t, ROOM_LEAST, (struct slice){ "", 0 }, 0);
	t->fd = file_open(name);
	if (t->fd < 0)
		return t->fd;
	/* The later one may not have been forced; the other goes next. */
	bad = file_sync(t->fd);
	if (bad != 0)
		twin_close(t);
	return bad;
}

int
twin_write(struct twin *t, struct slice text, uint64_t number, bool is_forced)
{
	size_t room = t->room, bytes;
	char *whole;
	int bad;

	while (room < text.bytes + HEAD_BYTES)
		room *= 2;
	if (room != t->room)
		return make(t, room, text, number);
	whole = malloc(text.bytes + HEAD_BYTES);
	if (whole == NULL)
		return -ENOMEM;
	bytes = put(whole, text, number);
	bad = file_write_at(t->fd, whole, bytes, t->next * t->room);
	free(whole);
	if (bad == 0 && is_forced)
		bad = file_sync(t->fd);
	if (bad == 0 && is_forced)
		t->next = !t->next;
	return bad;
}

void
twin_close(struct twin *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
