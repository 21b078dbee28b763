#include "shm/state_pen.h"

#include "shm/fault.h"

bool
state_read(const struct state_page *page, struct state *mine)
{
	uint64_t version;

	must(page->magic == STATE_MAGIC, "the state page has its magic number");
	if (likely(state_version(page) == mine->version))
		return false;
	do {
		version = state_version(page);
		memcpy(mine, &page->copy[version & 1], sizeof(*mine));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (word_load(&page->version) != version);
	must(mine->version == version, "a copy bears the version it was "
	    "published under");
	return true;
}

uint64_t
state_publish(struct state_page *page, struct state *next, int64_t now_ms)
{
	uint64_t version = page->version + 1;

	must(page->magic == STATE_MAGIC, "the state page has its magic number");
	next->version = version;
	next->since_ms = now_ms;
	memcpy(&page->copy[version & 1], next, sizeof(*next));
	FAULT(PUBLISH_BEFORE);
	word_store_release(&page->version, version);
	FAULT(PUBLISH_AFTER);
	return version;
}

bool
state_has_stream(const struct state *s, struct slice id, int64_t wanted)
{
	int i;

	if (slice_equal(id, slice_of(s->replid)))
		return true;
	if (slice_equal(id, slice_of(s->replid2)))
		return wanted <= s->second_offset;
	for (i = 0; i < STATE_EARLIER; i++)
		if (id.bytes > 0 &&
		    slice_equal(id, slice_of(s->earlier[i].replid)))
			return wanted <= s->earlier[i].second_offset;
	return false;
}

void
state_forget_streams(struct state *s)
{
	memset(s->replid2, '0', sizeof(s->replid2) - 1);
	s->second_offset = -1;
	memset(s->earlier, 0, sizeof(s->earlier));
}

void
state_name_stream(struct state *s, const char replid[41], uint64_t end)
{
	if (s->replid[0] == 0) {
		state_forget_streams(s);
	} else {
		memmove(&s->earlier[1], &s->earlier[0],
		    sizeof(s->earlier) - sizeof(s->earlier[0]));
		memcpy(s->earlier[0].replid, s->replid2, sizeof(s->replid2));
		s->earlier[0].second_offset = s->second_offset;
		memcpy(s->replid2, s->replid, sizeof(s->replid2));
		s->second_offset = (int64_t)end + 1;
	}
	memcpy(s->replid, replid, sizeof(s->replid));
}

void
state_set_lease(struct state_page *page, int64_t until_ms)
{
	must(page->magic == STATE_MAGIC, "the state page has its magic number");
	word_store_release(&page->lease_ms, until_ms);
}

void
state_init(struct state_page *page, const struct options *o,
    const char replid[41], int64_t now_ms)
{
	static struct state first;
	int i;

	first.role = option_primary(o, first.primary_host,
	    &first.primary_port) ? STATE_REPLICA : STATE_PRIMARY;
	first.link_worker = -1;
	state_forget_streams(&first);
	first.may_expire_actively = true;
	for (i = 0; i < STATE_DATABASES; i++)
		first.db[i] = (uint8_t)i;
	first.reset_ms = now_ms;
	first.last_save_s = now_ms / 1000;
	memcpy(first.replid, replid, sizeof(first.replid));
	first.load.phase = LOAD_UNDECIDED;
	first.options = *o;
	page->magic = STATE_MAGIC;
	state_publish(page, &first, now_ms);
}
