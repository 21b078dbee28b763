#include "daemon/net_say.h"

#include <stdlib.h>

#include "daemon/doorbell.h"
#include "daemon/net_park.h"

#define SAID_KEEP (1u << 20) /* more than this is not kept for the next time */

/* A letter as it lies in `said`, with its text behind it. */
struct said {
	uint64_t bytes;              /* of both, a multiple of 8 */
	uint64_t done;               /* bytes of the text in the ring */
	struct news_letter letter;
	char text[];
};

/* Letters that come in pieces: one of each sender at a time. */
struct net_letters {
	struct {
		uint32_t sender;
		uint64_t number;
		char *text;
		uint64_t used;
	} from[PROC_WORKERS];
	uint64_t said;               /* by this worker */
	/* one of another node; number: 1 + its own */
	struct letter_in { char *text; uint64_t used, number; } in;
};

void
say_open(struct worker *w)
{
	w->letters = calloc(1, sizeof(*w->letters));
	must(w->letters != NULL, "there is private memory for messages");
}

/* --- saying ------------------------------------------------------------ */

static char *
said_room(struct worker *w, size_t more)
{
	size_t room = w->said.room;
	char *data;

	if (room - w->said.used < more) {
		while (room - w->said.used < more)
			room = room * 2 + 4096;
		data = realloc(w->said.data, room);
		if (data == NULL)
			txn_abort(&w->txn, error_text[ERROR_HEAP_FULL]);
		w->said.data = data;
		w->said.room = room;
	}
	return w->said.data + w->said.used;
}

/* "$5\r\n", into to. */
static size_t
put_length(char *to, uint64_t n)
{
	size_t bytes = 1 + number_put_uint(to + 1, n);

	to[0] = '$';
	memcpy(to + bytes, "\r\n", 2);
	return bytes + 2;
}

static size_t
put_bulk(char *to, struct slice s, size_t *at)
{
	size_t used = put_length(to, s.bytes);

	*at = used;
	memcpy(to + used, s.data, s.bytes);
	memcpy(to + used + s.bytes, "\r\n", 2);
	return used + s.bytes + 2;
}

static uint32_t
say(struct worker *w, enum subs_kind kind, struct slice channel,
    struct slice message, bool is_for_bus)
{
	uint64_t hash, to;
	uint32_t count;
	struct said *s;
	size_t at;

	hash = subs_hash(kind, channel);
	count = channel_hearers(w, kind, hash, channel, &to);
	if (to == 0 && !is_for_bus)
		return count;
	s = (struct said *)(void *)said_room(w, sizeof(*s) + channel.bytes +
	    message.bytes + 2 * (NUMBER_TEXT + 5) + 8);
	s->done = 0;
	s->letter = (struct news_letter){ .to = to, .hash = hash,
	    .kind = (uint16_t)kind, .is_for_bus = is_for_bus,
	    .channel_bytes = channel.bytes,
	    .number = ++w->letters->said };
	s->letter.text_bytes = put_bulk(s->text, channel, &at);
	s->letter.channel_at = (uint32_t)at;
	s->letter.message_at = s->letter.text_bytes;
	s->letter.text_bytes += put_bulk(s->text + s->letter.text_bytes,
	    message, &at);
	s->letter.message_at += at;
	s->bytes = (sizeof(*s) + s->letter.text_bytes + 7) & ~7ull;
	w->said.used += s->bytes;
	return count;
}

uint32_t
say_message(struct worker *w, enum subs_kind kind, struct slice channel,
    struct slice message)
{
	if (likely(word_load_acquire(&REGION->common.subs.heard) == 0))
		return 0;
	return say(w, kind, channel, message, false);
}

uint32_t
say_to_all(struct worker *w, enum subs_kind kind, struct slice channel,
    struct slice message)
{
	bool is_for_bus = w->state.options.cluster_enabled;

	return is_for_bus ? say(w, kind, channel, message, true) :
	    say_message(w, kind, channel, message);
}

