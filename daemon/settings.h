/*
 * settings - where option values come from
 *
 * Command line before configuration file before default.  The file is the first
 * argument if that does not begin with a minus: lines "name = value", comments
 * behind ; or #, [sections] for the reader's eye only.  On the
 * command line: --name value [value ...], or the option's letter.
 *
 * A value may stand in double quotes (to keep blanks at its ends).
 *
 * Not here: what options there are (shm/option.def).
 */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include "shm/option.h"

#define SETTINGS_WHY 1024
#define SETTINGS_PATH 4096

struct settings {
	struct options options;
	char file[SETTINGS_PATH]; /* absolute; empty when there is none */
};

enum settings_end {
	SETTINGS_RUN,   /* start the node */
	SETTINGS_DONE,  /* what was asked for has been printed: end with 0 */
	SETTINGS_WRONG  /* why says what: end with 1 */
};

/* Reads everything; prints what --help, --version and --check ask for. */
enum settings_end settings_read(struct settings *s, int argc, char **argv,
    char why[SETTINGS_WHY]);

/*
 * Sets what a configuration file's text says; `name` is what errors call it.
 */
bool settings_read_text(struct options *o, const char *name, struct slice text,
    char why[SETTINGS_WHY]);

/*
 * The text of a configuration file brought up to date: lines whose value has
 * changed are written anew, options that differ from their default and have
 * no line are appended, everything else stays as it is.  An ended string
 * to be freed by the caller; NULL with a reason.
 */
char *settings_rewrite_text(const struct options *o, struct slice old,
    char why[SETTINGS_WHY]);

/* Does that to the file, replaced in one step.  -errno and a reason. */
int settings_rewrite(const struct options *o, const char *file,
    char why[SETTINGS_WHY]);

#endif
