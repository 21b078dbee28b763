#include "daemon/net_event.h"

enum how { PLAIN, LEFT, OR_DEL };

static const struct {
	uint32_t class;
	const char *name;
	enum how how;
} rows[CMD_COUNT] = {
#define EVENT(id, class, name, how) [CMD_##id] = { EVENT_##class, name, how },
#define READS(id)
#include "daemon/event.def"
};

static const bool reads[CMD_COUNT] = {
#define EVENT(id, class, name, how)
#define READS(id) [CMD_##id] = true,
#include "daemon/event.def"
};

void
event_options(struct worker *w)
{
	uint32_t events = (uint32_t)w->state.options.notify_keyspace_events;
	bool is_told = (events & (EVENT_OF_KEY | EVENT_OF_EVENT)) != 0 &&
	    w->state.load.phase == LOAD_NONE;

	w->txn.events = is_told ? events : 0;
	w->txn.tells_misses = false;
}

void
event_begin(struct call *c)
{
	c->txn->tells_misses = (c->txn->events & EVENT_MISS) != 0 &&
	    (c->command->flags & COMMAND_READ || reads[c->command->id]);
}

void
event_end(struct call *c)
{
	struct txn *t = c->txn;
	uint32_t class = rows[c->command->id].class;
	enum how how = rows[c->command->id].how;
	struct key k;
	bool is_gone;

	t->tells_misses = false;
	if (class == 0 || !(c->is_changed || c->is_logged))
		return;
	k = call_key(c, c->command->keys.first);
	is_gone = how != PLAIN && slot_lying(&k) == NULL;
	if (how != OR_DEL || !is_gone)
		slot_event(t, class, rows[c->command->id].name, &k);
	if (is_gone)
		slot_event(t, EVENT_GENERIC, "del", &k);
}

/* "__keyspace@0__:" and what it is about, in scratch memory. */
static struct slice
channel_of(struct txn *t, const char *space, uint8_t db, struct slice about)
{
	char *text = txn_scratch(t, 32 + about.bytes);
	size_t used = strlen(space);

	memcpy(text, space, used);
	used += number_put_int(text + used, t->logical[db]);
	memcpy(text + used, "__:", 3);
	used += 3;
	memcpy(text + used, about.data, about.bytes);
	return (struct slice){ text, used + about.bytes };
}

void
event_tell(struct txn *t, uint32_t class, const char *name,
    const struct key *k)
{
	struct worker *w = t->owner;
	struct slice event = slice_of(name);

	must((t->events & class) != 0, "only events that are wanted are told");
	if (word_load_acquire(&REGION->common.subs.heard) == 0)
		return;
	if (t->events & EVENT_OF_KEY)
		say_message(w, SUBS_CHANNEL, channel_of(t, "__keyspace@",
		    k->db, k->name), event);
	if (t->events & EVENT_OF_EVENT)
		say_message(w, SUBS_CHANNEL, channel_of(t, "__keyevent@",
		    k->db, event), k->name);
}
