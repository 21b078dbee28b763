#include "daemon/net_channel.h"

#include "daemon/net_place.h"

#include <stdlib.h>

#define FIRST_CHAINS 64

/* A pattern of the node and its subscribers by worker. */
struct known_pattern {
	size_t at;                       /* of its text */
	uint32_t bytes;
	uint32_t count;
	int worker;
};

struct net_channels {
	struct channel **channel;        /* by unit */
	size_t room;
	struct channel *patterns;
	struct sub **chain;              /* by connection and channel */
	size_t chains, subs;
	/* all patterns of the node, as of patterns_version */
	struct {
		uint64_t version;
		struct known_pattern *row;
		size_t rows, rows_room;
		char *text;
		size_t text_room;
	} known;
	/* how many names there are, as of version */
	uint64_t version, names[SUBS_KINDS];
};

static struct subs_head *
head(void)
{
	return &REGION->common.subs;
}

static uint64_t
bit(const struct worker *w)
{
	return 1ull << w->birth->index;
}

static void *
grown(void *old, size_t bytes)
{
	void *p = realloc(old, bytes);

	must(p != NULL, "there is private memory for subscriptions");
	return p;
}

void
channel_open(struct worker *w)
{
	struct net_channels *n = calloc(1, sizeof(*n));

	must(n != NULL, "there is private memory for subscriptions");
	n->known.version = n->version = UINT64_MAX;
	n->chains = FIRST_CHAINS;
	n->chain = calloc(n->chains, sizeof(struct sub *));
	must(n->chain != NULL, "there is private memory for subscriptions");
	w->channels = n;
	w->heard = NEWS_NOWHERE;
	subs_clear(&w->area->subs, region_punch);
}

/* --- subscriptions, by connection and channel -------------------------- */

static struct sub **
chain_of(const struct net_channels *n, const struct conn *c,
    const struct channel *ch)
{
	uint64_t mix = (c->id * 0x9e3779b97f4a7c15ull) ^ ch->hash;

	return &n->chain[(mix ^ mix >> 32) & (n->chains - 1)];
}

static struct sub *
find_sub(const struct net_channels *n, const struct conn *c,
    const struct channel *ch)
{
	struct sub *s = *chain_of(n, c, ch);

	while (s != NULL && (s->conn != c || s->channel != ch))
		s = s->next_hash;
	return s;
}

static void
double_chains(struct net_channels *n)
{
	struct sub **old = n->chain, *s;
	size_t count = n->chains, i;

	n->chains *= 2;
	n->chain = calloc(n->chains, sizeof(struct sub *));
	must(n->chain != NULL, "there is private memory for subscriptions");
	for (i = 0; i < count; i++)
		while ((s = old[i]) != NULL) {
			struct sub **to = chain_of(n, s->conn, s->channel);

			old[i] = s->next_hash;
			s->next_hash = *to;
			*to = s;
		}
	free(old);
}

/* --- channels ---------------------------------------------------------- */

struct channel *
channel_find(struct worker *w, uint64_t hash, struct slice name)
{
	uint32_t unit = subs_find(&w->area->subs, hash);
	struct channel *ch = unit != SUBS_NONE ?
	    w->channels->channel[unit] : NULL;

	return ch != NULL && slice_equal(channel_name(ch), name) ? ch : NULL;
}

struct channel *
channel_patterns(struct worker *w)
{
	return w->channels->patterns;
}

static void
remember(struct net_channels *n, struct channel *ch)
{
	while (ch->unit >= n->room) {
		size_t room = n->room > 0 ? n->room * 2 : 256;

		n->channel = grown(n->channel, room * sizeof(*n->channel));
		memset(n->channel + n->room, 0, (room - n->room) *
		    sizeof(*n->channel));
		n->room = room;
	}
	n->channel[ch->unit] = ch;
	if (ch->kind != SUBS_PATTERN)
		return;
	ch->prev = NULL;
	ch->next = n->patterns;
	if (ch->next != NULL)
		ch->next->prev = ch;
	n->patterns = ch;
}

static struct channel *
make_channel(struct worker *w, enum subs_kind kind, uint64_t hash,
    struct slice name)
{
	struct subs_head *h = head();
	struct channel *ch;
	uint32_t unit;

	word_lock(&h->lock, w->birth->name);
	unit = subs_add(&w->area->subs, kind, hash, name);
	word_add(&h->version, 1);
	word_unlock(&h->lock);
	if (unit == SUBS_NONE)
		return NULL;
	ch = calloc(1, sizeof(*ch) + name.bytes);
	must(ch != NULL, "there is private memory for subscriptions");
	ch->kind = kind;
	ch->unit = unit;
	ch->hash = hash;
	ch->name_bytes = name.bytes;
	memcpy(ch->name, name.data, name.bytes);
	remember(w->channels, ch);
	return ch;
}

