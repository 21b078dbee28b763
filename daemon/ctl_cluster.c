#include "daemon/ctl_cluster.h"

#include "cluster/book.h"
#include "cluster/hand.h"
#include "cluster/moves.h"
#include "daemon/clock.h"
#include "daemon/ctl_bus.h"
#include "daemon/ctl_disk.h"
#include "daemon/ctl_fact.h"
#include "daemon/ctl_failover.h"
#include "daemon/ctl_held.h"
#include "daemon/ctl_hold.h"
#include "daemon/ctl_lease.h"
#include "daemon/ctl_lines.h"
#include "daemon/ctl_news.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_places.h"
#include "daemon/ctl_recover.h"
#include "daemon/ctl_role.h"
#include "daemon/file.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "proto/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define MAP_EVERY_MS 20        /* not more often than that */
#define NEWS_EVERY_MS 5        /* while messages wait for a worker */
#define FOLLOW_EVERY_MS 10     /* what no bell tells: a load, the lock */
#define TIMES_EVERY_MS 1000    /* the map's times are not older */

static struct {
	struct ctl *ctl;
	struct view *view;         /* NULL: this is no cluster node */
	struct acts acts;
	char *file;                /* nodes.conf being written */
	int descriptor;
	int disk_error;            /* of its last writing, 0: there was none */
	bool has_lost;             /* slots: the map goes first */
	bool is_changed;           /* the map is to be published */
	bool are_places_due;       /* the state, too, if there is news */
	bool is_follow_due;        /* the role differs from the view's */
	bool is_follow_kept;       /* ... by a question that is worked on */
	bool is_resume_due;        /* writes go on when that is published */
	int64_t map_ms;            /* when the map was published */
	uint64_t options_version;  /* state's, whose options are in use */
	struct bus_id data_shard;  /* whose data these are, or will be */
	bool empties;              /* ... and was a replica's RESET */
	/* the order that waits for its file: its generation, or 0 */
	uint64_t answer_after;
	int64_t replicas_ms;       /* until then it waits for replicas, or 0 */
	bool is_known;             /* ... and they know it */
	bool is_ordered;           /* it is being carried out */
} cl;

/* --- what the view has to know ----------------------------------------- */

static void
configure(void)
{
	const struct options *o = &cl.ctl->next.options;

	ctl_fact_configure(cl.ctl, cl.view);
	ctl_bus_limit((uint64_t)o->cluster_link_sendbuf_limit);
	ctl_bus_allow(o->cluster_bus_allow);
	cl.options_version = cl.ctl->next.version;
}

static void
gather(void)
{
	ctl_fact_gather(cl.ctl, cl.view, &cl.data_shard, !cl.is_follow_due);
}

/* --- doing ------------------------------------------------------------- */

/* State and map are looked at, and published if there is news. */
static void
note_change(void)
{
	cl.is_changed = cl.are_places_due = true;
}

static void
save(uint64_t generation, bool is_light)
{
	size_t room = book_room(cl.view), bytes;

	cl.file = realloc(cl.file, room);
	must(cl.file != NULL, "there is private memory for control");
	bytes = book_write(cl.view, cl.file, room);
	must(bytes > 0, "a view fits into its file");
	/* Who ordered it may look at the file. */
	ctl_disk_write((struct slice){ cl.file, bytes }, generation,
	    cl.is_ordered || cl.answer_after != 0 ? CTL_DISK_WHOLE :
	    is_light ? CTL_DISK_LIGHT : CTL_DISK_SURE);
}

static void
note(const struct act *a, const struct view_node *n)
{
	const char *id = n == NULL ? "-" : n->id.text;

	if (a->level == ACT_STEP && n != NULL)
		ctl_lines_add(&n->id, a->words);
	else if (a->level == ACT_DETAIL)
		log_verbose("cluster: %.40s: %s", id, a->words);
	else
		log_notice("cluster: %.40s: %s", id, a->words);
}

