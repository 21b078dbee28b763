#include "daemon/ctl_disk.h"

#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "shm/fault.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NAME_ROOM 600
#define QUIET_US 50000         /* a failover writes several versions */
#define BEHIND_US 1000000      /* FILE is not older, if it can be written */

/*
 * The loop writes a job while `state` is REST or DONE, then WORK; the thread
 * writes `bad`, then DONE.  `aside` has a state of its own.
 */
enum { REST, WORK, DONE, END };

static struct {
	pthread_t thread;
	sem_t wake;
	uint32_t state;
	int bell;
	bool is_begun;
	const char *name;
	char old[NAME_ROOM], sure[NAME_ROOM];
	struct slice text;
	uint64_t generation;
	enum ctl_disk_how how;
	int bad;
	bool is_there;             /* that version, or it may be */
	struct {
		uint32_t state;
		const char *name;
		char text[CTL_DISK_ASIDE];
		size_t bytes;
		int bad;
	} aside;
	/* the thread's */
	struct twin twin;
	char *copy;                /* what FILE ought to be, while it is not */
	size_t copied;
	int64_t since_us, show_us; /* since when, and until when; 0: it is */
} disk;

/* --- the thread -------------------------------------------------------- */

/* FILE becomes the last version. */
static int
show(void)
{
	struct slice text = { disk.copy, disk.copied };
	int bad;

	if (file_bytes(disk.name) > 0)
		file_name_again(disk.name, disk.old);
	bad = file_replace_lightly(disk.name, text);
	disk.show_us = bad == 0 ? 0 : clock_steady_us() + BEHIND_US;
	return bad;
}

static int
keep_copy(void)
{
	char *copy = realloc(disk.copy, disk.text.bytes);
	int64_t now_us = clock_steady_us();

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, disk.text.data, disk.text.bytes);
	disk.copy = copy;
	disk.copied = disk.text.bytes;
	if (disk.show_us == 0)
		disk.since_us = now_us;
	disk.show_us = disk.since_us + BEHIND_US < now_us + QUIET_US ?
	    disk.since_us + BEHIND_US : now_us + QUIET_US;
	return 0;
}

static int
write_version(void)
{
	int bad = 0;

	if (FAULT_FAILS(NODES_WRITE))
		return -ENOSPC;
	if (disk.twin.fd < 0)
		bad = twin_open(&disk.twin, disk.sure);
	if (bad == 0)
		bad = twin_write(&disk.twin, disk.text, disk.generation,
		    disk.how != CTL_DISK_LIGHT);
	if (bad == 0)
		bad = keep_copy();
	return bad == 0 && disk.how == CTL_DISK_WHOLE ? show() : bad;
}

/* Whether a version that could not be written may be found all the same. */
static bool
is_there(uint64_t version)
{
	struct slice text;
	struct file_map m;
	uint64_t number;
	bool is = false;
	unsigned i;
	int bad = file_map(&m, disk.sure);

	if (bad != 0)
		return bad != -ENOENT;
	for (i = 0; i < TWIN_PLACES; i++)
		is |= twin_read(&m, i, &text, &number) && number == version;
	file_unmap(&m);
	return is;
}

static void
write_aside(void)
{
	if (word_load_acquire(&disk.aside.state) != WORK)
		return;
	disk.aside.bad = file_replace(disk.aside.name,
	    (struct slice){ disk.aside.text, disk.aside.bytes });
	word_store_release(&disk.aside.state, DONE);
	doorbell_ring(disk.bell);
}

/* Waits for a job; false: it is time to show the last one. */
static bool
is_woken(void)
{
	struct timespec at = { .tv_sec = disk.show_us / 1000000,
	    .tv_nsec = disk.show_us % 1000000 * 1000 };

	if (disk.show_us != 0 && clock_steady_us() >= disk.show_us)
		return false;
	while ((disk.show_us == 0 ? sem_wait(&disk.wake) :
	    sem_clockwait(&disk.wake, CLOCK_MONOTONIC, &at)) != 0)
		if (errno == ETIMEDOUT)
			return false;
	return true;
}

static void *
work(void *none)
{
	/* The first version does not wait for the file to be made. */
	(void)twin_open(&disk.twin, disk.sure);
	for (;;) {
		if (!is_woken()) {
			(void)show();
			continue;
		}
		switch (word_load_acquire(&disk.state)) {
		case WORK:
			disk.bad = write_version();
			disk.is_there = disk.bad == 0 ||
			    is_there(disk.generation);
			FAULT(NODES_WRITTEN);
			word_store_release(&disk.state, DONE);
			doorbell_ring(disk.bell);
			break;
		case END:
			return none;
		default:
			write_aside();
			break;
		}
	}
}

