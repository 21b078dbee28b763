#include "daemon/ctl.h"

#include "daemon/clock.h"
#include "daemon/ctl_ask.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_mend.h"
#include "daemon/ctl_save.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "shm/state_pen.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TICK_MS 100
#define PREPARE_MS 1 /* between two huge pages; while all stand still */

/* --- publishing -------------------------------------------------------- */

static void
ring_workers(struct ctl *c)
{
	int i;

	for (i = 0; i < PROC_WORKERS; i++)
		doorbell_ring(c->birth->bell[i]);
}

uint64_t
ctl_tell(struct ctl *c)
{
	uint64_t version = state_publish(&REGION->state, &c->next, clock_ms());

	word_fence();
	ring_workers(c);
	doorbell_ring(c->birth->bell_supervisor);
	return version;
}

void
ctl_publish(struct ctl *c, void (*then)(struct ctl *c))
{
	c->ask.version = ctl_tell(c);
	c->ask.then = then;
}

/*
 * Whether a worker lives that may still act upon an older version, or left
 * something under it that is not mended.  One that has not announced itself
 * will read the present one.
 */
static bool
is_behind(int worker, uint64_t version)
{
	const struct proc *p = &REGION->area[worker].proc;
	uint32_t birth = word_load_acquire(&REGION->sup.birth[worker]);

	return birth != REGION->ctl.mended[worker] &&
	    word_load_acquire(&p->birth) == birth &&
	    word_load_acquire(&p->version) < version;
}

bool
ctl_is_acknowledged(uint64_t version)
{
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		if (is_behind((int)i, version))
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
		ctl_answer_error(c, "ERR the control process was replaced "
		    "while it worked on this; look whether it happened");
	else
		ctl_ask_begin(c, (enum mail_kind)m->kind, argv,
		    mail_args(m, argv));
}

static void
take_questions(struct ctl *c)
{
	static uint32_t next;
	uint32_t i, workers = REGION->head.workers;

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

/* --- huge pages -------------------------------------------------------- */

/* One at a time: the dead and questions do not wait for memory. */
static void
prepare(struct ctl *c)
{
	int got = 0;

	if (c->next.options.huge_pages && !c->is_small)
		got = region_prepare(&c->prepared);
	c->is_preparing = got > 0;
	if (got >= 0)
		return;
	c->is_small = true;
	log_notice("the kernel has no huge pages for the heap");
}

/* --- the loop ---------------------------------------------------------- */

void
ctl_beat(void)
{
	proc_beat(&REGION->area[PROC_CONTROL].proc);
}

/* The end: told to everybody; control is the last to go. */
static bool
end(struct ctl *c)
{
	uint32_t i;

	if (word_load_acquire(&REGION->sup.stop_wanted) !=
	    REGION->ctl.stop_refused && !c->next.is_stopping &&
	    !c->ask.is_busy && ctl_save_before_end(c)) {
		c->next.is_stopping = true;
		c->next.is_frozen = false;
		ctl_publish(c, NULL);
	}
	if (!c->next.is_stopping)
		return false;
	for (i = 0; i < PROC_MAX; i++)
		if (i != PROC_CONTROL && REGION->sup.birth[i] !=
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
}

/* The node has its data: whoever waits for its start may go. */
static void
be_ready(struct ctl *c)
{
	if (c->is_ready || ctl_load_is_on(c))
		return;
	c->is_ready = true;
	birth_ready(c->birth);
}

int
ctl_main(const struct birth *b)
{
	static struct ctl c;
	struct area *area = &REGION->area[b->index];
	struct pollfd bell = { .fd = b->bell[b->index], .events = POLLIN };

	c.birth = b;
	c.ask.worker = -1;
	state_read(&REGION->state, &c.next);
	succeed(&c);
	/* Rings that its predecessor heard are not lost. */
	doorbell_ring(bell.fd);
	while (!end(&c)) {
		poll(&bell, 1, c.is_preparing || c.next.is_frozen ?
		    PREPARE_MS : TICK_MS);
		doorbell_quiet(bell.fd);
		proc_beat(&area->proc);
		word_store_release(&area->proc.version, c.next.version);
		log_set_level(c.next.options.loglevel);
		mend(&c);
		go_on(&c);
		take_questions(&c);
		ctl_save_turn(&c);
		go_on(&c);
		ctl_load_turn(&c);
		be_ready(&c);
		prepare(&c);
	}
	return 0;
}
