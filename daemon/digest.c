#include "daemon/digest.h"

#include <arpa/inet.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/rdb_stream.h"
#include "shm/hash.h"
#include "shm/list.h"
#include "shm/set.h"
#include "shm/stream.h"
#include "shm/string.h"
#include "shm/zset.h"

void
digest_add(unsigned char digest[DIGEST_BYTES], const void *data, size_t bytes)
{
	unsigned char sum[DIGEST_BYTES];
	int i;

	SHA1(data, bytes, sum);
	for (i = 0; i < DIGEST_BYTES; i++)
		digest[i] ^= sum[i];
}

void
digest_mix(unsigned char digest[DIGEST_BYTES], const void *data, size_t bytes)
{
	unsigned char sum[DIGEST_BYTES];

	digest_add(digest, data, bytes);
	SHA1(digest, DIGEST_BYTES, sum);
	memcpy(digest, sum, DIGEST_BYTES);
}

static void
mix(unsigned char *digest, struct slice s)
{
	digest_mix(digest, s.data, s.bytes);
}

static void
digest_list(unsigned char *digest, const struct value *v)
{
	char scratch[24];
	struct list_at at;
	bool more;

	for (more = list_seek(v, 0, &at); more; more = list_next(&at))
		mix(digest, list_text(&at, scratch));
}

static void
add_member(void *arg, struct slice member)
{
	digest_add(arg, member.data, member.bytes);
}

static void
add_field(void *arg, struct slice field, struct slice value)
{
	unsigned char one[DIGEST_BYTES] = { 0 };

	mix(one, field);
	mix(one, value);
	digest_add(arg, one, sizeof(one));
}

static void
digest_zset(unsigned char *digest, const struct value *v)
{
	struct zset_cursor cursor;
	struct zset_item item;
	char text[NUMBER_TEXT];

	zset_seek(v, 0, &cursor);
	while (zset_next(&cursor, &item)) {
		unsigned char one[DIGEST_BYTES] = { 0 };
		int n = snprintf(text, sizeof(text), "%.17g", item.score);

		mix(one, item.member);
		digest_mix(one, text, (size_t)n);
		digest_add(digest, one, sizeof(one));
	}
}

/* Memory for nodes, one at a time; ids need none. */
static void *
take(void *arg, size_t bytes)
{
	char **block = arg;

	free(*block);
	*block = malloc(bytes);
	return *block;
}

static void
digest_stream(unsigned char *digest, const struct value *v)
{
	char text[2 * NUMBER_TEXT], *block = NULL;
	struct slice field, value;
	struct rdb_stream s;
	struct rdb_reader r;

	rdb_open(&r, stream_body(v), take, &block);
	must(rdb_stream_begin(&s, &r), "a stream that is kept can be read");
	while (rdb_stream_next(&s)) {
		int n = snprintf(text, sizeof(text), "%llu.%llu",
		    (unsigned long long)s.ms, (unsigned long long)s.seq);

		digest_mix(digest, text, (size_t)n);
		while (rdb_stream_pair(&s, &field, &value)) {
			mix(digest, field);
			mix(digest, value);
		}
	}
	free(block);
}

void
digest_value(unsigned char digest[DIGEST_BYTES], const struct value *v)
{
	/* Redis counts modules, which it has as well, before streams. */
	uint32_t type = htonl((uint32_t)value_type(v) +
	    (value_type(v) == VALUE_STREAM));
	char scratch[NUMBER_TEXT];

	digest_mix(digest, &type, sizeof(type));
	switch (value_type(v)) {
	case VALUE_STRING:
		mix(digest, string_text(v, scratch));
		break;
	case VALUE_LIST:
		digest_list(digest, v);
		break;
	case VALUE_SET:
		set_each(v, add_member, digest);
		break;
	case VALUE_ZSET:
		digest_zset(digest, v);
		break;
	case VALUE_HASH:
		hash_each(v, add_field, digest);
		break;
	case VALUE_STREAM:
		digest_stream(digest, v);
		break;
	default:
		never("a value has a type that can be digested");
	}
	if (v->kind & VALUE_EXPIRES)
		digest_add(digest, "!!expire!!", 10);
}

void
digest_print(const unsigned char digest[DIGEST_BYTES],
    char text[2 * DIGEST_BYTES + 1])
{
	int i;

	for (i = 0; i < DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