void
say_from_bus(struct worker *w, const struct news_for *f)
{
	struct letter_in *in = &w->letters->in;
	uint64_t bytes = f->channel_bytes + f->message_bytes;

	if (f->piece_at == 0 && in->number != f->number + 1) {
		free(in->text);
		in->text = malloc(bytes + 1);
		must(in->text != NULL, "there is private memory for a message");
		in->used = 0;
		in->number = f->number + 1;
	}
	if (in->text == NULL || in->number != f->number + 1 ||
	    in->used != f->piece_at)
		return;
	memcpy(in->text + in->used, f->piece, f->piece_bytes);
	in->used += f->piece_bytes;
	if (in->used < bytes)
		return;
	say_message(w, (enum subs_kind)f->kind, (struct slice){ in->text,
	    f->channel_bytes }, (struct slice){ in->text + f->channel_bytes,
	    f->message_bytes });
	say_commit(w);
	free(in->text);
	in->text = NULL;
}

/* Puts what is left of a letter; false when the ring has no room for all. */
static bool
put_letter(struct worker *w, struct said *s)
{
	while (s->done < s->letter.text_bytes) {
		uint64_t left = s->letter.text_bytes - s->done,
		    some = left < NEWS_PIECE ? left : NEWS_PIECE;

		if (!news_put(&REGION->common.news, w->birth->name, &s->letter,
		    s->done, (struct slice){ s->text + s->done, some }))
			return false;
		s->done += some;
	}
	w->to_ring |= s->letter.to;
	w->rings_control |= s->letter.is_for_bus;
	return true;
}

/* Puts what has happened, as far as there is room. */
static void
put_said(struct worker *w)
{
	while (w->said.at < w->said.sure) {
		struct said *s = (struct said *)(void *)(w->said.data +
		    w->said.at);

		if (!put_letter(w, s))
			break;
		w->said.at += s->bytes;
	}
	if (w->said.at == w->said.used) {
		w->said.at = w->said.sure = w->said.used = 0;
		if (w->said.room > SAID_KEEP) {
			free(w->said.data);
			w->said.data = NULL;
			w->said.room = 0;
		}
	}
	w->is_unheard = w->said.used > 0 ||
	    news_is_crowded(&REGION->common.news, w->birth->name);
	if (unlikely(w->is_unheard))
		w->is_open = false;
}

void
say_commit_all(struct worker *w)
{
	w->said.sure = w->said.used;
	put_said(w);
}

void
say_forget_all(struct worker *w)
{
	w->said.used = w->said.sure;
}

/* --- hearing ----------------------------------------------------------- */

/* What stands before the text, without the first byte. */
static struct slice
heading_of(unsigned kind)
{
	return kind == SUBS_SHARD ? SLICE("3\r\n$8\r\nsmessage\r\n") :
	    SLICE("3\r\n$7\r\nmessage\r\n");
}

static void
give(struct sub *s, struct slice heading, struct slice pattern,
    struct slice text)
{
	struct conn *c = s->conn;
	struct reply *r = &c->out;
	size_t bytes = 1 + heading.bytes + pattern.bytes + 2 + text.bytes;
	char *p;

	if (c->is_closing)
		return;
	p = reply_room_long(r, bytes);
	if (unlikely(p == NULL))
		return;
	*p++ = r->resp == 3 ? '>' : '*';
	memcpy(p, heading.data, heading.bytes);
	p += heading.bytes;
	r->used += 1 + heading.bytes;
	if (pattern.data != NULL) {
		memcpy(p, pattern.data, pattern.bytes);
		memcpy(p + pattern.bytes, "\r\n", 2);
		p += pattern.bytes + 2;
		r->used += pattern.bytes + 2;
	}
	memcpy(p, text.data, text.bytes);
	r->used += text.bytes;
	conn_mark(c);
	if (unlikely(r->used > CONN_OUT_BYTES))
		conn_limit(c);
}

static void
give_all(const struct channel *ch, uint64_t place, struct slice heading,
    struct slice pattern, struct slice text)
{
	struct sub *s;

