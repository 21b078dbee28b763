#include "daemon/net_let.h"

#include "daemon/log.h"
#include "daemon/net_place.h"

#include <stdio.h>

static const char *
address(const struct conn *c)
{
	return c->row != NULL ? c->row->addr : "";
}

/* The pass is good for one connection, whichever worker it comes to. */
static bool
is_first(uint64_t pass)
{
	uint32_t *let = &REGION->common.let;
	uint32_t last = word_load(let), this = (uint32_t)pass | 1;

	return last != this && word_take(let, last, this);
}

static const char *
refusal(struct worker *w, struct slice pass, struct slice giver,
    struct slice taker)
{
	const struct ship_order *o = &w->state.ship;
	const struct bus_id *me = &place_map(w)->node[MAP_SELF].id;
	char text[SHIP_PASS + 1];

	if (!o->takes)
		return "no slots come to this node";
	if (!slice_equal(taker, (struct slice){ me->text, BUS_ID }))
		return "the slots go to another node";
	if (!slice_equal(giver, slice_of(o->peer)))
		return "slots come from another node";
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)o->pass);
	if (!slice_equal(pass, slice_of(text)))
		return "slots come under another pass";
	if (!is_first(o->pass))
		return "the slots' keys come by another connection";
	return NULL;
}

const char *
let_begin(struct conn *c, struct slice pass, struct slice giver,
    struct slice taker)
{
	struct worker *w = c->worker;
	const char *why = refusal(w, pass, giver, taker);

	if (why == NULL)
		c->brings = w->state.ship.pass;
	else
		log_warning("client %llu (%s) may not bring slots: %s",
		    (unsigned long long)c->id, address(c), why);
	return why;
}

bool
let_in(const struct worker *w, const struct request *q, unsigned slot)
{
	const struct ship_order *o = &w->state.ship;

	return o->takes && ship_has(o, slot) && q->conn->brings == o->pass &&
	    q->conn->brings != 0 && (q->command->id == CMD_RESTORE_ASKING ||
	    q->command->id == CMD_DEL);
}

void
let_note(struct worker *w, const struct request *q, unsigned slot,
    bool is_asked_for)
{
	const struct ship_order *o = &w->state.ship;
	struct conn *c = q->conn;

	if (c->brings != 0) {
		log_warning("client %llu (%s) still brings keys of slots that "
		    "do not come any more", (unsigned long long)c->id,
		    address(c));
		conn_finish(c);
		return;
	}
	if (!is_asked_for || !o->takes || !ship_has(o, slot) ||
	    w->let_told == o->pass)
		return;
	w->let_told = o->pass;
	log_warning("client %llu (%s) is not who brings slot %u: it is sent "
	    "to its owner", (unsigned long long)c->id, address(c), slot);
}
