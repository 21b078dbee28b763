#include "proto/bus.h"

/* Where things stand in the header. */
enum {
	AT_BYTES = 4,
	AT_VERSION = 8,
	AT_PORT = 10,
	AT_TYPE = 12,
	AT_COUNT = 14,
	AT_EPOCH = 16,
	AT_CONFIG_EPOCH = 24,
	AT_OFFSET = 32,
	AT_SENDER = 40,
	AT_SLOTS = 80,
	AT_PRIMARY = 2128,
	AT_IP = 2168,
	AT_EXTENSIONS = 2214,
	AT_OWN = 2216,             /* 30 bytes that others leave zero */
	AT_PPORT = 2246,
	AT_CPORT = 2248,
	AT_FLAGS = 2250,
	AT_STATE = 2252,
	AT_MARKS = 2253
};

/* And in a gossip entry. */
enum {
	GOSSIP_PING = 40,
	GOSSIP_PONG = 44,
	GOSSIP_IP = 48,
	GOSSIP_PORT = 94,
	GOSSIP_CPORT = 96,
	GOSSIP_FLAGS = 98,
	GOSSIP_PPORT = 100
};

#define SIGNATURE "RCmb"
#define OWN_MARK "ALM"         /* then the version, then: */
#define OWN_VOTED 1
#define OWN_HOLDS 2
#define PROTOCOL 1
#define EXTENSION_HEAD 8
#define UPDATE_BYTES (8 + BUS_ID + BUS_SLOT_BYTES)

enum body {
	BODY_NONE,             /* no such type */
	BODY_GOSSIP,
	BODY_NODE,
	BODY_PUBLISH,
	BODY_UPDATE,
	BODY_OWN,
	BODY_NOTHING,
	BODY_FOREIGN
};

static enum body
body_of(uint16_t type)
{
	switch (type) {
#define BUS_MESSAGE(id, number, body, words) case number: return BODY_##body;
#define BUS_FLAG(id, bit, name, words)
#define BUS_MARK(id, bit, words)
#define BUS_EXTENSION(id, number, words)
#include "proto/bus.def"
	default:
		return BODY_NONE;
	}
}

bool
bus_is_hello(uint16_t type)
{
	return body_of(type) == BODY_GOSSIP;
}

uint64_t
bus_get(const void *from, int bytes)
{
	const uint8_t *p = from;
	uint64_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | *p++;
	return n;
}

void
bus_put(void *to, int bytes, uint64_t n)
{
	uint8_t *p = to;

	while (bytes-- > 0) {
		p[bytes] = (uint8_t)n;
		n >>= 8;
	}
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)bus_get(p, 2);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)bus_get(p, 4);
}

bool
bus_id_get(struct slice text, struct bus_id *id)
{
	size_t i;

	if (text.bytes != BUS_ID)
		return false;
	for (i = 0; i < BUS_ID; i++) {
		char c = text.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')))
			return false;
	}
	memcpy(id->text, text.data, BUS_ID);
	return true;
}

static bool
get_id(const uint8_t *p, struct bus_id *id)
{
	return bus_id_get((struct slice){ (const char *)p, BUS_ID }, id);
}

/* Same, or nobody's. */
static bool
get_id_or_none(const uint8_t *p, struct bus_id *id)
{
	static const struct bus_id none;

	if (memcmp(p, &none, BUS_ID) == 0) {
		*id = none;
		return true;
	}
	return get_id(p, id);
}

/*
 * Colons are what IPv6 has and names have not; a percent sign begins its
 * scope.  Neither blank nor comma, which end the field in nodes.conf.
 */
bool
bus_is_address(struct slice text)
{
	size_t i;

	for (i = 0; i < text.bytes; i++) {
		char c = text.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || strchr(".:-_%", c) != NULL) ||
		    c == 0)
			return false;
	}
	return text.bytes > 0 && text.bytes < BUS_IP;
}

bool
bus_is_name(struct slice text)
{
	size_t i;

	for (i = 0; i < text.bytes; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c <= ' ' || c >= 0x7f || strchr("\",=@'\\#", c) != NULL)
			return false;
	}
	return text.bytes > 0 && text.bytes < BUS_NAME;
}

