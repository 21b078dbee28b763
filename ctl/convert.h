/*
 * convert - a redis.conf as a configuration of almandined
 *
 *	almandinectl convert /etc/redis/redis.conf >almandined.conf
 *
 * Prints what differs from almandined's defaults, and, as comments at the end,
 * each line that has no counterpart or no effect, with the reason.  Files that
 * it includes are read in their places.
 *
 * Source of the format: redis.conf's own comments; words and quotes are those
 * of an inline request (proto/resp.h).
 *
 * Not here: what options there are (shm/option.def).
 */
#ifndef CTL_CONVERT_H
#define CTL_CONVERT_H

/* Converts the file to standard output.  The exit code. */
int convert_print(const char *file);

#endif
