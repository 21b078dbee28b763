/*
 * hand_do - the failover machine's steps, done
 *
 * Each step becomes acts, messages, or changes of the view, all of them within
 * the step of the view that is under way; nothing here looks at how it ends.
 * An act with an answer takes the next serial, and the answer that is waited
 * for is the one that has it.  What has to be durable is in the next file
 * (hand.save_from), whatever is being written now.
 *
 * Not here: what becomes of it, and the machine's events (hand.c).
 */
#ifndef CLUSTER_HAND_DO_H
#define CLUSTER_HAND_DO_H

#include "cluster/hand.h"

/* All of them, in order. */
void hand_do(struct view *v, const struct failover_steps *steps,
    struct acts *out);

/* One message, of which the machine need not know. */
void hand_do_say(struct view *v, const struct failover_step *s,
    struct acts *out);

/*
 * Whether TELL tells that node: our shard; the others hear the broadcast, and
 * gossip.
 */
bool hand_do_tells(const struct view *v, uint16_t i);

#endif