static void
carry_out_one(const struct act *a)
{
	const struct view_node *n = a->node < cl.view->nodes ?
	    &cl.view->node[a->node] : NULL;

	/* A new pause is not ended by the end of the last one. */
	if (a->kind == ACT_HOLD || a->kind == ACT_RESUME)
		cl.is_resume_due = a->kind == ACT_RESUME;
	if (ctl_failover_carry_out(cl.ctl, a))
		return;
	switch (a->kind) {
	case ACT_SAVE:
		if (failover_is_active(&cl.view->failover))
			FAULT(FAILOVER_SAVE);
		/* What is written is what we will be. */
		if (view_has(cl.view, VIEW_SELF, BUS_IS_PRIMARY) &&
		    cl.ctl->next.role == STATE_REPLICA) {
			/* Nor does it come back as one that never had data. */
			if (!ctl_held_is_noted(cl.ctl))
				ctl_held_note(cl.ctl);
			ctl_role_detach(cl.ctl);
			gather();
		}
		save(a->generation, a->is_light);
		break;
	case ACT_LEASE:
		ctl_hold_set_lease(cl.ctl, a->until_ms);
		break;
	case ACT_GRANT:
		ctl_lease_grant_is(&n->id, a->until_ms);
		break;
	case ACT_PUBLISH:
		note_change();
		break;
	case ACT_FOLLOW:
		cl.is_follow_due = true;
		note_change();
		break;
	case ACT_OPEN:
		ctl_bus_open(a->wire, n->ip, n->cport);
		break;
	case ACT_CLOSE:
		ctl_bus_close(a->wire);
		break;
	case ACT_SEND:
		ctl_bus_send(a->wire, a->data, a->bytes);
		break;
	case ACT_SEND_ALL:
		ctl_bus_send_all(a->data, a->bytes);
		break;
	case ACT_DELIVER:
		ctl_news_deliver(a->type == BUS_PUBLISHSHARD, a->channel,
		    a->message);
		break;
	case ACT_NOTE:
		note(a, n);
		break;
	default:
		break;
	}
}

static void
carry_out(void)
{
	bool speaks = ctl_failover_keep(cl.ctl);
	unsigned i;

	for (i = 0; i < cl.acts.count; i++)
		if (likely(speaks) || (cl.acts.list[i].kind != ACT_SEND &&
		    cl.acts.list[i].kind != ACT_SEND_ALL))
			carry_out_one(&cl.acts.list[i]);
	ctl_failover_done();
}

static void
happen(const struct cluster_event *e)
{
	gather();
	cluster_step(cl.view, e, clock_steady_ms(), &cl.acts);
	carry_out();
}

static bool
knows(const struct bus_id *id)
{
	uint16_t i = view_find(cl.view, id);

	return i != VIEW_NOBODY && !view_has(cl.view, i, BUS_IS_HANDSHAKE);
}

static bool
is_used(uint64_t wire)
{
	uint16_t i;

	for (i = 1; i < cl.view->nodes; i++)
		if (view_is_used(cl.view, i) && cl.view->node[i].from == wire)
			return true;
	return false;
}

/* --- what is published ------------------------------------------------- */

/* Slots, moves, the cluster's state into the next state; false: no news. */
static bool
set_places(void)
{
	const struct state *s = &cl.ctl->next;
	bool is_primary = s->role == STATE_PRIMARY && !s->is_promoted &&
	    !cl.is_follow_due;

	return ctl_places_set(&cl.ctl->next, cl.view, is_primary,
	    &cl.has_lost);
}

static void
publish_map(void)
{
	ctl_places_publish(cl.view);
	ctl_lease_show(cl.view);
	cl.map_ms = clock_steady_ms();
}

/*
 * Whether the role that the view has is not published yet.  Until then the map
 * says where the slots were, so that nobody is sent to us in vain.
 */
static bool
is_turning(void)
{
	const struct view *v = cl.view;

	return view_has(v, VIEW_SELF, BUS_IS_PRIMARY) && (cl.is_follow_due ||
	    cl.ctl->next.role != STATE_PRIMARY || cl.ctl->next.is_promoted ||
	    v->vote.state == VOTE_TAKE ||
	    v->failover.state == FAILOVER_TAKING);
}

/*
 * Where a slot is that we have no more, the map says before; that one is ours,
 * after.
 */
