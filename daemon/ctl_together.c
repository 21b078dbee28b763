#include "daemon/ctl_together.h"

#include "daemon/ctl_ask.h"
#include "daemon/ctl_cluster.h"

#include <stdio.h>
#include <string.h>

static const char too_long[] = "-ERR the answer is too long for a "
    "transaction\r\n";

enum together_state { NOTHING, ASKS, ENDS };

static struct {
	enum together_state state;
	const struct slice *argv;  /* of those that are left */
	int argc;
	uint64_t version;          /* the state's, when it began */
	char text[CTL_ANSWER];
	size_t bytes;
} together;

/* Room for the same words again is kept for each that is left. */
static void
add(struct slice text)
{
	size_t left = sizeof(together.text) - together.bytes,
	    kept = (size_t)together.argc * sizeof(too_long);

	if (text.bytes + kept > left)
		text = (struct slice){ too_long, sizeof(too_long) - 1 };
	memcpy(together.text + together.bytes, text.data, text.bytes);
	together.bytes += text.bytes;
}

/* Begins the next one; false when there is none, or it has its answer. */
static bool
begin_next(struct ctl *c)
{
	while (together.argc > 0) {
		struct mail_part part;
		const struct slice *argv = together.argv + 1;

		must(together.argv->bytes == sizeof(part),
		    "each question of a letter has its head");
		memcpy(&part, together.argv->data, sizeof(part));
		must(part.args < together.argc, "a letter is whole");
		together.argv += 1 + part.args;
		together.argc -= 1 + part.args;
		if (part.kind != MAIL_ANSWER) {
			c->ask.is_answered = false;
			c->ask.is_part = true;
			ctl_ask_begin(c, (enum mail_kind)part.kind, argv,
			    part.args);
			c->ask.is_part = false;
			return true;
		}
		add(argv[0]);
	}
	return false;
}

/* What its parts have changed has to last, and to be known everywhere. */
static bool
begin_end(struct ctl *c)
{
	struct acts *out;

	together.state = ENDS;
	c->ask.is_answered = false;
	if (c->ask.owes_step) {
		c->ask.owes_step = false;
		(void)ctl_cluster_begin_step(&out);
		ctl_cluster_settle_order(c);
	} else if (c->next.version != together.version) {
		c->ask.version = c->next.version;
		c->ask.then = ctl_answer_ok;
	} else {
		ctl_answer_ok(c);
	}
	return true;
}

/* An error is one of all. */
static bool
answer_all(struct ctl *c)
{
	together.state = NOTHING;
	if (c->ask.answer[0] != '-')
		ctl_answer_resp(c, together.text, together.bytes);
	return false;
}

void
ctl_together_ask(struct ctl *c, const struct slice *argv, int argc)
{
	unsigned count = 0;
	int i;

	for (i = 0; i < argc; count++) {
		struct mail_part part;

		memcpy(&part, argv[i].data, sizeof(part));
		i += 1 + part.args;
	}
	together.state = ASKS;
	together.argv = argv;
	together.argc = argc;
	together.version = c->next.version;
	together.bytes = (size_t)snprintf(together.text,
	    sizeof(together.text), "*%u\r\n", count);
	if (!begin_next(c))
		(void)begin_end(c);
}

bool
ctl_together_goes_on(struct ctl *c)
{
	switch (together.state) {
	case ASKS:
		add((struct slice){ c->ask.answer, c->ask.answer_bytes });
		return begin_next(c) || begin_end(c);
	case ENDS:
		return answer_all(c);
	case NOTHING:
		break;
	}
	return false;
}
