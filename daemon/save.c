#include "daemon/save.h"

#include "daemon/clock.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "shm/dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)
#define SYNC_BYTES (4ull << 20)    /* forced to the disk in such steps */
#define PUNCH_BYTES (4ull << 20)   /* the ring's memory goes back in such */
#define WAIT_US 20                 /* between two looks at a locked slot */
#define SAY_US (5 * 1000000ll)
#define REDIS_VERSION "7.2.0"      /* what others take the file for */

struct saver {
	const struct birth *birth;
	struct state state;
	struct save *save;
	struct txn txn;            /* for locks: nothing is changed */
	struct rdb_writer *writer;
	struct snap_out out;
	int db;                    /* the file is in, -1: none */
	uint16_t announced;        /* databases whose sizes are told */
	uint8_t logical[STATE_DATABASES];
	uint64_t punched;
	int64_t said_us;
};

/* --- what is to be written --------------------------------------------- */

static bool
fail(struct save *save, const char *why)
{
	if (save->why[0] == 0)
		snprintf(save->why, sizeof(save->why), "%s", why);
	return false;
}

/* Alive, and still wanted. */
static bool
goes_on(struct saver *s)
{
	proc_beat(&REGION->area[s->birth->index].proc);
	if (state_version(&REGION->state) != s->state.version)
		state_read(&REGION->state, &s->state);
	if (s->state.is_stopping)
		return fail(s->save, "the node ends");
	if (word_load_acquire(&REGION->common.snap.broken) ==
	    s->state.snap.serial && s->state.snap.step == STATE_TAKE)
		return fail(s->save, "it was given up: a database was "
		    "emptied, or more changed than could be handed over");
	if (s->state.snap.birth != s->birth->birth ||
	    s->state.snap.step == STATE_REST)
		return fail(s->save, "nobody wants it any more");
	return true;
}

static void
select_db(struct saver *s, uint32_t internal)
{
	int db = s->logical[internal];
	const struct state_snap *snap = &s->state.snap;

	if (s->db == db)
		return;
	rdb_write_select(s->writer, db);
	if ((s->announced >> db & 1) == 0)
		rdb_write_resize(s->writer, snap->keys[db], snap->expires[db]);
	s->announced |= (uint16_t)(1u << db);
	s->db = db;
}

static void
write_entry(struct saver *s, const struct snap_entry *e)
{
	select_db(s, e->db);
	if (e->form == SNAP_RECORD)
		dump_write_key(s->writer,
		    (const struct value *)(const void *)e->text);
	else
		rdb_write_bytes(s->writer, e->text, e->text_bytes);
	word_store(&s->save->keys, s->save->keys + 1);
	word_store(&s->save->bytes, rdb_written(s->writer));
}

/* Gives back the ring's memory behind us. */
static void
punch(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;

	for (; s->save->got - s->punched >= PUNCH_BYTES;
	     s->punched += PUNCH_BYTES)
		region_punch(snap->ring + s->punched % snap->bytes,
		    PUNCH_BYTES);
}

/* Writes what has been handed over. */
static bool
drain(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;
	const struct snap_entry *e;

	while ((e = snap_next(snap, &s->save->got)) != NULL) {
		write_entry(s, e);
		word_store(&s->save->handed, s->save->handed + 1);
		snap_done(e, &s->save->got);
		if (s->save->got - s->punched < PUNCH_BYTES)
			continue;
		punch(s);
		if (!goes_on(s))
			return false;
	}
	return true;
}

/* --- the walk ---------------------------------------------------------- */

/*
 * Takes a slot's lock; meanwhile its holder may wait until there is room for
 * what it hands over.
 */
static bool
enter(struct saver *s, uint16_t number)
{
	struct journal *j = s->txn.journal;
	uint32_t *lock = &REGION->common.slot[number].lock;

	j->held[0] = number;
	word_order();
	word_store(&j->helds, 1);
	word_order();
	while (!word_take(lock, 0, s->txn.holder)) {
		if (!goes_on(s))
			return false;
		if (s->state.snap.step == STATE_TAKE)
			drain(s);
		clock_nap(WAIT_US);
	}
	FAULT(SEGMENT_LOCKED);
	return true;
}

