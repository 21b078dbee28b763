/*
 * mail - questions go up, answers come down
 *
 * A mailbox is a ring of letters with one writer and one reader.  Each side has
 * its own position in its own pages: `put` is beside the ring and is the
 * writer's, the reader keeps `got` in its area.  Both count bytes for ever.
 *
 *   worker's area    asks (ring, put)        answers_got
 *   control's area   answers[w] (ring, put)  asks_got[w], asks_begun[w]
 *
 * A letter carries the birth number of the worker that it comes from or goes
 * to: letters of another birth are dropped by whoever reads them.  A worker
 * gives each question a ticket; the answer bears the same.
 *
 * Control answers the questions of a worker in order, and takes a letter out
 * when it has answered it.  A control that finds a letter already begun by its
 * predecessor answers it with an error: nothing is done twice.  So an answer
 * may come twice, too: a worker drops those whose ticket nobody waits for.
 *
 * Who puts a letter rings the reader's doorbell afterwards.
 *
 * Not here: what questions there are (shm/mail.def), their answers
 * (daemon/ctl_ask.c).
 */
#ifndef SHM_MAIL_H
#define SHM_MAIL_H

#include "proto/slice.h"
#include "shm/word.h"

#define MAIL_MAGIC 0x6d61696c2d6f6e65ull
#define MAIL_BYTES (512u << 10)      /* of a ring */
#define MAIL_LETTER_MAX (64u << 10)  /* of a letter, with its head */
#define MAIL_ARGS_MAX 1024

enum mail_kind {
#define MAIL(id, function, words) MAIL_##id,
#include "shm/mail.def"
	MAIL_KINDS,
	MAIL_ANSWER = MAIL_KINDS,
	MAIL_FILL             /* nothing: the rest of the ring */
};

struct mail {
	uint32_t bytes;       /* of all, a multiple of 8 */
	uint16_t kind;        /* enum mail_kind */
	uint16_t args;        /* a question's: 4 bytes length, bytes */
	uint32_t birth;
	uint32_t text_bytes;
	uint64_t ticket;
	char text[];
};

struct mailbox {
	uint64_t magic;
	uint64_t put;
	uint64_t spare[6];
	char ring[MAIL_BYTES];
};

/* Makes an empty mailbox of zeroed memory. */
void mail_init(struct mailbox *box);

/*
 * Puts a question.  False when it is too long or the mailbox is full; `got` is
 * the reader's position.
 */
bool mail_ask(struct mailbox *box, uint64_t got, enum mail_kind kind,
    uint32_t birth, uint64_t ticket, const struct slice *argv, int argc);

/* Puts an answer; false as above. */
bool mail_answer(struct mailbox *box, uint64_t got, uint32_t birth,
    uint64_t ticket, struct slice text);

/*
 * The next letter, or NULL.  It lies in the ring and is valid until the reader
 * moves *got with mail_done().
 */
const struct mail *mail_next(const struct mailbox *box, uint64_t *got);
void mail_done(const struct mailbox *box, uint64_t *got);

/* The question's arguments into argv[MAIL_ARGS_MAX]; how many. */
int mail_args(const struct mail *m, struct slice *argv);

/*
 * MAIL_TOGETHER: the arguments of several questions one behind the other, each
 * after one that holds this.  kind MAIL_ANSWER: the one argument is the answer.
 */
struct mail_part {
	uint16_t kind, args;
};

extern const char *const mail_words[MAIL_KINDS];

#endif
