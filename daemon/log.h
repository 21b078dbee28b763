/*
 * log - what happens in the node, one line an event
 *
 * To standard error or a file, and to syslog if wanted: time, process, level,
 * sentence.  One write(2) a line, so lines of several processes do not mix.
 *
 * Not here: the log of writes (shm/log.h).
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "shm/option.h"

/* Opens what the options ask for; before the fork.  -errno. */
int log_open(const struct options *o);
/* Opens the file anew; may be called from a signal's handler. */
void log_reopen(void);
/* The file's descriptor: to be kept when others are shed. */
int log_descriptor(void);
/* The name that this process's lines bear, as "worker 0". */
void log_set_name(const char *name);
/* LOGLEVEL_NOTICE ... (shm/option.h) */
void log_set_level(int64_t level);

/* A line of that level. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Standard error becomes /dev/null: whoever started the node may go. */
void log_leave_terminal(void);

/* To the terminal of whoever starts the node: a sentence on standard error. */
void log_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
