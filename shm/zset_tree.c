/*
 * zset_tree - insertion, removal and search; see the header for the invariants
 *
 * Changes go down recursively and are made on the way back up: the parent of a
 * changed child corrects what it knows of it, takes in the new neighbour of
 * one that was split, joins one that became too small.
 *
 * Not here: reading (shm/zset_order.c), member blocks (shm/zset.c).
 */
#include "shm/zset_node.h"

#define LEAF_FEW (ZSET_LEAF / 4)
#define LEAF_SPARE (ZSET_LEAF / 5)
#define INNER_FEW (ZSET_INNER / 4)

static void
set_count(struct txn *t, struct zset_node *n, int count)
{
	txn_note(t, &n->count, sizeof(n->count));
	n->count = count;
}

static void *
new_node(struct txn *t, int level)
{
	struct zset_node *n = txn_alloc(t, level == 0 ?
	    sizeof(struct zset_leaf) : sizeof(struct zset_inner));

	must(level < ZSET_DEPTH, "a tree is not deeper than its cursors");
	n->magic = ZSET_NODE_MAGIC;
	n->level = level;
	n->count = 0;
	return n;
}

/* Entries below a node, counted. */
static uint64_t
node_total(const struct zset_node *n)
{
	const struct zset_inner *in;
	uint64_t total = 0;
	int i;

	if (n->level == 0)
		return n->count;
	in = zset_inner(n);
	for (i = 0; i < n->count; i++)
		total += in->child[i].count;
	return total;
}

/* Makes what a parent knows of a child true again. */
static void
child_refresh(struct txn *t, struct zset_child *c, uint64_t count)
{
	struct zset_child now = zset_child(c->node, count);

	if (now.first == c->first && now.score == c->score)
		txn_set64(t, &c->count, count);
	else
		txn_write(t, c, &now, sizeof(now));
}

/* Moves the entries from `at` on to `to` and sets the count accordingly. */
static void
leaf_shift(struct txn *t, struct zset_leaf *l, int at, int to)
{
	int tail = l->head.count - at;

	txn_move(t, l->score + to, l->score + at, tail * sizeof(l->score[0]));
	txn_move(t, l->ref + to, l->ref + at, tail * sizeof(l->ref[0]));
	set_count(t, &l->head, to + tail);
}

static void
leaf_put(struct txn *t, struct zset_leaf *l, int at,
    const struct zset_member *m)
{
	int tail = l->head.count - at;

	/* one note for the hole and what moves behind it */
	txn_note(t, l->score + at, (tail + 1) * sizeof(l->score[0]));
	txn_note(t, l->ref + at, (tail + 1) * sizeof(l->ref[0]));
	memmove(l->score + at + 1, l->score + at, tail * sizeof(l->score[0]));
	memmove(l->ref + at + 1, l->ref + at, tail * sizeof(l->ref[0]));
	zset_leaf_set(l, at, m);
	set_count(t, &l->head, l->head.count + 1);
}

/* Moves the entries from `at` on into a new leaf. */
static struct zset_leaf *
leaf_split(struct txn *t, struct zset_leaf *l, int at)
{
	struct zset_leaf *right = new_node(t, 0);
	int tail = l->head.count - at;

	memcpy(right->score, l->score + at, tail * sizeof(l->score[0]));
	memcpy(right->ref, l->ref + at, tail * sizeof(l->ref[0]));
	right->head.count = tail;
	if (tail > 0)
		set_count(t, &l->head, at);
	return right;
}

static struct zset_node *
leaf_insert(struct txn *t, struct zset_leaf *l, const struct zset_bound *b,
    const struct zset_member *m)
{
	int at = zset_leaf_search(l, b), cut;
	struct zset_leaf *right;

	if (l->head.count < ZSET_LEAF) {
		leaf_put(t, l, at, m);
		return NULL;
	}
	cut = at == ZSET_LEAF ? at : ZSET_LEAF / 2;
	right = leaf_split(t, l, cut);
	if (at <= cut && cut < ZSET_LEAF) {
		leaf_put(t, l, at, m);
	} else {
		at -= cut;
		cut = right->head.count;
		memmove(right->score + at + 1, right->score + at,
		    (cut - at) * sizeof(right->score[0]));
		memmove(right->ref + at + 1, right->ref + at,
		    (cut - at) * sizeof(right->ref[0]));
		zset_leaf_set(right, at, m);
		right->head.count++;
	}
	return &right->head;
}

static void
inner_shift(struct txn *t, struct zset_inner *n, int at, int to)
{
	int tail = n->head.count - at;

	txn_move(t, n->child + to, n->child + at, tail * sizeof(n->child[0]));
	set_count(t, &n->head, to + tail);
}

