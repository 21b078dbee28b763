#include "daemon/ctl_held.h"

#include "daemon/clock.h"
#include "daemon/ctl_disk.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "proto/crc64.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#define HELD_FILE "almandine.held"
#define HELD_PATH (sizeof(HELD_FILE) + 1 + OPTION_ROOM)
#define HELD_BYTES 256
#define AGAIN_US 5000000

static uint64_t
count_keys(void)
{
	uint64_t keys = 0;
	int db;

	for (db = 0; db < STATE_DATABASES; db++)
		keys += (uint64_t)region_keys(db);
	return keys;
}

/* --- the note ----------------------------------------------------------- */

/* Nodes that share a directory have snapshot files with different names. */
static const char *
note_file(const struct ctl *c)
{
	static char file[HELD_PATH];
	const char *snapshot = c->next.options.dbfilename;
	bool is_usual = strcmp(snapshot, option_find(slice_of("dbfilename"))->
	    standard) == 0;

	/* CONFIG SET does not move it. */
	if (file[0] == 0)
		snprintf(file, sizeof(file), "%s%s%s", HELD_FILE,
		    is_usual ? "" : ".", is_usual ? "" : snapshot);
	return file;
}

struct note {
	char replid[41];
	unsigned long long epoch, keys;
	long long time;
};

/* 0, -ENOENT, or -EUCLEAN. */
static int
read_note(const struct ctl *c, struct note *n)
{
	char text[HELD_BYTES];
	unsigned long long sum;
	struct file_map map;
	int end = 0;

	memset(n, 0, sizeof(*n));
	if (file_map(&map, note_file(c)) == -ENOENT)
		return -ENOENT;
	if (map.bytes == 0 || map.bytes >= HELD_BYTES) {
		file_unmap(&map);
		return -EUCLEAN;
	}
	memcpy(text, map.data, map.bytes);
	text[map.bytes] = 0;
	file_unmap(&map);
	if (sscanf(text, "almandine-held 1\nreplid %40s\nepoch %llu\n"
	    "keys %llu\ntime %lld\n%n", n->replid, &n->epoch, &n->keys,
	    &n->time, &end) != 4 || end == 0 ||
	    sscanf(text + end, "sum %16llx", &sum) != 1 ||
	    sum != crc64_add(0, text, (size_t)end)) {
		memset(n, 0, sizeof(*n));
		return -EUCLEAN;
	}
	return 0;
}

/* What a process before us, or this one, has noted. */
static void
know(struct ctl *c)
{
	struct note n;

	if (c->knows_note)
		return;
	c->knows_note = true;
	(void)read_note(c, &n);
	memcpy(c->noted, n.replid, sizeof(c->noted));
	if (n.epoch > c->next.data_epoch)
		c->next.data_epoch = n.epoch;
}

/* What is being noted; replid empty: nothing. */
static struct {
	char replid[41];
	int64_t again_us;          /* a disk that can not is not asked before */
} under_way;

static size_t
put_note(const struct ctl *c, uint64_t keys, char text[HELD_BYTES])
{
	int bytes = snprintf(text, HELD_BYTES, "almandine-held 1\nreplid %s\n"
	    "epoch %llu\nkeys %llu\ntime %lld\n", c->next.replid,
	    (unsigned long long)c->next.data_epoch + 1,
	    (unsigned long long)keys, (long long)(clock_ms() / 1000));

	bytes += snprintf(text + bytes, HELD_BYTES - (size_t)bytes,
	    "sum %016llx\n", (unsigned long long)crc64_add(0, text,
	    (size_t)bytes));
	return (size_t)bytes;
}

static void
noted(struct ctl *c, const char *replid, int bad)
{
	if (bad != 0) {
		log_warning("%s can not be written: %s; replicas are not safe "
		    "from an empty start of this node", note_file(c),
		    strerror(-bad));
		under_way.again_us = clock_steady_us() + AGAIN_US;
		return;
	}
	memcpy(c->noted, replid, sizeof(c->noted));
	c->next.data_epoch++;
}

/* Whether what was under way is done. */
static bool
look_aside(struct ctl *c)
{
	int bad;

	if (under_way.replid[0] == 0 || !ctl_disk_aside_is_done(&bad))
		return false;
	noted(c, under_way.replid, bad);
	under_way.replid[0] = 0;
	return true;
}

void
ctl_held_note(struct ctl *c)
{
	char text[HELD_BYTES] = "";
	uint64_t keys = count_keys();
	size_t bytes;

	know(c);
	while (under_way.replid[0] != 0 && !look_aside(c))
		sched_yield();
	if (keys == 0 || strcmp(c->noted, c->next.replid) == 0)
		return;
	bytes = put_note(c, keys, text);
	noted(c, c->next.replid, file_replace(note_file(c),
	    (struct slice){ text, bytes }));
}

