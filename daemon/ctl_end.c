#include "daemon/ctl_end.h"

#include "daemon/clock.h"
#include "daemon/ctl_aof.h"
#include "daemon/ctl_cluster.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_save.h"
#include "daemon/log.h"
#include "proto/error.h"

#define ERRORS "ERR Errors trying to SHUTDOWN. Check logs."

enum { END_SAVE, END_NOSAVE, END_NOW, END_FORCE, END_ABORT, WORDS };

/* The handover before the end. */
static struct {
	bool is_begun, is_over;
	int64_t until_ms;
} end;

/* --- a replica takes over ---------------------------------------------- */

static bool
is_failing_over(const struct ctl *c)
{
	return failover_is_active(&c->kept.failover);
}

static bool
begin_handover(struct ctl *c)
{
	/* The supervisor waits for all of it, and then kills. */
	int64_t timeout_ms = c->next.options.shutdown_timeout * 1000 / 2;
	const struct view *v = ctl_cluster_view();

	end.until_ms = clock_steady_ms() + timeout_ms;
	if (v == NULL || !c->next.options.cluster_shutdown_handover)
		return false;
	if (c->next.role != STATE_PRIMARY) {
		/* A role that is on its way to us comes first. */
		if (is_failing_over(c))
			ctl_cluster_failover(false, FAILOVER_ON_ABORT,
			    VIEW_NOBODY, 0);
		return is_failing_over(c);
	}
	if (!view_is_voter(v, VIEW_SELF))
		return false;
	if (!is_failing_over(c))
		ctl_cluster_failover(false, FAILOVER_ON_OFFER, VIEW_NOBODY,
		    timeout_ms);
	if (is_failing_over(c))
		log_notice("a replica is to take over before the end");
	return is_failing_over(c);
}

/* Whether nobody is waited for any more. */
static bool
is_handed_over(struct ctl *c)
{
	if (end.is_over)
		return true;
	if (!end.is_begun) {
		end.is_begun = true;
		end.is_over = !begin_handover(c);
		return end.is_over;
	}
	end.is_over = (!is_failing_over(c) && ctl_cluster_is_settled(c)) ||
	    clock_steady_ms() >= end.until_ms;
	if (end.is_over && c->next.role == STATE_PRIMARY)
		log_warning("no replica has taken over: the node ends all the "
		    "same");
	return end.is_over;
}

static void
stay(struct ctl *c)
{
	if (end.is_begun && !end.is_over && is_failing_over(c))
		ctl_cluster_failover(false, FAILOVER_ON_ABORT, VIEW_NOBODY, 0);
	end.is_begun = end.is_over = false;
}

/* --- SHUTDOWN ---------------------------------------------------------- */

static bool
has(uint32_t words, int word)
{
	return words >> word & 1;
}

/* False: they make no sense. */
static bool
read_words(const struct slice *argv, int argc, uint32_t *words)
{
	static const char *const word[WORDS] = { "save", "nosave", "now",
	    "force", "abort" };
	int i, n;

	*words = 0;
	for (i = 1; i < argc; i++) {
		for (n = 0; n < WORDS && !slice_is(argv[i], word[n]); n++)
			;
		if (n == WORDS)
			return false;
		*words |= 1u << n;
	}
	return !(has(*words, END_SAVE) && has(*words, END_NOSAVE)) &&
	    !(has(*words, END_ABORT) && argc > 2);
}

/* What waits for it is told, and what was begun is given up. */
static void
call_off(struct ctl *c)
{
	struct region_end *e = &REGION->ctl.end;
	uint32_t wanted = word_load(&REGION->sup.stop_wanted);

	if (!e->is_waiting && wanted == REGION->ctl.stop_refused) {
		ctl_answer_error(c, "ERR No shutdown in progress.");
		return;
	}
	if (e->is_waiting)
		(void)ctl_reply(c, (int)e->worker, e->birth, e->ticket,
		    SLICE("-" ERRORS "\r\n"));
	e->is_waiting = 0;
	word_store_release(&REGION->ctl.stop_refused, wanted);
	log_notice("the end is called off (SHUTDOWN ABORT)");
	ctl_answer_ok(c);
	stay(c);
}

/* The question that is being worked on ends the node. */
static void
end_now(struct ctl *c, uint32_t words)
{
	if (!ctl_aof_before_end(c) && !has(words, END_NOSAVE) &&
	    !has(words, END_NOW) && !has(words, END_FORCE)) {
		log_warning("the append-only file has no BASE yet: the node "
		    "does not end (SHUTDOWN)");
		ctl_answer_error(c, ERRORS);
		return;
	}
	if (!ctl_load_is_on(c) && (has(words, END_SAVE) ||
	    (!has(words, END_NOSAVE) &&
	    ctl_save_has_rules(&c->next.options)))) {
		log_notice("a client asks for the end (SHUTDOWN), saving");
		ctl_save_ask_shutdown(c);
		return;
	}
	log_notice("a client asks for the end (SHUTDOWN)");
	c->next.is_stopping = true;
	ctl_publish(c, NULL);
	ctl_answer_nothing(c);
}

void
ctl_end_ask(struct ctl *c, const struct slice *argv, int argc)
{
	struct region_end *e = &REGION->ctl.end;
	uint32_t words;

	if (!read_words(argv, argc, &words)) {
		ctl_answer_error(c, "%s", error_text[ERROR_SYNTAX]);
	} else if (has(words, END_ABORT)) {
		call_off(c);
	} else if (e->is_waiting) {
		ctl_answer_error(c, "ERR the node is ending already");
	} else if (has(words, END_NOW) || is_handed_over(c)) {
		end_now(c, words);
	} else {
		*e = (struct region_end){ .words = words,
		    .worker = (uint32_t)c->ask.worker, .birth = c->ask.birth,
		    .ticket = c->ask.ticket };
		word_store_release(&e->is_waiting, 1);
		ctl_answer_nothing(c);
	}
}

/* --- turns ------------------------------------------------------------- */

static bool
is_signalled(void)
{
	return word_load_acquire(&REGION->sup.stop_wanted) !=
	    REGION->ctl.stop_refused;
}

/* Who waits for us in a failover hears that it waits in vain. */
static void
leave(struct ctl *c)
{
	if (is_failing_over(c))
		ctl_cluster_failover(false, FAILOVER_ON_ABORT, VIEW_NOBODY, 0);
	c->next.is_stopping = true;
	c->next.is_frozen = false;
	ctl_publish(c, NULL);
}

/* As if it were asked only now. */
static void
go_on(struct ctl *c)
{
	struct region_end *e = &REGION->ctl.end;

	ctl_begin_own(c);
	c->ask.worker = (int)e->worker;
	c->ask.birth = e->birth;
	c->ask.ticket = e->ticket;
	c->ask.at = UINT64_MAX;
	e->is_waiting = 0;
	end_now(c, e->words);
}

void
ctl_end_turn(struct ctl *c)
{
	bool is_wanted = is_signalled();

	c->is_ending = is_wanted || REGION->ctl.end.is_waiting;
	if (c->next.is_stopping || c->ask.is_busy)
		return;
	if (is_wanted && (word_load(&REGION->sup.stop_at_once) ||
	    is_handed_over(c)) && ctl_aof_before_end(c) &&
	    ctl_save_before_end(c)) {
		leave(c);
	} else if (!is_wanted && REGION->ctl.end.is_waiting &&
	    is_handed_over(c)) {
		go_on(c);
	} else if (!is_wanted && !REGION->ctl.end.is_waiting &&
	    c->next.last_words == 0) {
		end.is_begun = end.is_over = false;
	}
}
