/*
 * birth - what a process is told when it is forked
 *
 * Given to its entry point; belongs to the process, which has closed everything
 * else.  Its region is protected, its area announced, signals are as they
 * should be: SIGTERM and SIGINT are ignored (the end comes by state), SIGPIPE
 * too; SIGHUP opens the log anew and interrupts system calls.
 *
 * An entry point returns the exit status.  A process that can not
 * start calls birth_fail(): the node stops, and the sentence is the reason.
 *
 * Not here: who forks, and what a death means (daemon/sup.c).
 */
#ifndef DAEMON_BIRTH_H
#define DAEMON_BIRTH_H

#include "shm/proc.h"

#define BIRTH_LISTENERS 16
#define BIRTH_FAILED 78      /* exit status: never try again */

struct birth {
	enum proc_kind kind;
	int index;             /* of its area */
	uint32_t birth;        /* number */
	uint32_t name;         /* in lock words: proc_name() */
	int listeners;
	/* TCP: our own; Unix: everybody's; control's: of the bus */
	int listener[BIRTH_LISTENERS];
	int bell[PROC_MAX];    /* doorbells of all (daemon/doorbell.h), or -1 */
	int bell_supervisor;
};

/* The process serves: marks its entry and tells the supervisor. */
void birth_ready(const struct birth *b);

/* Ends the process: no use in forking it again. */
_Noreturn void birth_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* For the supervisor: in the child, before its entry point. */
void birth_begin(const struct birth *b);
/* The hook of must(): writes the sentence into the log. */
void birth_broken(const char *sentence, const char *file, int line);

/* Entry points, one a kind (daemon/proc.def). */
int net_main(const struct birth *b);
int ctl_main(const struct birth *b);
int save_main(const struct birth *b);
int aof_main(const struct birth *b);
int pages_main(const struct birth *b);

#endif