static void
leave(struct saver *s)
{
	slot_leave(&s->txn, REGION->common.slot);
}

static void
write_out(struct saver *s)
{
	size_t at = 0;

	while (at < s->out.used) {
		const struct snap_entry *e = (const struct snap_entry *)
		    (const void *)(s->out.data + at);

		write_entry(s, e);
		at += e->bytes;
	}
	s->out.used = 0;
}

static void
say(struct saver *s, uint64_t slot)
{
	int64_t now = clock_steady_us();

	if (now - s->said_us < SAY_US)
		return;
	s->said_us = now;
	log_notice("snapshot: %d %% of the slots, %llu keys, %llu MB",
	    (int)(slot * 100 / SLOT_COUNT),
	    (unsigned long long)s->save->keys,
	    (unsigned long long)s->save->bytes >> 20);
}

static bool
pass_slot(struct saver *s, uint16_t number)
{
	struct slot *slot = &REGION->common.slot[number];
	uint64_t cursor = 0;
	bool is_ok;

	do {
		if (!goes_on(s) || !enter(s, number))
			return false;
		is_ok = snap_pass(slot, s->state.snap.serial, &cursor,
		    &s->out);
		leave(s);
		if (!is_ok)
			return fail(s->save, "no memory");
		write_out(s);
		if (!drain(s))
			return false;
	} while (cursor != 0);
	word_store(&s->save->slots, (uint64_t)number + 1);
	return !s->writer->is_broken;
}

static void
aux(struct rdb_writer *w, const char *name, const char *text)
{
	rdb_write_aux(w, slice_of(name), slice_of(text));
}

static void
begin(struct saver *s)
{
	struct rdb_writer *w = s->writer;
	const struct state_snap *snap = &s->state.snap;
	uint64_t used = REGION->common.heap.run_bytes;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		used += word_load(&REGION->area[i].heap_bytes);
	for (i = 0; i < STATE_DATABASES; i++)
		s->logical[snap->db[i]] = (uint8_t)i;
	rdb_write_header(w);
	aux(w, "redis-ver", REDIS_VERSION);
	rdb_write_aux_int(w, SLICE("redis-bits"), 64);
	rdb_write_aux_int(w, SLICE("ctime"), snap->begun_ms / 1000);
	rdb_write_aux_int(w, SLICE("used-mem"), (int64_t)used);
	rdb_write_aux_int(w, SLICE("repl-stream-db"),
	    snap->stream_db > 0 ? snap->stream_db : 0);
	aux(w, "repl-id", snap->replid);
	rdb_write_aux_int(w, SLICE("repl-offset"), (int64_t)snap->offset);
	rdb_write_aux_int(w, SLICE("aof-base"), snap->job == STATE_JOB_AOF);
}

bool
save_walk(const struct birth *b, const struct state *state,
    struct rdb_writer *w, struct save *save)
{
	static struct saver saver;
	struct saver *s = &saver;
	uint32_t i;

	s->birth = b;
	s->state = *state;
	s->save = save;
	s->writer = w;
	s->db = -1;
	s->said_us = clock_steady_us();
	s->punched = save->got / PUNCH_BYTES * PUNCH_BYTES;
	txn_open(&s->txn, &REGION->area[b->index].journal, NULL, NULL,
	    b->name);
	begin(s);
	for (i = 0; i < SLOT_COUNT; i++) {
		if (!pass_slot(s, (uint16_t)i))
			return w->is_broken ? fail(save, "it can not be "
			    "written") : false;
		say(s, i);
	}
	if (!drain(s))
		return false;
	rdb_write_end(w);
	rdb_write_flush(w);
	word_store(&save->bytes, rdb_written(w));
	free(s->out.data);
	return w->is_broken ? fail(save, "it can not be written") : true;
}

