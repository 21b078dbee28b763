#include "shm/zset_small.h"

#include "proto/number.h"

size_t
zset_small_find(const char *lp, struct slice member)
{
	size_t at = listpack_first(lp);

	return at == 0 ? 0 : listpack_find(lp, at, member, 1);
}

double
zset_small_score(const char *lp, size_t at)
{
	struct listpack_value v = listpack_get(lp, listpack_next(lp, at));
	double d = 0;

	if (v.text.data == NULL)
		return (double)v.number;
	must(number_get_double(v.text, &d), "a stored score is a number");
	return d;
}

size_t
zset_small_next(const char *lp, size_t at)
{
	return listpack_next(lp, listpack_next(lp, at));
}

size_t
zset_small_prev(const char *lp, size_t at)
{
	at = listpack_prev(lp, at);
	return at == 0 ? 0 : listpack_prev(lp, at);
}

bool
zset_small_is_before(const char *lp, size_t at, const struct zset_bound *bound)
{
	char scratch[NUMBER_TEXT];
	double score;
	int c;

	if (bound->kind != ZSET_BY_MEMBER) {
		score = zset_small_score(lp, at);
		if (score != bound->score)
			return score < bound->score;
		if (bound->kind == ZSET_BY_SCORE)
			return bound->is_behind;
	}
	c = slice_compare(listpack_text(lp, at, scratch), bound->member);
	return c < 0 || (c == 0 && bound->is_behind);
}

size_t
zset_small_place(const char *lp, struct slice member, double score)
{
	struct zset_bound b = { .kind = ZSET_BY_ENTRY, .score = score,
		.member = member };
	size_t at = listpack_last(lp);

	/* what comes behind everything is the usual case */
	if (at == 0 || zset_small_is_before(lp, listpack_prev(lp, at), &b))
		return 0;
	at = listpack_first(lp);
	while (at != 0 && zset_small_is_before(lp, at, &b))
		at = zset_small_next(lp, at);
	return at;
}

void
zset_small_insert(char *lp, size_t at, struct slice member, struct slice score)
{
	if (at == 0) {
		listpack_insert(lp, 0, member);
		listpack_insert(lp, 0, score);
	} else {
		listpack_insert(lp, at, score);
		listpack_insert(lp, at, member);
	}
}
