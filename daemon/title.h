/*
 * title - what ps shows of a process
 *
 * Overwrites the memory of the command line; so whoever needs an argument
 * later copies it first.
 */
#ifndef DAEMON_TITLE_H
#define DAEMON_TITLE_H

/* Once, first of all: remembers where arguments and environment lie. */
void title_prepare(int argc, char **argv);

/* Shows "almandined: NAME". */
void title_set(const char *name);

#endif