/* An address in its field of 46 bytes; an empty one is fine. */
static bool
get_ip(const uint8_t *p, char ip[static BUS_IP])
{
	size_t bytes = strnlen((const char *)p, BUS_IP);

	if (bytes == BUS_IP)
		return false;
	memcpy(ip, p, bytes);
	memset(ip + bytes, 0, BUS_IP - bytes);
	return bytes == 0 ||
	    bus_is_address((struct slice){ (const char *)p, bytes });
}

enum bus_frame
bus_frame(const void *data, size_t bytes, size_t *need)
{
	const uint8_t *p = data;
	uint32_t length;

	if (memcmp(p, SIGNATURE, bytes < 4 ? bytes : 4) != 0)
		return BUS_BROKEN;
	*need = AT_VERSION;
	if (bytes < AT_VERSION)
		return BUS_MORE;
	length = get32(p + AT_BYTES);
	if (length < BUS_HEADER || length > BUS_BYTES_MAX)
		return BUS_BROKEN;
	*need = length;
	return bytes < length ? BUS_MORE : BUS_FRAME;
}

bool
bus_sender(const void *header, struct bus_id *id)
{
	return get_id((const uint8_t *)header + AT_SENDER, id);
}

static bool
get_header(struct bus_header *h, const uint8_t *p)
{
	h->type = get16(p + AT_TYPE);
	h->port = get16(p + AT_PORT);
	h->pport = get16(p + AT_PPORT);
	h->cport = get16(p + AT_CPORT);
	h->flags = get16(p + AT_FLAGS);
	h->count = get16(p + AT_COUNT);
	h->extensions = get16(p + AT_EXTENSIONS);
	h->marks = p[AT_MARKS];
	h->own = memcmp(p + AT_OWN, OWN_MARK, 3) == 0 ? p[AT_OWN + 3] : 0;
	h->is_voted = h->own > 0 && (p[AT_OWN + 4] & OWN_VOTED);
	h->is_holding = h->own > 0 && (p[AT_OWN + 4] & OWN_HOLDS);
	h->known = h->own > 0 ? (uint32_t)bus_get(p + AT_OWN + 5, 4) : 0;
	h->is_down = p[AT_STATE] != 0;
	h->epoch = bus_get(p + AT_EPOCH, 8);
	h->config_epoch = bus_get(p + AT_CONFIG_EPOCH, 8);
	h->offset = bus_get(p + AT_OFFSET, 8);
	h->slots = p + AT_SLOTS;
	return get_id(p + AT_SENDER, &h->sender) &&
	    get_id_or_none(p + AT_PRIMARY, &h->primary) &&
	    get_ip(p + AT_IP, h->ip);
}

static bool
is_entry(const uint8_t *p)
{
	struct bus_id id;
	char ip[BUS_IP];

	return get_id(p, &id) && get_ip(p + GOSSIP_IP, ip);
}

/* Whether an extension of that type may be so long. */
static bool
is_extension_size(uint16_t type, size_t bytes)
{
	switch (type) {
	case BUS_EXT_FORGOTTEN:
		return bytes == EXTENSION_HEAD + BUS_ID + 8;
	case BUS_EXT_SHARD:
		return bytes == EXTENSION_HEAD + BUS_ID;
	default:
		return bytes >= EXTENSION_HEAD && bytes % 8 == 0;
	}
}

/* Gossip and extensions; NULL, or what is wrong with them. */
static const char *
check_gossip(const struct bus_packet *p)
{
	size_t at = BUS_HEADER, i;

	if (p->header.count > BUS_COUNT_MAX)
		return "too many gossip entries";
	for (i = 0; i < p->header.count; i++, at += BUS_GOSSIP) {
		if (p->bytes - at < BUS_GOSSIP)
			return "gossip entries are missing";
		if (!is_entry(p->data + at))
			return "a gossip entry is damaged";
	}
	for (i = 0; i < p->header.extensions; i++) {
		size_t size;

		if (p->bytes - at < EXTENSION_HEAD)
			return "extensions are missing";
		size = get32(p->data + at);
		if (size > p->bytes - at)
			return "an extension is cut";
		if (!is_extension_size(get16(p->data + at + 4), size))
			return "an extension has a wrong length";
		at += size;
	}
	return at == p->bytes ? NULL : "bytes are left over";
}

