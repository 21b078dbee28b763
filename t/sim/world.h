/*
 * world - nodes, their disks and the network, on a virtual clock
 *
 * A host runs the deciding code (cluster/) and carries out its acts: messages
 * travel, files become durable, processes die between any two acts.  All that
 * happens comes from one seed, in one order, so a seed repeats exactly.
 *
 * What goes wrong is drawn anew for each seed (struct mishaps): messages lost,
 * late, doubled, and so reordered; cuts, also in one direction; processes
 * killed, with all of the host or control alone, or stopped for a while; data
 * that are gone after that; disks that are slow or full.
 *
 * Not here: what must hold (check.h), what operators do (sim.c).
 */
#ifndef T_SIM_WORLD_H
#define T_SIM_WORLD_H

#include "cluster/book.h"
#include "cluster/cluster.h"
#include "cluster/hand.h"
#include "t/sim/data.h"

#define WORLD_HOSTS DATA_HOSTS
#define WORLD_TIMEOUT_MS 1000
#define WORLD_EPOCHS 1024

/* Chances in a million, of each message, act, file; of each host a second. */
struct mishaps {
	uint32_t lost, doubled, late, die_at_act, slow_disk, full_disk;
	uint32_t killed, stopped, cut;
	uint32_t heir_killed;      /* in each step of who gave it its word */
	uint32_t emptied;          /* of those that are killed */
	bool is_lying;             /* disks say durable before it is */
};

struct conn {
	bool is_open;
	uint32_t serial;
	int from, to;              /* who opened it, to whom */
	uint32_t from_birth, to_birth;
	uint64_t link;             /* the opener's number */
};

struct host {
	int number;
	struct bus_id id;
	char ip[BUS_IP];
	bool is_up, is_gone;       /* gone: not started again */
	bool has_region;           /* workers run, also when control is dead */
	uint32_t birth, region_birth;
	struct data data;
	int64_t stopped_until_ms;
	/* its clock minus the world's at 0; and how much faster, in 10^-6 */
	int64_t clock_ms, pace;
	struct view *view;
	void *memory;
	size_t memory_bytes;
	/* what would be found after a death: the file, and what it says */
	char *disk;
	size_t disk_bytes;
	bool is_file_light;        /* the file being written */
	/* what a power failure leaves while `disk` is written lightly */
	char *safe;
	size_t safe_bytes;
	struct view_told safe_told;
	struct view_told durable;
	bool is_checked;           /* `durable` has been looked at */
	/* the file being written */
	char *file;
	size_t file_bytes;
	struct view_told file_told;
	uint64_t given, file_given; /* tokens of words that the file keeps */
	int64_t tick_ms;           /* of the TICK under way, 0: none */
	uint64_t won;              /* elections seen */
};

struct world {
	uint64_t random;
	int64_t now_ms;
	bool is_talking;           /* prints what happens */
	bool is_calm;              /* nothing goes wrong now */
	struct mishaps mishaps;
	int hosts;
	struct host host[WORLD_HOSTS];
	/* who can not send to whom: bits of `to` by `from` */
	uint32_t cut[WORLD_HOSTS];
	int64_t cut_until_ms;
	struct conn *conn;
	unsigned conns, conns_room;
	struct happening **heap;
	unsigned heaped, heap_room;
	uint64_t serial;
	struct acts acts;
	uint64_t steps, messages, deaths;
	int64_t flow_ms;           /* of the next traffic, 0: there is none */
	uint64_t writes, failovers, words;
	uint64_t let_off;          /* samples that I1 is not for */
	uint64_t shifts;           /* ends of moves of whole slots */
	bool is_taken_over;        /* somebody has asked nobody */
	char broken[256];          /* the first rule that was broken */
	/* what has been told, for check.c */
	int8_t elected[WORLD_EPOCHS];
	int8_t voted[WORLD_HOSTS][WORLD_EPOCHS];
	int8_t (*owned)[WORLD_EPOCHS];
};

/* A number below n. */
uint32_t world_random(struct world *w, uint32_t n);

/* True so often in a million. */
bool world_chance(struct world *w, uint32_t in_a_million);

/* A world of so many hosts, none of them up; and its end. */
void world_open(struct world *w, uint64_t seed, int hosts);
void world_close(struct world *w);

/* Starts a host from what is durable, at first from nothing. */
void world_boot(struct world *w, int i);
void world_kill(struct world *w, int i);

/* Control alone dies; another one starts soon. */
void world_kill_control(struct world *w, int i);

/* The host with that id, or -1. */
int world_find(const struct world *w, const struct bus_id *id);

/* What the data plane will see, or control of it. */
void world_read(struct world *w, int i, int worker, int64_t after_ms);
void world_answer(struct world *w, int i, int64_t after_ms,
    enum cluster_kind kind, uint64_t generation, uint64_t number);
void world_nudge(struct world *w, int i);

/* Goes on until that time, or until a rule is broken. */
void world_run(struct world *w, int64_t until_ms);

/* What its clock shows. */
int64_t world_clock(const struct world *w, int i);

/* Whether it is up, and not stopped. */
bool world_is_awake(const struct world *w, int i);

/*
 * An order is a step of its own, around which these stand; NULL: it can not be
 * given now.
 */
struct view *world_order(struct world *w, int i);
void world_ordered(struct world *w, int i);

/* Prints, when it talks. */
void world_say(const struct world *w, int i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A rule is broken; the run ends.  The first one counts. */
void world_break(struct world *w, int i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
