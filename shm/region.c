#include "shm/region.h"

#include "shm/state_pen.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define OWNED_MAX 4
#define AHEAD_MIN (32ull << 20) /* prepared beyond what is used, at least */
#define AHEAD_MAX (64ull << 20) /* and at most: it is memory */
#define AHEAD_SHARE 8           /* a part in so many */
#define AHEAD_FIRST (10ull << 20) /* with what is used, while it is little */
#define APART (8ull << 20)      /* what is nearer to use is left alone */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static uint64_t
round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Where the parts behind the fixed ones begin, as offsets. */
struct layout {
	uint64_t log_bytes;
	uint32_t spans;
	uint64_t log, snap, table, heap, end;
};

static struct layout
lay_out(const struct region_plan *plan)
{
	struct layout l = { .log_bytes = round_up(plan->log_bytes, LOG_CHUNK) };

	l.spans = (uint32_t)(plan->heap_bytes / HEAP_SPAN);
	l.log = round_up(sizeof(struct region), REGION_PAGE);
	l.snap = l.log + l.log_bytes;
	l.table = round_up(l.snap + SNAP_BYTES + SNAP_SLACK, REGION_PAGE);
	l.heap = round_up(l.table + heap_table_bytes(l.spans), REGION_BIG_PAGE);
	l.end = l.heap + l.spans * HEAP_SPAN;
	return l;
}

/* A number that differs when the structs do. */
uint64_t
region_layout(void)
{
	static const uint64_t sizes[] = {
		sizeof(struct region), sizeof(struct area),
		sizeof(struct state), sizeof(struct slot),
		sizeof(struct span), sizeof(struct value),
		sizeof(struct journal), STAT_COUNT, OPTION_COUNT, CMD_COUNT,
	};
	uint64_t hash = 0xcbf29ce484222325ull;
	size_t i;

	for (i = 0; i < COUNT(sizes); i++)
		hash = (hash ^ sizes[i]) * 0x100000001b3ull;
	return hash;
}

