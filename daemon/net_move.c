#include "daemon/net_move.h"

#include "daemon/net_carry.h"
#include "daemon/net_commit.h"
#include "daemon/net_park.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK_BYTES (1u << 20)
#define LATER_MS 1
#define LOOK_MS 2      /* between two looks at a name's answer */

/* --- ends -------------------------------------------------------------- */

static struct conn *
find_asker(const struct move *m)
{
	struct conn *c = m->worker->parked[CONN_MOVING].first;

	while (c != NULL && c->park.ticket != m->ticket)
		c = c->park.next;
	return c;
}

static void
answer(const struct move *m, struct conn *c)
{
	size_t mark = c->out.used;

	if (m->why[0] != 0)
		reply_error(&c->out, m->why);
	else if (m->has_sent)
		reply_ok(&c->out);
	else
		reply_simple(&c->out, "NOKEY");
	conn_silence(c, mark);
	conn_mark(c);
	if (m->log_end > c->written)
		c->written = m->log_end;
	if (c->worker->commit.levels != 0)
		commit_served(c, &command_table[CMD_MIGRATE], mark);
	park_end(c);
	park_wake(c);
}

static void
end(struct move *m)
{
	struct worker *w = m->worker;
	struct move **at = &w->moves;
	struct conn *c = find_asker(m);
	int i;

	for (i = 0; i < m->count; i++)
		if (m->key[i].state != KEY_DONE)
			carry_finish(m, &m->key[i]);
	carry_drop_claims(m);
	if (m->target != NULL)
		target_keep(w, m->target);
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (c != NULL)
		answer(m, c);
	free(m);
}

/*
 * Whether a key may go with those of the chunk: one for which writes are
 * stopped goes alone.
 */
static bool
may_join(const struct move *m, const struct move_key *k)
{
	return m->chunks < CARRY_KEYS && carry_out(m)->used < CHUNK_BYTES &&
	    (m->chunks == 0 || (k->rounds < CARRY_FREE_ROUNDS &&
	    m->key[m->chunk[0]].rounds < CARRY_FREE_ROUNDS));
}

static void
wait_for_answers(struct move *m, enum phase phase)
{
	m->phase = phase;
	m->again_ms = 0;
	m->heard = 0;
	m->seen.data = NULL;
	m->deadline_ms = m->worker->now_ms + m->silence_ms;
	conn_mark(m->target->conn);
}

static void
later(struct move *m)
{
	m->again_ms = m->worker->now_ms + LATER_MS;
}

static void
send_chunk(struct move *m)
{
	int i;

	m->chunks = m->owes = 0;
	m->again_ms = 0;
	for (i = m->first; i < m->count && !m->is_over; i++) {
		struct move_key *k = &m->key[i];

		if (k->state == KEY_DONE)
			continue;
		if (!may_join(m, k))
			break;
		if (!carry_visit(m, k, carry_send)) {
			if (m->chunks == 0 && !m->is_over)
				later(m);
			break;
		}
		if (m->sent <= i)
			m->sent = i + 1;
	}
	while (m->first < m->count && m->key[m->first].state == KEY_DONE)
		m->first++;
	if (m->is_over)
		return;
	if (m->chunks > 0)
		wait_for_answers(m, AT_WAIT);
	else if (m->first == m->count)
		m->phase = AT_END;
}

/* --- settling ---------------------------------------------------------- */

/* Whether this node may change something by itself now. */
static bool
may_write(struct move *m)
{
	const struct worker *w = m->worker;
	const struct state *s = &w->state;

	if (s->role != STATE_PRIMARY) {
		carry_fail(m, "%s", error_text[ERROR_READONLY]);
		return false;
	}
	return s->load.phase == LOAD_NONE && !w->aof.is_late &&
	    w->aof.error == 0 && !park_is_crowded(w) && w->stops == 0;
}

