/*
 * resident - the program's code stays in memory
 *
 * A kernel that is short of memory takes away the pages of programs first: they
 * are in files.  Code that is seldom run, as that of a failover is, would then
 * be read again from a disk that may be busy for seconds, at all nodes of a
 * machine at once, and others would take them for dead.  So the supervisor has
 * the code and the constants locked, its own and its libraries'; who locks a
 * page of a file locks it for all.
 *
 * Not here: keys (shm/region.h), which a machine without swap keeps anyway.
 */
#ifndef DAEMON_RESIDENT_H
#define DAEMON_RESIDENT_H

#include <stdint.h>

/*
 * Locks what this process has mapped of programs and can not write.  Bytes that
 * could not be locked (mlock(2): RLIMIT_MEMLOCK), 0: all is.
 */
uint64_t resident_code(void);

#endif
