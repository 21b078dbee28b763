#include "daemon/home.h"

#include "daemon/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_TRIES 100
#define LOCK_PAUSE_US 20000

/*
 * Whether files can be made here: rights alone do not say so (root, a file
 * system that is mounted for reading).  A full disk is another matter.
 */
static bool
is_writable(void)
{
	char name[] = "temp-almandine-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT;
	close(fd);
	unlink(name);
	return true;
}

/* A node that was killed may need a moment until it is gone. */
static bool
is_locked(int fd)
{
	int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		clock_nap(LOCK_PAUSE_US);
	}
	return false;
}

/*
 * Locks a file of ours, which option `what` names.  The descriptor stays open:
 * with the last one the lock would go.
 */
static bool
lock(const char *what, const char *file, char why[HOME_WHY])
{
	char name[OPTION_ROOM + 8];
	int fd;

	snprintf(name, sizeof(name), "%s.lock", file);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		snprintf(why, HOME_WHY, "%s can not be opened: %s", name,
		    strerror(errno));
		return false;
	}
	if (is_locked(fd))
		return true;
	if (errno == EWOULDBLOCK)
		snprintf(why, HOME_WHY, "the %s %s is in use by another node",
		    what, file);
	else
		snprintf(why, HOME_WHY, "%s can not be locked: %s", name,
		    strerror(errno));
	close(fd);
	return false;
}

/* What is received from a primary becomes the snapshot file, too. */
static bool
writes_snapshots(const struct options *o)
{
	return o->save[0] != 0 || o->replicaof[0] != 0;
}

static bool
lock_files(const struct options *o, char why[HOME_WHY])
{
	return (!o->cluster_enabled || lock("cluster-config-file",
	    o->cluster_config_file, why)) &&
	    (!writes_snapshots(o) || lock("dbfilename", o->dbfilename, why)) &&
	    (!o->appendonly || lock("appenddirname", o->appenddirname, why));
}

bool
home_enter(struct options *o, char why[HOME_WHY])
{
	char *whole;

	if (chdir(o->dir) != 0 || !is_writable()) {
		snprintf(why, HOME_WHY, "the directory %s can not be used: %s",
		    o->dir, strerror(errno));
		return false;
	}
	whole = realpath(".", NULL);
	if (whole != NULL && strlen(whole) < sizeof(o->dir))
		memcpy(o->dir, whole, strlen(whole) + 1);
	free(whole);
	return lock_files(o, why);
}
