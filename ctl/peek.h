/*
 * peek - reads a node's region from outside
 *
 * Through the address space of its supervisor: without a connection, while
 * every worker hangs, and without writing anything.
 */
#ifndef CTL_PEEK_H
#define CTL_PEEK_H

#include "shm/region.h"

#include <sys/types.h>

/* Exit codes. */
enum { GOOD = 0, BAD = 1, USAGE = 2 };

/* Says a sentence to the user; BAD. */
int peek_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Ends the program with a sentence. */
_Noreturn void peek_end(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether that process is alive and a node's supervisor. */
bool peek_is_supervisor(const char *pid);

/* The supervisor with that number, or the only one of this machine. */
pid_t peek_find(const char *pid);

/*
 * Copies bytes of the node's region, at the address they have there; ends when
 * that is not possible.
 */
void peek(pid_t pid, void *to, const void *from, size_t bytes);

/* Same for its head, which is of this build. */
void peek_head(pid_t pid, struct region_head *head);

#endif
