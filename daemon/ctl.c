#include "daemon/ctl.h"

#include "daemon/clock.h"
#include "daemon/ctl_aof.h"
#include "daemon/ctl_ask.h"
#include "daemon/ctl_cluster.h"
#include "daemon/ctl_ensure.h"
#include "daemon/ctl_failover.h"
#include "daemon/ctl_end.h"
#include "daemon/ctl_order.h"
#include "daemon/ctl_pages.h"
#include "daemon/ctl_recover.h"
#include "daemon/ctl_role.h"
#include "daemon/ctl_handover.h"
#include "daemon/ctl_held.h"
#include "daemon/ctl_hold.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_mend.h"
#include "daemon/ctl_reload.h"
#include "daemon/ctl_save.h"
#include "daemon/ctl_shift.h"
#include "daemon/ctl_together.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "shm/state_pen.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TICK_MS 100
#define FROZEN_MS 1 /* while all stand still */

/* --- publishing -------------------------------------------------------- */

void
ctl_ring_workers(struct ctl *c)
{
	int i;

	for (i = 0; i < PROC_WORKERS; i++)
		doorbell_ring(c->birth->bell[i]);
	doorbell_ring(c->birth->bell[PROC_LOGGER]);
}

void
ctl_want(const struct ctl *c, int index)
{
	uint32_t birth = word_load_acquire(&REGION->sup.birth[index]);

	if (REGION->ctl.mended[index] != birth ||
	    REGION->ctl.wanted[index] > birth)
		return;
	word_store_release(&REGION->ctl.wanted[index], birth + 1);
	doorbell_ring(c->birth->bell_supervisor);
}

uint64_t
ctl_tell(struct ctl *c)
{
	uint64_t version = state_publish(&REGION->state, &c->next, clock_ms());

	word_fence();
	ctl_ring_workers(c);
	doorbell_ring(c->birth->bell_supervisor);
	return version;
}

void
ctl_publish(struct ctl *c, void (*then)(struct ctl *c))
{
	c->ask.version = ctl_tell(c);
	c->ask.then = then;
	if (c->ask.is_part && then == ctl_answer_ok)
		ctl_answer_ok(c);
}

bool
ctl_has_seen(int index, uint64_t version)
{
	const struct proc *p = &REGION->area[index].proc;
	uint32_t birth = word_load_acquire(&REGION->sup.birth[index]);

	return birth == REGION->ctl.mended[index] ||
	    word_load_acquire(&p->birth) != birth ||
	    word_load_acquire(&p->version) >= version;
}

bool
ctl_is_acknowledged(uint64_t version)
{
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		if (!ctl_has_seen((int)i, version))
			return false;
	return true;
}

/* --- answers ----------------------------------------------------------- */

static void
answer(struct ctl *c, const char *text, size_t bytes)
{
	must(bytes <= sizeof(c->ask.answer), "an answer of control is short");
	memcpy(c->ask.answer, text, bytes);
	c->ask.answer_bytes = bytes;
	c->ask.is_answered = true;
	c->ask.is_elsewhere = false;
	c->ask.then = NULL;
}

void
ctl_answer_ok(struct ctl *c)
{
	answer(c, "+OK\r\n", 5);
}

void
ctl_answer_simple(struct ctl *c, const char *text)
{
	char whole[CTL_ANSWER / 2];
	int n = snprintf(whole, sizeof(whole), "+%s\r\n", text);

	answer(c, whole, (size_t)n);
}

void
ctl_answer_resp(struct ctl *c, const char *text, size_t bytes)
{
	answer(c, text, bytes);
}

void
ctl_answer_int(struct ctl *c, int64_t number)
{
	char whole[64];
	int n = snprintf(whole, sizeof(whole), ":%lld\r\n",
	    (long long)number);

	answer(c, whole, (size_t)n);
}

void
ctl_answer_nothing(struct ctl *c)
{
	answer(c, "", 0);
}

void
ctl_answer_error(struct ctl *c, const char *format, ...)
{
	char text[CTL_ANSWER / 2] = "-";
	va_list args;
	size_t bytes, i;

	va_start(args, format);
	vsnprintf(text + 1, sizeof(text) - 3, format, args);
	va_end(args);
	bytes = strlen(text);
	for (i = 0; i < bytes; i++)
		if (text[i] == '\r' || text[i] == '\n')
			text[i] = ' ';
	memcpy(text + bytes, "\r\n", 2);
	answer(c, text, bytes + 2);
}

void
ctl_answer_bulk(struct ctl *c, const char *text, size_t bytes)
{
	char whole[CTL_ANSWER];
	int n = snprintf(whole, sizeof(whole), "$%zu\r\n%.*s\r\n", bytes,
	    (int)bytes, text);

	must((size_t)n < sizeof(whole), "an answer of control is short");
	answer(c, whole, (size_t)n);
}

