/*
 * call - what command functions have in common
 *
 * Not here: locks and keys (net_serve.c), blocking (net_park.c), the commands
 * (cmd_*.c).
 */
#include "daemon/call.h"
#include "daemon/net_worker.h"

#include <math.h>
#include <stdio.h>

#define HELP_LINE 512

const struct options *
call_options(const struct call *c)
{
	return &c->worker->state.options;
}

/* xorshift128+, by Vigna. */
uint64_t
call_random(struct call *c)
{
	uint64_t *s = c->worker->random, a = s[0], b = s[1];

	s[0] = b;
	a ^= a << 23;
	s[1] = a ^ b ^ a >> 18 ^ b >> 5;
	return s[1] + b;
}

struct value *
call_find_type(struct call *c, const struct key *k, enum value_type type,
    bool *is_wrong)
{
	struct value *v = slot_find(c->txn, k);

	*is_wrong = v != NULL && value_type(v) != type;
	if (unlikely(*is_wrong)) {
		reply_error(c->reply, error_text[ERROR_WRONGTYPE]);
		return NULL;
	}
	return v;
}

bool
call_int(struct call *c, int i, int64_t *n)
{
	if (likely(number_get_int(c->argv[i], n)))
		return true;
	reply_error(c->reply, error_text[ERROR_NOT_INT]);
	return false;
}

bool
call_int_between(struct call *c, int i, int64_t min, int64_t max, int64_t *n)
{
	if (!call_int(c, i, n))
		return false;
	if (*n >= min && *n <= max)
		return true;
	reply_errorf(c->reply, error_text[ERROR_NOT_BETWEEN], (long long)min,
	    (long long)max);
	return false;
}

bool
call_double(struct call *c, int i, double *d)
{
	if (likely(number_get_double(c->argv[i], d)))
		return true;
	reply_error(c->reply, error_text[ERROR_NOT_FLOAT]);
	return false;
}

void
call_delete_members(struct call *c, enum value_type type,
    struct value *(*delete_one)(struct txn *t, const struct key *k,
	struct value *v, struct slice member, bool *is_deleted))
{
	struct key k = call_key(c, 1);
	int64_t deleted = 0;
	bool is_wrong, is_deleted;
	struct value *v = call_find_type(c, &k, type, &is_wrong);
	int i;

	if (is_wrong)
		return;
	for (i = 2; i < c->argc && v != NULL; i++) {
		v = delete_one(c->txn, &k, v, c->argv[i], &is_deleted);
		deleted += is_deleted;
	}
	if (deleted > 0) {
		slot_touch(c->txn, &k);
		call_changed(c);
	}
	reply_int(c->reply, deleted);
}

void
call_syntax(struct call *c)
{
	reply_error(c->reply, error_text[ERROR_SYNTAX]);
}

void
call_arity(struct call *c)
{
	reply_errorf(c->reply, error_text[ERROR_ARITY], c->command->name);
}

void
cmd_container(struct call *c)
{
	call_arity(c);
}

bool
call_timeout(struct call *c, int i, int64_t *timeout_ms)
{
	long double seconds;
	enum error_id error;

	if (!number_get_long_double(c->argv[i], &seconds))
		error = ERROR_TIMEOUT_NOT_FLOAT;
	else if (seconds * 1000 > (long double)(INT64_MAX - c->txn->now_ms))
		error = ERROR_TIMEOUT_RANGE;
	else if (seconds < 0)
		error = ERROR_TIMEOUT_NEGATIVE;
	else {
		*timeout_ms = (int64_t)ceill(seconds * 1000);
		return true;
	}
	reply_error(c->reply, error_text[error]);
	return false;
}

/* Two lines for one subcommand: how it is written, what it does. */
static void
reply_usage(struct call *c, const struct command *row, const char *sub)
{
	char line[HELP_LINE];
	size_t i;

	snprintf(line, sizeof(line), "%s %s", sub, row->arguments);
	for (i = 0; line[i] != ' '; i++)
		if (line[i] >= 'a' && line[i] <= 'z')
			line[i] -= 0x20;
	if (row->arguments[0] == 0)
		line[i] = 0;
	reply_simple(c->reply, line);
	snprintf(line, sizeof(line), "    %s", row->words);
	reply_simple(c->reply, line);
}

void
call_help(struct call *c)
{
	const char *name = c->command->name;
	size_t first = (size_t)(strchr(name, '|') - name);
	size_t place = reply_later(c->reply);
	char line[HELP_LINE];
	int i, lines = 1;

	snprintf(line, sizeof(line), "%.*s <subcommand> [<arg> [value] [opt] "
	    "...]. Subcommands are:", (int)first, name);
	for (i = 0; i < (int)first; i++)
		line[i] -= 0x20;
	reply_simple(c->reply, line);
	for (i = 0; i < CMD_COUNT; i++) {
		const struct command *row = &command_table[i];

		if (strncmp(row->name, name, first + 1) == 0) {
			reply_usage(c, row, row->name + first + 1);
			lines += 2;
		}
	}
	reply_later_set(c->reply, place, '*', lines);
}
