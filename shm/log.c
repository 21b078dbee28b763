#include "shm/log.h"

#include "shm/fault.h"

#include <stdio.h>

#define TRIM_AT_ONCE 16

void
log_init(struct log *log, char *base, uint64_t bytes)
{
	must(bytes >= 4 * LOG_CHUNK && bytes / LOG_CHUNK <= LOG_TABLE,
	    "the log's pool has some chunks, and an entry for each");
	log->base = base;
	log->pool = (uint32_t)(bytes / LOG_CHUNK);
	log->db = -1;
	log->db_end = LOG_NOWHERE;
	log->pin = LOG_NOWHERE;
	log_set_limits(log, bytes / 4, bytes / 2);
	log->magic = LOG_MAGIC;
}

void
log_set_limits(struct log *log, uint64_t backlog, uint64_t reach)
{
	uint64_t most = (uint64_t)log->pool * LOG_CHUNK / 2;

	if (backlog > most)
		backlog = most;
	if (reach == 0 || reach > most)
		reach = most;
	word_store(&log->backlog, backlog);
	word_store(&log->reach, reach > backlog ? reach : backlog);
}

uint64_t
log_record_max(const struct log *log)
{
	return (uint64_t)log->pool * LOG_CHUNK / 2 - 2 * LOG_CHUNK;
}

/* --- chunks ------------------------------------------------------------ */

static inline uint32_t *
entry(const struct log *log, uint64_t chunk)
{
	return (uint32_t *)(uintptr_t)&log->table[chunk % LOG_TABLE];
}

static inline char *
place(const struct log *log, uint64_t at)
{
	return log->base + *entry(log, at >> LOG_CHUNK_BITS) * LOG_CHUNK +
	    (at & (LOG_CHUNK - 1));
}

static inline uint64_t
behind(uint64_t end, uint64_t bytes)
{
	return end > bytes ? end - bytes : 0;
}

/* Where the bytes that are still wanted begin, once the log ends at `end`. */
static uint64_t
wanted(const struct log *log, uint64_t end)
{
	uint64_t from = behind(end, log->backlog), floor, at;
	int i;

	for (i = 0; i < LOG_READERS; i++) {
		if (word_load_acquire(&log->reader[i].name) == 0)
			continue;
		at = word_load(&log->reader[i].at);
		if (at < from)
			from = at;
	}
	floor = behind(end, log->reach);
	if (from < floor)
		from = floor;
	at = word_load(&log->pin);
	if (at < from)
		from = at;
	/* The record that is being written is wanted in any case. */
	return from < log->end ? from : log->end;
}

/* The lowest chunk, taken out; its bytes are gone. */
static uint32_t
take_bottom(struct log *log)
{
	uint64_t next = (log->bottom + 1) * LOG_CHUNK;

	if (log->first < next)
		word_store_release(&log->first, next);
	/* Who copies from it now must see that before it sees new bytes. */
	word_fence();
	return *entry(log, log->bottom);
}

static void
put_top(struct log *log, uint32_t chunk)
{
	*entry(log, log->top) = chunk;
	word_order();
	word_store(&log->top, log->top + 1);
	word_order();
	FAULT(LOG_GROWN);
}

static void
give_up_bottom(struct log *log)
{
	uint32_t chunk = take_bottom(log);

	if (log->frees == LOG_TABLE)
		return;
	word_store(&log->bottom, log->bottom + 1);
	word_order();
	log->free[log->frees] = chunk;
	word_order();
	word_store(&log->frees, log->frees + 1);
}

/* One that was given up; a death in between loses it, and doubles none. */
static uint32_t
take_free(struct log *log)
{
	word_store(&log->frees, log->frees - 1);
	word_order();
	if (log->fewest > log->frees)
		log->fewest = log->frees;
	return log->free[log->frees];
}

