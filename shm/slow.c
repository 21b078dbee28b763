#include "shm/slow.h"

#include <stdio.h>

static size_t
put_arg(struct slow_row *r, size_t used, struct slice s)
{
	char text[SLOW_ARG_BYTES + 64];
	int n;

	if (s.bytes > SLOW_ARG_BYTES) {
		memcpy(text, s.data, SLOW_ARG_BYTES);
		n = snprintf(text + SLOW_ARG_BYTES, 64, "... (%zu more bytes)",
		    s.bytes - SLOW_ARG_BYTES);
		s = (struct slice){ text, SLOW_ARG_BYTES + (size_t)n };
	}
	if (s.bytes > SLOW_TEXT - used)
		s.bytes = SLOW_TEXT - used;
	memcpy(r->text + used, s.data, s.bytes);
	r->bytes[r->args++] = (uint16_t)s.bytes;
	return used + s.bytes;
}

static void
put_name(char *to, size_t room, struct slice s)
{
	size_t bytes = s.bytes < room ? s.bytes : room - 1;

	memcpy(to, s.data, bytes);
	to[bytes] = 0;
}

void
slow_add(struct slow *s, uint64_t id, int64_t when_s, int64_t took_us,
    const struct slice *argv, int argc, struct slice peer, struct slice name)
{
	struct slow_row *r = &s->row[s->next % SLOW_ROWS];
	size_t used = 0;
	char more[64];
	int i;

	/* It is odd already when the last writer died here. */
	word_store(&r->sequence, (r->sequence + 1) | 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	r->id = id;
	r->when_s = when_s;
	r->took_us = took_us;
	r->args = 0;
	put_name(r->peer, sizeof(r->peer), peer);
	put_name(r->name, sizeof(r->name), name);
	for (i = 0; i < argc && i < SLOW_ARGS; i++) {
		if (i == SLOW_ARGS - 1 && argc > SLOW_ARGS) {
			int n = snprintf(more, sizeof(more),
			    "... (%d more arguments)", argc - SLOW_ARGS + 1);

			put_arg(r, used, (struct slice){ more, (size_t)n });
			break;
		}
		used = put_arg(r, used, argv[i]);
	}
	word_store_release(&r->sequence, r->sequence + 1);
	word_store_release(&s->next, s->next + 1);
}

bool
slow_read(const struct slow *s, int i, struct slow_row *copy)
{
	const struct slow_row *r = &s->row[i];
	uint32_t sequence = word_load_acquire(&r->sequence);

	if ((uint64_t)i >= word_load(&s->next) || sequence % 2 == 1)
		return false;
	memcpy(copy, r, sizeof(*copy));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return word_load(&r->sequence) == sequence && copy->id != 0;
}

void
slow_spike(struct slow *s, enum slow_event event, uint64_t id, int64_t when_s,
    int64_t ms)
{
	struct slow_history *h = &s->event[event];
	struct slow_sample *last = &h->sample[(h->next + SLOW_SAMPLES - 1) %
	    SLOW_SAMPLES];

	if (h->next > 0 && last->when_s == when_s) {
		if (ms > last->ms)
			last->ms = ms;
		last->id = id;
		return;
	}
	h->sample[h->next % SLOW_SAMPLES] =
	    (struct slow_sample){ id, when_s, ms };
	h->next++;
}
