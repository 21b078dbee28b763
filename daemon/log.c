#include "daemon/log.h"

#include "daemon/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_BYTES 1024

static struct {
	int fd;
	int64_t level;
	bool has_syslog;
	char file[OPTION_ROOM];
	char ident[OPTION_ROOM];
	char name[32];
} sink = { .fd = STDERR_FILENO, .level = LOGLEVEL_NOTICE, .name = "start" };

/* By the choices of syslog-facility. */
static const int facility[] = { LOG_USER, LOG_DAEMON, LOG_LOCAL0, LOG_LOCAL1,
    LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 };

static const struct {
	char mark;
	int priority;
} level_table[] = {
	[LOGLEVEL_DEBUG] = { '.', 7 },
	[LOGLEVEL_VERBOSE] = { '-', 6 },
	[LOGLEVEL_NOTICE] = { '*', 5 },
	[LOGLEVEL_WARNING] = { '#', 4 },
};

int
log_open(const struct options *o)
{
	int fd;

	sink.level = o->loglevel;
	memcpy(sink.file, o->logfile, sizeof(sink.file));
	memcpy(sink.ident, o->syslog_ident, sizeof(sink.ident));
	sink.has_syslog = o->syslog_enabled;
	if (sink.has_syslog)
		openlog(sink.ident, LOG_PID | LOG_NDELAY,
		    facility[o->syslog_facility]);
	if (sink.file[0] == 0)
		return 0;
	fd = open(sink.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	sink.fd = fd;
	return 0;
}

void
log_reopen(void)
{
	int fd;

	if (sink.file[0] == 0)
		return;
	fd = open(sink.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	dup3(fd, sink.fd, O_CLOEXEC);
	close(fd);
}

int
log_descriptor(void)
{
	return sink.fd;
}

void
log_set_name(const char *name)
{
	snprintf(sink.name, sizeof(sink.name), "%s", name);
}

void
log_set_level(int64_t level)
{
	sink.level = level;
}

static void
put(int level, const char *format, va_list args)
{
	char line[LINE_BYTES], sentence[LINE_BYTES - 128], when[CLOCK_TEXT];
	ssize_t done;
	int n;

	if (level < sink.level)
		return;
	vsnprintf(sentence, sizeof(sentence), format, args);
	clock_print(clock_ms(), when);
	n = snprintf(line, sizeof(line), "%d:%s %s %c %s\n", (int)getpid(),
	    sink.name, when, level_table[level].mark, sentence);
	done = write(sink.fd, line, (size_t)n);
	if (sink.has_syslog || done < 0)
		syslog(level_table[level].priority, "%s: %s", sink.name,
		    sentence);
}

void
log_debug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(LOGLEVEL_DEBUG, format, args);
	va_end(args);
}

void
log_verbose(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(LOGLEVEL_VERBOSE, format, args);
	va_end(args);
}

void
log_notice(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(LOGLEVEL_NOTICE, format, args);
	va_end(args);
}

void
log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(LOGLEVEL_WARNING, format, args);
	va_end(args);
}

void
log_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("almandined: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

void
log_leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDERR_FILENO);
	close(null);
}
