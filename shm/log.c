#include "shm/log.h"

#include "shm/fault.h"

#include <stdio.h>

void
log_init(struct log *log, char *ring, uint64_t bytes)
{
	must((bytes & (bytes - 1)) == 0, "the log's size is a power of two");
	log->ring = ring;
	log->bytes = bytes;
	log->db = -1;
	log->magic = LOG_MAGIC;
}

/*
 * Copies into the ring at an offset; what is longer than the ring keeps its
 * tail.
 */
static uint64_t
copy(struct log *log, uint64_t at, struct slice s)
{
	uint64_t end = at + s.bytes, place, head;

	if (s.bytes > log->bytes) {
		s.data += s.bytes - log->bytes;
		at = end - log->bytes;
		s.bytes = log->bytes;
	}
	place = at & (log->bytes - 1);
	head = log->bytes - place;
	if (likely(s.bytes <= head)) {
		memcpy(log->ring + place, s.data, s.bytes);
	} else {
		memcpy(log->ring + place, s.data, head);
		memcpy(log->ring, s.data + head, s.bytes - head);
	}
	return end;
}

static struct slice
select_record(char *text, size_t room, int db)
{
	int n = snprintf(text, room, "*2\r\n$6\r\nSELECT\r\n$%d\r\n%d\r\n",
	    db < 10 ? 1 : db < 100 ? 2 : 3, db);

	return (struct slice){ text, (size_t)n };
}

uint64_t
log_append(struct log *log, struct journal *j, uint32_t holder, int first_db,
    int db, const struct slice *parts, int count)
{
	char text[64];
	struct slice select = { text, 0 };
	uint64_t at, end;
	int i;

	word_lock(&log->lock, holder);
	at = log->end;
	j->log_at = at;
	/* A record longer than the ring, whose writer died, took everything. */
	if (unlikely(log->first > at))
		word_store_release(&log->first, at);
	FAULT(LOG_LOCKED);
	if (unlikely(log->db != first_db))
		select = select_record(text, sizeof(text), first_db);
	end = at + select.bytes;
	for (i = 0; i < count; i++)
		end += parts[i].bytes;
	if (end - log->first > log->bytes)
		word_store_release(&log->first, end - log->bytes);
	word_order();
	/*
	 * Before the end, so that a death between the two costs a superfluous
	 * SELECT and never a missing one.
	 */
	if (unlikely(log->db != db))
		log->db = -1;
	at = copy(log, at, select);
	for (i = 0; i < count; i++)
		at = copy(log, at, parts[i]);
	FAULT(LOG_COPIED);
	word_store_release(&log->end, at);
	word_order();
	FAULT(LOG_PUBLISHED);
	log->db = db;
	word_unlock(&log->lock);
	return at;
}

bool
log_has(const struct log *log, const struct journal *j)
{
	return j->log_at != JOURNAL_NOWHERE &&
	    word_load_acquire(&log->end) > j->log_at;
}
