#include "proto/nodes_conf.h"

#include "proto/crc64.h"
#include "proto/number.h"

#define SUM_WORD " crc64 "
#define SUM_DIGITS 16

/* Cuts a word off the front of a text; blanks around it go too. */
static bool
cut_word(struct slice *s, struct slice *word)
{
	size_t n = 0;

	while (s->bytes > 0 && *s->data == ' ') {
		s->data++;
		s->bytes--;
	}
	while (n < s->bytes && s->data[n] != ' ')
		n++;
	*word = (struct slice){ s->data, n };
	s->data += n;
	s->bytes -= n;
	return n > 0;
}

/* Cuts off what stands before c, and c; without one all is cut off. */
static struct slice
cut_at(struct slice *s, char c)
{
	const char *end = s->bytes > 0 ? memchr(s->data, c, s->bytes) : NULL;
	struct slice head = *s;

	if (end == NULL) {
		*s = (struct slice){ s->data + s->bytes, 0 };
		return head;
	}
	head.bytes = (size_t)(end - s->data);
	s->data += head.bytes + 1;
	s->bytes -= head.bytes + 1;
	return head;
}

static bool
get_uint(struct slice s, uint64_t *n)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s.bytes; i++) {
		unsigned digit = (unsigned)(s.data[i] - '0');

		if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*n = sum;
	return s.bytes > 0;
}

