#include "daemon/net_due.h"

#include <stdlib.h>

static void
set(struct worker *w, int at, struct conn *c)
{
	w->due[at] = c;
	c->park.due = at + 1;
}

/* Puts c where the hole at `at` is, or further up or down. */
static void
settle(struct worker *w, int at, struct conn *c)
{
	int64_t deadline = c->park.deadline_ms;
	int up = (at - 1) / 2, down;

	for (; at > 0 && w->due[up]->park.deadline_ms > deadline;
	     up = (at - 1) / 2) {
		set(w, at, w->due[up]);
		at = up;
	}
	for (; (down = at * 2 + 1) < w->dues; at = down) {
		if (down + 1 < w->dues && w->due[down + 1]->park.deadline_ms <
		    w->due[down]->park.deadline_ms)
			down++;
		if (w->due[down]->park.deadline_ms >= deadline)
			break;
		set(w, at, w->due[down]);
	}
	set(w, at, c);
}

void
due_add(struct worker *w, struct conn *c)
{
	if (w->dues == w->due_room) {
		w->due_room = w->due_room * 2 + 64;
		w->due = realloc(w->due, (size_t)w->due_room *
		    sizeof(struct conn *));
		must(w->due != NULL, "there is private memory for deadlines");
	}
	w->dues++;
	settle(w, w->dues - 1, c);
}

void
due_remove(struct worker *w, struct conn *c)
{
	int at = c->park.due - 1;
	struct conn *last;

	if (at < 0)
		return;
	c->park.due = 0;
	last = w->due[--w->dues];
	if (last != c)
		settle(w, at, last);
}
