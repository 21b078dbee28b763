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
#include "daemon/kept.h"
#include "shm/region.h"

#define CTL_ANSWER 8192
#define CTL_STREAM 256         /* longest SWAPDB of a stream */

#define CTL_LOAD_WHY 1024

struct ctl {
	const struct birth *birth;
	struct state next;     /* what is published, or will be */
	struct kept kept;      /* what outlives control, and INFO shows */
	bool is_ending;        /* the node was told to end */
	struct {
		bool is_busy;
		bool is_answered;  /* `answer` is ready */
		/* something else goes on first, and will answer */
		bool is_elsewhere;
		/*
		 * It is one of several of a letter (daemon/ctl_together.h), and
		 * begins right now: it need not wait until what it changes is
		 * known, or lasts; the letter does.
		 */
		bool is_part;
		bool owes_step;    /* parts have changed the view */
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
	/*
	 * What ends the question that makes the node a primary; what is
	 * published along with that; the version under which the link ended.
	 */
	struct {
		void (*promoted)(struct ctl *c);
		void (*places)(struct ctl *c);
		uint64_t version;
	} link;
	void (*loaded[LOAD_CAUSES])(struct ctl *c, const char *why);
	/* the last file for replicas that was removed, and the next one's */
	uint64_t spent, spent_version;
	bool knows_note;       /* daemon/ctl_held.h: read, or written */
	char noted[41];        /* the id in it; empty: none */
	bool is_ready;         /* the node has its data */
	/* of the stream, by nodes.conf, when the node starts; no id: nothing */
	struct {
		char replid[41], replid2[41];
		int64_t offset;
	} left;
};

/*
 * Publishes c->next, rings everybody; `then` is called when every living
 * worker has acknowledged it.  A part that would only wait for that is done.
 */
void ctl_publish(struct ctl *c, void (*then)(struct ctl *c));

/*
 * Same beside whatever question is being worked on: returns the version, to be
 * asked about with ctl_is_acknowledged().
 */
uint64_t ctl_tell(struct ctl *c);
/* Wakes all workers, and the logger. */
void ctl_ring_workers(struct ctl *c);
/* There is to be a process at an index, of a kind that is forked when asked. */
void ctl_want(const struct ctl *c, int index);
bool ctl_is_acknowledged(uint64_t version);
/*
 * Whether nobody lives at an index who may still act upon an older version, or
 * left something under it that is not mended.  One that has not announced
 * itself will read the present one.
 */
bool ctl_has_seen(int index, uint64_t version);

/* Ends the question: with +OK, an error text, a bulk string, a number. */
void ctl_answer_ok(struct ctl *c);
void ctl_answer_error(struct ctl *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ctl_answer_bulk(struct ctl *c, const char *text, size_t bytes);
void ctl_answer_simple(struct ctl *c, const char *text);
void ctl_answer_int(struct ctl *c, int64_t n);
/* Same with what is RESP already; at most CTL_ANSWER bytes. */
void ctl_answer_resp(struct ctl *c, const char *text, size_t bytes);
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
