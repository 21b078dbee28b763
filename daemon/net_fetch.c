#include "daemon/net_fetch.h"

#include "daemon/clock.h"
#include "daemon/log.h"
#include "proto/crc64.h"
#include "proto/number.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_US 1000
#define LOOK_BYTES (256u << 10)
#define LOOK_STEPS 256 /* records or elements */
#define SHOWN 200
#define SAY_MS 5000

/* --- receiving --------------------------------------------------------- */

void
fetch_head(struct net_link *l, struct slice line)
{
	struct link *out = &l->worker->area->link;
	int64_t n = -1;
	int fd;

	if (line.bytes == 0)
		return;
	if (line.bytes == 5 + LINK_MARK &&
	    memcmp(line.data, "$EOF:", 5) == 0) {
		memcpy(l->fetch.mark, line.data + 5, LINK_MARK);
	} else if (line.data[0] != '$' || !number_get_int(
	    (struct slice){ line.data + 1, line.bytes - 1 }, &n) || n < 0) {
		link_drop(l, "instead of a snapshot the primary says: %.*s",
		    (int)(line.bytes < SHOWN ? line.bytes : SHOWN), line.data);
		return;
	}
	/* Whoever still has the last one mapped keeps that. */
	file_remove(l->file);
	fd = file_create(l->file);
	if (fd < 0) {
		link_drop(l, "%s can not be written: %s", l->file,
		    strerror(-fd));
		return;
	}
	l->wire->file = fd;
	l->fetch.left = n;
	l->fetch.bytes = 0;
	l->fetch.said_ms = l->worker->now_ms;
	memset(l->fetch.tail, 0, LINK_MARK);
	out->sync_bytes = 0;
	out->sync_total = n;
	out->full++;
	if (n >= 0)
		log_notice("receives a snapshot of %lld bytes", (long long)n);
	else
		log_notice("receives a snapshot");
	link_set_phase(l, LINK_AT_FETCH);
	FAULT(LINK_FETCHES);
}

/* It is whole, and on the disk. */
static void
begin_look(struct net_link *l)
{
	struct link_look *look = &l->look;
	int bad;

	close(l->wire->file);
	l->wire->file = -1;
	FAULT(LINK_WHOLE);
	link_set_phase(l, LINK_AT_LOOK);
	bad = file_map(&look->map, l->file);
	if (bad != 0) {
		link_drop(l, "%s can not be read: %s", l->file,
		    strerror(-bad));
		return;
	}
	log_notice("received a snapshot of %llu bytes",
	    (unsigned long long)l->fetch.bytes);
	rdb_open(&look->r, (struct slice){ look->map.data, look->map.bytes },
	    rooms_make, &look->rooms);
	if (!rdb_read_header(&look->r))
		link_drop(l, "the snapshot is refused at byte %zu: %s",
		    look->r.why_at, look->r.why);
}

/* All has come: it may become our own file, so it must last. */
static void
whole(struct net_link *l)
{
	l->fetch.is_syncing = true;
	ring_sync(&l->worker->ring, l->wire->file, link_tag(l));
}

/* Whether the mark is the last that came; it is cut off. */
static bool
is_marked(struct net_link *l)
{
	if (l->fetch.bytes < LINK_MARK ||
	    memcmp(l->fetch.tail, l->fetch.mark, LINK_MARK) != 0)
		return false;
	l->fetch.bytes -= LINK_MARK;
	if (ftruncate(l->wire->file, (off_t)l->fetch.bytes) == 0)
		return true;
	link_drop(l, "%s can not be cut: %s", l->file, strerror(errno));
	return false;
}

void
fetch_more(struct net_link *l)
{
	struct link_wire *x = l->wire;
	size_t has = x->used - x->at, most = LINK_BYTES;

	if (l->fetch.left == 0) {
		whole(l);
		return;
	}
	if (l->fetch.left > 0 && (uint64_t)l->fetch.left < most)
		most = (size_t)l->fetch.left;
	if (has == 0) {
		link_read(l, most);
		return;
	}
	l->fetch.writing = has < most ? has : most;
	ring_write_at(&l->worker->ring, x->file, x->data + x->at,
	    l->fetch.writing, l->fetch.bytes, link_tag(l));
}

bool
fetch_is_writing(const struct net_link *l)
{
	return l->fetch.writing > 0 || l->fetch.is_syncing;
}

/* The last LINK_MARK bytes so far. */
static void
keep_tail(struct net_link *l, const char *data, size_t bytes)
{
	char *tail = l->fetch.tail;

	if (bytes >= LINK_MARK) {
		memcpy(tail, data + bytes - LINK_MARK, LINK_MARK);
		return;
	}
	memmove(tail, tail + bytes, LINK_MARK - bytes);
	memcpy(tail + LINK_MARK - bytes, data, bytes);
}

static void
say(struct net_link *l)
{
	int64_t now = l->worker->now_ms;

	if (now - l->fetch.said_ms < SAY_MS)
		return;
	l->fetch.said_ms = now;
	if (l->fetch.left > 0)
		log_notice("receiving a snapshot: %llu MB so far, %llu MB to "
		    "come", (unsigned long long)l->fetch.bytes >> 20,
		    (unsigned long long)l->fetch.left >> 20);
	else
		log_notice("receiving a snapshot: %llu MB so far",
		    (unsigned long long)l->fetch.bytes >> 20);
}