static bool
sweep(const struct birth *b, const struct state *state, struct save *save)
{
	static struct saver s;
	uint64_t cursor;
	uint32_t i;

	s.birth = b;
	s.state = *state;
	s.save = save;
	txn_open(&s.txn, &REGION->area[b->index].journal, NULL, NULL, b->name);
	for (i = 0; i < SLOT_COUNT; i++) {
		cursor = 0;
		do {
			if (!goes_on(&s) || !enter(&s, (uint16_t)i))
				return false;
			snap_sweep(&REGION->common.slot[i], &cursor);
			leave(&s);
		} while (cursor != 0);
	}
	return true;
}

/* --- into a file ------------------------------------------------------- */

struct sink {
	int fd, bad;
	uint64_t unsynced;
	struct save *save;
};

void
save_name_temporary(uint32_t pid, char name[SAVE_NAME])
{
	snprintf(name, SAVE_NAME, "temp-%u.rdb", pid);
}

static bool
broken(struct sink *k, int bad, const char *what)
{
	if (k->bad == 0)
		snprintf(k->save->why, sizeof(k->save->why), "%s: %s", what,
		    strerror(-bad));
	k->bad = bad;
	return false;
}

static bool
flush(struct rdb_writer *w)
{
	struct sink *k = w->owner;
	int bad;

	if (FAULT_FAILS(SAVE_WRITE))
		return broken(k, -ENOSPC, "writing the snapshot");
	bad = file_write(k->fd, w->data, w->used);
	if (bad != 0)
		return broken(k, bad, "writing the snapshot");
	k->unsynced += w->used;
	w->used = 0;
	if (k->unsynced < SYNC_BYTES)
		return true;
	k->unsynced = 0;
	bad = file_sync(k->fd);
	return bad == 0 || broken(k, bad, "forcing the snapshot to the disk");
}

static bool
finish(struct sink *k, const char *temporary, const char *file)
{
	int bad = file_sync(k->fd);

	if (bad != 0)
		return broken(k, bad, "forcing the snapshot to the disk");
	FAULT(SAVE_WRITTEN);
	bad = file_rename(temporary, file);
	if (bad != 0)
		return broken(k, bad, "renaming the snapshot");
	FAULT(SAVE_RENAMED);
	return true;
}

static bool
save_file(const struct birth *b, const struct state *s, struct save *save)
{
	struct sink sink = { .save = save };
	struct rdb_writer w;
	char name[SAVE_NAME], *buffer = malloc(BUFFER_BYTES);
	bool is_done;

	save_name_temporary((uint32_t)getpid(), name);
	sink.fd = file_create(name);
	if (buffer == NULL || sink.fd < 0) {
		free(buffer);
		return broken(&sink, buffer == NULL ? -ENOMEM : sink.fd,
		    "making a temporary file");
	}
	rdb_write_open(&w, SNAP_VERSION, buffer, BUFFER_BYTES, flush, &sink);
	w.compress_from = s->options.rdbcompression ? RDB_COMPRESS_FROM : 0;
	w.has_no_crc = !s->options.rdbchecksum;
	is_done = save_walk(b, s, &w, save) &&
	    finish(&sink, name, s->snap.file);
	close(sink.fd);
	free(buffer);
	if (!is_done)
		file_remove(name);
	return is_done;
}

int
save_main(const struct birth *b)
{
	static struct state state;
	struct save *save = &REGION->area[b->index].save;
	bool is_done;

	state_read(&REGION->state, &state);
	memset((char *)save + sizeof(save->got), 0,
	    sizeof(*save) - sizeof(save->got));
	save->birth = b->birth;
	if (state.snap.birth != b->birth || (state.snap.step != STATE_TAKE &&
	    state.snap.step != STATE_SWEEP))
		return 0;
	birth_ready(b);
	if (state.snap.step == STATE_SWEEP) {
		is_done = sweep(b, &state, save);
	} else {
		word_store_release(&save->got, state.snap.ring_at);
		is_done = save_file(b, &state, save);
	}
	if (is_done)
		word_store_release(&save->is_done, 1);
	else
		log_warning("the snapshot failed: %s", save->why);
	return 0;
}
