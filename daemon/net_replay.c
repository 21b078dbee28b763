#include "daemon/net_replay.h"

#include "daemon/file.h"
#include "daemon/net_apply.h"
#include "daemon/net_split.h"
#include "proto/command.h"
#include "proto/resp.h"

#include <stdio.h>
#include <stdlib.h>

#define SOME_BYTES 65536
#define RUNS_MANY 1000  /* gaps in what is given at once; */
#define RUNS 1024       /* with what a part adds while apply waits */
#define BELIEVED 2      /* whole requests in a row are no coincidence */
#define PROBE_BYTES 512 /* of one, in search of such */
#define PROBE_ARGS 8

/* Where bytes that were given to apply are in the file: its own, of a gap. */
struct run {
	uint64_t given, at;
};

struct replay {
	struct apply apply;
	struct split split;
	struct file_map map;
	uint64_t id;             /* of the order */
	uint32_t index, workers; /* which worker we are */
	uint64_t at;             /* shared out up to this byte */
	uint64_t given;          /* bytes given to apply */
	uint64_t left;           /* from `at` on: of a part that is ours */
	bool is_rest;            /* which is all that is left */
	bool may_be_cut;
	/* shared out; apply's when the rest began */
	uint64_t commands, before;
	uint64_t sole_end;       /* of the last part before which we wait */
	struct run run[RUNS];
	int runs;
	char why[APPLY_WHY];
	size_t used;
	char some[SOME_BYTES];
};

struct replay *
replay_open(struct worker *w, const struct load_order *o, int *bad)
{
	struct replay *r = calloc(1, sizeof(*r));

	must(r != NULL, "there is private memory for loading");
	*bad = file_map(&r->map, o->file);
	if (*bad != 0 || o->from > r->map.bytes) {
		if (*bad == 0)
			file_unmap(&r->map);
		free(r);
		return NULL;
	}
	r->id = o->id;
	r->index = (uint32_t)w->birth->index;
	r->workers = REGION->head.workers;
	r->at = o->from;
	r->may_be_cut = o->may_be_cut;
	/* Alone there is nothing to share out. */
	r->is_rest = r->workers == 1;
	r->left = r->is_rest ? r->map.bytes - r->at : 0;
	split_open(&r->split, r->workers, &w->area->proc.beat);
	apply_open(&r->apply, w, NULL, o->stream_db);
	r->apply.is_framed = !r->is_rest;
	return r;
}

/* --- how far everybody is ---------------------------------------------- */

/* The byte up to which a worker has executed what is its own. */
static uint64_t
reached(const struct replay *r, uint32_t worker)
{
	const struct load_report *report = &REGION->area[worker].load;

	return word_load_acquire(&report->id) == r->id ?
	    word_load_acquire(&report->at) : 0;
}

static bool
have_all_reached(const struct replay *r, uint64_t at)
{
	uint32_t i;

	for (i = 0; i < r->workers; i++)
		if (i != r->index && reached(r, i) < at)
			return false;
	return true;
}

/* Whether all that was given has been executed. */
static bool
is_level(const struct replay *r)
{
	return r->apply.bytes == r->given &&
	    r->apply.conn->park.why == CONN_SERVES;
}

static void
tell(struct replay *r, uint64_t at)
{
	word_store_release(&REGION->area[r->index].load.at, at);
}

/* --- the end ----------------------------------------------------------- */

/* A whole request that looks like one of ours begins at data. */
static size_t
probe(const char *data, size_t bytes)
{
	static const struct resp_limits limits = { PROBE_BYTES, false };
	struct slice argv[PROBE_ARGS];
	struct resp resp;
	char text[PROBE_BYTES];
	int argc = 0;
	bool is_container;

	if (bytes > sizeof(text))
		bytes = sizeof(text);
	memcpy(text, data, bytes);
	resp_begin(&resp);
	if (text[0] != '*' || resp_read(&resp, &limits, text, bytes, argv,
	    PROBE_ARGS, &argc) != RESP_REQUEST ||
	    command_find(argv, argc, &is_container) == NULL)
		return 0;
	return resp.used;
}

/* Whether what seems to be cut at `at` is followed by whole requests. */
static bool
is_in_the_middle(const struct replay *r, uint64_t at)
{
	const char *data = r->map.data;
	size_t bytes = r->map.bytes, next, used;
	int found;

	for (at++; at + 1 < bytes; at++) {
		if (data[at] != '*' || data[at - 1] != '\n')
			continue;
		next = at;
		for (found = 0; found < BELIEVED && next < bytes; found++) {
			used = probe(data + next, bytes - next);
			if (used == 0)
				break;
			next += used;
		}
		if (found == BELIEVED || (found > 0 && next == bytes))
			return true;
	}
	return false;
}

/* It goes no further. */
static enum replay_result
damaged(struct replay *r, const char *why)
{
	if (r->apply.is_in_doubt)
		return REPLAY_LOST;
	snprintf(r->why, sizeof(r->why), "%s", why);
	return REPLAY_BAD;
}

static enum replay_result
end(struct replay *r)
{
	uint64_t at = replay_at(r);

	if (at == r->map.bytes || r->index != 0)
		return REPLAY_DONE;
	if (!r->may_be_cut)
		return damaged(r, "a request or a transaction is cut "
		    "(aof-load-truncated)");
	if (is_in_the_middle(r, r->map.bytes - (r->apply.conn->query.used -
	    r->apply.conn->query.at)))
		return damaged(r, "a length is wrong: whole requests follow");
	return REPLAY_DONE;
}

