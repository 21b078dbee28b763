#include "t/witness_tally.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
die(const char *format, ...)
{
	va_list ap;

	fputs("witness: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void *
grow(void *old, size_t count, size_t *room, size_t bytes)
{
	if (count < *room)
		return old;
	*room = *room == 0 ? 256 : *room * 2;
	old = realloc(old, *room * bytes);
	if (old == NULL)
		die("out of memory");
	return old;
}

/* ---- writers ---------------------------------------------------------- */

void
tally_open(struct ledger *l, struct shard *s, const char *tag, uint32_t keys)
{
	uint32_t i;

	*l = (struct ledger){ .shard = s, .count = keys };
	snprintf(l->tag, sizeof l->tag, "%s", tag);
	if (keys == 0)
		return;
	l->keys = calloc(keys, sizeof *l->keys);
	if (l->keys == NULL)
		die("out of memory");
	for (i = 0; i < keys; i++)
		l->keys[i].index = i;
}

uint32_t
tally_next(struct ledger *l)
{
	uint32_t index = l->next;

	l->keys[index].sent = l->keys[index].acked + 1;
	l->next = (index + 1) % l->count;
	return index;
}

size_t
tally_name(char name[NAME_BYTES], const struct ledger *l, const struct key *k)
{
	if (k == NULL)
		return (size_t)snprintf(name, NAME_BYTES, "{%s}probe", l->tag);
	return (size_t)snprintf(name, NAME_BYTES, "{%s}k%u.%u", l->tag,
	    k->index, k->birth);
}

/* The end of silence, if it was the longest. */
static void
note_ack(struct shard *s, int64_t now_ns)
{
	if (s->last_ns != 0 && now_ns - s->last_ns > s->gap_ns) {
		s->gap_ns = now_ns - s->last_ns;
		s->gap_at_ns = s->last_ns;
	}
	s->last_ns = now_ns;
	s->acks++;
}

void
tally_number(struct ledger *l, uint32_t index, uint64_t number,
    int64_t now_ns)
{
	struct key *k = &l->keys[index];

	if (number < k->sent)
		l->shard->lost += k->sent - number;
	else
		l->shard->extra += number - k->sent;
	k->acked = k->sent = number;
	note_ack(l->shard, now_ns);
}

void
tally_give_up(struct ledger *l, uint32_t index)
{
	struct key *k = &l->keys[index];

	l->given_up = grow(l->given_up, l->gone, &l->gone_room,
	    sizeof *l->given_up);
	l->given_up[l->gone++] = *k;
	*k = (struct key){ .index = index, .birth = ++l->births };
}

void
tally_error(struct shard *s, const char *text)
{
	char word[WORD_BYTES] = { 0 };
	unsigned i;

	for (i = 0; i < sizeof word - 1 && text[i] > ' '; i++)
		word[i] = text[i] == '"' || text[i] == '\\' ? '?' : text[i];
	for (i = 0; i < ERROR_KINDS - 1; i++)
		if (s->error[i].times == 0 || !strcmp(s->error[i].word, word))
			break;
	memcpy(s->error[i].word, word, sizeof word);
	s->error[i].times++;
}

/* ---- probes ----------------------------------------------------------- */

/* The highest number that had been told before an instant. */
static uint64_t
most_before(const struct shard *s, int64_t at_ns)
{
	size_t low = 0, high = s->accepts, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (s->accepted[middle].end_ns < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : s->accepted[low - 1].most;
}

/* Whether its number was told before, or is below one that was. */
static bool
is_regressed(const struct shard *s, uint64_t number, int64_t asked_ns)
{
	unsigned i;

	for (i = 0; i < RECENT; i++)
		if (s->recent[i] == number)
			return true;
	return number <= most_before(s, asked_ns);
}

void
tally_acceptance(struct shard *s, uint16_t place, uint64_t number,
    int64_t asked_ns, int64_t now_ns)
{
	uint64_t most = s->accepts == 0 ? 0 : s->accepted[s->accepts - 1].most;

	s->regressed += is_regressed(s, number, asked_ns);
	s->recent[s->accepts % RECENT] = number;
	s->accepted = grow(s->accepted, s->accepts, &s->accepts_room,
	    sizeof *s->accepted);
	s->accepted[s->accepts++] = (struct accepted){ .end_ns = now_ns,
	    .most = number > most ? number : most };
	s->probes++;
	if (s->holder == place || asked_ns <= s->holder_ns)
		return;
	if (s->holder >= 0) {
		s->switches++;
		s->switched_ns = now_ns;
	}
	s->holder = place;
	s->holder_ns = now_ns;
}

/* ---- reports ---------------------------------------------------------- */

static void
say_errors(const struct shard *s)
{
	unsigned i;

	printf(", \"errors\": {");
	for (i = 0; i < ERROR_KINDS && s->error[i].times > 0; i++)
		printf("%s\"%s\": %" PRIu64, i == 0 ? "" : ", ",
		    s->error[i].word, s->error[i].times);
	printf("}");
}

/* Times in us; silent: since the last acknowledgement. */
void
tally_report(const struct shard *s, int64_t now_ns)
{
	int64_t silent = s->last_ns == 0 ? 0 : now_ns - s->last_ns;

	printf("\"%s\": {\"acks\": %" PRIu64 ", \"gap_us\": %" PRId64
	    ", \"gap_at_us\": %" PRId64 ", \"silent_us\": %" PRId64
	    ", \"lost\": %" PRIu64 ", \"extra\": %" PRIu64
	    ", \"moved\": %" PRIu64 ", \"timeouts\": %" PRIu64
	    ", \"breaks\": %" PRIu64 ", \"probes\": %" PRIu64
	    ", \"switches\": %" PRIu64 ", \"regressed\": %" PRIu64
	    ", \"switched_us\": %" PRId64,
	    s->name, s->acks, s->gap_ns / 1000, s->gap_at_ns / 1000,
	    silent / 1000, s->lost, s->extra, s->moved, s->timeouts, s->breaks,
	    s->probes, s->switches, s->regressed, s->switched_ns / 1000);
	say_errors(s);
	printf("}");
}

static void
say_key(const struct ledger *l, const struct key *k, bool *is_first)
{
	char name[NAME_BYTES];

	if (k->sent == 0)
		return;
	tally_name(name, l, k);
	printf("%s[\"%s\", \"%s\", %" PRIu64 ", %" PRIu64 "]",
	    *is_first ? "" : ", ", l->shard->name, name, k->acked, k->sent);
	*is_first = false;
}

void
tally_keys(const struct ledger *l, bool *is_first)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		say_key(l, &l->keys[i], is_first);
	for (i = 0; i < l->gone; i++)
		say_key(l, &l->given_up[i], is_first);
}