/* What was entered about patterns is there before the number changes. */
static void
change_patterns(void)
{
	word_fence();
	word_add(&head()->patterns_version, 1);
}

static void
drop_channel(struct worker *w, struct channel *ch)
{
	struct net_channels *n = w->channels;
	struct subs *s = &w->area->subs;
	struct subs_head *h = head();

	word_lock(&h->lock, w->birth->name);
	subs_remove(s, ch->kind, ch->unit);
	word_add(&h->version, 1);
	word_unlock(&h->lock);
	FAULT(SUBS_GONE);
	n->channel[ch->unit] = NULL;
	if (ch->kind == SUBS_PATTERN) {
		change_patterns();
		*(ch->prev != NULL ? &ch->prev->next : &n->patterns) = ch->next;
		if (ch->next != NULL)
			ch->next->prev = ch->prev;
		if (n->patterns == NULL)
			word_and(&h->matching, ~bit(w));
	}
	free(ch);
}

/*
 * Others see the number from here on.  The rest is set before a first and reset
 * after the last.
 */
static void
show_count(struct worker *w, const struct channel *ch)
{
	struct subs_head *h = head();

	if (ch->count > 0) {
		word_or(&h->heard, bit(w));
		if (ch->kind == SUBS_PATTERN)
			word_or(&h->matching, bit(w));
	}
	subs_set_count(&w->area->subs, ch->unit, ch->count);
	if (ch->kind == SUBS_PATTERN)
		change_patterns();
}

/* --- joining and leaving ----------------------------------------------- */

/* A connection's first subscription, or the end of its last. */
static void
count_conn(struct conn *c, int more)
{
	bool was = c->subs_all > 0;

	c->subs_all += (uint32_t)more;
	if (was != (c->subs_all > 0))
		stat_add(c->worker->stats, pubsub, was ? -1 : 1);
}

static void
link_sub(struct conn *c, struct channel *ch)
{
	struct net_channels *n = c->worker->channels;
	struct sub *s = calloc(1, sizeof(*s)), *last = c->subs[ch->kind].last,
	    **chain;

	must(s != NULL, "there is private memory for subscriptions");
	if (++n->subs > n->chains)
		double_chains(n);
	s->conn = c;
	s->channel = ch;
	s->from = news_end(&REGION->common.news);
	s->next = ch->first;
	if (ch->first != NULL)
		ch->first->prev = s;
	ch->first = s;
	s->prev_own = last;
	*(last != NULL ? &last->next_own : &c->subs[ch->kind].first) = s;
	c->subs[ch->kind].last = s;
	chain = chain_of(n, c, ch);
	s->next_hash = *chain;
	*chain = s;
	c->subs[ch->kind].count++;
	count_conn(c, 1);
}

bool
channel_join(struct conn *c, enum subs_kind kind, struct slice name)
{
	struct worker *w = c->worker;
	uint64_t hash = subs_hash(kind, name);
	struct channel *ch = channel_find(w, hash, name);

	if (ch != NULL && find_sub(w->channels, c, ch) != NULL)
		return true;
	if (ch == NULL)
		ch = make_channel(w, kind, hash, name);
	if (ch == NULL)
		return false;
	if (w->heard == NEWS_NOWHERE)
		w->heard = news_join(&REGION->common.news, w->birth->name,
		    w->birth->index);
	link_sub(c, ch);
	ch->count++;
	show_count(w, ch);
	return true;
}

/* Nobody here subscribes to anything: this worker reads no more. */
static void
stop_hearing(struct worker *w)
{
	word_and(&head()->heard, ~bit(w));
	w->heard = NEWS_NOWHERE;
	news_heard(&REGION->common.news, w->birth->index, NEWS_NOWHERE);
}

void
channel_end(struct sub *s)
{
	struct conn *c = s->conn;
	struct worker *w = c->worker;
	struct channel *ch = s->channel;
	struct net_channels *n = w->channels;
	struct sub **chain = chain_of(n, c, ch);

	while (*chain != s)
		chain = &(*chain)->next_hash;
	*chain = s->next_hash;
	*(s->prev != NULL ? &s->prev->next : &ch->first) = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	*(s->prev_own != NULL ? &s->prev_own->next_own :
	    &c->subs[ch->kind].first) = s->next_own;
	*(s->next_own != NULL ? &s->next_own->prev_own :
	    &c->subs[ch->kind].last) = s->prev_own;
	c->subs[ch->kind].count--;
	count_conn(c, -1);
	free(s);
	ch->count--;
	show_count(w, ch);
	if (ch->count == 0)
		drop_channel(w, ch);
	if (--n->subs == 0)
		stop_hearing(w);
}