void
fetch_written(struct net_link *l, int result)
{
	struct link_wire *x = l->wire;

	if (result < 0 || (result == 0 && !l->fetch.is_syncing)) {
		link_drop(l, "%s can not be written: %s", l->file,
		    strerror(result < 0 ? -result : ENOSPC));
		return;
	}
	if (l->fetch.is_syncing) {
		l->fetch.is_syncing = false;
		begin_look(l);
		return;
	}
	l->fetch.writing = 0;
	keep_tail(l, x->data + x->at, (size_t)result);
	x->at += (size_t)result;
	l->fetch.bytes += (uint64_t)result;
	word_store(&l->worker->area->link.sync_bytes, (int64_t)l->fetch.bytes);
	say(l);
	if (l->fetch.left > 0)
		l->fetch.left -= result;
	else if (x->at == x->used && is_marked(l))
		whole(l);
}

/* --- looking ----------------------------------------------------------- */

static void
order(struct net_link *l)
{
	char offset[NUMBER_TEXT + 1] = "";
	const char *text[] = { "load", l->replid, offset, l->file };

	number_put_uint(offset, l->offset);
	link_ask(l, MAIL_LINK_LOAD, text, COUNT(text));
	FAULT(LINK_ORDERED);
}

static bool
refuse(struct net_link *l)
{
	link_drop(l, "the snapshot is refused at byte %zu: %s",
	    l->look.r.why_at, l->look.r.why);
	return false;
}

static void
end_value(struct link_look *look)
{
	rooms_free(&look->rooms);
	memset(&look->item.hold, 0, sizeof(look->item.hold));
}

/*
 * Values are taken apart, so that nothing is flushed for one that could not be
 * loaded; a stream's entries are kept as they are, loaded or not.
 */
static bool
begin_value(struct link_look *look)
{
	int type = look->item.type;
	struct slice text;

	if (rdb_type_table[type].kind == RDB_STREAM)
		return rdb_skip_value(&look->r, type);
	if (rdb_type_table[type].kind == RDB_STRING) {
		if (!rdb_read_string(&look->r, NULL, &text))
			return false;
		end_value(look);
		return true;
	}
	look->is_inside = rdb_value_begin(&look->value, &look->r, type, false);
	look->has_members = rdb_type_table[type].kind != RDB_LIST;
	look->met = 0;
	if (look->has_members && look->is_inside)
		doubles_begin(&look->members, look->value.count);
	return look->is_inside;
}

/* Whether an element of the value that is taken apart came before. */
static bool
came_before(struct link_look *look, struct slice text)
{
	struct rdb_reader r = look->r;
	struct rdb_value v;
	struct rdb_element e;
	uint64_t i;

	r.at = look->value.at;
	if (!rdb_value_begin(&v, &r, look->item.type, false))
		return false;
	for (i = 1; i < look->met && rdb_value_next(&v, &e); i++)
		if (slice_equal(e.text, text))
			return true;
	return false;
}

/* A member, field or element of a list. */
static bool
look_at_element(struct net_link *l, const struct rdb_element *e)
{
	struct link_look *look = &l->look;

	look->met++;
	if (!look->has_members || !doubles_meet(&look->members,
	    place_hash(e->text, 0)) || !came_before(look, e->text))
		return true;
	link_drop(l, "the snapshot is refused at byte %zu: a member or a field "
	    "is there twice", look->value.at);
	return false;
}

/* One record or element; false when that was the last, or it is damaged. */
static bool
look_at_one(struct net_link *l)
{
	struct link_look *look = &l->look;
	struct rdb_item *item = &look->item;
	struct rdb_element e;

	if (look->is_inside) {
		look->is_inside = rdb_value_next(&look->value, &e);
		if (look->is_inside)
			return look_at_element(l, &e);
		if (look->r.why[0] != 0)
			return refuse(l);
		end_value(look);
		return true;
	}
	if (!rdb_next(&look->r, item) ||
	    (item->what == RDB_IS_KEY && !begin_value(look)))
		return refuse(l);
	if (item->what == RDB_IS_SELECT && item->n[0] >= STATE_DATABASES) {
		link_drop(l, "the snapshot is refused at byte %zu: there is no "
		    "such database", look->r.at);
		return false;
	}
	return item->what != RDB_IS_END;
}

static void
add_up(struct link_look *look)
{
	look->crc = crc64_add(look->crc, look->map.data + look->summed,
	    look->r.at - look->summed);
	look->summed = look->r.at;
}

static void
look_at_end(struct net_link *l)
{
	struct link_look *look = &l->look;
	uint64_t sum = rdb_crc(&look->r);
	size_t end = look->r.at + (look->r.version >= 5 ? RDB_CRC_BYTES : 0);

	add_up(look);
	if (sum != 0 && sum != look->crc)
		link_drop(l, "the snapshot is refused: its check sum is wrong");
	else if (end != look->r.bytes)
		link_drop(l, "the snapshot is refused at byte %zu: something "
		    "follows the end", end);
	else
		order(l);
}

void
fetch_look(struct net_link *l)
{
	int64_t until = clock_steady_us() + LOOK_US;
	int i;

	do {
		for (i = 0; i < LOOK_STEPS; i++)
			if (!look_at_one(l)) {
				if (l->conn != NULL)
					look_at_end(l);
				return;
			}
		if (l->look.r.at - l->look.summed >= LOOK_BYTES)
			add_up(&l->look);
	} while (clock_steady_us() < until);
}

/* ----------------------------------------------------------------------- */

void
fetch_end(struct net_link *l)
{
	file_unmap(&l->look.map);
	rooms_free(&l->look.rooms);
	doubles_end(&l->look.members);
	memset(&l->look, 0, sizeof(l->look));
	memset(&l->fetch, 0, sizeof(l->fetch));
}