/* One more chunk at the top, for a log that is to end at `end`. */
static void
grow(struct log *log, uint64_t end)
{
	uint64_t from = wanted(log, end);
	bool is_spent = log->bottom < log->top &&
	    (log->bottom + 1) * LOG_CHUNK <= from;

	if (!is_spent && log->frees > 0) {
		put_top(log, take_free(log));
		return;
	}
	if (!is_spent && log->cleans > 0) {
		word_store(&log->cleans, log->cleans - 1);
		word_order();
		put_top(log, log->clean[log->cleans]);
		return;
	}
	if (!is_spent && log->made < log->pool) {
		word_store(&log->made, log->made + 1);
		word_order();
		put_top(log, log->made - 1);
		return;
	}
	/* A pool that is empty takes it from those who wait for it. */
	must(log->bottom < log->top &&
	    (log->bottom + 1) * LOG_CHUNK <= log->end,
	    "a record fits into the log's pool");
	put_top(log, take_bottom(log));
	word_store(&log->bottom, log->bottom + 1);
	/* More than are needed: one more goes each time. */
	if (log->bottom < log->top && (log->bottom + 1) * LOG_CHUNK <= from)
		give_up_bottom(log);
}

/* What a writer that died here left. */
static void
settle(struct log *log)
{
	if (unlikely(log->top > log->bottom + 1 &&
	    *entry(log, log->top - 1) == *entry(log, log->bottom)))
		word_store(&log->bottom, log->bottom + 1);
}

static uint64_t
copy(struct log *log, uint64_t at, struct slice s)
{
	uint64_t end = at + s.bytes, some;

	while (unlikely((some = LOG_CHUNK - (at & (LOG_CHUNK - 1))) <
	    s.bytes)) {
		memcpy(place(log, at), s.data, some);
		s.data += some;
		s.bytes -= some;
		at += some;
	}
	memcpy(place(log, at), s.data, s.bytes);
	return end;
}

/* --- appending --------------------------------------------------------- */

static struct slice
select_record(char *text, size_t room, int db)
{
	int n = snprintf(text, room, "*2\r\n$6\r\nSELECT\r\n$%d\r\n%d\r\n",
	    db < 10 ? 1 : db < 100 ? 2 : 3, db);

	return (struct slice){ text, (size_t)n };
}

static uint64_t
publish(struct log *log, struct journal *j, int db, struct slice head,
    const struct slice *parts, int count)
{
	uint64_t at = log->end, end = at + head.bytes;
	int i;

	for (i = 0; i < count; i++)
		end += parts[i].bytes;
	j->log_at = at;
	FAULT(LOG_LOCKED);
	if (unlikely(end > log->top * LOG_CHUNK)) {
		settle(log);
		while (end > log->top * LOG_CHUNK)
			grow(log, end);
	}
	/* Another database is it from the store of `end` on. */
	if (unlikely(log->db != db)) {
		log->db = log_db(log);
		word_order();
		log->db_end = LOG_NOWHERE;
		word_order();
		log->db_next = db;
		word_order();
		log->db_end = end;
	}
	word_order();
	if (unlikely(head.bytes > 0))
		at = copy(log, at, head);
	for (i = 0; i < count; i++)
		at = copy(log, at, parts[i]);
	FAULT(LOG_COPIED);
	word_store_release(&log->end, end);
	word_order();
	FAULT(LOG_PUBLISHED);
	log->db = db;
	return end;
}

int
log_db(const struct log *log)
{
	return log->db_end == word_load_acquire(&log->end) ? log->db_next :
	    log->db;
}

uint64_t
log_append(struct log *log, struct journal *j, uint32_t holder, int first_db,
    int db, const struct slice *parts, int count)
{
	char text[64];
	struct slice select = { text, 0 };
	uint64_t end;

	word_lock(&log->lock, holder);
	if (unlikely(log_db(log) != first_db))
		select = select_record(text, sizeof(text), first_db);
	end = publish(log, j, db, select, parts, count);
	word_unlock(&log->lock);
	return end;
}

uint64_t
log_append_stream(struct log *log, struct journal *j, uint32_t holder, int db,
    struct slice text)
{
	uint64_t end;

	word_lock(&log->lock, holder);
	end = publish(log, j, db, (struct slice){ NULL, 0 }, &text, 1);
	word_unlock(&log->lock);
	return end;
}

uint64_t
log_append_aside(struct log *log, struct journal *j, uint32_t holder,
    struct slice text)
{
	uint64_t end;

	word_lock(&log->lock, holder);
	end = publish(log, j, log_db(log), (struct slice){ NULL, 0 }, &text, 1);
	word_unlock(&log->lock);
	return end;
}

bool
log_has(const struct log *log, const struct journal *j)
{
	return j->log_at != JOURNAL_NOWHERE &&
	    word_load_acquire(&log->end) > j->log_at;
}