static bool
settle_one(struct move *m, struct move_key *k)
{
	if (m->is_copy) {
		carry_finish(m, k);
		return true;
	}
	if (m->worker->state.ship.stops &&
	    ship_has(&m->worker->state.ship, k->slot))
		return false;
	if (!m->is_tidy)
		FAULT(MOVE_TAKEN);
	if (!carry_visit(m, k, carry_settle))
		return false;
	m->log_end = m->worker->txn.log_end;
	/* The same key again, which others have written since. */
	if (k->state == KEY_HERE && m->is_over)
		carry_finish(m, k);
	return true;
}

/* Whether the target has a copy of one that is not done. */
static bool
is_any_there(const struct move *m)
{
	int i;

	for (i = m->first; i < m->sent; i++)
		if (m->key[i].state != KEY_DONE && m->key[i].is_there)
			return true;
	return false;
}

static void
settle_chunk(struct move *m)
{
	int i;

	m->again_ms = 0;
	for (i = 0; i < m->chunks; i++) {
		struct move_key *k = &m->key[m->chunk[i]];

		if ((k->state == KEY_TAKEN || k->state == KEY_GONE ||
		    k->state == KEY_REFUSED) &&
		    ((!m->is_copy && !may_write(m)) || !settle_one(m, k))) {
			if (m->worker->state.role != STATE_PRIMARY) {
				carry_finish(m, k);
				continue;
			}
			carry_prolong(m);
			later(m);
			return;
		}
	}
	m->chunks = 0;
	carry_let_write(m);
	if (!is_any_there(m))
		carry_drop_claims(m);
	FAULT(MOVE_SETTLED);
	m->phase = m->is_over ? AT_END : AT_SEND;
}

/* --- the target -------------------------------------------------------- */

static void
greet(struct move *m)
{
	struct reply *r = carry_out(m);

	m->owes = 0;
	m->again_ms = 0;
	if (m->password != NULL) {
		reply_array(r, m->user != NULL ? 3 : 2);
		reply_text(r, "AUTH");
		if (m->user != NULL)
			reply_bulk(r, (struct slice){ m->user,
			    m->user_bytes });
		reply_bulk(r, (struct slice){ m->password,
		    m->password_bytes });
		carry_owe(m, HELPS);
	}
	if (m->target->db != m->to_db) {
		reply_array(r, 2);
		reply_text(r, "SELECT");
		reply_bulk_int(r, m->to_db);
		carry_owe(m, HELPS);
	}
	if (m->owes > 0)
		wait_for_answers(m, AT_GREET);
	else
		m->phase = AT_SEND;
}

static bool
is_about_rights(struct slice line)
{
	static const char no_auth[] = "-NOAUTH ", no_perm[] = "-NOPERM ";

	return line.bytes >= 8 && (memcmp(line.data, no_auth, 8) == 0 ||
	    memcmp(line.data, no_perm, 8) == 0);
}

static void
hear_refusal(struct move *m, int what, struct slice line)
{
	if (m->why[0] == 0)
		snprintf(m->why, sizeof(m->why),
		    "ERR Target instance replied with error: %.*s",
		    (int)line.bytes - 1, line.data + 1);
	/* That says whom it listens to, and not what it has. */
	if (m->is_tidy && is_about_rights(line)) {
		carry_fail(m, "%s", m->why);
		return;
	}
	/* Which database that one has now, nobody knows. */
	m->target->db = -1;
	if (what != HELPS && m->key[what].is_entered)
		m->key[what].state = KEY_REFUSED;
	else if (what != HELPS)
		carry_finish(m, &m->key[what]);
}

static void
heard(void *arg, struct slice line)
{
	struct move *m = arg;
	int what;

	carry_prolong(m);
	if (m->heard == m->owes ||
	    (m->phase != AT_GREET && m->phase != AT_WAIT)) {
		carry_fail(m, "IOERR error or timeout reading to target "
		    "instance");
		return;
	}
	what = m->owed[m->heard++];
	m->has_heard |= what != HELPS;
	if (line.bytes > 0 && line.data[0] == '-')
		hear_refusal(m, what, line);
	else if (what != HELPS)
		m->key[what].state = line.bytes > 0 && line.data[0] == ':' ?
		    KEY_GONE : KEY_TAKEN;
	if (m->heard < m->owes)
		return;
	if (m->phase == AT_WAIT) {
		m->phase = AT_SETTLE;
	} else if (m->why[0] != 0) {
		carry_fail(m, "%s", m->why);
	} else {
		m->target->db = m->to_db;
		m->phase = AT_SEND;
	}
}

