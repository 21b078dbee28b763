/*
 * ctl - control: publishes options and decisions, answers questions, mends
 *
 * One question at a time is worked on.  A question's function changes c->next,
 * publishes it, and names what is to be done when every living worker has
 * acknowledged that version; meanwhile control goes on mending.
 *
 * A control that finds the node frozen or a question begun goes on where that
 * is safe (a swap of databases whose record is in the log) and takes back
 * where it is not.
 *
 * Not here: the questions (daemon/ctl_ask.c), mending (daemon/ctl_mend.c).
 */
#ifndef DAEMON_CTL_H
#define DAEMON_CTL_H

#include "daemon/birth.h"
#include "shm/region.h"

#define CTL_ANSWER 8192
#define CTL_STREAM 256         /* longest SWAPDB of a stream */

#define CTL_LOAD_WHY 1024

struct ctl {
	const struct birth *birth;
	struct state next;     /* what is published, or will be */
	struct {
		bool is_busy;
		bool is_answered;  /* `answer` is ready */
		/* something else goes on first, and will answer */
		bool is_elsewhere;
		int worker;        /* who asks; -1: nobody */
		uint32_t birth;
		uint64_t at;       /* where the letter lies */
		uint64_t ticket;
		uint64_t version;  /* that has to be acknowledged first */
		/* what comes then */
		void (*then)(struct ctl *c);
		char answer[CTL_ANSWER];
		size_t answer_bytes;
		int db[2];         /* SWAPDB */
		/* of a stream: what is logged, and where it is */
		bool is_stream;
		int stream_db;
		char stream[CTL_STREAM];
		size_t stream_bytes;
	} ask;
	/* a load's (daemon/ctl_load.h) */
	struct {
		uint64_t version;  /* of the phase; to be acknowledged */
		int64_t begun_us, said_us;
		char why[CTL_LOAD_WHY]; /* empty: all is well */
	} load;
	void (*loaded[LOAD_CAUSES])(struct ctl *c, const char *why);
	/* the last file for replicas that was removed, and the next one's */
	uint64_t spent, spent_version;
	bool is_ready;         /* the node has its data */
	uint64_t prepared;     /* bytes of the heap, see region_prepare() */
	bool is_preparing;     /* there is more to do soon */
	bool is_small;         /* the kernel has no huge pages for us */
};

/*
 * Publishes c->next, rings everybody; `then` is called when every living
 * worker has acknowledged it.
 */
void ctl_publish(struct ctl *c, void (*then)(struct ctl *c));

/*
 * Same beside whatever question is being worked on: returns the version, to be
 * asked about with ctl_is_acknowledged().
 */
uint64_t ctl_tell(struct ctl *c);
bool ctl_is_acknowledged(uint64_t version);

/* Ends the question: with +OK, with an error text, with a bulk string. */
void ctl_answer_ok(struct ctl *c);
void ctl_answer_error(struct ctl *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ctl_answer_bulk(struct ctl *c, const char *text, size_t bytes);
void ctl_answer_simple(struct ctl *c, const char *text);
/* Ends it without any answer (SHUTDOWN; or one comes by ctl_reply()). */
void ctl_answer_nothing(struct ctl *c);

/* An answer to a question that has been ended; false: no room now. */
bool ctl_reply(struct ctl *c, int worker, uint32_t birth, uint64_t ticket,
    struct slice text);

/*
 * Begins a question of control's own: it publishes, is answered with nothing at
 * its end, and no other one is taken meanwhile.
 */
void ctl_begin_own(struct ctl *c);

/* Beats; for what takes long. */
void ctl_beat(void);

#endif