bool
channel_leave(struct conn *c, enum subs_kind kind, struct slice name)
{
	struct worker *w = c->worker;
	struct channel *ch = channel_find(w, subs_hash(kind, name), name);
	struct sub *s = ch != NULL ? find_sub(w->channels, c, ch) : NULL;

	if (s != NULL)
		channel_end(s);
	return s != NULL;
}

struct sub *
channel_oldest(const struct conn *c, enum subs_kind kind)
{
	return c->subs[kind].first;
}

void
channel_leave_all(struct conn *c)
{
	int kind;

	for (kind = 0; kind < SUBS_KINDS; kind++)
		while (c->subs[kind].first != NULL)
			channel_end(c->subs[kind].first);
}

/* Tells a subscriber that it is one no longer, and makes it so. */
static void
drop_sub(struct sub *s)
{
	struct conn *c = s->conn;
	struct reply *r = &c->out;

	if (!c->is_closing) {
		reply_push(r, 3);
		reply_text(r, "sunsubscribe");
		reply_bulk(r, channel_name(s->channel));
		reply_int(r, c->subs[SUBS_SHARD].count - 1);
		conn_mark(c);
	}
	channel_end(s);
	conn_show(c);
}

void
channel_drop_strangers(struct worker *w)
{
	const struct subs *own = &w->area->subs;
	uint32_t u, next;

	for (u = subs_first(own, SUBS_SHARD); u != SUBS_NONE; u = next) {
		struct channel *ch = w->channels->channel[u];
		uint32_t left = ch->count;

		next = subs_next(own, u);
		if (place_hears(w, keyslot_of(channel_name(ch))))
			continue;
		/* The last one ends the channel. */
		while (left-- > 0)
			drop_sub(ch->first);
	}
}

/* --- on the whole node ------------------------------------------------- */

/* The next worker of a set, -1 at its end. */
static int
next_of(uint64_t *set)
{
	int i;

	if (*set == 0)
		return -1;
	i = __builtin_ctzll(*set);
	*set &= *set - 1;
	return i;
}

static const struct subs *
subs_of(int i)
{
	return &REGION->area[i].subs;
}

uint32_t
channel_count(enum subs_kind kind, struct slice name)
{
	uint64_t set = word_load_acquire(&head()->heard),
	    hash = subs_hash(kind, name);
	uint32_t count = 0;
	int i;

	while ((i = next_of(&set)) >= 0)
		count += subs_count(subs_of(i), hash);
	return count;
}

/* Adds worker i's patterns; false when there is no room, under the lock. */
static bool
copy_patterns(struct net_channels *n, int i, size_t *used)
{
	const struct subs *s = subs_of(i);
	uint32_t u;

	for (u = subs_first(s, SUBS_PATTERN); u != SUBS_NONE;
	    u = subs_next(s, u)) {
		struct known_pattern *p = &n->known.row[n->known.rows];

		p->at = *used;
		p->bytes = subs_bytes(s, u);
		p->count = word_load(&subs_row(s, u)->count);
		p->worker = i;
		if (n->known.rows == n->known.rows_room ||
		    n->known.text_room - *used < p->bytes)
			return false;
		subs_copy(s, u, n->known.text + *used);
		*used += p->bytes;
		n->known.rows++;
	}
	return true;
}

/* Room for what there is now: no memory is asked for under the lock. */
static void
make_room_for_patterns(struct net_channels *n)
{
	uint64_t set = word_load_acquire(&head()->matching);
	size_t rows = 1, text = 1;
	int i;

	while ((i = next_of(&set)) >= 0) {
		rows += word_load(&subs_of(i)->count[SUBS_PATTERN]);
		text += word_load(&subs_of(i)->text_bytes[SUBS_PATTERN]);
	}
	if (rows > n->known.rows_room) {
		n->known.rows_room = rows + rows / 2;
		n->known.row = grown(n->known.row, (n->known.rows_room + 1) *
		    sizeof(*n->known.row));
	}
	if (text > n->known.text_room) {
		n->known.text_room = text + text / 2;
		n->known.text = grown(n->known.text, n->known.text_room);
	}
}

static void
learn_patterns(struct worker *w)
{
	struct net_channels *n = w->channels;
	struct subs_head *h = head();
	bool is_whole;

	do {
		uint64_t set;
		size_t used = 0;
		int i;

		make_room_for_patterns(n);
		is_whole = true;
		n->known.rows = 0;
		word_lock(&h->lock, w->birth->name);
		n->known.version = word_load_acquire(&h->patterns_version);
		set = word_load_acquire(&h->matching);
		while (is_whole && (i = next_of(&set)) >= 0)
			is_whole = copy_patterns(n, i, &used);
		word_unlock(&h->lock);
	} while (!is_whole);
}