/* --- control's loop ---------------------------------------------------- */

static void
set_names(const char *name)
{
	disk.name = name;
	snprintf(disk.old, sizeof(disk.old), "%s.old", name);
	snprintf(disk.sure, sizeof(disk.sure), "%s.sure", name);
}

int
ctl_disk_read(const char *name, struct ctl_disk_left *left)
{
	uint64_t number;
	int bad, i;

	set_names(name);
	memset(left, 0, sizeof(*left));
	bad = file_map(&left->map[0], name);
	if (bad == 0)
		left->text[0] = (struct slice){ left->map[0].data,
		    left->map[0].bytes };
	if (file_map(&left->map[1], disk.old) == 0)
		left->text[1] = (struct slice){ left->map[1].data,
		    left->map[1].bytes };
	if (file_map(&left->map[2], disk.sure) == 0)
		for (i = 0; i < TWIN_PLACES; i++)
			if (!twin_read(&left->map[2], (unsigned)i,
			    &left->text[2 + i], &number))
				left->text[2 + i] = (struct slice){ NULL, 0 };
	return bad == -ENOENT ? 0 : bad;
}

void
ctl_disk_forget(struct ctl_disk_left *left)
{
	size_t i;

	for (i = 0; i < COUNT(left->map); i++)
		file_unmap(&left->map[i]);
}

int
ctl_disk_begin(const char *name, int bell)
{
	set_names(name);
	disk.bell = bell;
	disk.twin.fd = -1;
	if (sem_init(&disk.wake, 0, 0) != 0)
		return -errno;
	disk.is_begun = pthread_create(&disk.thread, NULL, work, NULL) == 0;
	return disk.is_begun ? 0 : -EAGAIN;
}

void
ctl_disk_write(struct slice text, uint64_t generation, enum ctl_disk_how how)
{
	must(disk.is_begun && word_load(&disk.state) != WORK,
	    "one version at a time is written");
	disk.text = text;
	disk.generation = generation;
	disk.how = how;
	word_store_release(&disk.state, WORK);
	sem_post(&disk.wake);
}

bool
ctl_disk_is_done(uint64_t *generation, int *bad, bool *is_there)
{
	if (word_load_acquire(&disk.state) != DONE)
		return false;
	*generation = disk.generation;
	*bad = disk.bad;
	*is_there = disk.is_there;
	word_store(&disk.state, REST);
	return true;
}

/* The last version that is there becomes FILE for good. */
static void
settle(void)
{
	struct slice text, last = { NULL, 0 };
	uint64_t number, most = 0;
	struct file_map m;
	unsigned i;
	int bad = 0;

	if (file_map(&m, disk.sure) != 0)
		return;
	for (i = 0; i < TWIN_PLACES; i++)
		if (twin_read(&m, i, &text, &number) && number > most) {
			most = number;
			last = text;
		}
	if (last.data != NULL)
		bad = file_replace(disk.name, last);
	file_unmap(&m);
	if (bad == 0)
		file_remove(disk.sure);
}

void
ctl_disk_end(void)
{
	if (!disk.is_begun)
		return;
	while (word_load_acquire(&disk.state) == WORK ||
	    word_load_acquire(&disk.aside.state) == WORK)
		sched_yield();
	word_store_release(&disk.state, END);
	sem_post(&disk.wake);
	(void)pthread_join(disk.thread, NULL);
	disk.is_begun = false;
	twin_close(&disk.twin);
	settle();
	free(disk.copy);
}

/* --- something else ---------------------------------------------------- */

bool
ctl_disk_aside(const char *name, struct slice text)
{
	must(text.bytes <= CTL_DISK_ASIDE &&
	    word_load(&disk.aside.state) == REST, "one file at a time");
	if (!disk.is_begun)
		return false;
	disk.aside.name = name;
	memcpy(disk.aside.text, text.data, text.bytes);
	disk.aside.bytes = text.bytes;
	word_store_release(&disk.aside.state, WORK);
	sem_post(&disk.wake);
	return true;
}

bool
ctl_disk_aside_is_done(int *bad)
{
	if (word_load_acquire(&disk.aside.state) != DONE)
		return false;
	*bad = disk.aside.bad;
	word_store(&disk.aside.state, REST);
	return true;
}
