#include "cluster/act.h"

const char *const act_words[ACTS] = {
#define ACT(id, words) words,
#include "cluster/act.def"
};

struct act *
act_add(struct acts *a, enum act_kind kind, uint16_t node)
{
	struct act *act = &a->list[a->count];

	must(a->count < ACT_ROOM, "a step appends a bounded number of acts");
	a->count++;
	*act = (struct act){ .kind = kind, .node = node };
	return act;
}

void
act_write(struct acts *a, struct bus_writer *w, const struct bus_header *h)
{
	bus_begin(w, a->data + a->bytes, sizeof(a->data) - a->bytes, h);
}

static struct act *
add_bytes(struct acts *a, struct bus_writer *w, enum act_kind kind,
    uint16_t node)
{
	struct act *act = act_add(a, kind, node);

	act->data = w->data;
	act->bytes = bus_end(w);
	must(act->bytes > 0, "a step's messages fit");
	a->bytes += act->bytes;
	return act;
}

void
act_send(struct acts *a, struct bus_writer *w, uint16_t node, uint64_t wire)
{
	add_bytes(a, w, ACT_SEND, node)->wire = wire;
}

void
act_send_all(struct acts *a, struct bus_writer *w)
{
	add_bytes(a, w, ACT_SEND_ALL, 0);
}

void
act_note_as(struct acts *a, enum act_level level, uint16_t node,
    const char *words)
{
	struct act *act;

	if (a->count >= ACT_ROOM - 16)
		return;
	act = act_add(a, ACT_NOTE, node);
	act->words = words;
	act->level = level;
}

void
act_note(struct acts *a, uint16_t node, const char *words)
{
	act_note_as(a, ACT_LINE, node, words);
}
