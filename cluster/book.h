/*
 * book - the view as nodes.conf, and back
 *
 * What is written is the view at the time of ACT_SAVE, which is what
 * view.saving says of ourselves: so it has to be taken before the next step.
 * What was read is durable: it is what is told.
 *
 * Not here: the form of the file (proto/nodes_conf.h), the disk.
 */
#ifndef CLUSTER_BOOK_H
#define CLUSTER_BOOK_H

#include "cluster/view.h"

/* Room that book_write() needs. */
size_t book_room(const struct view *v);

/* The file of generation v->saving.generation; its length. */
size_t book_write(const struct view *v, char *data, size_t room);

/*
 * Fills a view that has just begun, with the file's own node as its myself,
 * from a file that was read.  False: it has more nodes than the view has room
 * for; the rest is left out.
 */
bool book_read(struct view *v, struct nodes_conf *f);

/* Node i as CLUSTER NODES and the file show it. */
struct nodes_conf_node book_node(const struct view *v, uint16_t i);

#endif
