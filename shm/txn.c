#include "shm/txn.h"

#include "proto/number.h"
#include "shm/fault.h"

#include <stdlib.h>

#define SCRATCH_BYTES 16384
#define RECORD_BYTES 4096

static const struct slice multi = { "*1\r\n$5\r\nMULTI\r\n", 15 };
static const struct slice exec = { "*1\r\n$4\r\nEXEC\r\n", 14 };

void
txn_open(struct txn *t, struct journal *j, struct heap_own *heap,
    struct log *log, uint32_t holder)
{
	size_t i;

	must(log == NULL || log->magic == LOG_MAGIC,
	    "the log has its magic number");
	memset(t, 0, sizeof(*t));
	t->journal = j;
	t->heap = heap;
	t->log = log;
	t->holder = holder;
	t->may_expire = true;
	for (i = 0; i < COUNT(t->logical); i++)
		t->logical[i] = (uint8_t)i;
}

static void
free_scratch(struct txn *t, struct scratch *keep)
{
	struct scratch *s;

	while ((s = t->scratch) != keep && s != NULL) {
		t->scratch = s->next;
		free(s);
	}
}

void
txn_close(struct txn *t)
{
	free_scratch(t, NULL);
	free(t->record.data);
	memset(t, 0, sizeof(*t));
}

_Noreturn void
txn_abort(struct txn *t, const char *why)
{
	t->why = why;
	longjmp(t->bail, 1);
}

void
txn_fill_long(struct txn *t, char *to, const char *from, size_t bytes)
{
	size_t some;

	for (; bytes > 0; bytes -= some, to += some) {
		some = bytes < TXN_STEP ? bytes : TXN_STEP;
		if (from == NULL) {
			memset(to, 0, some);
		} else {
			memcpy(to, from, some);
			from += some;
		}
		txn_beat(t);
	}
}

void *
txn_alloc(struct txn *t, size_t bytes)
{
	void *block = heap_take(t->heap, bytes);

	if (unlikely(block == NULL))
		txn_abort(t, error_text[ERROR_HEAP_FULL]);
	txn_beat(t);
	return block;
}

void
txn_free(struct txn *t, const void *block)
{
	if (unlikely(!journal_block(t->journal, (uint64_t)(uintptr_t)block)))
		txn_abort(t, error_text[ERROR_JOURNAL_FULL]);
	txn_beat(t);
}

bool
txn_has_taken(const struct txn *t, const void *block)
{
	const struct journal *j = t->journal;
	uint64_t i = j->blocks;

	while (i > 0)
		if (j->block[--i] == ((uintptr_t)block | JOURNAL_TAKEN))
			return true;
	return false;
}

void *
txn_scratch(struct txn *t, size_t bytes)
{
	struct scratch *s = t->scratch;
	size_t need = (bytes + 15) & ~(size_t)15, head = 32;
	void *p;

	if (s == NULL || s->room - s->used < need) {
		size_t room = need > SCRATCH_BYTES ? need : SCRATCH_BYTES;

		s = malloc(head + room);
		if (s == NULL)
			txn_abort(t, error_text[ERROR_HEAP_FULL]);
		s->next = t->scratch;
		s->used = 0;
		s->room = room;
		t->scratch = s;
	}
	p = (char *)s + head + s->used;
	s->used += need;
	return p;
}

/* --- records ----------------------------------------------------------- */

static char *
record_room(struct txn *t, size_t more)
{
	size_t room = t->record.room;
	char *data;

	if (room - t->record.used < more) {
		while (room - t->record.used < more)
			room = room > 0 ? room * 2 : RECORD_BYTES;
		data = realloc(t->record.data, room);
		if (data == NULL)
			txn_abort(t, error_text[ERROR_HEAP_FULL]);
		t->record.data = data;
		t->record.room = room;
	}
	return t->record.data + t->record.used;
}

static void
record_text(struct txn *t, struct slice s)
{
	memcpy(record_room(t, s.bytes), s.data, s.bytes);
	t->record.used += s.bytes;
}

static void
record_number(struct txn *t, char kind, uint64_t n)
{
	char *p = record_room(t, NUMBER_TEXT + 3);
	size_t bytes;

	p[0] = kind;
	bytes = 1 + number_put_uint(p + 1, n);
	p[bytes++] = '\r';
	p[bytes++] = '\n';
	t->record.used += bytes;
}

static void
record_command(struct txn *t, int argc, const struct slice *argv)
{
	int i;

	record_number(t, '*', (uint64_t)argc);
	for (i = 0; i < argc; i++) {
		record_number(t, '$', argv[i].bytes);
		record_text(t, argv[i]);
		record_text(t, SLICE("\r\n"));
	}
}

/* A verbatim record stops being alone: it joins the others. */
static void
settle(struct txn *t)
{
	if (t->verbatim.bytes > 0)
		record_text(t, t->verbatim);
	t->verbatim.bytes = 0;
}

static void
record_begin(struct txn *t, int db)
{
	char digits[NUMBER_TEXT];

	settle(t);
	db = t->logical[db];
	if (t->record.count++ == 0)
		t->record.first_db = db;
	else if (db != t->record.db)
		record_command(t, 2, (const struct slice[]){ SLICE("SELECT"),
		    { digits, number_put_int(digits, db) } });
	t->record.db = db;
}

void
txn_log(struct txn *t, int db, int argc, const struct slice *argv)
{
	if (unlikely(t->is_mute))
		return;
	record_begin(t, db);
	record_command(t, argc, argv);
}