bool
ctl_held_is_noted(struct ctl *c)
{
	know(c);
	return c->noted[0] != 0 || under_way.replid[0] != 0;
}

/* Same, beside control's loop if it can be. */
static void
note_aside(struct ctl *c)
{
	char text[HELD_BYTES] = "";
	uint64_t keys = count_keys();
	size_t bytes = keys > 0 ? put_note(c, keys, text) : 0;

	if (keys > 0 && ctl_disk_aside(note_file(c),
	    (struct slice){ text, bytes }))
		memcpy(under_way.replid, c->next.replid,
		    sizeof(under_way.replid));
	else
		ctl_held_note(c);
}

void
ctl_held_go_on(struct ctl *c)
{
	if (likely(c->next.loss != LOSS_TAIL))
		return;
	log_notice("nobody has what is missing: it goes on without");
	c->next.loss = LOSS_NONE;
	(void)ctl_tell(c);
}

void
ctl_held_turn(struct ctl *c)
{
	uint64_t before = c->next.data_epoch;

	if (c->next.options.allow_empty_primary)
		ctl_held_go_on(c);
	if (unlikely(look_aside(c)) && c->next.data_epoch != before)
		(void)ctl_tell(c);
	if (likely(strcmp(c->noted, c->next.replid) == 0) || !c->is_ready ||
	    c->next.role != STATE_PRIMARY || c->next.loss != LOSS_NONE ||
	    under_way.replid[0] != 0 ||
	    clock_steady_us() < under_way.again_us ||
	    (c->noted[0] == 0 && region_replicas() == 0))
		return;
	before = c->next.data_epoch;
	note_aside(c);
	if (c->next.data_epoch != before)
		(void)ctl_tell(c);
}

/* --- the start ---------------------------------------------------------- */

/* Bytes of the stream that were there when nodes.conf was last written. */
static uint64_t
missing(const struct ctl *c)
{
	int64_t end = (int64_t)word_load_acquire(&REGION->common.log.end);
	const char *loaded = c->next.replid2;

	if (c->next.role != STATE_PRIMARY || loaded[0] == 0 ||
	    (strcmp(c->left.replid, loaded) != 0 &&
	    strcmp(c->left.replid2, loaded) != 0) || c->left.offset <= end)
		return 0;
	return (uint64_t)(c->left.offset - end);
}

/* Nothing is served before the view of a cluster knows that. */
static void
is_lost(struct ctl *c, enum state_loss loss)
{
	c->next.loss = loss;
	c->next.lost_end = word_load_acquire(&REGION->common.log.end);
	if (c->link.places != NULL)
		c->link.places(c);
}

void
ctl_held_look(struct ctl *c)
{
	uint64_t bytes = missing(c);

	know(c);
	if (c->next.loss == LOSS_NONE && bytes > 0) {
		is_lost(c, LOSS_TAIL);
		log_warning("the last %llu bytes of what this node had are "
		    "missing: a replica that has them takes over",
		    (unsigned long long)bytes);
	}
	if (c->next.loss != LOSS_NONE || c->noted[0] == 0 ||
	    strcmp(c->noted, c->next.replid) == 0 ||
	    strcmp(c->noted, c->next.replid2) == 0)
		return;
	/* An empty file is as good as none. */
	if (count_keys() == 0)
		ctl_held_miss(c);
	else
		log_warning("what was loaded is older than what this node "
		    "last had (data epoch %llu): its files do not know "
		    "history %s", (unsigned long long)c->next.data_epoch,
		    c->noted);
}

void
ctl_held_start(struct ctl *c)
{
	uint64_t before;

	know(c);
	before = c->next.data_epoch;
	ctl_held_note(c);
	if (c->next.data_epoch != before || before != 0)
		(void)ctl_tell(c);
}

void
ctl_held_miss(struct ctl *c)
{
	char said[HELD_BYTES] = "a note of it is damaged";
	struct note n;
	int bad = read_note(c, &n);

	if (bad == -ENOENT)
		return;
	if (bad == 0)
		snprintf(said, sizeof(said), "%llu keys at UNIX time %lld",
		    n.keys, n.time);
	is_lost(c, LOSS_ALL);
	log_warning("this node had data (%s) and finds none: replicas get no "
	    "snapshot of nothing; make one of them the primary, or set "
	    "allow-empty-primary to yes", said);
}

void
ctl_held_end(const struct ctl *c)
{
	if (c->next.role == STATE_PRIMARY && c->next.loss == LOSS_NONE &&
	    count_keys() == 0)
		file_remove(note_file(c));
}