static void
publish_places(void)
{
	bool has_lost = cl.has_lost;

	cl.has_lost = false;
	if (has_lost) {
		publish_map();
		FAULT(MAP_TOLD);
	}
	(void)ctl_tell(cl.ctl);
	if (!has_lost && !is_turning())
		publish_map();
}

/* Places wait for nothing; the map for a moment, since it is large. */
static void
publish(void)
{
	int64_t age_ms = clock_steady_ms() - cl.map_ms;

	if ((cl.are_places_due || cl.is_resume_due) && set_places()) {
		publish_places();
		cl.is_changed = is_turning();
	}
	cl.are_places_due = false;
	if (((cl.is_changed && age_ms >= MAP_EVERY_MS) ||
	    age_ms >= TIMES_EVERY_MS) && !is_turning()) {
		publish_map();
		ctl_places_count(cl.view);
		cl.is_changed = false;
	}
	if (cl.is_resume_due)
		ctl_hold_end(cl.ctl);
	cl.is_resume_due = false;
}

/* --- the role ---------------------------------------------------------- */

/* With the role the slots are published: they come at once. */
static void
publish_with_role(struct ctl *c)
{
	ctl_failover_took(c);
	(void)set_places();
	note_change();
	cl.map_ms = 0;
}

/* An election, or another primary's, goes before all but a failover. */
static bool
has_lock(struct ctl *c, enum lock_event what)
{
	return ctl_recover_has(c, RECOVER_FAILOVER) ||
	    ctl_recover_take(c, what, RECOVER_ROLE);
}

static bool
is_followed(const struct ctl *c, const struct view_node *n)
{
	return c->next.role == STATE_REPLICA &&
	    c->next.primary_port == n->port &&
	    strcmp(c->next.primary_host, n->ip) == 0;
}

static void
follow(void)
{
	uint16_t p = cl.view->node[VIEW_SELF].primary;
	const struct view_node *n;
	struct ctl *c = cl.ctl;
	bool is_still = ctl_hold_is_for_good(c);

	cl.is_follow_kept = cl.is_follow_due && c->ask.is_busy;
	if (!cl.is_follow_due || c->ask.is_busy || ctl_load_is_on(c) ||
	    c->next.is_stopping || c->next.is_frozen)
		return;
	if (p == VIEW_NOBODY && c->next.role == STATE_REPLICA) {
		/* Role and slots come together, and not before they last. */
		if (!bus_id_is_none(&cl.view->told.primary))
			return;
		/* A predecessor knew who took it, and could not write that. */
		if (failover_is_given(&cl.view->failover))
			return;
		if (!has_lock(c, LOCK_ON_WANT_FAILOVER))
			return;
		cl.data_shard = cl.view->node[VIEW_SELF].shard;
		ctl_begin_own(c);
		ctl_role_promote(c, ctl_answer_nothing);
	} else if (p != VIEW_NOBODY) {
		n = &cl.view->node[p];
		if (n->ip[0] == 0)
			return;
		if (is_followed(c, n)) {
			ctl_role_stay(c);
		} else if (!has_lock(c, c->is_ready ? LOCK_ON_WANT_ATTACH :
		    LOCK_ON_WANT_START)) {
			return;
		} else {
			if (set_places())
				publish_map();
			cl.has_lost = false;
			/* Who waits here goes on there: told once. */
			if (cl.is_resume_due)
				ctl_hold_drop(c);
			/* They belong to no stream that is asked for. */
			if (ctl_fact_is_strange(cl.view, &cl.data_shard))
				memset(c->next.replid, 0,
				    sizeof(c->next.replid));
			cl.data_shard = n->shard;
			ctl_begin_own(c);
			ctl_role_follow(c, n->ip, n->port, n->own > 0,
			    is_still, ctl_answer_nothing);
		}
	}
	cl.is_follow_due = false;
	note_change();
}

const struct view *
ctl_cluster_view(void)
{
	return cl.view;
}

bool
ctl_cluster_is_settled(const struct ctl *c)
{
	return !cl.is_follow_due && !cl.is_resume_due && !cl.is_changed &&
	    ctl_is_acknowledged(c->next.version);
}

bool
ctl_cluster_is_urgent(void)
{
	return cl.is_follow_kept;
}

