/*
 * aof_list - what the append-only file consists of: its manifest
 *
 * A directory holds one BASE (a snapshot, or requests), INCR files with the
 * requests that followed, in order, and a manifest that lists them:
 *
 *	file appendonly.aof.1.base.rdb seq 1 type b
 *	file appendonly.aof.1.incr.aof seq 1 type i
 *
 * as redis-server 7 writes and reads it.  Lines that begin with # are comments
 * to it; in ours we keep what the files can not say:
 *
 *	# almandine replid ID replid2 ID second-offset N
 *	# almandine from OFFSET at BYTE      the log's offset of the byte in the
 *	                                     INCR file of the next line
 *	# almandine sum HEX                  crc64 of all bytes before
 *
 * Somebody else who writes the manifest drops them, and the ids with them:
 * then the data is not the one that replicas know by that id.  A sum that is
 * wrong, or missing behind lines of ours, makes the whole manifest damaged.
 *
 * Types: b BASE, i INCR, h history, which nobody needs any more.
 *
 * Not here: reading and writing it (daemon/ctl_parts.c, daemon/aof_disk.c).
 */
#ifndef DAEMON_AOF_LIST_H
#define DAEMON_AOF_LIST_H

#include "shm/aof.h"
#include "shm/option.h"

#define AOF_NAME 256                 /* of a file in the directory */
#define AOF_PATH (AOF_NAME + OPTION_ROOM)

enum aof_type { AOF_BASE = 'b', AOF_INCR = 'i', AOF_HISTORY = 'h' };

struct aof_file {
	char name[AOF_NAME];
	uint64_t seq;
	char type;              /* enum aof_type */
	bool is_placed;         /* the rest is known */
	uint64_t from, start;   /* as in struct aof_place */
};

struct aof_list {
	struct aof_file *file;
	int count, room;
	char replid[41], replid2[41];   /* empty: not known */
	int64_t second_offset;
};

/*
 * Reads a manifest into an empty list.  0, or the number of the line that is
 * wrong, with a sentence.
 */
int aof_list_read(struct aof_list *l, struct slice text, const char **why);

/* The manifest's text, for free(). */
char *aof_list_print(const struct aof_list *l, size_t *bytes);

/* Adds a file at the end; NULL: name is too long. */
struct aof_file *aof_list_add(struct aof_list *l, enum aof_type type,
    uint64_t seq, const char *name);

/* The BASE; the INCR of a number; the last one.  NULL: there is none. */
struct aof_file *aof_list_base(const struct aof_list *l);
struct aof_file *aof_list_incr(const struct aof_list *l, uint64_t seq);
struct aof_file *aof_list_last(const struct aof_list *l);

/* Forgets all that is of a type. */
void aof_list_drop(struct aof_list *l, enum aof_type type);
void aof_list_free(struct aof_list *l);

/* --- names -------------------------------------------------------------- */

/* What new files are called. */
void aof_name_base(const struct options *o, uint64_t seq,
    char name[AOF_NAME]);
/* Same. */
void aof_name_incr(const struct options *o, uint64_t seq,
    char name[AOF_NAME]);
/* Same. */
void aof_name_manifest(const struct options *o, char name[AOF_NAME]);
/* A file of the directory, seen from where the node works. */
void aof_path(const struct options *o, const char *name, char path[AOF_PATH]);

#endif