static bool
get_port(struct slice s, uint16_t *port)
{
	uint64_t n;

	if (!get_uint(s, &n) || n > UINT16_MAX)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* Milliseconds; a redis-server may have written a time long past as 0. */
static bool
get_ms(struct slice s, int64_t *ms)
{
	return number_get_int(s, ms) && *ms >= 0;
}

/* A text into a field with a zero behind it. */
static bool
get_text(struct slice s, char *to, size_t room)
{
	if (s.bytes >= room)
		return false;
	memcpy(to, s.data, s.bytes);
	to[s.bytes] = 0;
	return true;
}

/* One pair behind the host name; what we do not know does not matter. */
static bool
get_aux(struct slice pair, struct nodes_conf_node *n)
{
	struct slice name = cut_at(&pair, '=');

	if (slice_equal(name, SLICE("shard-id")))
		return bus_id_get(pair, &n->shard);
	if (slice_equal(name, SLICE("nodename")))
		return pair.bytes == 0 || (bus_is_name(pair) &&
		    get_text(pair, n->nodename, BUS_NAME));
	if (slice_equal(name, SLICE("tls-port")) ||
	    slice_equal(name, SLICE("tcp-port"))) {
		n->is_other_tls = name.data[1] == 'l';
		return get_port(pair, &n->other_port);
	}
	return true;
}

/* ip:port@cport,hostname,name=value... */
static bool
get_address(struct slice s, struct nodes_conf_node *n)
{
	struct slice address = cut_at(&s, ','), host = cut_at(&s, ',');
	struct slice ports = address, port;
	size_t i;

	for (i = address.bytes; i > 0 && address.data[i - 1] != ':'; i--)
		;
	if (i == 0)
		return false;
	ports.data += i;
	ports.bytes -= i;
	address.bytes = i - 1;
	port = cut_at(&ports, '@');
	if (!get_port(port, &n->port) ||
	    (address.bytes > 0 && !bus_is_address(address)) ||
	    !get_text(address, n->ip, BUS_IP))
		return false;
	n->cport = (uint16_t)(n->port + 10000);
	if (ports.bytes > 0 && !get_port(ports, &n->cport))
		return false;
	if (host.bytes > 0 && (!bus_is_name(host) ||
	    !get_text(host, n->hostname, BUS_NAME)))
		return false;
	while (s.bytes > 0)
		if (!get_aux(cut_at(&s, ','), n))
			return false;
	return true;
}

static const struct {
	const char *name;
	uint16_t flag;
} flag_words[] = {
#define BUS_MESSAGE(id, number, body, words)
#define BUS_FLAG(id, bit, name, words) { name, bit },
#define BUS_MARK(id, bit, words)
#define BUS_EXTENSION(id, number, words)
#include "proto/bus.def"
};

static bool
get_flags(struct slice s, uint16_t *flags)
{
	size_t i;

	*flags = 0;
	while (s.bytes > 0) {
		struct slice word = cut_at(&s, ',');

		if (slice_equal(word, SLICE("noflags")))
			continue;
		for (i = 0; i < COUNT(flag_words); i++)
			if (word.bytes > 0 &&
			    slice_equal(word, slice_of(flag_words[i].name)))
				break;
		if (i == COUNT(flag_words))
			return false;
		*flags |= flag_words[i].flag;
	}
	return true;
}

/* A node's line; NULL, or which part of it makes no sense. */
static const char *
get_node(struct slice line, struct nodes_conf_node *n)
{
	struct slice word[8];
	size_t i;

	memset(n, 0, sizeof(*n));
	for (i = 0; i < COUNT(word); i++)
		if (!cut_word(&line, &word[i]))
			return "words are missing";
	if (!bus_id_get(word[0], &n->id))
		return "the id";
	if (!get_address(word[1], n))
		return "the address";
	if (!get_flags(word[2], &n->flags))
		return "the flags";
	if (!slice_equal(word[3], SLICE("-")) &&
	    !bus_id_get(word[3], &n->primary))
		return "the primary's id";
	if (!get_ms(word[4], &n->ping_ms) || !get_ms(word[5], &n->pong_ms))
		return "a time";
	if (!get_uint(word[6], &n->config_epoch))
		return "the epoch";
	n->is_connected = slice_equal(word[7], SLICE("connected"));
	n->slots = line;
	return NULL;
}

static bool
get_slot(struct slice s, uint16_t *slot)
{
	uint64_t n;

	if (!get_uint(s, &n) || n >= KEYSLOT_COUNT)
		return false;
	*slot = (uint16_t)n;
	return true;
}

/* [slot->-id] or [slot-<-id] */
static bool
get_move(struct slice s, struct nodes_conf_range *r)
{
	struct slice slot;

	if (s.data[s.bytes - 1] != ']')
		return false;
	s.bytes--;
	s.data++;
	s.bytes--;
	slot = cut_at(&s, '-');
	if (s.bytes < 2 || !get_slot(slot, &r->first))
		return false;
	r->last = r->first;
	if (memcmp(s.data, ">-", 2) == 0)
		r->what = NODES_CONF_MIGRATES;
	else if (memcmp(s.data, "<-", 2) == 0)
		r->what = NODES_CONF_IMPORTS;
	else
		return false;
	return bus_id_get((struct slice){ s.data + 2, s.bytes - 2 },
	    &r->other);
}

static bool
get_range(struct slice word, struct nodes_conf_range *r)
{
	struct slice first;

	memset(r, 0, sizeof(*r));
	if (word.bytes > 2 && word.data[0] == '[')
		return get_move(word, r);
	first = cut_at(&word, '-');
	r->what = NODES_CONF_OWNS;
	if (!get_slot(first, &r->first))
		return false;
	r->last = r->first;
	return (word.bytes == 0 || get_slot(word, &r->last)) &&
	    r->first <= r->last;
}

bool
nodes_conf_slots(struct slice *left, struct nodes_conf_range *r)
{
	struct slice word;

	return cut_word(left, &word) && get_range(word, r);
}

/* Which slots have been seen with an owner. */
static const char *
check_slots(struct slice slots, uint8_t *taken)
{
	struct nodes_conf_range r;
	struct slice word;
	unsigned slot;

	while (cut_word(&slots, &word)) {
		if (!get_range(word, &r))
			return "a slot";
		if (r.what != NODES_CONF_OWNS)
			continue;
		for (slot = r.first; slot <= r.last; slot++) {
			if (bus_has_slot(taken, slot))
				return "a slot has two owners";
			bus_add_slot(taken, slot);
		}
	}
	return NULL;
}

static bool
get_word(struct slice s, char *to)
{
	return s.bytes > 0 && get_text(s, to, NODES_CONF_VALUE);
}

/* One pair of the vars; false when its value makes no sense. */
static bool
get_var(struct slice name, struct slice value, struct nodes_conf_vars *v)
{
#define VAR_UINT(field) get_uint(value, &v->field)
#define VAR_INT(field) number_get_int(value, &v->field)
#define VAR_WORD(field) get_word(value, v->field)
#define VAR(field, text, kind, words) \
	if (slice_equal(name, slice_of(text))) \
		return VAR_##kind(field);
#include "proto/nodes_conf.def"
#undef VAR_UINT
#undef VAR_INT
#undef VAR_WORD
	return true;
}

static const char *
get_vars(struct slice line, struct nodes_conf_vars *v)
{
	struct slice name, value;

	while (cut_word(&line, &name))
		if (!cut_word(&line, &value) || !get_var(name, value, v))
			return "a value of the vars";
	return NULL;
}

/* The next line that is not empty, without its end. */
static bool
next_line(struct nodes_conf *f, struct slice *line)
{
	struct slice left;

	do {
		if (f->at >= f->text.bytes)
			return false;
		left = (struct slice){ f->text.data + f->at,
		    f->text.bytes - f->at };
		*line = cut_at(&left, '\n');
		f->at += line->bytes + 1;
		f->line++;
	} while (line->bytes == 0);
	return true;
}

static bool
is_vars(struct slice *line)
{
	const struct slice word = SLICE("vars ");

	if (line->bytes < word.bytes ||
	    memcmp(line->data, word.data, word.bytes) != 0)
		return false;
	line->data += word.bytes;
	line->bytes -= word.bytes;
	return true;
}

static void
put_sum(char *text, uint64_t sum)
{
	int i;

	for (i = SUM_DIGITS - 1; i >= 0; i--, sum >>= 4)
		text[i] = "0123456789abcdef"[sum & 15];
}

/*
 * Whether the text ends with a sum; then also whether it is the right one.  It
 * is compared as text: there is one way to write it.
 */
static bool
has_sum(struct slice text, bool *is_right)
{
	const size_t tail = sizeof(SUM_WORD) - 1 + SUM_DIGITS + 1;
	char sum[SUM_DIGITS];
	const char *at;

	if (text.bytes < tail)
		return false;
	at = text.data + text.bytes - tail;
	if (memcmp(at, SUM_WORD, sizeof(SUM_WORD) - 1) != 0)
		return false;
	put_sum(sum, crc64_add(0, text.data, text.bytes - tail));
	*is_right = memcmp(at + sizeof(SUM_WORD) - 1, sum, SUM_DIGITS) == 0;
	return true;
}

/* All lines; NULL, or what is wrong with line f->line. */
static const char *
check_lines(struct nodes_conf *f, bool *has_vars)
{
	uint8_t taken[BUS_SLOT_BYTES] = { 0 };
	struct nodes_conf_node n;
	struct slice line;
	const char *why;

	*has_vars = false;
	while (next_line(f, &line)) {
		if (*has_vars)
			return "something follows the vars";
		*has_vars = is_vars(&line);
		why = *has_vars ? get_vars(line, &f->vars) :
		    get_node(line, &n);
		if (why == NULL && !*has_vars)
			why = check_slots(n.slots, taken);
		if (why != NULL)
			return why;
		if (*has_vars || !(n.flags & BUS_IS_MYSELF))
			continue;
		if (!bus_id_is_none(&f->myself))
			return "two nodes are this one";
		f->myself = n.id;
	}
	return NULL;
}

static enum nodes_conf_verdict
refuse(struct nodes_conf *f, enum nodes_conf_verdict verdict, const char *why)
{
	f->why = why;
	return verdict;
}

enum nodes_conf_verdict
nodes_conf_read(struct nodes_conf *f, struct slice text)
{
	bool is_right = false, has_vars;
	const char *why;

	memset(f, 0, sizeof(*f));
	f->text = text;
	if (text.bytes == 0)
		return refuse(f, NODES_CONF_EMPTY, "it is empty");
	if (text.data[text.bytes - 1] != '\n')
		return refuse(f, NODES_CONF_TORN, "its last line has no end");
	if (has_sum(text, &is_right) && !is_right)
		return refuse(f, NODES_CONF_DAMAGED, "its sum is wrong");
	f->is_ours = is_right;
	why = check_lines(f, &has_vars);
	if (why != NULL)
		return refuse(f, NODES_CONF_ODD, why);
	if (!has_vars)
		return refuse(f, NODES_CONF_TORN, "its vars are missing");
	if (f->vars.generation > 0 && !f->is_ours)
		return refuse(f, NODES_CONF_DAMAGED, "its sum is missing");
	if (bus_id_is_none(&f->myself))
		return refuse(f, NODES_CONF_ODD, "no node is this one");
	f->at = 0;
	f->line = 0;
	return NODES_CONF_GOOD;
}

bool
nodes_conf_next(struct nodes_conf *f, struct nodes_conf_node *n)
{
	struct slice line;

	return next_line(f, &line) && !is_vars(&line) &&
	    get_node(line, n) == NULL;
}

const struct nodes_conf *
nodes_conf_pick(const struct nodes_conf *a, const struct nodes_conf *b)
{
	if (a->why != NULL || b->why != NULL)
		return a->why == NULL ? a : b->why == NULL ? b : NULL;
	return a->vars.generation >= b->vars.generation ? a : b;
}

void
nodes_conf_begin(struct nodes_conf_writer *w, char *data, size_t room)
{
	*w = (struct nodes_conf_writer){ .data = data, .room = room };
}

static void
put(struct nodes_conf_writer *w, const char *text, size_t bytes)
{
	if (w->is_full || w->room - w->bytes < bytes) {
		w->is_full = true;
		return;
	}
	memcpy(w->data + w->bytes, text, bytes);
	w->bytes += bytes;
}

static void
put_text(struct nodes_conf_writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static void
put_uint(struct nodes_conf_writer *w, uint64_t n)
{
	char text[NUMBER_TEXT];

	put(w, text, number_put_uint(text, n));
}

static void
put_int(struct nodes_conf_writer *w, int64_t n)
{
	char text[NUMBER_TEXT];

	put(w, text, number_put_int(text, n));
}

static void
put_flags(struct nodes_conf_writer *w, uint16_t flags)
{
	/* Redis's order: what it is to itself comes first. */
	static const uint16_t first = BUS_IS_MYSELF;
	bool has_any = false;
	size_t i, pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < COUNT(flag_words); i++) {
			if (!(flags & flag_words[i].flag) ||
			    flag_words[i].name[0] == 0 ||
			    (flag_words[i].flag == first) != (pass == 0))
				continue;
			if (has_any)
				put_text(w, ",");
			put_text(w, flag_words[i].name);
			has_any = true;
		}
	if (!has_any)
		put_text(w, "noflags");
}

static void
put_address(struct nodes_conf_writer *w, const struct nodes_conf_node *n,
    bool is_file)
{
	put_text(w, n->ip);
	put_text(w, ":");
	put_uint(w, n->port);
	put_text(w, "@");
	put_uint(w, n->cport);
	if (n->hostname[0] != 0 || is_file) {
		put_text(w, ",");
		put_text(w, n->hostname);
	}
	if (!is_file)
		return;
	if (!bus_id_is_none(&n->shard)) {
		put_text(w, ",shard-id=");
		put(w, n->shard.text, BUS_ID);
	}
	if (n->nodename[0] != 0) {
		put_text(w, ",nodename=");
		put_text(w, n->nodename);
	}
	if (n->other_port > 0) {
		put_text(w, n->is_other_tls ? ",tls-port=" : ",tcp-port=");
		put_uint(w, n->other_port);
	}
}

static void
put_slots(struct nodes_conf_writer *w, const uint8_t *slots)
{
	unsigned first, last;

	for (first = 0; bus_next_range(slots, &first, &last);
	    first = last + 1) {
		put_text(w, " ");
		put_uint(w, first);
		if (last > first) {
			put_text(w, "-");
			put_uint(w, last);
		}
	}
}

void
nodes_conf_put_node(struct nodes_conf_writer *w,
    const struct nodes_conf_node *n, const uint8_t *slots, bool is_file)
{
	put(w, n->id.text, BUS_ID);
	put_text(w, " ");
	put_address(w, n, is_file);
	put_text(w, " ");
	put_flags(w, n->flags);
	put_text(w, " ");
	if (bus_id_is_none(&n->primary))
		put_text(w, "-");
	else
		put(w, n->primary.text, BUS_ID);
	put_text(w, " ");
	put_int(w, n->ping_ms);
	put_text(w, " ");
	put_int(w, n->pong_ms);
	put_text(w, " ");
	put_uint(w, n->config_epoch);
	put_text(w, n->is_connected ? " connected" : " disconnected");
	if (slots != NULL)
		put_slots(w, slots);
}

void
nodes_conf_put_move(struct nodes_conf_writer *w,
    const struct nodes_conf_range *move)
{
	put_text(w, " [");
	put_uint(w, move->first);
	put_text(w, move->what == NODES_CONF_MIGRATES ? "->-" : "-<-");
	put(w, move->other.text, BUS_ID);
	put_text(w, "]");
}

void
nodes_conf_put_end(struct nodes_conf_writer *w)
{
	put_text(w, "\n");
}

static void
put_word(struct nodes_conf_writer *w, const char *name, const char *value)
{
	if (value[0] == 0)
		return;
	put_text(w, name);
	put_text(w, value);
}

size_t
nodes_conf_end(struct nodes_conf_writer *w, const struct nodes_conf_vars *v)
{
	char sum[SUM_DIGITS];

	must(v->generation > 0, "a file of ours has a generation");
	put_text(w, "vars");
#define VAR_UINT(field, name) put_text(w, name); put_uint(w, v->field);
#define VAR_INT(field, name) put_text(w, name); put_int(w, v->field);
#define VAR_WORD(field, name) put_word(w, name, v->field);
#define VAR(field, name, kind, words) VAR_##kind(field, " " name " ")
#include "proto/nodes_conf.def"
#undef VAR_UINT
#undef VAR_INT
#undef VAR_WORD
	if (w->is_full)
		return 0;
	put_sum(sum, crc64_add(0, w->data, w->bytes));
	put_text(w, SUM_WORD);
	put(w, sum, SUM_DIGITS);
	put_text(w, "\n");
	return w->is_full ? 0 : w->bytes;
}