bool
ctl_cluster_has_failed_primary(void)
{
	uint16_t p = cl.view == NULL ? VIEW_NOBODY :
	    cl.view->node[VIEW_SELF].primary;

	return p != VIEW_NOBODY && view_has(cl.view, p, BUS_IS_FAIL);
}

bool
ctl_cluster_is_paused(void)
{
	return cl.view != NULL && hand_is_paused(cl.view);
}

/* --- orders ------------------------------------------------------------ */

/* A replica that was reset is a primary without slots now. */
static void
empty_it(struct ctl *c)
{
	struct load_order nothing = ctl_load_order(LOAD_FOR_RESET);

	nothing.form = LOAD_NOTHING;
	nothing.flushes = true;
	c->ask.is_elsewhere = true;
	if (ctl_load_begin(c, &nothing) != 0)
		never("nothing can always be loaded");
}

/* Its data, which was its primary's, is gone. */
static void
is_emptied(struct ctl *c, const char *why)
{
	(void)why;
	if (c->ask.is_busy && c->ask.is_elsewhere)
		ctl_answer_ok(c);
}

/* A change of roles waits for nobody. */
static bool
waits_for_replicas(void)
{
	return cl.replicas_ms > clock_steady_ms() && !cl.is_follow_kept &&
	    view_has(cl.view, VIEW_SELF, BUS_IS_PRIMARY) &&
	    !moves_all_know(cl.view);
}

static void
answer_published(struct ctl *c)
{
	if (cl.is_known)
		ctl_answer_ok(c);
	else
		ctl_answer_error(c, "%s", error_text[ERROR_NOREPLICAS]);
}

/* It is durable: the rest of what it waits for. */
static void
answer_order(struct ctl *c)
{
	if (waits_for_replicas())
		return;
	cl.is_known = cl.replicas_ms == 0 || moves_all_know(cl.view);
	cl.answer_after = 0;
	cl.replicas_ms = 0;
	if (cl.empties && c->next.role == STATE_REPLICA) {
		cl.empties = cl.is_follow_due = false;
		c->ask.is_elsewhere = false;
		ctl_role_promote(c, empty_it);
		return;
	}
	cl.empties = false;
	(void)set_places();
	publish_map();
	ctl_publish(c, answer_published);
	c->ask.is_elsewhere = false;
}

/*
 * The order has been carried out, and waits for the disk and the workers.  A
 * part of a letter settles nothing, so that nobody sees the view between two;
 * but for a replica's RESET, which takes its time.
 */
void
ctl_cluster_settle_order(struct ctl *c)
{
	if (c->ask.is_part && !cl.empties) {
		ctl_cluster_end_step();
		ctl_answer_ok(c);
		return;
	}
	cluster_settle(cl.view, &cl.acts);
	cl.is_ordered = true;
	carry_out();
	cl.is_ordered = false;
	note_change();
	c->ask.is_elsewhere = true;
	/* Who gave its last slot away follows, and tells nobody. */
	if (!view_has(cl.view, VIEW_SELF, BUS_IS_PRIMARY))
		cl.replicas_ms = 0;
	cl.answer_after = cl.view->is_dirty ? cl.view->generation + 1 :
	    cl.view->saving.generation != 0 ? cl.view->saving.generation :
	    cl.view->told.generation;
	if (cl.view->told.generation >= cl.answer_after)
		answer_order(c);
}

struct view *
ctl_cluster_begin_step(struct acts **out)
{
	gather();
	cluster_begin(cl.view, clock_steady_ms(), &cl.acts);
	*out = &cl.acts;
	return cl.view;
}

void
ctl_cluster_end_step(void)
{
	if (cl.ctl->ask.is_part)
		cl.ctl->ask.owes_step = true;
	else
		cluster_settle(cl.view, &cl.acts);
	carry_out();
}

void
ctl_cluster_empties(bool empties)
{
	cl.empties = empties;
}

void
ctl_cluster_awaits_replicas(int64_t ms)
{
	cl.replicas_ms = clock_steady_ms() + ms;
}