static void
inner_put(struct txn *t, struct zset_inner *n, int at,
    const struct zset_child *c)
{
	inner_shift(t, n, at, at + 1);
	txn_write(t, n->child + at, c, sizeof(*c));
}

/* Takes in a new child at `at`; a new neighbour when there was no room. */
static struct zset_node *
inner_add(struct txn *t, struct zset_inner *n, int at,
    const struct zset_child *c)
{
	int count = n->head.count;
	int cut = at == count ? at : count / 2;
	struct zset_inner *right;

	if (count < ZSET_INNER) {
		inner_put(t, n, at, c);
		return NULL;
	}
	right = new_node(t, n->head.level);
	memcpy(right->child, n->child + cut, (count - cut) *
	    sizeof(n->child[0]));
	right->head.count = count - cut;
	set_count(t, &n->head, cut);
	if (at < cut)
		inner_put(t, n, at, c);
	else
		inner_put(t, right, at - cut, c);
	return &right->head;
}

/* Moves `count` entries from the beginning of right to the end of left. */
static void
leaf_pull(struct txn *t, struct zset_leaf *left, struct zset_leaf *right,
    int count)
{
	int at = left->head.count;

	txn_write(t, left->score + at, right->score,
	    count * sizeof(left->score[0]));
	txn_write(t, left->ref + at, right->ref, count * sizeof(left->ref[0]));
	set_count(t, &left->head, at + count);
	leaf_shift(t, right, count, 0);
}

/* Moves `count` entries from the end of left to the beginning of right. */
static void
leaf_push(struct txn *t, struct zset_leaf *left, struct zset_leaf *right,
    int count)
{
	int at = left->head.count - count;

	leaf_shift(t, right, 0, count);
	txn_write(t, right->score, left->score + at,
	    count * sizeof(left->score[0]));
	txn_write(t, right->ref, left->ref + at, count * sizeof(left->ref[0]));
	set_count(t, &left->head, at);
}

/*
 * Gives half of what a full leaf has more to a neighbour, if one has room
 * enough to be worth it: leaves are then four fifths full, not two thirds.
 */
static bool
share_leaf(struct txn *t, struct zset_inner *n, int i)
{
	struct zset_child *a = &n->child[i], *b = a + 1;
	int more;

	if (i + 1 < n->head.count && b->count + LEAF_SPARE <= a->count) {
		more = (int)(a->count - b->count) / 2;
		leaf_push(t, zset_leaf(a->node), zset_leaf(b->node), more);
	} else if (i > 0 && a[-1].count + LEAF_SPARE <= a->count) {
		b = a--;
		more = (int)(b->count - a->count) / 2;
		leaf_pull(t, zset_leaf(a->node), zset_leaf(b->node), more);
	} else {
		return false;
	}
	child_refresh(t, a, a->node->count);
	child_refresh(t, b, b->node->count);
	return true;
}

/* Inserts below n; returns n's new right neighbour when it had to be split. */
static struct zset_node *
node_insert(struct txn *t, struct zset_node *n, const struct zset_bound *b,
    const struct zset_member *m)
{
	struct zset_inner *in;
	struct zset_node *right;
	struct zset_child *c, add;
	uint64_t count;
	int i;

	if (n->level == 0)
		return leaf_insert(t, zset_leaf(n), b, m);
	in = zset_inner(n);
	i = zset_inner_search(in, b);
	if (n->level == 1 && in->child[i].count == ZSET_LEAF &&
	    share_leaf(t, in, i))
		i = zset_inner_search(in, b);
	c = &in->child[i];
	right = node_insert(t, c->node, b, m);
	if (right == NULL) {
		/* only the first child takes in what comes before its first */
		if (i > 0)
			txn_set64(t, &c->count, c->count + 1);
		else
			child_refresh(t, c, c->count + 1);
		return NULL;
	}
	count = node_total(right);
	add = zset_child(right, count);
	child_refresh(t, c, c->count + 1 - count);
	return inner_add(t, in, i + 1, &add);
}

static void
set_root(struct txn *t, struct zset_tree *tree, struct zset_node *root)
{
	txn_note(t, &tree->root, sizeof(tree->root));
	tree->root = root;
}

void
zset_tree_insert(struct txn *t, struct zset_tree *tree, struct zset_member *m)
{
	struct zset_bound b = { .kind = ZSET_BY_ENTRY, .score = m->score,
		.member = zset_member_name(m) };
	struct zset_node *right;
	struct zset_inner *top;

	if (tree->root == NULL)
		set_root(t, tree, new_node(t, 0));
	right = node_insert(t, tree->root, &b, m);
	if (right == NULL)
		return;
	top = new_node(t, tree->root->level + 1);
	top->child[0] = zset_child(tree->root, node_total(tree->root));
	top->child[1] = zset_child(right, node_total(right));
	top->head.count = 2;
	set_root(t, tree, &top->head);
}

