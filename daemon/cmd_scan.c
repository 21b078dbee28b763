#include "daemon/cmd_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define CURSOR_BYTES 64 /* no cursor in range needs more, zeros aside */
#define COUNT_STANDARD 10

bool
cmd_scan_read_cursor(struct call *c, int i, uint64_t *cursor)
{
	char text[CURSOR_BYTES], *end = text;

	/* as redis-server reads it: strtoul() in decimal, whole, no space */
	if (c->argv[i].bytes < sizeof(text)) {
		memcpy(text, c->argv[i].data, c->argv[i].bytes);
		text[c->argv[i].bytes] = 0;
		errno = 0;
		*cursor = strtoul(text, &end, 10) << CMD_SCAN_LOW_BITS;
		if (!isspace((unsigned char)text[0]) && *end == 0 &&
		    errno != ERANGE)
			return true;
	}
	reply_error(c->reply, error_text[ERROR_INVALID_CURSOR]);
	return false;
}

static bool
read_count(struct call *c, int i, uint64_t *count)
{
	int64_t n;

	if (!call_int(c, i, &n))
		return false;
	if (n < 1) {
		call_syntax(c);
		return false;
	}
	*count = (uint64_t)n;
	return true;
}

bool
cmd_scan_read_options(struct call *c, int i, bool may_type,
    struct cmd_scan_options *options)
{
	*options = (struct cmd_scan_options){ .count = COUNT_STANDARD };
	for (; i < c->argc; i += 2) {
		bool has_value = i + 1 < c->argc;

		if (has_value && slice_is(c->argv[i], "count")) {
			if (!read_count(c, i + 1, &options->count))
				return false;
		} else if (has_value && slice_is(c->argv[i], "match")) {
			options->pattern = c->argv[i + 1];
			options->has_pattern =
			    !slice_equal(options->pattern, SLICE("*"));
		} else if (has_value && may_type &&
		    slice_is(c->argv[i], "type")) {
			options->has_type = true;
			options->type = c->argv[i + 1];
		} else {
			call_syntax(c);
			return false;
		}
	}
	return true;
}

void
cmd_scan_add(struct cmd_scan_found *found, struct slice text)
{
	struct slice *more;

	if (found->count == found->room) {
		found->room = found->room * 2 + 64;
		more = txn_scratch(found->txn, found->room * sizeof(*more));
		if (found->count > 0)
			memcpy(more, found->text, found->count * sizeof(*more));
		found->text = more;
	}
	found->text[found->count++] = text;
}

/* Whether to look further from the dict's next cursor. */
static bool
goes_on(const struct cmd_scan *scan, uint64_t cursor)
{
	return cursor != 0 && (scan->found.looked_at < scan->options.count ||
	    cursor % (1 << CMD_SCAN_LOW_BITS) != 0);
}

/* The dict's next cursor and an array of what was found. */
static void
reply_found(struct call *c, uint64_t cursor,
    const struct cmd_scan_found *found)
{
	char text[NUMBER_TEXT];
	size_t i;

	reply_array(c->reply, 2);
	reply_bulk(c->reply, (struct slice){ text,
	    number_put_uint(text, cursor >> CMD_SCAN_LOW_BITS) });
	reply_array(c->reply, (int64_t)found->count);
	for (i = 0; i < found->count; i++)
		reply_bulk(c->reply, found->text[i]);
}

void
cmd_scan_value(struct call *c, enum value_type type, cmd_scan_step *step)
{
	struct cmd_scan scan = { .found.txn = c->txn };
	struct key k = call_key(c, 1);
	const struct value *v;
	uint64_t cursor;
	bool is_wrong;

	if (!cmd_scan_read_cursor(c, 2, &cursor))
		return;
	v = call_find_type(c, &k, type, &is_wrong);
	if (is_wrong)
		return;
	/* redis-server does not look at the options of a scan of nothing */
	if (v == NULL) {
		reply_found(c, 0, &scan.found);
		return;
	}
	if (!cmd_scan_read_options(c, 3, false, &scan.options))
		return;
	do
		cursor = step(&scan, v, cursor);
	while (goes_on(&scan, cursor));
	reply_found(c, cursor, &scan.found);
}