static void
connected(void *arg)
{
	struct move *m = arg;

	m->phase = AT_GREET;
}

static const char *
way(const struct move *m)
{
	const struct conn *c = m->target->conn;

	return c->is_sending || c->out.used > 0 ? "writing" : "reading";
}

static void connect_anew(struct move *m, bool anew);

/*
 * The connection is no more.  If it had been kept, the target may have closed
 * it long ago: once more, with another one.
 */
static void
ended(void *arg, enum target_end how)
{
	struct move *m = arg;
	const char *to = how < TARGET_CLOSED ? "writing" : way(m);
	int i;

	m->target = NULL;
	if (how == TARGET_UNKNOWN) {
		carry_fail(m, "IOERR error or timeout connecting to the "
		    "client");
		return;
	}
	if (m->has_heard || m->was_retried || how != TARGET_CLOSED) {
		carry_fail(m, "IOERR error or timeout %s to target "
		    "instance", to);
		return;
	}
	m->was_retried = true;
	for (i = 0; i < m->count; i++)
		if (m->key[i].state == KEY_SENT) {
			m->key[i].state = KEY_HERE;
			/* It may have been taken, and the answer lost. */
			m->key[i].is_there |= m->may_replace;
		}
	m->chunks = m->owes = 0;
	connect_anew(m, true);
}

static const struct target_user user = {
	.connected = connected, .heard = heard, .ended = ended
};

static void
connect_anew(struct move *m, bool anew)
{
	struct worker *w = m->worker;

	m->target = target_take(w, m->host, m->port, anew, &user, m);
	if (m->target == NULL) {
		carry_fail(m, "IOERR error or timeout connecting to the "
		    "client");
		return;
	}
	m->has_heard = false;
	m->seen.data = NULL;
	m->deadline_ms = w->now_ms + m->silence_ms;
	m->phase = m->target->is_connected ? AT_GREET : AT_CONNECT;
	m->owes = m->heard = 0;
}

/* --- looking ----------------------------------------------------------- */

/* Nobody is asked for keys that are not here. */
static void
look(struct move *m)
{
	m->again_ms = 0;
	while (m->looked < m->count && !m->is_over)
		if (!carry_visit(m, &m->key[m->looked], carry_look)) {
			if (!m->is_over)
				later(m);
			return;
		}
	while (m->first < m->count && m->key[m->first].state == KEY_DONE)
		m->first++;
	if (m->is_over)
		return;
	if (m->first == m->count)
		m->phase = AT_END;
	else
		connect_anew(m, false);
}

/* --- turns ------------------------------------------------------------- */

/* More of what is sent has gone since this was last asked. */
static bool
has_moved_on(struct move *m)
{
	const struct conn *c = m->target->conn;

	if (!c->is_sending || (c->sending.data == m->seen.data &&
	    c->sending.done == m->seen.done))
		return false;
	m->seen.data = c->sending.data;
	m->seen.done = c->sending.done;
	return true;
}

static void
be_late(struct move *m)
{
	if (m->phase == AT_CONNECT) {
		carry_fail(m, "IOERR error or timeout connecting to the "
		    "client");
		return;
	}
	if (has_moved_on(m))
		carry_prolong(m);
	else
		carry_fail(m, "IOERR error or timeout %s to target instance",
		    way(m));
}

/* Whether there was something to do. */
static bool
step(struct move *m)
{
	const struct worker *w = m->worker;

	if (m->again_ms > w->now_ms)
		return false;
	switch (m->phase) {
	case AT_LOOK:
		look(m);
		return m->again_ms == 0;
	case AT_GREET:
		if (m->owes == 0) {
			greet(m);
			return true;
		}
		/* fall through */
	case AT_CONNECT:
	case AT_WAIT:
		if (w->now_ms >= m->deadline_ms)
			be_late(m);
		return m->is_over;
	case AT_SEND:
		send_chunk(m);
		return m->again_ms == 0;
	case AT_SETTLE:
		settle_chunk(m);
		return m->again_ms == 0;
	case AT_END:
		break;
	}
	return false;
}