void
txn_log_text(struct txn *t, int db, struct slice text)
{
	if (unlikely(t->is_mute))
		return;
	record_begin(t, db);
	if (t->record.count == 1)
		t->verbatim = text;
	else
		record_text(t, text);
}

void
txn_log_message(struct txn *t, int db, int argc, const struct slice *argv)
{
	if (unlikely(t->is_mute))
		return;
	txn_log(t, db, argc, argv);
	t->record.messages++;
}

static void
append_stream(struct txn *t)
{
	if (unlikely(t->stream.bytes > log_record_max(t->log)))
		txn_abort(t, error_text[ERROR_LOG_FULL]);
	t->log_end = log_append_stream(t->log, t->journal, t->holder,
	    t->stream_db, t->stream);
}

static void
append(struct txn *t)
{
	struct slice parts[3], body = t->verbatim.bytes > 0 ? t->verbatim :
	    (struct slice){ t->record.data, t->record.used };
	int n = 0;

	must(!t->is_held, "nothing is logged while writes are held");
	if (t->record.count > 1)
		parts[n++] = multi;
	parts[n++] = body;
	if (t->record.count > 1)
		parts[n++] = exec;
	if (unlikely(body.bytes > log_record_max(t->log)))
		txn_abort(t, error_text[ERROR_LOG_FULL]);
	t->log_end = log_append(t->log, t->journal, t->holder,
	    t->record.first_db, t->record.db, parts, n);
}

/* --- the ends ---------------------------------------------------------- */

void
txn_rest(struct txn *t)
{
	if (unlikely(t->scratch != NULL)) {
		if (t->scratch->next != NULL ||
		    t->scratch->room > SCRATCH_BYTES)
			free_scratch(t, NULL);
		else
			t->scratch->used = 0;
	}
}

static void
forget(struct txn *t)
{
	t->record.count = t->record.messages = 0;
	t->record.used = 0;
	t->verbatim.bytes = 0;
	t->stream.bytes = 0;
	txn_rest(t);
}

void
txn_begin(struct txn *t)
{
	must(t->journal->undo == 0 && t->journal->blocks == 0,
	    "a transaction begins with an empty journal");
	t->why = NULL;
}

void
txn_decide(struct txn *t)
{
	struct journal *j = t->journal;

	if (t->record.count > 0 && t->log != NULL) {
		FAULT(CHANGED);
		append(t);
		if (t->changes != NULL)
			*t->changes += (uint64_t)(t->record.count -
			    t->record.messages);
	} else if (unlikely(t->stream.bytes > 0)) {
		FAULT(CHANGED);
		if (t->changes != NULL && j->undo != 0)
			*t->changes += 1;
		append_stream(t);
	}
	word_order();
	word_store(&j->undo, j->blocks > 0 ? JOURNAL_COMMITTED : 0);
	word_order();
	FAULT(COMMITTED);
}

void
txn_settle(struct txn *t)
{
	struct journal *j = t->journal;

	while (unlikely(j->blocks > 0)) {
		uint64_t entry = j->block[j->blocks - 1];

		FAULT(FREES);
		txn_beat(t);
		if (entry & JOURNAL_TAKEN)
			j->blocks--;
		else
			heap_give(t->heap, (void *)(uintptr_t)entry,
			    &j->blocks, j->blocks - 1);
	}
	word_order();
	word_store(&j->undo, 0);
	word_order();
	j->log_at = JOURNAL_NOWHERE;
	FAULT(FORGOTTEN);
	forget(t);
}

void
txn_commit(struct txn *t)
{
	txn_decide(t);
	txn_settle(t);
}

void
txn_undo(struct txn *t)
{
	struct journal *j = t->journal;

	journal_restore(j);
	word_order();
	if (j->blocks > 0)
		word_store(&j->undo, JOURNAL_UNDONE);
	word_order();
	while (j->blocks > 0) {
		uint64_t entry = j->block[j->blocks - 1];

		FAULT(UNDO_FREES);
		txn_beat(t);
		if (entry & JOURNAL_TAKEN)
			heap_give(t->heap, (void *)(uintptr_t)(entry &
			    ~JOURNAL_TAKEN), &j->blocks, j->blocks - 1);
		else
			j->blocks--;
	}
	word_order();
	word_store(&j->undo, 0);
	forget(t);
}

void
txn_judge(struct journal *j, const struct log *log)
{
	uint64_t verdict = JOURNAL_UNDONE;

	must(j->magic == JOURNAL_MAGIC, "a journal has its magic number");
	if (j->undo == JOURNAL_UNDONE)
		return;
	if (j->undo == JOURNAL_COMMITTED || log_has(log, j))
		verdict = JOURNAL_COMMITTED;
	else
		journal_restore(j);
	word_order();
	word_store(&j->undo, verdict);
	word_order();
}

void
txn_mend(struct journal *j, struct heap *heap, uint16_t dead_owner,
    const struct heap_mender *mender)
{
	bool has_happened = j->undo == JOURNAL_COMMITTED;

	must(has_happened || j->undo == JOURNAL_UNDONE,
	    "a journal is judged before its blocks are mended");
	heap_mend(heap, j);
	while (j->blocks > 0) {
		uint64_t entry = j->block[j->blocks - 1];
		bool is_taken = entry & JOURNAL_TAKEN;

		FAULT(MEND_FREES);
		if (is_taken != has_happened)
			heap_mend_block(heap, (void *)(uintptr_t)(entry &
			    ~JOURNAL_TAKEN), dead_owner, mender,
			    &j->blocks, j->blocks - 1);
		else
			j->blocks--;
	}
	j->log_at = JOURNAL_NOWHERE;
	word_order();
	word_store(&j->undo, 0);
}