static uint32_t
count_matches(struct worker *w, struct slice name, uint64_t *to)
{
	struct net_channels *n = w->channels;
	uint32_t count = 0;
	size_t i;

	if (n->known.version != word_load_acquire(&head()->patterns_version))
		learn_patterns(w);
	for (i = 0; i < n->known.rows; i++) {
		const struct known_pattern *p = &n->known.row[i];

		if (!glob_match((struct slice){ n->known.text + p->at,
		    p->bytes }, name, false))
			continue;
		count += p->count;
		*to |= 1ull << p->worker;
	}
	return count;
}

uint32_t
channel_hearers(struct worker *w, enum subs_kind kind, uint64_t hash,
    struct slice name, uint64_t *to)
{
	uint64_t set = word_load_acquire(&head()->heard);
	uint32_t count = 0, some;
	int i;

	*to = 0;
	if (set == 0)
		return 0;
	while ((i = next_of(&set)) >= 0) {
		some = subs_count(subs_of(i), hash);
		count += some;
		*to |= (uint64_t)(some > 0) << i;
	}
	if (kind == SUBS_CHANNEL && word_load_acquire(&head()->matching) != 0)
		count += count_matches(w, name, to);
	return count;
}

/* --- names ------------------------------------------------------------- */

/* Whether an earlier worker of the set has it as well. */
static bool
is_earlier(uint64_t set, int before, uint64_t hash)
{
	int i;

	set &= (1ull << before) - 1;
	while ((i = next_of(&set)) >= 0)
		if (subs_count(subs_of(i), hash) > 0)
			return true;
	return false;
}

static uint64_t
count_names(uint64_t all, int i, enum subs_kind kind)
{
	const struct subs *s = subs_of(i);
	uint64_t count = 0;
	uint32_t u;

	/* The first of them has no doubles. */
	if ((all & ((1ull << i) - 1)) == 0)
		return s->count[kind];
	for (u = subs_first(s, kind); u != SUBS_NONE; u = subs_next(s, u))
		count += !is_earlier(all, i, subs_row(s, u)->hash);
	return count;
}

uint64_t
channel_names(struct worker *w, enum subs_kind kind)
{
	struct net_channels *n = w->channels;
	struct subs_head *h = head();
	uint64_t all, set;
	int i, k;

	if (n->version == word_load_acquire(&h->version))
		return n->names[kind];
	memset(n->names, 0, sizeof(n->names));
	word_lock(&h->lock, w->birth->name);
	n->version = word_load_acquire(&h->version);
	all = set = word_load_acquire(&h->heard);
	while ((i = next_of(&set)) >= 0)
		for (k = 0; k < SUBS_KINDS; k++)
			n->names[k] += count_names(all, i, (enum subs_kind)k);
	word_unlock(&h->lock);
	return n->names[kind];
}

/* Copies of names, one behind the other, each with its length before it. */
struct copies {
	char *text;
	size_t used, room;
};

static bool
copy_names(struct copies *to, uint64_t all, int i, enum subs_kind kind)
{
	const struct subs *s = subs_of(i);
	uint32_t u;

	for (u = subs_first(s, kind); u != SUBS_NONE; u = subs_next(s, u)) {
		uint32_t bytes = subs_bytes(s, u);

		if (is_earlier(all, i, subs_row(s, u)->hash))
			continue;
		if (to->room - to->used < sizeof(bytes) + bytes)
			return false;
		memcpy(to->text + to->used, &bytes, sizeof(bytes));
		subs_copy(s, u, to->text + to->used + sizeof(bytes));
		to->used += sizeof(bytes) + bytes;
	}
	return true;
}

static size_t
names_bytes(enum subs_kind kind)
{
	uint64_t set = word_load_acquire(&head()->heard);
	size_t bytes = 0;
	int i;

	while ((i = next_of(&set)) >= 0)
		bytes += word_load(&subs_of(i)->text_bytes[kind]) +
		    word_load(&subs_of(i)->count[kind]) * sizeof(uint32_t);
	return bytes + bytes / 8 + 64;
}

void
channel_each(struct call *c, enum subs_kind kind,
    void (*see)(struct call *c, struct slice name, void *arg), void *arg)
{
	struct subs_head *h = head();
	struct copies to;
	bool is_whole;
	size_t at;

	do {
		uint64_t all, set;
		int i;

		to.used = 0;
		to.room = names_bytes(kind);
		to.text = txn_scratch(c->txn, to.room);
		is_whole = true;
		word_lock(&h->lock, c->worker->birth->name);
		all = set = word_load_acquire(&h->heard);
		while (is_whole && (i = next_of(&set)) >= 0)
			is_whole = copy_names(&to, all, i, kind);
		word_unlock(&h->lock);
	} while (!is_whole);
	for (at = 0; at < to.used;) {
		uint32_t bytes;

		memcpy(&bytes, to.text + at, sizeof(bytes));
		at += sizeof(bytes);
		see(c, (struct slice){ to.text + at, bytes }, arg);
		at += bytes;
	}
}