static bool
is_few(const struct zset_node *n)
{
	return n->count < (n->level == 0 ? LEAF_FEW : INNER_FEW);
}

static void mend_child(struct txn *t, struct zset_inner *n, int i);

/*
 * Same for inner nodes.  A child that was alone in its node may have been left
 * with too few entries; where it now has neighbours, it is joined with one.
 */
static void
inner_pull(struct txn *t, struct zset_inner *left, struct zset_inner *right,
    int count)
{
	int at = left->head.count;

	txn_write(t, left->child + at, right->child,
	    count * sizeof(left->child[0]));
	set_count(t, &left->head, at + count);
	inner_shift(t, right, count, 0);
	mend_child(t, left, at);
	mend_child(t, left, at - 1);
}

static void
inner_push(struct txn *t, struct zset_inner *left, struct zset_inner *right,
    int count)
{
	int at = left->head.count - count;

	inner_shift(t, right, 0, count);
	txn_write(t, right->child, left->child + at,
	    count * sizeof(left->child[0]));
	set_count(t, &left->head, at);
	mend_child(t, right, count);
	mend_child(t, right, count - 1);
}

/* Makes one of two neighbours where that fits, else two alike. */
static void
join_children(struct txn *t, struct zset_inner *n, int i)
{
	struct zset_child *a = &n->child[i], *b = a + 1;
	uint64_t total = a->count + b->count;
	int left = a->node->count, right = b->node->count, half, room;
	bool is_leaf = a->node->level == 0;

	room = is_leaf ? ZSET_LEAF : ZSET_INNER;
	half = left + right <= room ? left + right : (left + right) / 2;
	if (half > left && is_leaf)
		leaf_pull(t, zset_leaf(a->node), zset_leaf(b->node),
		    half - left);
	else if (half > left)
		inner_pull(t, zset_inner(a->node), zset_inner(b->node),
		    half - left);
	else if (is_leaf)
		leaf_push(t, zset_leaf(a->node), zset_leaf(b->node),
		    left - half);
	else
		inner_push(t, zset_inner(a->node), zset_inner(b->node),
		    left - half);
	if (b->node->count == 0) {
		txn_free(t, b->node);
		inner_shift(t, n, i + 2, i + 1);
		child_refresh(t, a, total);
	} else {
		child_refresh(t, a, node_total(a->node));
		child_refresh(t, b, total - a->count);
	}
}

/* Joins child i with a neighbour as long as it has too few entries. */
static void
mend_child(struct txn *t, struct zset_inner *n, int i)
{
	while (i < n->head.count && n->head.count > 1 &&
	    is_few(n->child[i].node)) {
		if (i > 0)
			i--;
		join_children(t, n, i);
	}
}

/* What becomes of child i after it lost entries and has `count` left. */
static void
child_shrunk(struct txn *t, struct zset_inner *n, int i, uint64_t count)
{
	struct zset_child *c = &n->child[i];

	if (count == 0) {
		txn_free(t, c->node);
		inner_shift(t, n, i + 1, i);
	} else {
		child_refresh(t, c, count);
		mend_child(t, n, i);
	}
}

static void
node_remove(struct txn *t, struct zset_node *n, const struct zset_bound *b,
    const struct zset_member *m)
{
	struct zset_leaf *l;
	struct zset_inner *in;
	int i;

	if (n->level == 0) {
		l = zset_leaf(n);
		i = zset_leaf_search(l, b);
		must(i < n->count && zset_leaf_get(l, i) == m,
		    "a member of a sorted set stands at its place in the tree");
		leaf_shift(t, l, i + 1, i);
		return;
	}
	in = zset_inner(n);
	i = zset_inner_search(in, b);
	/* a child that begins with the member does not begin before it */
	if (i + 1 < n->count && in->child[i + 1].first == m)
		i++;
	node_remove(t, in->child[i].node, b, m);
	child_shrunk(t, in, i, in->child[i].count - 1);
}

/* Takes levels away that have become useless. */
static void
lower_root(struct txn *t, struct zset_tree *tree)
{
	struct zset_node *root = tree->root;

	while (root->level > 0 && root->count == 1) {
		txn_free(t, root);
		root = zset_inner(root)->child[0].node;
	}
	if (root->count == 0) {
		txn_free(t, root);
		root = NULL;
	}
	if (root != tree->root)
		set_root(t, tree, root);
}

void
zset_tree_remove(struct txn *t, struct zset_tree *tree,
    const struct zset_member *m)
{
	struct zset_bound b = { .kind = ZSET_BY_ENTRY, .score = m->score,
		.member = zset_member_name(m) };

	node_remove(t, tree->root, &b, m);
	lower_root(t, tree);
}

