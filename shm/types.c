/*
 * types - the table of what each type does with its values
 *
 * Not here: the types (shm/hash.h, shm/list.h ...), how a type is told from a
 * record (shm/value.h).
 */
#include "shm/hash.h"
#include "shm/list.h"
#include "shm/set.h"
#include "shm/stream.h"
#include "shm/zset.h"

/* A string lies in its record, whole. */
static const struct value_ops string_ops = { "string", NULL, NULL, NULL,
    0, NULL, 0 };

/* So does a stream. */
const struct value_ops stream_ops = { "stream", NULL, NULL, NULL, 0,
	NULL, 0 };

const struct value_ops *const value_ops[VALUE_TYPES] = {
	[VALUE_STRING] = &string_ops,
	[VALUE_LIST] = &list_ops,
	[VALUE_SET] = &set_ops,
	[VALUE_ZSET] = &zset_ops,
	[VALUE_HASH] = &hash_ops,
	[VALUE_STREAM] = &stream_ops,
};
