#include "daemon/net_talk.h"

#include "daemon/log.h"
#include "daemon/net.h"
#include "proto/number.h"

#include <stdio.h>

#define ARGS_MAX 6
#define SHOWN 200 /* bytes of an answer that are logged */
/* Asked again, the replica has taken over, and its answer was lost. */
#define IS_PRIMARY "-ERR PSYNC FAILOVER can't be sent to a master."

enum step { STEP_PING, STEP_AUTH, STEP_PORT, STEP_IP, STEP_CAPA, STEP_PSYNC,
	STEPS };

static const struct {
	const char *name;
	bool must_succeed;
} steps[STEPS] = {
	[STEP_PING] = { "PING", true },
	[STEP_AUTH] = { "AUTH", true },
	[STEP_PORT] = { "REPLCONF listening-port", false },
	[STEP_IP] = { "REPLCONF ip-address", false },
	[STEP_CAPA] = { "REPLCONF capa", false },
	[STEP_PSYNC] = { "PSYNC", true },
};

static void
say(struct net_link *l, enum step step, const char *const *word, int count)
{
	char text[ARGS_MAX * (OPTION_ROOM + 32)];
	size_t used;
	int i;

	used = (size_t)snprintf(text, sizeof(text), "*%d\r\n", count);
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "$%zu\r\n%s\r\n", strlen(word[i]), word[i]);
	l->said |= 1u << step;
	link_say(l, text, used);
}
#define SAY(l, step, ...) say((l), (step), \
	(const char *const[]){ __VA_ARGS__ }, \
	(int)COUNT(((const char *const[]){ __VA_ARGS__ })))

static void
say_who(struct net_link *l)
{
	const struct options *o = &l->worker->state.options;
	int64_t port = o->replica_announce_port != 0 ?
	    o->replica_announce_port : o->port;
	char digits[NUMBER_TEXT + 1] = "";

	number_put_int(digits, port);
	if (o->masterauth[0] != 0 && o->masteruser[0] != 0)
		SAY(l, STEP_AUTH, "AUTH", o->masteruser, o->masterauth);
	else if (o->masterauth[0] != 0)
		SAY(l, STEP_AUTH, "AUTH", o->masterauth);
	SAY(l, STEP_PORT, "REPLCONF", "listening-port", digits);
	if (o->replica_announce_ip[0] != 0)
		SAY(l, STEP_IP, "REPLCONF", "ip-address",
		    o->replica_announce_ip);
	SAY(l, STEP_CAPA, "REPLCONF", "capa", "eof", "capa", "psync2");
}

/*
 * By which id the stream that we have is asked for.  A node that has written
 * nothing since it began a stream of its own, which nobody has had, has all
 * of the one before.
 */
static const char *
stream_id(const struct state *s, uint64_t end)
{
	return s->second_offset == (int64_t)end + 1 &&
	    net_count(STAT_sync_full) + net_count(STAT_sync_partial_ok) == 0 ?
	    s->replid2 : s->replid;
}

/*
 * What we have, and so want from there on; which may be all of nothing: a
 * sibling of an empty primary goes on with who took over, too.
 */
static void
say_psync(struct net_link *l)
{
	const struct state *s = &l->worker->state;
	uint64_t end = word_load_acquire(&REGION->common.log.end);
	char digits[NUMBER_TEXT + 1] = "";

	number_put_int(digits, (int64_t)end + 1);
	l->role_asks = s->handover.step == HANDOVER_GOES ?
	    l->role_asks + 1 : 0;
	if (l->role_asks > 0) {
		memcpy(l->replid, s->replid, sizeof(l->replid));
		log_notice("asks the replica at %s to take over", digits);
		SAY(l, STEP_PSYNC, "PSYNC", l->replid, digits, "FAILOVER");
	} else if (s->replid[0] != 0) {
		memcpy(l->replid, stream_id(s, end), sizeof(l->replid));
		log_notice("asks the primary to go on at %s of %s", digits,
		    l->replid);
		SAY(l, STEP_PSYNC, "PSYNC", l->replid, digits);
	} else {
		log_notice("asks the primary for a full synchronisation");
		SAY(l, STEP_PSYNC, "PSYNC", "?", "-1");
	}
}

void
talk_begin(struct net_link *l)
{
	l->said = 0;
	l->step = STEP_PING;
	link_set_phase(l, LINK_AT_TALK);
	SAY(l, STEP_PING, "PING");
	if (!l->worker->state.is_primary_own)
		return;
	say_who(l);
	say_psync(l);
}

static bool
has_said(const struct net_link *l, enum step step)
{
	return l->said >> step & 1;
}

/* --- answers ----------------------------------------------------------- */

static bool
begins(struct slice line, const char *with)
{
	size_t bytes = strlen(with);

	return line.bytes >= bytes && memcmp(line.data, with, bytes) == 0;
}

