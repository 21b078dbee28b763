/*
 * cmd_migrate - MIGRATE: which keys are to go where
 *
 * Not here: the way there (net_move.c), what the other side does (RESTORE,
 * cmd_dump.c).
 */
#include "daemon/net_move.h"

#define SILENCE_MS 1000  /* when the timeout makes no sense */

/* Options from argument 6 on; false: they make no sense, which is replied. */
static bool
read_options(struct call *c, struct move_order *o)
{
	int i;

	for (i = 6; i < c->argc; i++) {
		int more = c->argc - 1 - i;

		if (slice_is(c->argv[i], "copy")) {
			o->is_copy = true;
		} else if (slice_is(c->argv[i], "replace")) {
			o->may_replace = true;
		} else if (slice_is(c->argv[i], "auth") && more >= 1) {
			o->password = c->argv[++i];
		} else if (slice_is(c->argv[i], "auth2") && more >= 2) {
			o->user = c->argv[++i];
			o->password = c->argv[++i];
		} else if (slice_is(c->argv[i], "keys")) {
			if (c->argv[3].bytes != 0) {
				reply_error(c->reply,
				    error_text[ERROR_MIGRATE_KEYS]);
				return false;
			}
			return true;
		} else {
			call_syntax(c);
			return false;
		}
	}
	return true;
}

void
cmd_migrate(struct call *c)
{
	struct move_order o = { .host = c->argv[1], .port = c->argv[2] };
	int *at = txn_scratch(c->txn, (size_t)c->argc * sizeof(*at));
	struct slice *keys = txn_scratch(c->txn,
	    (size_t)c->argc * sizeof(*keys));
	int i;

	if (!read_options(c, &o) || !call_int(c, 5, &o.silence_ms) ||
	    !call_int(c, 4, &o.db))
		return;
	if (o.silence_ms <= 0)
		o.silence_ms = SILENCE_MS;
	o.count = command_find_keys(c->command, c->argv, c->argc, at, c->argc);
	for (i = 0; i < o.count; i++)
		keys[i] = c->argv[at[i]];
	o.keys = keys;
	move_begin(c, &o);
}
