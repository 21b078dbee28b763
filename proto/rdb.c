#include "proto/rdb.h"

#include "proto/crc64.h"

const struct rdb_type_row rdb_type_table[RDB_TYPES] = {
#define RDB_TYPE(id, number, kind, body, pack, since) \
	[number] = { RDB_##kind, RDB_BODY_##body, RDB_PACK_##pack, since },
#include "proto/rdb.def"
};

bool
rdb_payload_is_sound(struct slice payload)
{
	const unsigned char *end;
	uint64_t crc;

	if (payload.bytes < RDB_FOOTER_BYTES)
		return false;
	end = (const unsigned char *)payload.data + payload.bytes;
	if ((end[-10] | end[-9] << 8) > RDB_VERSION_MAX)
		return false;
	memcpy(&crc, end - RDB_CRC_BYTES, sizeof(crc));
	return crc == crc64_add(0, payload.data,
	    payload.bytes - RDB_CRC_BYTES);
}