void
ctl_cluster_failover(bool is_asked, enum failover_event order, uint16_t to,
    int64_t timeout_ms)
{
	struct acts *out;
	struct view *v = ctl_cluster_begin_step(&out);
	uint64_t token;

	if (getrandom(&token, sizeof(token), 0) != sizeof(token))
		never("the kernel gives random bytes");
	hand_order(v, order, to, timeout_ms, token | 1, out);
	cluster_settle(cl.view, &cl.acts);
	ctl_failover_asked(is_asked);
	carry_out();
	ctl_failover_asked(false);
}

/* --- turns ------------------------------------------------------------- */

static void
look_at_disk(struct ctl *c)
{
	struct cluster_event e = { .kind = CLUSTER_SAVED };
	bool is_there;
	int bad;

	if (!ctl_disk_is_done(&e.generation, &bad, &is_there))
		return;
	if (bad != 0) {
		e.kind = CLUSTER_SAVE_FAILED;
		e.is_unwritten = !is_there;
	}
	/* It is tried again and again; it is said once. */
	if (bad != cl.disk_error && bad != 0)
		log_warning("%s can not be written: %s",
		    c->next.options.cluster_config_file, strerror(-bad));
	else if (bad != cl.disk_error)
		log_notice("%s is written again",
		    c->next.options.cluster_config_file);
	cl.disk_error = bad;
	happen(&e);
	if (cl.answer_after > cl.view->told.generation && bad != 0) {
		cl.answer_after = cl.replicas_ms = 0;
		ctl_answer_error(c, "ERR error saving the cluster node "
		    "config: %s", strerror(-bad));
	}
}

/* Whether all workers serve as a primary's, with its slots. */
static bool
is_turned(struct ctl *c)
{
	return c->next.role == STATE_PRIMARY && !c->next.is_promoted &&
	    !cl.is_follow_due && ctl_is_acknowledged(c->next.version);
}

void
ctl_cluster_turn(struct ctl *c)
{
	struct cluster_event tick = { .kind = CLUSTER_TICK };

	if (cl.view == NULL)
		return;
	look_at_disk(c);
	if (cl.answer_after != 0 &&
	    cl.view->told.generation >= cl.answer_after)
		answer_order(c);
	if (cl.options_version != c->next.version) {
		configure();
		note_change();
	}
	ctl_bus_turn();
	if (clock_steady_ms() >= cl.view->due_ms)
		happen(&tick);
	if (cl.view->goes_without)
		ctl_held_go_on(c);
	do {
		follow();
		publish();
	} while (ctl_failover_turn(c, is_turned(c)));
	ctl_news_turn(cl.view);
	ctl_lines_turn(clock_steady_ms());
	ctl_bus_flush();
}

int
ctl_cluster_wait_ms(int most)
{
	int64_t ms;

	if (cl.view == NULL)
		return most;
	if (ctl_bus_is_due() || (cl.is_follow_kept && !cl.ctl->ask.is_busy))
		return 0;
	if (cl.is_follow_due && most > FOLLOW_EVERY_MS)
		most = FOLLOW_EVERY_MS;
	ms = cl.view->due_ms;
	if (ctl_lines_due() < ms)
		ms = ctl_lines_due();
	ms -= clock_steady_ms();
	if (ctl_news_waits() && ms > NEWS_EVERY_MS)
		ms = NEWS_EVERY_MS;
	if (cl.is_changed && ms > MAP_EVERY_MS)
		ms = MAP_EVERY_MS;
	if (cl.answer_after != 0 && waits_for_replicas() &&
	    ms > cl.replicas_ms - clock_steady_ms())
		ms = cl.replicas_ms - clock_steady_ms();
	return ms < 0 ? 0 : ms < most ? (int)ms : most;
}

/* --- the beginning ----------------------------------------------------- */

/* Whether it is a good one; has: the best one so far, or NULL. */
static const struct nodes_conf *
better(const char *name, struct slice text, struct nodes_conf *f,
    const struct nodes_conf *has)
{
	memset(f, 0, sizeof(*f));
	f->why = "it is not there";
	if (text.data == NULL)
		return has;
	if (nodes_conf_read(f, text) != NODES_CONF_GOOD && text.bytes > 0)
		log_warning("%s is not used: line %u: %s", name, f->line,
		    f->why);
	return has == NULL ? f->why == NULL ? f : NULL :
	    nodes_conf_pick(has, f);
}

