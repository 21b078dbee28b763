/*
 * cmd_config - CONFIG GET
 *
 * Not here: SET, RESETSTAT and REWRITE, which control answers (daemon/ctl.c);
 * options themselves (shm/option.def).
 */
#include "daemon/cmd_conn.h"

/*
 * Names given without pattern are found in any case and by their aliases too.
 */
static void
get_one(struct call *c, const struct option *row, const char *name)
{
	char text[OPTION_LONG];

	reply_text(c->reply, name);
	reply_bulk(c->reply, (struct slice){ text,
	    option_print(&c->worker->state.options, row, text) });
}

static bool
is_wanted(struct call *c, const char *name)
{
	int i;

	for (i = 2; i < c->argc; i++)
		if (glob_match(c->argv[i], slice_of(name), true))
			return true;
	return false;
}

void
cmd_config_get(struct call *c)
{
	size_t place = reply_later(c->reply), i;
	int64_t count = 0;

	for (i = 0; i < OPTION_COUNT; i++)
		if (is_wanted(c, option_table[i].name)) {
			get_one(c, &option_table[i], option_table[i].name);
			count++;
		}
	for (i = 0; i < (size_t)option_alias_count; i++)
		if (is_wanted(c, option_alias_table[i].name)) {
			get_one(c, &option_table[option_alias_table[i].id],
			    option_alias_table[i].name);
			count++;
		}
	reply_later_set(c->reply, place, '%', count);
}
