#include "daemon/ctl_news.h"

#include <stdlib.h>

#include "cluster/speak.h"
#include "daemon/ctl_bus.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "shm/region.h"

#define LATE_BYTES_MAX (64u << 20) /* what may wait for a worker */
#define FOOT 64                    /* more than a packet's fixed parts */

/* A letter that comes in pieces; of each worker one at a time. */
struct gathered {
	uint32_t sender;
	uint64_t number;
	char *text;
	uint64_t used;
};

static struct {
	const struct birth *birth;
	struct gathered from[PROC_WORKERS];
	/* what a worker is to say: letters (struct news_for), from `at` on */
	char *late;
	size_t at, used, room;
	uint64_t lost;
	int worker;                /* who says it, and its birth */
	uint32_t worker_birth;
} news;

static struct news *
ring(void)
{
	return &REGION->common.news;
}

/* The end of the ring as a place: nobody overwrites from there on. */
static uint64_t
join(void)
{
	uint64_t place;

	do {
		place = news_end(ring());
		word_store_release(&REGION->ctl.news_place, place);
		word_fence();
	} while (!news_is_kept(ring(), place));
	return place;
}

void
ctl_news_begin(const struct birth *b)
{
	news.birth = b;
	news.worker = -1;
	join();
}

/* --- out --------------------------------------------------------------- */

static void
send_to_shard(struct view *v, const void *data, size_t bytes)
{
	unsigned i;

	for (i = 1; i < v->nodes; i++)
		if (v->node[i].link_state == VIEW_LINK_UP && bus_id_is_equal(
		    &v->node[i].shard, &v->node[VIEW_SELF].shard))
			ctl_bus_send(v->node[i].link, data, bytes);
}

static void
send_letter(struct view *v, const struct news_letter *l, const char *text)
{
	bool is_shard = l->kind == SUBS_SHARD;
	struct bus_header h = speak_header(v, is_shard ? BUS_PUBLISHSHARD :
	    BUS_PUBLISH);
	size_t room = BUS_HEADER + l->text_bytes + FOOT, bytes;
	char *data = malloc(room);
	struct bus_writer w;

	must(data != NULL, "there is private memory for a message");
	bus_begin(&w, data, room, &h);
	bus_put_publish(&w, (struct slice){ text + l->channel_at,
	    l->channel_bytes }, (struct slice){ text + l->message_at,
	    l->text_bytes - l->message_at - 2 });
	bytes = bus_end(&w);
	must(bytes > 0, "a message fits into its packet");
	if (is_shard)
		send_to_shard(v, data, bytes);
	else
		ctl_bus_send_all(data, bytes);
	free(data);
}

/* Adds a piece; the whole text when it was the last, to be freed. */
static char *
gather(const struct news_entry *e)
{
	struct gathered *g = &news.from[proc_name_index(e->sender)];
	char *text;

	if (e->piece_at == 0) {
		free(g->text);
		g->text = malloc(e->letter.text_bytes);
		must(g->text != NULL, "there is private memory for a message");
		g->used = 0;
		g->sender = e->sender;
		g->number = e->letter.number;
	}
	if (g->text == NULL || g->sender != e->sender ||
	    g->number != e->letter.number || g->used != e->piece_at)
		return NULL;
	memcpy(g->text + g->used, e->piece, e->piece_bytes);
	g->used += e->piece_bytes;
	if (g->used < e->letter.text_bytes)
		return NULL;
	text = g->text;
	g->text = NULL;
	return text;
}

static void
read_ring(struct view *v)
{
	uint64_t place = REGION->ctl.news_place, at = place;
	const struct news_entry *e;

	while ((e = news_next(ring(), &place)) != NULL) {
		char *text = e->letter.is_for_bus ? gather(e) : NULL;

		/* Only right after join() may it be overwritten. */
		if (!news_is_kept(ring(), at)) {
			free(text);
			join();
			return;
		}
		if (text != NULL)
			send_letter(v, &e->letter, text);
		free(text);
		at = place;
	}
	word_store_release(&REGION->ctl.news_place, place);
}

/* --- in ---------------------------------------------------------------- */

static bool
is_ready(int i, uint32_t birth)
{
	const struct proc *p = &REGION->area[i].proc;

	return i >= 0 && word_load_acquire(&p->is_ready) != 0 &&
	    (birth == 0 || p->birth == birth);
}

/*
 * The worker that says what comes: always the same one, so that order stays.
 * When it is another one now, letters that have begun are not finished.
 */
static bool
choose_worker(void)
{
	uint32_t i;

	if (news.worker >= 0 && is_ready(news.worker, news.worker_birth))
		return true;
	for (i = 0; i < REGION->head.workers; i++)
		if (is_ready((int)i, 0)) {
			news.worker = (int)i;
			news.worker_birth = REGION->area[i].proc.birth;
			return true;
		}
	return false;
}

static void
hand_on(void)
{
	const struct area *area;
	bool has_put = false;

	if (news.at == news.used || !choose_worker())
		return;
	area = &REGION->area[news.worker];
	while (news.at < news.used) {
		struct news_for *f = (struct news_for *)(void *)(news.late +
		    news.at);

		if (!mail_answer(&REGION->ctl.answers[news.worker],
		    word_load_acquire(&area->answers_got), news.worker_birth,
		    0, (struct slice){ (const char *)f,
		    sizeof(*f) + f->piece_bytes }))
			break;
		has_put = true;
		news.at += (sizeof(*f) + f->piece_bytes + 7) & ~7ull;
	}
	if (has_put)
		doorbell_ring(news.birth->bell[news.worker]);
	if (news.at == news.used) {
		free(news.late);
		news.late = NULL;
		news.at = news.used = news.room = 0;
	}
}

static void
keep(const struct news_for *f, const char *piece)
{
	size_t bytes = (sizeof(*f) + f->piece_bytes + 7) & ~7ull;

	if (news.room - news.used < bytes) {
		news.room = news.room * 2 + bytes;
		news.late = realloc(news.late, news.room);
		must(news.late != NULL, "there is private memory for messages");
	}
	memcpy(news.late + news.used, f, sizeof(*f));
	memcpy(news.late + news.used + sizeof(*f), piece, f->piece_bytes);
	news.used += bytes;
}

void
ctl_news_deliver(bool is_shard, struct slice channel, struct slice message)
{
	struct news_for f = { .kind = is_shard ? SUBS_SHARD : SUBS_CHANNEL,
	    .channel_bytes = channel.bytes, .message_bytes = message.bytes };
	const struct slice part[2] = { channel, message };
	int i;

	if (word_load_acquire(&REGION->common.subs.heard) == 0)
		return;
	if (news.used - news.at > LATE_BYTES_MAX) {
		if (news.lost++ == 0)
			log_warning("messages of other nodes are lost: "
			    "workers do not take them in time");
		return;
	}
	f.number = REGION->ctl.news_number++;
	for (i = 0; i < 2; i++) {
		uint64_t at = 0;

		/* An empty one has a piece as well. */
		do {
			uint64_t left = part[i].bytes - at;

			f.piece_bytes = left < NEWS_FOR_PIECE ? left :
			    NEWS_FOR_PIECE;
			keep(&f, part[i].data + at);
			at += f.piece_bytes;
			f.piece_at += f.piece_bytes;
		} while (at < part[i].bytes);
	}
	hand_on();
}

void
ctl_news_turn(struct view *v)
{
	read_ring(v);
	hand_on();
}

bool
ctl_news_waits(void)
{
	return news.at < news.used;
}