bool
ctl_reply(struct ctl *c, int worker, uint32_t birth, uint64_t ticket,
    struct slice text)
{
	const struct area *area = &REGION->area[worker];

	if (area->proc.birth == birth &&
	    !mail_answer(&REGION->ctl.answers[worker],
	    word_load_acquire(&area->answers_got), birth, ticket, text))
		return false;
	doorbell_ring(c->birth->bell[worker]);
	return true;
}

/* Sends the answer; false when there is no room yet. */
static bool
send_answer(struct ctl *c)
{
	int w = c->ask.worker;

	if (w < 0)
		return true;
	if (c->ask.answer_bytes > 0 && !ctl_reply(c, w, c->ask.birth,
	    c->ask.ticket,
	    (struct slice){ c->ask.answer, c->ask.answer_bytes }))
		return false;
	FAULT(ASK_DONE);
	if (REGION->ctl.asks_got[w] == c->ask.at)
		mail_done(&REGION->area[w].asks, &REGION->ctl.asks_got[w]);
	doorbell_ring(c->birth->bell[w]);
	return true;
}

/* --- questions --------------------------------------------------------- */

/* Takes the question at the head of a worker's mailbox, if there is one. */
static void
take_question(struct ctl *c, int w)
{
	static struct slice argv[MAIL_ARGS_MAX];
	uint64_t *got = &REGION->ctl.asks_got[w];
	const struct mail *m;
	bool is_begun;

	while ((m = mail_next(&REGION->area[w].asks, got)) != NULL &&
	    m->birth != REGION->area[w].proc.birth)
		mail_done(&REGION->area[w].asks, got);
	if (m == NULL)
		return;
	c->ask.is_busy = true;
	c->ask.is_answered = false;
	c->ask.is_stream = false;
	c->ask.worker = w;
	c->ask.birth = m->birth;
	c->ask.ticket = m->ticket;
	c->ask.at = *got;
	is_begun = REGION->ctl.asks_begun[w] > *got;
	word_store(&REGION->ctl.asks_begun[w], *got + m->bytes);
	word_order();
	FAULT(ASK_BEGUN);
	if (is_begun)
		ctl_answer_error(c, "%s", error_text[ERROR_REPLACED]);
	else
		ctl_ask_begin(c, (enum mail_kind)m->kind, argv,
		    mail_args(m, argv));
}

static void
take_questions(struct ctl *c)
{
	static uint32_t next;
	uint32_t i, workers = REGION->head.workers;

	/* A change of roles has waited for the last one. */
	if (unlikely(ctl_cluster_is_urgent()))
		return;
	for (i = 0; i < workers && !c->ask.is_busy && !ctl_load_rests(c); i++)
		take_question(c, (int)(next++ % workers));
}

void
ctl_begin_own(struct ctl *c)
{
	must(!c->ask.is_busy, "one question at a time is worked on");
	c->ask.is_busy = true;
	c->ask.is_answered = false;
	c->ask.worker = -1;
}

/* Goes on with the question that is being worked on. */
static void
go_on(struct ctl *c)
{
	while (c->ask.is_busy) {
		if (c->ask.is_answered) {
			if (ctl_together_goes_on(c))
				continue;
			if (!send_answer(c))
				return;
			c->ask.is_busy = false;
		} else if (c->ask.is_elsewhere) {
			return;
		} else {
			void (*then)(struct ctl *c) = c->ask.then;

			must(then != NULL, "a question is answered or has a "
			    "next step");
			if (!ctl_is_acknowledged(c->ask.version))
				return;
			then(c);
		}
	}
}

/* --- the dead ---------------------------------------------------------- */

static void
open_region(void)
{
	if (region_open_all() != 0)
		never("control may write the region while it mends");
}

static void
close_region(void)
{
	if (region_close_all() != 0)
		never("control may give up writing the region");
}

static void
mend(struct ctl *c)
{
	int64_t begin, us;
	int index;

	if (ctl_mend_next() < 0)
		return;
	open_region();
	while ((index = ctl_mend_next()) >= 0) {
		begin = clock_steady_us();
		ctl_mend_process(index, c->birth->name);
		if (index == PROC_SAVER)
			ctl_save_mend();
		else if (index == PROC_LOGGER)
			ctl_aof_mend();
		ctl_role_lost(c, index);
		us = clock_steady_us() - begin;
		if ((uint64_t)us > REGION->ctl.mend_us_max)
			REGION->ctl.mend_us_max = (uint64_t)us;
		if (!c->next.is_stopping && index < PROC_WORKERS)
			log_notice("mended what worker %d left, in %d us",
			    index, (int)us);
	}
	close_region();
	doorbell_ring(c->birth->bell_supervisor);
}

