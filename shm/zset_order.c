/*
 * zset_order - reading a sorted set's tree: ranks, borders, iteration
 *
 * Nothing here changes anything.
 *
 * Not here: insertion and removal (shm/zset_tree.c).
 */
#include "shm/zset_node.h"

uint64_t
zset_tree_before(const struct zset_tree *tree, const struct zset_bound *bound)
{
	const struct zset_node *n = tree->root;
	uint64_t before = 0;
	int i, at;

	if (n == NULL)
		return 0;
	while (n->level > 0) {
		const struct zset_inner *in = zset_inner(n);

		at = zset_inner_search(in, bound);
		for (i = 0; i < at; i++)
			before += in->child[i].count;
		n = in->child[at].node;
	}
	return before + zset_leaf_search(zset_leaf(n), bound);
}

void
zset_tree_seek(const struct zset_tree *tree, uint64_t index,
    struct zset_tree_cursor *cursor)
{
	const struct zset_node *n = tree->root;
	int i;

	must(n != NULL, "a rank is looked up in a tree that has it");
	cursor->root = n->level;
	while (n->level > 0) {
		const struct zset_inner *in = zset_inner(n);

		for (i = 0; index >= in->child[i].count; i++) {
			must(i + 1 < n->count,
			    "a rank is looked up in a tree that has it");
			index -= in->child[i].count;
		}
		cursor->node[n->level] = n;
		cursor->at[n->level] = i;
		n = in->child[i].node;
	}
	must(index < n->count, "a rank is looked up in a tree that has it");
	cursor->node[0] = n;
	cursor->at[0] = index;
}

struct zset_member *
zset_tree_at(const struct zset_tree_cursor *cursor)
{
	return cursor->node[0] == NULL ? NULL :
	    zset_leaf_get(zset_leaf(cursor->node[0]), cursor->at[0]);
}

/* Goes to the next or the previous leaf, to its first or last entry. */
static void
turn_leaf(struct zset_tree_cursor *cursor, int step)
{
	const struct zset_node *n;
	int level = 1, at = 0;

	for (; level <= cursor->root; level++) {
		at = cursor->at[level] + step;
		if (at >= 0 && at < cursor->node[level]->count)
			break;
	}
	if (level > cursor->root) {
		cursor->node[0] = NULL;
		return;
	}
	cursor->at[level] = at;
	for (; level > 0; level--) {
		n = zset_inner(cursor->node[level])->child[
		    cursor->at[level]].node;
		cursor->node[level - 1] = n;
		cursor->at[level - 1] = step > 0 ? 0 : n->count - 1;
	}
}

/* Member blocks lie anywhere: those soon to be read are fetched ahead. */
#define AHEAD 6

void
zset_tree_next(struct zset_tree_cursor *cursor)
{
	const struct zset_node *n = cursor->node[0];
	int at = cursor->at[0];

	if (at + 1 < n->count)
		cursor->at[0]++;
	else
		turn_leaf(cursor, 1);
	if (at + AHEAD < n->count)
		__builtin_prefetch(zset_leaf_get(zset_leaf(n), at + AHEAD));
}

void
zset_tree_prev(struct zset_tree_cursor *cursor)
{
	const struct zset_node *n = cursor->node[0];
	int at = cursor->at[0];

	if (at > 0)
		cursor->at[0]--;
	else
		turn_leaf(cursor, -1);
	if (at >= AHEAD)
		__builtin_prefetch(zset_leaf_get(zset_leaf(n), at - AHEAD));
}

static void
node_walk(const struct zset_node *n,
    void (*visit)(void *arg, const void *block), void *arg)
{
	int i;

	if (n->level > 0)
		for (i = 0; i < n->count; i++)
			node_walk(zset_inner(n)->child[i].node, visit, arg);
	visit(arg, n);
}

void
zset_tree_walk(const struct zset_tree *tree,
    void (*visit)(void *arg, const void *block), void *arg)
{
	if (tree->root != NULL)
		node_walk(tree->root, visit, arg);
}

/* Entries below n, all behind *last, which is moved on; -1 if broken. */
static int64_t
node_check(const struct zset_node *n, const struct zset_member **last)
{
	int64_t total = 0, below;
	int i;

	if (n->magic != ZSET_NODE_MAGIC || n->count == 0 ||
	    n->count > (n->level == 0 ? ZSET_LEAF : ZSET_INNER))
		return -1;
	for (i = 0; i < n->count && n->level == 0; i++) {
		const struct zset_member *m = zset_leaf_get(zset_leaf(n), i);
		struct zset_bound b = { .kind = ZSET_BY_ENTRY,
			.score = m->score, .member = zset_member_name(m) };

		if (memcmp(&m->score, &zset_leaf(n)->score[i], 8) != 0 ||
		    (*last != NULL &&
		    !zset_is_before(&b, (*last)->score, *last)))
			return -1;
		*last = m;
		total++;
	}
	for (i = 0; i < n->count && n->level > 0; i++) {
		const struct zset_child *c = &zset_inner(n)->child[i];
		struct zset_child now;

		if (c->node->level + 1 != n->level)
			return -1;
		below = node_check(c->node, last);
		if (below < 0 || (uint64_t)below != c->count)
			return -1;
		now = zset_child(c->node, below);
		if (now.first != c->first || now.score != c->score)
			return -1;
		total += below;
	}
	return total;
}

int64_t
zset_tree_check(const struct zset_tree *tree)
{
	const struct zset_member *last = NULL;

	return tree->root == NULL ? 0 : node_check(tree->root, &last);
}