/*
 * Changes the score where the entry stands, if it stays between its neighbours
 * within the leaf and is not the first there (whom the parents know).
 */
static bool
move_in_place(struct txn *t, const struct zset_tree *tree,
    const struct zset_bound *b, const struct zset_member *m, double score)
{
	const struct zset_node *n = tree->root;
	struct zset_leaf *l;
	int i;

	while (n->level > 0) {
		const struct zset_inner *in = zset_inner(n);

		n = in->child[zset_inner_search(in, b)].node;
	}
	l = zset_leaf(n);
	i = zset_leaf_search(l, b);
	/* equal scores are left to the general way, which compares members */
	if (i == 0 || i + 1 >= n->count || !(l->score[i - 1] < score) ||
	    !(score < l->score[i + 1]))
		return false;
	must(zset_leaf_get(l, i) == m,
	    "a member of a sorted set stands at its place in the tree");
	txn_write(t, &l->score[i], &score, sizeof(score));
	return true;
}

void
zset_tree_move(struct txn *t, struct zset_tree *tree, struct zset_member *m,
    double score)
{
	struct zset_bound b = { .kind = ZSET_BY_ENTRY, .score = m->score,
		.member = zset_member_name(m) };
	bool is_moved = move_in_place(t, tree, &b, m, score);

	if (!is_moved)
		zset_tree_remove(t, tree, m);
	txn_write(t, &m->score, &score, sizeof(score));
	if (!is_moved)
		zset_tree_insert(t, tree, m);
}

static void
node_drop(struct txn *t, const struct zset_node *n)
{
	int i;

	if (n->level > 0)
		for (i = 0; i < n->count; i++)
			node_drop(t, zset_inner(n)->child[i].node);
	txn_free(t, n);
}

void
zset_tree_drop(struct txn *t, const struct zset_tree *tree)
{
	if (tree->root != NULL)
		node_drop(t, tree->root);
}

static void
node_cut(struct txn *t, struct zset_node *n, uint64_t from, uint64_t to)
{
	struct zset_inner *in;
	uint64_t base = 0, end;
	int i, gone = 0, first = -1;

	if (n->level == 0) {
		leaf_shift(t, zset_leaf(n), to, from);
		return;
	}
	in = zset_inner(n);
	for (i = 0; i < n->count && base < to; i++, base = end) {
		struct zset_child *c = &in->child[i];
		uint64_t low = from > base ? from - base : 0, high;

		end = base + c->count;
		if (end <= from)
			continue;
		high = to < end ? to - base : c->count;
		if (first < 0)
			first = i + (low > 0);
		if (low == 0 && high == c->count) {
			node_drop(t, c->node);
			gone++;
		} else {
			node_cut(t, c->node, low, high);
			child_refresh(t, c, c->count - (high - low));
		}
	}
	if (gone > 0)
		inner_shift(t, in, first + gone, first);
	mend_child(t, in, first);
	if (first > 0)
		mend_child(t, in, first - 1);
}

void
zset_tree_cut(struct txn *t, struct zset_tree *tree, uint64_t from, uint64_t to)
{
	if (from >= to)
		return;
	node_cut(t, tree->root, from, to);
	lower_root(t, tree);
}

/* One level of a new tree above `nodes`; returns how many nodes it has. */
static uint64_t
build_level(struct txn *t, struct zset_node **nodes, uint64_t count, int level)
{
	uint64_t parents = (count + ZSET_INNER - 1) / ZSET_INNER, i, j = 0;

	for (i = 0; i < parents; i++) {
		struct zset_inner *in = new_node(t, level);
		uint64_t end = count / parents * (i + 1) +
		    (i + 1) * (count % parents) / parents;

		for (; j < end; j++)
			in->child[in->head.count++] = zset_child(nodes[j],
			    node_total(nodes[j]));
		nodes[i] = &in->head;
	}
	return parents;
}

void
zset_tree_build(struct txn *t, struct zset_tree *tree,
    struct zset_member *const *members, uint64_t count)
{
	uint64_t leaves = (count + ZSET_LEAF - 1) / ZSET_LEAF, i, j = 0;
	struct zset_node **nodes = txn_scratch(t, leaves * sizeof(*nodes) + 1);
	int level;

	for (i = 0; i < leaves; i++) {
		struct zset_leaf *l = new_node(t, 0);
		uint64_t end = count / leaves * (i + 1) +
		    (i + 1) * (count % leaves) / leaves;

		for (; j < end; j++)
			zset_leaf_set(l, l->head.count++, members[j]);
		nodes[i] = &l->head;
	}
	for (level = 1; leaves > 1; level++)
		leaves = build_level(t, nodes, leaves, level);
	set_root(t, tree, count > 0 ? nodes[0] : NULL);
}
