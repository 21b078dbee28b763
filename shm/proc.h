/*
 * proc - what one process tells everybody else
 *
 * Writer:   process i, and only entry i
 * Readers:  control (version), supervisor (beat, is_ready), workers
 *           (is_asleep), INFO
 * Life:     outlives its process; the next one writes it anew, but not before
 *           control has buried the last one
 *
 *   version    the newest published state this process acts upon
 *   beat       goes up at least once per turn of the loop, and a loop turns at
 *              least PROC_TURNS_HZ times a second; long commands keep beating
 *   is_asleep  the process is about to wait in the kernel: whoever has news for
 *              it rings its doorbell.  Set, then word_fence(), then look for
 *              news once more, then wait.
 *
 * Which slots a process is in, its journal says (shm/journal.h, held).
 *
 * Not here: what happens to a dead process's slots (daemon/ctl_mend.c), who
 * forks (daemon/sup.c).
 */
#ifndef SHM_PROC_H
#define SHM_PROC_H

#include "shm/word.h"

#define PROC_MAGIC 0x70726f632d6f6e65ull
#define PROC_TURNS_HZ 1

/* Process indexes: workers first, so that worker i is bit i of a 64-bit set. */
#define PROC_WORKERS 64
#define PROC_CONTROL 64
#define PROC_SAVER 65
#define PROC_LOGGER 66
#define PROC_PAGES 67
#define PROC_MAX 68

enum proc_kind {
	PROC_KIND_WORKER, PROC_KIND_CONTROL, PROC_KIND_SAVER,
	PROC_KIND_LOGGER, PROC_KIND_PAGES, PROC_KINDS
};

struct proc {
	uint64_t magic;
	uint32_t pid;
	uint32_t birth;     /* 1 for the first process at this index */
	uint32_t index;     /* of its area */
	uint32_t is_ready;  /* it serves */
	int64_t born_ms;    /* UNIX time */
	uint64_t version __attribute__((aligned(64)));
	uint64_t beat;
	uint32_t is_asleep;
};

/*
 * The name of a process in lock words: its index and the low bits of its birth
 * number.  Never 0.
 */
static inline uint32_t
proc_name(int index, uint32_t birth)
{
	return (uint32_t)(index + 1) | birth << 8;
}

/* The index of the process that a lock word names. */
static inline int
proc_name_index(uint32_t name)
{
	return (int)(name & 0xff) - 1;
}

/* Writes a process's entry anew, as its first act; not ready, version 0. */
void proc_announce(struct proc *p, int index, uint32_t birth, uint32_t pid,
    int64_t now_ms);

/* It serves now. */
void proc_ready(struct proc *p);

static inline void
proc_beat(struct proc *p)
{
	word_store(&p->beat, p->beat + 1);
}

#endif