static struct bus_id
new_id(uint64_t *seed)
{
	uint64_t random[4];
	struct bus_id id;
	char text[41];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		never("the kernel gives random bytes");
	region_print_id(random, text);
	memcpy(id.text, text, BUS_ID);
	*seed = random[3];
	return id;
}

static void
make_view(const struct nodes_conf *from)
{
	uint64_t seed;
	struct bus_id id = new_id(&seed);
	void *memory = calloc(1, view_bytes(MAP_NODES));

	must(memory != NULL, "there is private memory for control");
	cl.view = view_begin(memory, MAP_NODES,
	    from != NULL ? &from->myself : &id, seed, clock_steady_ms());
}

static void
begin_view(void)
{
	static const char *const endings[CTL_DISK_FILES] = { "", ".old",
		".sure", ".sure" };
	const char *name = cl.ctl->next.options.cluster_config_file;
	const struct nodes_conf *from = NULL;
	struct nodes_conf book[CTL_DISK_FILES];
	struct ctl_disk_left left;
	char file[OPTION_ROOM + 8];
	int bad = ctl_disk_read(name, &left), i;

	if (bad != 0)
		log_warning("%s can not be read: %s", name, strerror(-bad));
	for (i = 0; i < CTL_DISK_FILES; i++) {
		snprintf(file, sizeof(file), "%s%s", name, endings[i]);
		from = better(file, left.text[i], &book[i], from);
	}
	if (from != NULL && from != &book[0])
		log_warning("begins from %s%s, generation %llu", name,
		    endings[from - book],
		    (unsigned long long)from->vars.generation);
	make_view(from);
	if (from != NULL) {
		struct nodes_conf f = *from;

		if (!book_read(cl.view, &f))
			log_warning("%s has more nodes than this version "
			    "knows", name);
	}
	ctl_disk_forget(&left);
	log_notice("is node %.40s of %s", cl.view->node[VIEW_SELF].id.text,
	    from != NULL ? "the cluster that it knows" : "no cluster yet");
}

int
ctl_cluster_begin(struct ctl *c)
{
	static const struct ctl_bus_user user = { happen, knows, is_used };
	struct cluster_event e = { .kind = CLUSTER_FACTS };
	const struct nodes_conf_vars *left;
	int bad;

	cl.ctl = c;
	cl.descriptor = -1;
	if (!c->next.options.cluster_enabled)
		return -1;
	begin_view();
	left = &cl.view->fact.vars;
	snprintf(c->left.replid, sizeof(c->left.replid), "%.40s", left->replid);
	snprintf(c->left.replid2, sizeof(c->left.replid2), "%.40s",
	    left->replid2);
	c->left.offset = left->offset;
	cl.view->fact.unix_offset_ms = clock_ms() - clock_steady_ms();
	bad = ctl_disk_begin(c->next.options.cluster_config_file,
	    c->birth->bell[c->birth->index]);
	if (bad == 0)
		cl.descriptor = ctl_bus_begin(c->birth, &user);
	if (bad != 0 || cl.descriptor < 0)
		birth_fail("the cluster bus can not begin: %s",
		    strerror(bad != 0 ? -bad : -cl.descriptor));
	ctl_news_begin(c->birth);
	cl.data_shard = cl.view->node[VIEW_SELF].shard;
	c->loaded[LOAD_FOR_RESET] = is_emptied;
	configure();
	ctl_lease_begin(c, cl.view);
	ctl_failover_begin(c, cl.view, happen);
	c->link.places = publish_with_role;
	cl.is_follow_due = cl.view->node[VIEW_SELF].primary != VIEW_NOBODY ||
	    c->next.role == STATE_REPLICA;
	/* A predecessor's finding. */
	if (c->next.is_cluster_ok)
		view_go_on(cl.view, cl.view->config.node_timeout_ms);
	happen(&e);
	note_change();
	return cl.descriptor;
}

void
ctl_cluster_end(void)
{
	if (cl.view == NULL)
		return;
	ctl_lines_end();
	ctl_bus_end();
	ctl_disk_end();
	free(cl.view);
	free(cl.file);
	cl.view = NULL;
}