void
log_restart(struct log *log, uint32_t holder, uint64_t offset, int db)
{
	word_lock(&log->lock, holder);
	/* Nothing may seem to be here while the chunks change. */
	word_store_release(&log->first, UINT64_MAX);
	word_fence();
	log->db_end = LOG_NOWHERE;
	log->db = db;
	log->bottom = log->top = offset >> LOG_CHUNK_BITS;
	log->made = log->frees = log->cleans = 0;
	log->fewest = log->spare = 0;
	if (log->pin != LOG_NOWHERE)
		word_store(&log->pin, offset);
	word_store_release(&log->end, offset);
	word_store_release(&log->first, offset);
	word_unlock(&log->lock);
}

void
log_leave_db(struct log *log, uint32_t holder)
{
	word_lock(&log->lock, holder);
	log->db_end = LOG_NOWHERE;
	word_order();
	log->db = -1;
	word_unlock(&log->lock);
}

/* --- reading ----------------------------------------------------------- */

int64_t
log_read(const struct log *log, uint64_t at, char *to, size_t room)
{
	uint64_t end = word_load_acquire(&log->end), from = at, some;

	if (at > end || word_load_acquire(&log->first) > at)
		return -1;
	if (room > end - at)
		room = (size_t)(end - at);
	end = at + room;
	while (at < end) {
		some = LOG_CHUNK - (at & (LOG_CHUNK - 1));
		if (some > end - at)
			some = end - at;
		memcpy(to, place(log, at), some);
		to += some;
		at += some;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return word_load(&log->first) > from ? -1 : (int64_t)room;
}

int
log_reader_open(struct log *log, uint32_t name, uint64_t at)
{
	int i;

	for (i = 0; i < LOG_READERS; i++) {
		struct log_reader *r = &log->reader[i];

		if (word_load(&r->name) != 0 || !word_take(&r->name, 0, name))
			continue;
		word_store(&r->at, at);
		/* A writer sees the row now, or has moved `first` before. */
		word_fence();
		if (word_load(&log->first) <= at)
			return i;
		log_reader_close(log, i);
		return -1;
	}
	return -1;
}

void
log_reader_move(struct log *log, int reader, uint64_t at)
{
	word_store(&log->reader[reader].at, at);
}

void
log_reader_close(struct log *log, int reader)
{
	word_store(&log->reader[reader].at, LOG_NOWHERE);
	word_store_release(&log->reader[reader].name, 0);
}

void
log_reader_mend(struct log *log, uint32_t name)
{
	int i;

	for (i = 0; i < LOG_READERS; i++)
		if (word_load(&log->reader[i].name) == name)
			log_reader_close(log, i);
}

void
log_pin(struct log *log, uint64_t at)
{
	word_store(&log->pin, at);
}

/* --- memory ------------------------------------------------------------ */

/*
 * Who takes turns with a slow reader gives up chunks and wants them again soon:
 * a page that is given back costs more than a write into it.
 */
static uint32_t
take_spare(struct log *log, int64_t now_us, uint32_t chunk[TRIM_AT_ONCE])
{
	uint32_t count = 0;

	if (now_us - log->since_us >= LOG_SPARE_US) {
		log->since_us = now_us;
		log->spare = log->fewest;
		log->fewest = log->frees;
	}
	while (count < TRIM_AT_ONCE && log->spare > 0 && log->frees > 0) {
		log->spare--;
		chunk[count++] = take_free(log);
	}
	return count;
}

void
log_trim(struct log *log, uint32_t holder, int64_t now_us,
    void (*punch)(void *at, size_t bytes))
{
	uint32_t chunk[TRIM_AT_ONCE], i, count;

	if (word_load(&log->frees) == 0)
		return;
	word_lock(&log->lock, holder);
	count = take_spare(log, now_us, chunk);
	word_unlock(&log->lock);
	if (count == 0)
		return;
	for (i = 0; i < count; i++)
		punch(log->base + chunk[i] * LOG_CHUNK, LOG_CHUNK);
	word_lock(&log->lock, holder);
	for (i = 0; i < count && log->cleans < LOG_TABLE; i++) {
		log->clean[log->cleans] = chunk[i];
		word_order();
		log->cleans++;
	}
	word_unlock(&log->lock);
}

uint64_t
log_bytes(const struct log *log)
{
	uint64_t bottom = word_load(&log->bottom), top = word_load(&log->top);

	return ((top > bottom ? top - bottom : 0) + word_load(&log->frees)) *
	    LOG_CHUNK;
}