static const char *
get_publish(struct bus_packet *p)
{
	const uint8_t *body = p->data + BUS_HEADER;
	uint64_t channel, message;

	if (p->bytes < BUS_HEADER + 8)
		return "the lengths are missing";
	channel = get32(body);
	message = get32(body + 4);
	if (channel + message != p->bytes - BUS_HEADER - 8)
		return "channel and message have other lengths";
	p->channel = (struct slice){ (const char *)body + 8, channel };
	p->message = (struct slice){ (const char *)body + 8 + channel,
	    message };
	return NULL;
}

static const char *
get_update(struct bus_packet *p)
{
	const uint8_t *body = p->data + BUS_HEADER;

	if (p->bytes != BUS_HEADER + UPDATE_BYTES)
		return "an UPDATE has a wrong length";
	p->config_epoch = bus_get(body, 8);
	p->slots = body + 8 + BUS_ID;
	return get_id(body + 8, &p->id) ? NULL : "an id is damaged";
}

static const char *
get_own(struct bus_packet *p)
{
	const uint8_t *body = p->data + BUS_HEADER;

	if (p->bytes < BUS_HEADER + BUS_OWN_HEAD || p->header.own == 0)
		return "a message of our own kind is damaged";
	if (get16(body) != BUS_OWN_VERSION)
		return "a message of our own kind has another version";
	if (get32(body + 4) != p->bytes - BUS_HEADER - BUS_OWN_HEAD)
		return "a message of our own kind has a wrong length";
	p->kind = get16(body + 2);
	p->payload = (struct slice){ (const char *)body + BUS_OWN_HEAD,
	    p->bytes - BUS_HEADER - BUS_OWN_HEAD };
	return NULL;
}

static const char *
get_body(struct bus_packet *p, enum body body)
{
	switch (body) {
	case BODY_GOSSIP:
		return check_gossip(p);
	case BODY_NODE:
		if (p->bytes != BUS_HEADER + BUS_ID)
			return "a FAIL has a wrong length";
		return get_id(p->data + BUS_HEADER, &p->id) ? NULL :
		    "an id is damaged";
	case BODY_PUBLISH:
		return get_publish(p);
	case BODY_UPDATE:
		return get_update(p);
	case BODY_OWN:
		return get_own(p);
	case BODY_NOTHING:
		return p->bytes == BUS_HEADER ? NULL : "bytes are left over";
	default:
		return NULL;
	}
}

enum bus_verdict
bus_read(struct bus_packet *p, const void *data, size_t bytes)
{
	const uint8_t *d = data;
	size_t need;
	enum body body;

	memset(p, 0, sizeof(*p));
	p->data = d;
	p->bytes = bytes;
	if (bus_frame(d, bytes, &need) != BUS_FRAME || need != bytes)
		p->why = "its length or signature is wrong";
	else if (get16(d + AT_VERSION) != PROTOCOL)
		p->why = "it has another version";
	else if (!get_header(&p->header, d))
		p->why = "an id or an address in its header is damaged";
	if (p->why != NULL)
		return BUS_ODD;
	body = body_of(p->header.type);
	if (body != BODY_GOSSIP)
		p->header.count = p->header.extensions = 0;
	p->why = get_body(p, body);
	if (p->why != NULL)
		return BUS_ODD;
	return body == BODY_NONE || body == BODY_FOREIGN ? BUS_UNKNOWN :
	    BUS_GOOD;
}

void
bus_gossip_at(const struct bus_packet *p, size_t i, struct bus_gossip *g)
{
	const uint8_t *e = p->data + BUS_HEADER + i * BUS_GOSSIP;
	bool ok;

	must(i < p->header.count, "a gossip entry is one of the message's");
	ok = get_id(e, &g->id) && get_ip(e + GOSSIP_IP, g->ip);
	must(ok, "gossip is looked at in messages that were read");
	g->ping_s = get32(e + GOSSIP_PING);
	g->pong_s = get32(e + GOSSIP_PONG);
	g->port = get16(e + GOSSIP_PORT);
	g->cport = get16(e + GOSSIP_CPORT);
	g->pport = get16(e + GOSSIP_PPORT);
	g->flags = get16(e + GOSSIP_FLAGS);
}

