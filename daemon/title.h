/*
 * title - what ps shows of a process
 *
 * Overwrites the memory of the command line; so whoever needs an argument
 * later copies it first.
 *
 * Not here: what the processes are called (daemon/proc.def).
 */
#ifndef DAEMON_TITLE_H
#define DAEMON_TITLE_H

/* Once, first of all: remembers where arguments and environment lie. */
void title_prepare(int argc, char **argv);

/* Shows "almandined: NAME, port N", without the port when that is 0. */
void title_set(const char *name, int port);

#endif