/* --- the loop ---------------------------------------------------------- */

void
ctl_beat(void)
{
	proc_beat(&REGION->area[PROC_CONTROL].proc);
}

/*
 * The end: told to everybody; control is the last to go, but for who makes huge
 * pages, who has nothing to bring to an end.
 */
static bool
end(struct ctl *c)
{
	uint32_t i;

	ctl_end_turn(c);
	if (!c->next.is_stopping)
		return false;
	for (i = 0; i < PROC_MAX; i++)
		if (i != PROC_CONTROL && i != PROC_PAGES &&
		    REGION->sup.birth[i] !=
		    word_load_acquire(&REGION->sup.dead[i]))
			return false;
	return true;
}

/* What a predecessor left: the dead, its locks, an unfinished question. */
static void
succeed(struct ctl *c)
{
	open_region();
	ctl_mend_begin();
	close_region();
	mend(c);
	open_region();
	ctl_mend_predecessors();
	close_region();
	ctl_load_recover(c);
	ctl_save_recover(c);
	if (!ctl_load_rests(c))
		ctl_ask_recover(c);
	ctl_recover_begin(c);
	ctl_role_recover(c);
	ctl_handover_recover(c);
}

/* The node has its data: whoever waits for its start may go. */
static void
be_ready(struct ctl *c)
{
	if (c->is_ready || ctl_load_is_on(c))
		return;
	c->is_ready = true;
	ctl_held_start(c);
	ctl_order_has_data(c);
	birth_ready(c->birth);
}

/* The recovery lock, and a link that has to begin anew. */
static void
recover(struct ctl *c)
{
	ctl_failover_lock_news(c, ctl_recover_turn(c));
	ctl_ensure_turn(c, ctl_cluster_has_failed_primary(),
	    ctl_cluster_is_paused());
}

/* Whether somebody waits for what a bell does not tell. */
static bool
is_waited_for(const struct ctl *c)
{
	return c->next.is_frozen || ctl_role_is_due(c) || ctl_hold_is_due() ||
	    ctl_shift_is_due() || ctl_handover_is_on(c) ||
	    (c->ask.is_busy && !c->ask.is_answered && !c->ask.is_elsewhere);
}

int
ctl_main(const struct birth *b)
{
	static struct ctl c;
	struct area *area = &REGION->area[b->index];
	/* our doorbell; what the cluster waits for, if there is one */
	struct pollfd bell[2] = {
		{ .fd = b->bell[b->index], .events = POLLIN },
		{ .fd = -1, .events = POLLIN } };
	int wait_ms = FROZEN_MS;
	bool is_paging;

	c.birth = b;
	c.ask.worker = -1;
	c.loaded[LOAD_FOR_RELOAD] = ctl_reload_loaded;
	state_read(&REGION->state, &c.next);
	kept_read(&c.kept);
	c.kept.unix_offset_ms = clock_ms() - clock_steady_ms();
	succeed(&c);
	/* Rings that its predecessor heard are not lost. */
	doorbell_ring(bell[0].fd);
	bell[1].fd = ctl_cluster_begin(&c);
	ctl_shift_begin(&c);
	while (!end(&c)) {
		poll(bell, 2, wait_ms);
		if (bell[0].revents != 0)
			doorbell_quiet(bell[0].fd);
		proc_beat(&area->proc);
		word_store_release(&area->proc.version, c.next.version);
		log_set_level(c.next.options.loglevel);
		mend(&c);
		ctl_hold_turn(&c);
		go_on(&c);
		take_questions(&c);
		/* Who asks all the time does not keep us from the rest. */
		go_on(&c);
		ctl_aof_turn(&c);
		ctl_reload_turn(&c);
		ctl_save_turn(&c);
		go_on(&c);
		ctl_load_turn(&c);
		ctl_held_turn(&c);
		ctl_role_turn(&c);
		ctl_handover_turn(&c);
		recover(&c);
		ctl_order_turn(&c);
		ctl_cluster_turn(&c);
		/* What it published may be acknowledged already. */
		go_on(&c);
		ctl_shift_turn(&c);
		be_ready(&c);
		is_paging = ctl_pages_turn(&c);
		wait_ms = is_waited_for(&c) ? FROZEN_MS :
		    is_paging ? CTL_PAGES_MS : TICK_MS;
		wait_ms = ctl_cluster_wait_ms(wait_ms);
	}
	ctl_cluster_end();
	ctl_held_end(&c);
	return 0;
}