/* What one extension says; false when it says nothing to us. */
static bool
get_extension(const uint8_t *p, size_t bytes, struct bus_extension *e)
{
	const uint8_t *body = p + EXTENSION_HEAD;

	memset(e, 0, sizeof(*e));
	e->type = get16(p + 4);
	switch (e->type) {
	case BUS_EXT_HOSTNAME:
	case BUS_EXT_NODENAME:
		e->text.data = (const char *)body;
		e->text.bytes = strnlen(e->text.data, bytes - EXTENSION_HEAD);
		return e->text.bytes == 0 || bus_is_name(e->text);
	case BUS_EXT_FORGOTTEN:
		e->ttl_s = bus_get(body + BUS_ID, 8);
		return get_id(body, &e->id);
	case BUS_EXT_SHARD:
		return get_id(body, &e->id);
	default:
		return false;
	}
}

bool
bus_extension_next(const struct bus_packet *p, size_t *at,
    struct bus_extension *e)
{
	if (*at == 0)
		*at = BUS_HEADER + (size_t)p->header.count * BUS_GOSSIP;
	while (p->header.extensions > 0 && *at < p->bytes) {
		const uint8_t *here = p->data + *at;
		size_t bytes = get32(here);

		*at += bytes;
		if (get_extension(here, bytes, e))
			return true;
	}
	return false;
}

/* Room for so many bytes more, zeroed; NULL when there is none. */
static uint8_t *
more(struct bus_writer *w, size_t bytes)
{
	uint8_t *p = w->data + w->bytes;

	if (w->is_full || w->room - w->bytes < bytes) {
		w->is_full = true;
		return NULL;
	}
	w->bytes += bytes;
	return memset(p, 0, bytes);
}

static void
put_id(uint8_t *p, const struct bus_id *id)
{
	memcpy(p, id->text, BUS_ID);
}

static void
put_ip(uint8_t *p, const char *ip)
{
	size_t bytes = strnlen(ip, BUS_IP - 1);

	memcpy(p, ip, bytes);
}

void
bus_begin(struct bus_writer *w, void *data, size_t room,
    const struct bus_header *h)
{
	uint8_t *p;

	*w = (struct bus_writer){ .data = data, .room = room };
	p = more(w, BUS_HEADER);
	if (p == NULL)
		return;
	memcpy(p, SIGNATURE, 4);
	bus_put(p + AT_VERSION, 2, PROTOCOL);
	bus_put(p + AT_PORT, 2, h->port);
	bus_put(p + AT_TYPE, 2, h->type);
	bus_put(p + AT_EPOCH, 8, h->epoch);
	bus_put(p + AT_CONFIG_EPOCH, 8, h->config_epoch);
	bus_put(p + AT_OFFSET, 8, h->offset);
	put_id(p + AT_SENDER, &h->sender);
	memcpy(p + AT_SLOTS, h->slots, BUS_SLOT_BYTES);
	put_id(p + AT_PRIMARY, &h->primary);
	put_ip(p + AT_IP, h->ip);
	if (h->own > 0) {
		memcpy(p + AT_OWN, OWN_MARK, 3);
		p[AT_OWN + 3] = h->own;
		p[AT_OWN + 4] = (h->is_voted ? OWN_VOTED : 0) |
		    (h->is_holding ? OWN_HOLDS : 0);
		bus_put(p + AT_OWN + 5, 4, h->known);
	}
	bus_put(p + AT_PPORT, 2, h->pport);
	bus_put(p + AT_CPORT, 2, h->cport);
	bus_put(p + AT_FLAGS, 2, h->flags);
	p[AT_STATE] = h->is_down;
	p[AT_MARKS] = h->marks;
}