/* --- giving ------------------------------------------------------------ */

/* Gives apply what was collected. */
static void
give(struct replay *r)
{
	size_t bytes = r->used;

	r->used = 0;
	if (bytes > 0)
		apply_bytes(&r->apply, r->some, bytes);
	if (is_level(r)) {
		r->runs = 0;
		tell(r, r->at);
	} else if (r->is_rest) {
		tell(r, replay_at(r));
	}
}

/* Collects some bytes of the file from `at` on; how many. */
static size_t
collect(struct replay *r, uint64_t at, size_t bytes)
{
	struct run *last = r->runs > 0 ? &r->run[r->runs - 1] : NULL;

	if (r->used == SOME_BYTES || (r->runs >= RUNS_MANY && r->used > 0))
		give(r);
	if (bytes > SOME_BYTES - r->used)
		bytes = SOME_BYTES - r->used;
	if (r->runs == 0 || at - last->at != r->given - last->given) {
		must(r->runs < RUNS, "what is given at once has few gaps");
		r->run[r->runs++] = (struct run){ r->given, at };
	}
	memcpy(r->some + r->used, r->map.data + at, bytes);
	r->used += bytes;
	r->given += bytes;
	return bytes;
}

/* More of a part that is ours; what is long is given in pieces. */
static void
take(struct replay *r)
{
	size_t took = collect(r, r->at, r->left);

	r->at += took;
	r->left -= took;
	if (r->left > 0)
		give(r);
}

/* --- sharing out ------------------------------------------------------- */

/* Whether a part that is ours has to wait for others. */
static bool
has_to_wait(const struct replay *r, bool is_sole)
{
	if (r->index == 0)
		return is_sole && !have_all_reached(r, r->at);
	return r->sole_end > 0 && reached(r, 0) < r->sole_end;
}

/* The rest is the first worker's: it is not whole, or damaged. */
static enum replay_result
leave_rest(struct replay *r)
{
	if (r->index != 0) {
		r->at = r->map.bytes;
		return REPLAY_MORE;
	}
	if (has_to_wait(r, true))
		return REPLAY_WAIT;
	r->is_rest = true;
	r->apply.is_framed = false;
	r->before = r->apply.commands;
	r->left = r->map.bytes - r->at;
	return REPLAY_MORE;
}

/* The next part: taken, passed, or to be waited for. */
static enum replay_result
meet(struct replay *r)
{
	struct slice rest = { r->map.data + r->at, r->map.bytes - r->at };
	uint32_t close = r->split.close;
	struct split_part p;
	bool is_sole, is_ours;

	if (!split_next(&r->split, rest, &p))
		return leave_rest(r);
	is_sole = p.whose == SPLIT_SOLE;
	is_ours = p.whose == SPLIT_ALL || p.worker == r->index;
	/* Others wait for the end of what was not of one. */
	if (r->index == 0 && r->sole_end == r->at && !is_sole)
		give(r);
	if (is_ours && p.whose != SPLIT_ALL && has_to_wait(r, is_sole)) {
		/* It is met again. */
		r->split.close = close;
		return REPLAY_WAIT;
	}
	r->commands++;
	if (is_sole)
		r->sole_end = r->at + p.bytes;
	if (is_ours) {
		r->left = p.bytes;
		take(r);
		return REPLAY_MORE;
	}
	if (p.select.bytes > 0)
		collect(r, (uint64_t)(p.select.data - r->map.data),
		    p.select.bytes);
	r->at += p.bytes;
	return REPLAY_MORE;
}

/* ----------------------------------------------------------------------- */

enum replay_result
replay_some(struct replay *r)
{
	enum replay_result got = REPLAY_MORE;
	uint64_t until = r->at + SOME_BYTES;

	if (r->apply.why[0] != 0)
		return damaged(r, r->apply.why);
	if (r->apply.conn->park.why == CONN_SERVES && r->used > 0)
		give(r);
	if (r->apply.conn->park.why != CONN_SERVES)
		return REPLAY_MORE;
	if (r->left == 0 && r->at == r->map.bytes)
		return end(r);
	if (r->left > 0)
		take(r);
	while (got == REPLAY_MORE && r->left == 0 && r->at < r->map.bytes &&
	    r->at < until && r->apply.conn->park.why == CONN_SERVES)
		got = meet(r);
	give(r);
	return r->apply.why[0] != 0 ? damaged(r, r->apply.why) : got;
}

uint64_t
replay_at(const struct replay *r)
{
	int i = r->runs;

	while (i > 0 && r->run[i - 1].given > r->apply.bytes)
		i--;
	return i == 0 ? r->at : r->run[i - 1].at + (r->apply.bytes -
	    r->run[i - 1].given);
}

int
replay_db(const struct replay *r)
{
	return r->apply.applied_db;
}

uint64_t
replay_commands(const struct replay *r)
{
	return r->commands + (r->is_rest ? r->apply.commands - r->before : 0);
}

const char *
replay_why(const struct replay *r)
{
	return r->why;
}

void
replay_close(struct replay *r)
{
	split_close(&r->split);
	apply_close(&r->apply);
	file_unmap(&r->map);
	free(r);
}
