/*
 * check - walks the whole region and counts what is not as it should be
 *
 * Every block that a slot reaches must be taken, and reached once; every block
 * that is taken must be reached; counters must be right, locks free and
 * journals empty.  The region must be at rest: all workers
 * frozen, or none there.
 *
 * Not here: who freezes (daemon/ctl_ask.c).
 */
#ifndef SHM_CHECK_H
#define SHM_CHECK_H

#include "shm/region.h"

struct check_report {
	uint64_t keys, expires;     /* found by walking */
	uint64_t blocks, bytes;     /* taken from the heap */
	/* all below are 0 in a sound region */
	uint64_t strays;            /* reached but not taken */
	uint64_t doubles;           /* reached more than once */
	uint64_t leaks;             /* taken but not reached */
	uint64_t leak_bytes;
	uint64_t misplaced;         /* keys that their slot does not find */
	uint64_t unmarked;          /* structs without their magic number */
	uint64_t miscounted;        /* counters that are wrong */
	uint64_t locks;             /* taken */
	uint64_t journals;          /* not empty */
};

/*
 * Fills the report; false when there was no private memory for it.  beat (may
 * be NULL) is called now and then.
 */
bool check_region(struct check_report *r, void (*beat)(void));

/* Whether nothing is wrong. */
bool check_is_sound(const struct check_report *r);

/* The report as lines "name:value", into text; its length. */
size_t check_print(const struct check_report *r, char *text, size_t room);

#endif