void
bus_put_gossip(struct bus_writer *w, const struct bus_gossip *g)
{
	uint8_t *p = more(w, BUS_GOSSIP);

	must(w->extensions == 0, "gossip comes before extensions");
	if (p == NULL)
		return;
	put_id(p, &g->id);
	bus_put(p + GOSSIP_PING, 4, g->ping_s);
	bus_put(p + GOSSIP_PONG, 4, g->pong_s);
	put_ip(p + GOSSIP_IP, g->ip);
	bus_put(p + GOSSIP_PORT, 2, g->port);
	bus_put(p + GOSSIP_CPORT, 2, g->cport);
	bus_put(p + GOSSIP_FLAGS, 2, g->flags);
	bus_put(p + GOSSIP_PPORT, 2, g->pport);
	w->count++;
}

/* Bytes of an extension's data, a multiple of 8; a text ends with a zero. */
static size_t
extension_bytes(const struct bus_extension *e)
{
	switch (e->type) {
	case BUS_EXT_FORGOTTEN:
		return BUS_ID + 8;
	case BUS_EXT_SHARD:
		return BUS_ID;
	default:
		return (e->text.bytes + 1 + 7) & ~(size_t)7;
	}
}

void
bus_put_extension(struct bus_writer *w, const struct bus_extension *e)
{
	size_t bytes = EXTENSION_HEAD + extension_bytes(e);
	uint8_t *p = more(w, bytes);

	if (p == NULL)
		return;
	bus_put(p, 4, bytes);
	bus_put(p + 4, 2, e->type);
	p += EXTENSION_HEAD;
	switch (e->type) {
	case BUS_EXT_FORGOTTEN:
		put_id(p, &e->id);
		bus_put(p + BUS_ID, 8, e->ttl_s);
		break;
	case BUS_EXT_SHARD:
		put_id(p, &e->id);
		break;
	default:
		memcpy(p, e->text.data, e->text.bytes);
	}
	w->extensions++;
}

void
bus_put_node(struct bus_writer *w, const struct bus_id *id)
{
	uint8_t *p = more(w, BUS_ID);

	if (p != NULL)
		put_id(p, id);
}

void
bus_put_update(struct bus_writer *w, uint64_t config_epoch,
    const struct bus_id *id, const uint8_t *slots)
{
	uint8_t *p = more(w, UPDATE_BYTES);

	if (p == NULL)
		return;
	bus_put(p, 8, config_epoch);
	put_id(p + 8, id);
	memcpy(p + 8 + BUS_ID, slots, BUS_SLOT_BYTES);
}

static void
put_slice(struct bus_writer *w, struct slice s)
{
	uint8_t *p = more(w, s.bytes);

	if (p != NULL && s.bytes > 0)
		memcpy(p, s.data, s.bytes);
}

void
bus_put_publish(struct bus_writer *w, struct slice channel,
    struct slice message)
{
	uint8_t *p = more(w, 8);

	if (p == NULL)
		return;
	bus_put(p, 4, channel.bytes);
	bus_put(p + 4, 4, message.bytes);
	put_slice(w, channel);
	put_slice(w, message);
}

void
bus_put_own(struct bus_writer *w, uint16_t kind, struct slice payload)
{
	uint8_t *p = more(w, BUS_OWN_HEAD);

	if (p == NULL)
		return;
	bus_put(p, 2, BUS_OWN_VERSION);
	bus_put(p + 2, 2, kind);
	bus_put(p + 4, 4, payload.bytes);
	put_slice(w, payload);
}

size_t
bus_end(struct bus_writer *w)
{
	if (w->is_full || w->bytes > BUS_BYTES_MAX)
		return 0;
	bus_put(w->data + AT_BYTES, 4, w->bytes);
	bus_put(w->data + AT_COUNT, 2, w->count);
	bus_put(w->data + AT_EXTENSIONS, 2, w->extensions);
	return w->bytes;
}

bool
bus_next_range(const uint8_t *slots, unsigned *first, unsigned *last)
{
	unsigned slot = *first;

	while (slot < KEYSLOT_COUNT && !bus_has_slot(slots, slot))
		slot++;
	if (slot >= KEYSLOT_COUNT)
		return false;
	*first = slot;
	while (slot + 1 < KEYSLOT_COUNT && bus_has_slot(slots, slot + 1))
		slot++;
	*last = slot;
	return true;
}