int64_t
move_turn(struct worker *w)
{
	struct move *m, *next;
	int64_t due, first = 0;

	if (likely(w->moves == NULL && w->targets == NULL))
		return 0;
	for (m = w->moves; m != NULL; m = next) {
		next = m->next;
		while (step(m))
			;
		if (m->phase == AT_END) {
			end(m);
			continue;
		}
		due = m->again_ms != 0 ? m->again_ms : m->deadline_ms;
		if (first == 0 || due < first)
			first = due;
	}
	/* Those that have found out, or failed to, act in the next turn. */
	return target_turn(w) ? w->now_ms + LOOK_MS : first;
}

/* --- beginning --------------------------------------------------------- */

static const char *
keep(char **at, struct slice s)
{
	char *text = *at;

	memcpy(text, s.data, s.bytes);
	text[s.bytes] = 0;
	*at += s.bytes + 1;
	return text;
}

/* All that the order names goes behind the struct. */
static struct move *
new_move(const struct move_order *o)
{
	size_t bytes = sizeof(struct move) + o->host.bytes + o->port.bytes +
	    o->user.bytes + o->password.bytes + 4 +
	    (size_t)o->count * (sizeof(struct move_key) + 1);
	struct move *m;
	char *text;
	int i;

	for (i = 0; i < o->count; i++)
		bytes += o->keys[i].bytes;
	m = calloc(1, bytes);
	if (m == NULL)
		return NULL;
	m->key = (struct move_key *)(m + 1);
	text = (char *)&m->key[o->count];
	m->host = keep(&text, o->host);
	m->port = keep(&text, o->port);
	if (o->user.data != NULL)
		m->user = keep(&text, o->user);
	if (o->password.data != NULL)
		m->password = keep(&text, o->password);
	m->user_bytes = o->user.bytes;
	m->password_bytes = o->password.bytes;
	for (i = 0; i < o->count; i++)
		m->key[i].name = (struct slice){ keep(&text, o->keys[i]),
			o->keys[i].bytes };
	return m;
}

uint64_t
move_ticket(void)
{
	return word_add(&REGION->common.next_ticket, 1) + 1;
}

/* A move of keys of an internal database that begins; NULL: no memory. */
static struct move *
begin(struct worker *w, uint8_t db, const struct move_order *o)
{
	struct move *m = new_move(o), **last = &w->moves;
	int i;

	if (m == NULL)
		return NULL;
	m->worker = w;
	m->ticket = o->ticket != 0 ? o->ticket : move_ticket();
	m->silence_ms = o->silence_ms;
	m->deadline_ms = w->now_ms + o->silence_ms;
	m->to_db = o->db;
	m->db = db;
	m->is_copy = o->is_copy;
	m->may_replace = o->may_replace;
	m->count = o->count;
	for (i = 0; i < o->count; i++) {
		struct key k = slot_key(REGION->common.slot, db,
		    m->key[i].name);

		m->key[i].hash = k.hash;
		m->key[i].slot = (uint16_t)(k.slot - REGION->common.slot);
	}
	while (*last != NULL)
		last = &(*last)->next;
	*last = m;
	return m;
}

void
move_begin(struct call *c, const struct move_order *o)
{
	struct move *m = begin(c->worker, c->db, o);

	if (m == NULL) {
		reply_error(c->reply, error_text[ERROR_HEAP_FULL]);
		return;
	}
	c->conn->park.ticket = m->ticket;
	park_stop(c->conn, CONN_MOVING, 0);
}

void
move_tidy(struct worker *w, uint8_t db, const struct move_order *o)
{
	struct move *m = begin(w, db, o);

	if (m == NULL)
		return;
	m->is_tidy = true;
	m->looked = m->count;
}