	for (s = ch->first; s != NULL; s = s->next)
		if (s->from <= place)
			give(s, heading, pattern, text);
}

/* A letter that ended at `place` of the ring. */
static void
hand_out(struct worker *w, const struct news_letter *l, const char *text,
    uint64_t place)
{
	struct slice all = { text, l->text_bytes },
	    channel = { text + l->channel_at, l->channel_bytes };
	struct channel *ch = channel_find(w, l->hash, channel);

	if (ch != NULL)
		give_all(ch, place, heading_of(l->kind),
		    (struct slice){ NULL, 0 }, all);
	if (l->kind != SUBS_CHANNEL)
		return;
	for (ch = channel_patterns(w); ch != NULL; ch = ch->next) {
		char heading[32 + NUMBER_TEXT] = "4\r\n$8\r\npmessage\r\n";
		size_t used = strlen(heading);

		if (!glob_match(channel_name(ch), channel, false))
			continue;
		used += put_length(heading + used, ch->name_bytes);
		give_all(ch, place, (struct slice){ heading, used },
		    channel_name(ch), all);
	}
}

/* One more piece of a large letter. */
static void
gather(struct worker *w, const struct news_entry *e, uint64_t place)
{
	int i = proc_name_index(e->sender);
	char **text = &w->letters->from[i].text;
	uint64_t *used = &w->letters->from[i].used;

	if (e->piece_at == 0) {
		/* What is left of one whose sender died is thrown away. */
		free(*text);
		*text = malloc(e->letter.text_bytes);
		must(*text != NULL, "there is private memory for a message");
		*used = 0;
		w->letters->from[i].sender = e->sender;
		w->letters->from[i].number = e->letter.number;
	}
	/* We were not here when it began, or in between. */
	if (*text == NULL || w->letters->from[i].sender != e->sender ||
	    w->letters->from[i].number != e->letter.number ||
	    *used != e->piece_at)
		return;
	memcpy(*text + *used, e->piece, e->piece_bytes);
	*used += e->piece_bytes;
	if (*used < e->letter.text_bytes)
		return;
	hand_out(w, &e->letter, *text, place);
	free(*text);
	*text = NULL;
}

void
say_hear(struct worker *w)
{
	const struct news *n = &REGION->common.news;
	uint64_t mine = 1ull << w->birth->index, place = w->heard, at = place;
	const struct news_entry *e;

	if (w->heard == NEWS_NOWHERE)
		return;
	while ((e = news_next(n, &place)) != NULL) {
		if (!(e->letter.to & mine))
			;
		else if (likely(e->piece_bytes == e->letter.text_bytes))
			hand_out(w, &e->letter, e->piece, at);
		else
			gather(w, e, at);
		at = place;
	}
	FAULT(NEWS_HEARD);
	w->heard = place;
	news_heard(&REGION->common.news, w->birth->index, place);
}

/* --- the turn ---------------------------------------------------------- */

static void
ring_bells(struct worker *w)
{
	uint64_t set = w->to_ring & ~(1ull << w->birth->index);

	if (w->is_unheard)
		set |= news_laggards(&REGION->common.news);
	w->to_ring = 0;
	if (w->rings_control || (w->is_unheard &&
	    word_load(&REGION->ctl.news_place) != NEWS_NOWHERE))
		doorbell_ring(w->birth->bell[PROC_CONTROL]);
	w->rings_control = false;
	word_fence();
	for (; set != 0; set &= set - 1) {
		int i = __builtin_ctzll(set);

		if (word_load(&REGION->area[i].proc.is_asleep))
			doorbell_ring(w->birth->bell[i]);
	}
}

void
say_turn(struct worker *w)
{
	if (say_has_news(w))
		say_hear(w);
	if (unlikely(w->is_unheard))
		put_said(w);
	if (unlikely((w->to_ring | (uint64_t)(w->is_unheard |
	    w->rings_control)) != 0))
		ring_bells(w);
}
