/*
 * cmd_function - FUNCTION, for an empty set of libraries
 *
 * Tools that make clusters ask every node for its libraries and give them to
 * new ones; so all of it answers as a server that has none, and only what would
 * load one is refused.
 *
 * Source of the forms and texts: redis-server 7.
 *
 * Not here: scripts: there are none.
 */
#include "daemon/call.h"
#include "daemon/net_worker.h"
#include "shm/dump.h"

#define PAYLOAD_ROOM 64

void
cmd_function_delete(struct call *c)
{
	reply_error(c->reply, "ERR Library not found");
}

void
cmd_function_dump(struct call *c)
{
	char data[PAYLOAD_ROOM];
	struct rdb_writer w;

	rdb_write_open(&w, (int)c->worker->state.options.rdb_version, data,
	    sizeof(data), NULL, NULL);
	rdb_write_footer(&w);
	reply_bulk(c->reply, (struct slice){ w.data, w.used });
}

void
cmd_function_flush(struct call *c)
{
	if (c->argc > 3 || (c->argc == 3 && !slice_is(c->argv[2], "sync") &&
	    !slice_is(c->argv[2], "async")))
		reply_error(c->reply, "ERR FUNCTION FLUSH only supports "
		    "SYNC|ASYNC option");
	else
		reply_ok(c->reply);
}

void
cmd_function_kill(struct call *c)
{
	reply_error(c->reply, "NOTBUSY No scripts in execution right now.");
}

void
cmd_function_list(struct call *c)
{
	int i;

	for (i = 2; i < c->argc; i++) {
		if (slice_is(c->argv[i], "withcode"))
			continue;
		if (!slice_is(c->argv[i], "libraryname")) {
			reply_errorf(c->reply, "ERR Unknown argument %.*s",
			    (int)(c->argv[i].bytes < 128 ? c->argv[i].bytes :
			    128), c->argv[i].data);
			return;
		}
		if (++i == c->argc) {
			reply_error(c->reply, "ERR library name argument was "
			    "not given");
			return;
		}
	}
	reply_array(c->reply, 0);
}

void
cmd_function_load(struct call *c)
{
	reply_error(c->reply, "ERR Libraries are not supported by this server");
}

void
cmd_function_restore(struct call *c)
{
	struct slice payload = c->argv[2];

	if (c->argc > 4) {
		reply_errorf(c->reply, "ERR unknown subcommand or wrong number "
		    "of arguments for '%.*s'. Try FUNCTION HELP.",
		    (int)c->argv[1].bytes, c->argv[1].data);
		return;
	}
	if (c->argc == 4 && !slice_is(c->argv[3], "flush") &&
	    !slice_is(c->argv[3], "append") &&
	    !slice_is(c->argv[3], "replace")) {
		reply_error(c->reply, "ERR Wrong restore policy given, value "
		    "should be either FLUSH, APPEND or REPLACE.");
		return;
	}
	if (!rdb_payload_is_sound(payload))
		reply_error(c->reply, error_text[ERROR_PAYLOAD]);
	else if (payload.bytes > RDB_FOOTER_BYTES)
		cmd_function_load(c);
	else
		reply_ok(c->reply);
}

void
cmd_function_stats(struct call *c)
{
	struct reply *r = c->reply;

	reply_map(r, 2);
	reply_text(r, "running_script");
	reply_null(r);
	reply_text(r, "engines");
	reply_map(r, 1);
	reply_text(r, "LUA");
	reply_map(r, 2);
	reply_text(r, "libraries_count");
	reply_int(r, 0);
	reply_text(r, "functions_count");
	reply_int(r, 0);
}