static struct slice
take_word(struct slice *rest)
{
	struct slice word = { rest->data, 0 };

	while (word.bytes < rest->bytes && rest->data[word.bytes] != ' ')
		word.bytes++;
	rest->data += word.bytes;
	rest->bytes -= word.bytes;
	while (rest->bytes > 0 && rest->data[0] == ' ') {
		rest->data++;
		rest->bytes--;
	}
	return word;
}

static bool
is_id(struct slice word)
{
	size_t i;

	for (i = 0; i < word.bytes; i++)
		if (word.data[i] < '!' || word.data[i] > '~')
			return false;
	return word.bytes == 40;
}

static void
full(struct net_link *l, struct slice rest)
{
	struct slice id = take_word(&rest), offset = take_word(&rest);
	int64_t n;

	if (!is_id(id) || !number_get_int(offset, &n) || n < 0) {
		link_drop(l, "the primary's FULLRESYNC makes no sense");
		return;
	}
	/* It has taken over, whatever it has to send us. */
	if (l->worker->state.handover.step == HANDOVER_GOES)
		word_store_release(&l->worker->area->link.is_primary,
		    l->worker->state.link_serial);
	memcpy(l->replid, id.data, id.bytes);
	l->offset = (uint64_t)n;
	log_notice("full synchronisation from %lld of %.40s", (long long)n,
	    l->replid);
	link_set_phase(l, LINK_AT_HEAD);
}

/*
 * When the primary has another id by now, control publishes that first; or that
 * nothing is missing here any more: what comes is what it was.
 */
static void
go_on(struct net_link *l, struct slice rest)
{
	const struct state *s = &l->worker->state;
	struct slice id = take_word(&rest);
	const char *text[] = { "continue", l->replid };

	FAULT(LINK_CONTINUED);
	if (id.bytes > 0 && !is_id(id)) {
		link_drop(l, "the primary's CONTINUE makes no sense");
		return;
	}
	if (s->handover.step == HANDOVER_GOES && (id.bytes == 0 ||
	    slice_equal(id, slice_of(s->replid)))) {
		link_drop(l, "the replica goes on without taking over");
		return;
	}
	log_notice("partial synchronisation");
	l->worker->area->link.partial++;
	if (id.bytes > 0)
		memcpy(l->replid, id.data, id.bytes);
	if (strcmp(l->replid, s->replid) == 0 && s->loss == LOSS_NONE) {
		link_go_up(l);
		return;
	}
	link_ask(l, MAIL_LINK_CONTINUE, text, COUNT(text));
}

/* A failover's end, if it was one. */
static void
refused(struct net_link *l, struct slice line)
{
	const struct state *s = &l->worker->state;
	struct link *seen = &l->worker->area->link;

	if (s->handover.step == HANDOVER_GOES && l->role_asks > 1 &&
	    begins(line, IS_PRIMARY))
		word_store_release(&seen->is_primary, s->link_serial);
	else if (s->handover.step == HANDOVER_GOES)
		word_store_release(&seen->is_refused, s->link_serial);
	link_drop(l, "the primary answers PSYNC: %.*s", (int)(line.bytes
	    < SHOWN ? line.bytes : SHOWN), line.data);
}

static void
psync_answered(struct net_link *l, struct slice line)
{
	struct slice rest = line, word = take_word(&rest);

	if (slice_is(word, "+FULLRESYNC"))
		full(l, rest);
	else if (slice_is(word, "+CONTINUE"))
		go_on(l, rest);
	else
		refused(l, line);
}

static void
next_step(struct net_link *l)
{
	if (l->step == STEP_PING && !has_said(l, STEP_CAPA))
		say_who(l);
	do
		l->step++;
	while (l->step < STEP_PSYNC && !has_said(l, l->step));
	if (l->step < STEP_PSYNC)
		return;
	if (!has_said(l, STEP_PSYNC))
		say_psync(l);
	word_store(&l->worker->area->link.is_asked, 1);
}

void
talk_heard(struct net_link *l, struct slice line)
{
	int bytes = (int)(line.bytes < SHOWN ? line.bytes : SHOWN);
	bool is_error = line.bytes > 0 && line.data[0] == '-';

	if (line.bytes == 0)
		return;
	if (l->step == STEP_PSYNC) {
		psync_answered(l, line);
		return;
	}
	/* Its disk may fail: more reason to have replicas. */
	if (l->step == STEP_PING)
		is_error = line.data[0] != '+' && !begins(line, "-NOAUTH") &&
		    !begins(line, "-NOPERM") && !begins(line, "-MISCONF") &&
		    !begins(line, "-ERR operation not permitted");
	if (is_error && steps[l->step].must_succeed) {
		link_drop(l, "the primary answers %s: %.*s",
		    steps[l->step].name, bytes, line.data);
		return;
	}
	if (is_error)
		log_verbose("the primary answers %s: %.*s",
		    steps[l->step].name, bytes, line.data);
	next_step(l);
}