static int
map(const struct region_plan *plan, const struct layout *l,
    char why[REGION_WHY])
{
	int fd = memfd_create(plan->name, MFD_CLOEXEC), bad;
	void *at;

	if (fd < 0 || ftruncate(fd, (off_t)l->end) != 0) {
		bad = errno;
		snprintf(why, REGION_WHY, "the shared region of %llu MB can "
		    "not be made: %s", (unsigned long long)l->end >> 20,
		    strerror(bad));
		if (fd >= 0)
			close(fd);
		return -bad;
	}
	at = mmap((void *)PLACE_BASE, l->end, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
	bad = errno;
	close(fd);
	if (at == MAP_FAILED) {
		snprintf(why, REGION_WHY, "the shared region of %llu MB does "
		    "not fit into the address space: %s (shm-size, ulimit -v)",
		    (unsigned long long)l->end >> 20, strerror(bad));
		return -bad;
	}
	return 0;
}

void
region_print_id(const uint64_t random[3], char id[41])
{
	snprintf(id, 41, "%016llx%016llx%08x", (unsigned long long)random[0],
	    (unsigned long long)random[1], (unsigned)random[2]);
}

static void
fill_head(const struct region_plan *plan, const struct layout *l,
    const uint64_t random[REGION_RANDOM], int64_t now_ms)
{
	struct region_head *h = &REGION->head;

	h->place.layout = region_layout();
	h->place.bytes = l->end;
	memcpy(h->place.boot, random, sizeof(h->place.boot));
	memcpy(h->place.seed, random + 2, sizeof(h->place.seed));
	h->born_ms = now_ms;
	h->workers = plan->workers;
	h->supervisor_pid = (uint32_t)getpid();
	region_print_id(random + 4, h->run_id);
	h->place.magic = PLACE_MAGIC;
}

static void
fill_parts(const struct region_plan *plan, const struct layout *l)
{
	char *base = (char *)REGION;
	uint32_t i;

	for (i = 0; i < PROC_MAX; i++)
		if (i < plan->workers || i >= PROC_WORKERS)
			journal_init(&REGION->area[i].journal);
	for (i = 0; i < plan->workers; i++) {
		mail_init(&REGION->area[i].asks);
		mail_init(&REGION->ctl.answers[i]);
	}
	REGION->common.next_client_id = 1;
	REGION->common.next_ticket = 1;
	cast_init(&REGION->common.cast);
	REGION->ctl.news_place = NEWS_NOWHERE;
	news_init(&REGION->common.news, &REGION->ctl.news_place);
	log_init(&REGION->common.log, base + l->log, l->log_bytes);
	map_init(&REGION->map);
	snap_init(&REGION->common.snap, base + l->snap, SNAP_BYTES,
	    &REGION->area[PROC_SAVER].save.reader, REGION->common.left);
	heap_init(&REGION->common.heap, base + l->heap, l->spans,
	    base + l->table);
}

int
region_create(const struct region_plan *plan,
    const uint64_t random[REGION_RANDOM], int64_t now_ms, char why[REGION_WHY])
{
	struct layout l = lay_out(plan);
	int bad = map(plan, &l, why);

	if (bad != 0)
		return bad;
	fill_head(plan, &l, random, now_ms);
	fill_parts(plan, &l);
	if (plan->wants_huge_pages)
		(void)madvise((char *)REGION + l.heap, l.end - l.heap,
		    MADV_HUGEPAGE);
#ifdef ALMANDINE_FAULTS
	fault_words = REGION->fault;
#endif
	return 0;
}

void
region_discard(void)
{
	munmap(REGION, PLACE->bytes);
}

/* --- who may write what ------------------------------------------------ */

struct extent {
	const void *at;
	uint64_t bytes;
};

static int
own_extents(enum region_owner owner, int index, struct extent e[OWNED_MAX])
{
	uint64_t fixed = offsetof(struct region, common);
	int n = 0;

#ifdef ALMANDINE_FAULTS
	e[n++] = (struct extent){ REGION->fault,
	    offsetof(struct region, area) - offsetof(struct region, fault) };
#endif
	if (owner == REGION_SUPERVISOR) {
		e[n++] = (struct extent){ &REGION->sup,
		    offsetof(struct region, state) -
		    offsetof(struct region, sup) };
		return n;
	}
	e[n++] = (struct extent){ &REGION->area[index],
	    round_up(sizeof(struct area), REGION_PAGE) };
	if (owner == REGION_CONTROL)
		e[n++] = (struct extent){ &REGION->state,
		    offsetof(struct region, fault) -
		    offsetof(struct region, state) };
	else
		e[n++] = (struct extent){ (const char *)REGION + fixed,
		    PLACE->bytes - fixed };
	return n;
}

int
region_protect(enum region_owner owner, int index)
{
	struct extent e[OWNED_MAX];
	int n = own_extents(owner, index, e);

	if (mprotect(REGION, PLACE->bytes, PROT_READ) != 0)
		return -errno;
	while (n-- > 0)
		if (mprotect((void *)(uintptr_t)e[n].at, e[n].bytes,
		    PROT_READ | PROT_WRITE) != 0)
			return -errno;
	return 0;
}

int
region_open_all(void)
{
	return mprotect(REGION, PLACE->bytes, PROT_READ | PROT_WRITE) != 0 ?
	    -errno : 0;
}

int
region_close_all(void)
{
	return region_protect(REGION_CONTROL, PROC_CONTROL);
}

static int
protect_pages(const void *at, size_t bytes, int how)
{
	uint64_t first = (uint64_t)(uintptr_t)at & ~(uint64_t)(REGION_PAGE - 1);
	uint64_t end = round_up((uint64_t)(uintptr_t)at + bytes, REGION_PAGE);

	return mprotect((void *)(uintptr_t)first, end - first, how) != 0 ?
	    -errno : 0;
}

int
region_open(const void *at, size_t bytes)
{
	return protect_pages(at, bytes, PROT_READ | PROT_WRITE);
}

int
region_close(const void *at, size_t bytes)
{
	return protect_pages(at, bytes, PROT_READ);
}

void
region_punch(void *at, size_t bytes)
{
	uint64_t first = round_up((uint64_t)(uintptr_t)at, REGION_PAGE);
	uint64_t end = ((uint64_t)(uintptr_t)at + bytes) &
	    ~(uint64_t)(REGION_PAGE - 1);

	if (end > first)
		(void)madvise((void *)(uintptr_t)first, end - first,
		    MADV_REMOVE);
}

/* --- huge pages -------------------------------------------------------- */

static uint64_t
heap_used(void)
{
	return (uint64_t)word_load(&REGION->common.heap.top) * HEAP_SPAN;
}

bool
region_prepare_next(uint64_t *at)
{
	uint64_t used = heap_used();
	uint64_t ahead = used / AHEAD_SHARE;
	uint64_t least = used + AHEAD_FIRST;

	if (least > AHEAD_MIN)
		least = AHEAD_MIN;
	if (ahead < least)
		ahead = least;
	if (ahead > AHEAD_MAX)
		ahead = AHEAD_MAX;
	if (*at > 0 && *at < used + APART)
		*at = round_up(used + APART, REGION_BIG_PAGE);
	return *at < used + ahead && *at + REGION_BIG_PAGE <=
	    (uint64_t)REGION->common.heap.spans * HEAP_SPAN;
}

void *
region_private_page(void)
{
	char *two = mmap(NULL, 2 * REGION_BIG_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *page;

	if (two == MAP_FAILED)
		return NULL;
	page = (char *)round_up((uintptr_t)two, REGION_BIG_PAGE);
	(void)madvise(page, REGION_BIG_PAGE, MADV_HUGEPAGE);
	return page;
}

/*
 * A huge page that was touched a moment ago is the next to be given out.  It is
 * touched as memory of our own, since the kernel lets others run meanwhile,
 * which it does not while it collapses; and in a guest touching may take
 * milliseconds, where the host gives memory only then.
 */
static void
touch_one(void)
{
	static char *own;

	if (own == NULL)
		own = region_private_page();
	if (own == NULL)
		return;
	*(volatile char *)own = 1;
	(void)madvise(own, REGION_BIG_PAGE, MADV_DONTNEED);
}

int
region_prepare(uint64_t at)
{
	char *page = REGION->common.heap.base + at;

	touch_one();
	/* The kernel wants one page of it to be there. */
	(void)*(volatile char *)page;
	if (madvise(page, REGION_BIG_PAGE, MADV_COLLAPSE) == 0)
		return 0;
	/* Short of huge pages just now: small ones will do here. */
	return errno == EINVAL ? -EINVAL : 0;
}

bool
region_prepare_is_late(uint64_t at)
{
	return at < heap_used() + APART / 2;
}

int64_t
region_keys(int db)
{
	int64_t count = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		count += word_load(&REGION->area[i].keys[db]);
	return count;
}

int64_t
region_expires(int db)
{
	int64_t count = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		count += word_load(&REGION->area[i].expires[db]);
	return count;
}

uint32_t
region_replicas(void)
{
	uint32_t count = 0, i;

	for (i = 0; i < REGION->head.workers; i++)
		count += word_load(&REGION->area[i].feeds.count);
	return count;
}
