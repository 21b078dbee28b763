/*
 * stat - what every process counts for itself
 *
 * Writer:   the process in whose area it is, with plain stores
 * Readers:  INFO adds all up; a sum may miss what happens meanwhile
 * Life:     as long as the region: a successor counts on from its predecessor's
 *           sums and zeroes the present numbers (kind NOW)
 *
 * Not here: how INFO shows it (daemon/cmd_info.c).
 */
#ifndef SHM_STAT_H
#define SHM_STAT_H

#include "proto/command.h"
#include "shm/word.h"

enum stat_id {
#define STAT(id, name, section, kind, words) STAT_##id,
#include "shm/stat.def"
	STAT_COUNT
};
enum stat_section { STAT_CLIENTS, STAT_STATS, STAT_NONE };
enum stat_kind { STAT_SUM, STAT_NOW };

struct stat_row {
	const char *name;
	enum stat_section section;
	enum stat_kind kind;
	const char *words;
};
extern const struct stat_row stat_table[STAT_COUNT];

/* How often errors of one code were replied; an empty code ends the table. */
#define STAT_ERRORS 128
struct stat_error {
	char code[32];
	uint64_t count;
};

/* INFO commandstats, and the histogram of LATENCY HISTOGRAM: [i] counts calls
 * that took less than 2^i microseconds and not less than half of it. */
#define STAT_BUCKETS 32
struct stat_command {
	uint64_t calls, rejected, failed;
	uint64_t ticks;        /* of clock_ticks(): most take less than 1 us */
	uint64_t took[STAT_BUCKETS];
};

/*
 * CLUSTER SLOT-STATS: what commands of a slot took, and how long their requests
 * and replies were.  Nobody touches it unless cluster-slot-stats-enabled says
 * so, so that it does not exist.
 */
struct stat_slot {
	uint64_t ticks, bytes_in, bytes_out;
};

struct stats {
	uint64_t v[STAT_COUNT];
	struct stat_command command[CMD_COUNT];
	struct stat_error error[STAT_ERRORS];
};

#define stat_add(stats, id, n) \
	word_store(&(stats)->v[STAT_##id], \
	    (stats)->v[STAT_##id] + (uint64_t)(n))

/* Zeroes what CONFIG RESETSTAT zeroes. */
void stat_reset(struct stats *s);
/* Zeroes the present numbers: a newborn process has none of them. */
void stat_newborn(struct stats *s);
/* Counts an error reply; the code is the text's first word. */
void stat_count_error(struct stats *s, const char *text);

#endif
