#include "shm/mail.h"

#include <string.h>

const char *const mail_words[MAIL_KINDS] = {
#define MAIL(id, function, words) words,
#include "shm/mail.def"
};

void
mail_init(struct mailbox *box)
{
	box->put = 0;
	box->magic = MAIL_MAGIC;
}

static uint32_t
padded(size_t bytes)
{
	return (uint32_t)((bytes + 7) & ~(size_t)7);
}

/*
 * A place for a letter with so many bytes of text: it lies in one piece, so
 * the rest of the ring may have to be filled first.  *end is where `put`
 * goes when the letter is written.
 */
static struct mail *
place_for(struct mailbox *box, uint64_t got, size_t text_bytes, uint64_t *end)
{
	uint32_t bytes = padded(sizeof(struct mail) + text_bytes);
	uint64_t at = box->put, left = MAIL_BYTES - at % MAIL_BYTES;
	struct mail *m = (struct mail *)(void *)(box->ring + at % MAIL_BYTES);

	must(box->magic == MAIL_MAGIC, "a mailbox has its magic number");
	if (text_bytes > MAIL_LETTER_MAX - sizeof(struct mail))
		return NULL;
	*end = at + bytes + (left < bytes ? left : 0);
	if (*end - got > MAIL_BYTES)
		return NULL;
	if (left < bytes) {
		m->bytes = (uint32_t)left;
		if (left >= sizeof(*m))
			m->kind = MAIL_FILL;
		m = (struct mail *)(void *)box->ring;
	}
	memset(m, 0, sizeof(*m));
	m->bytes = bytes;
	m->text_bytes = (uint32_t)text_bytes;
	return m;
}

bool
mail_ask(struct mailbox *box, uint64_t got, enum mail_kind kind,
    uint32_t birth, uint64_t ticket, const struct slice *argv, int argc)
{
	size_t bytes = 0;
	uint64_t end;
	struct mail *m;
	char *to;
	int i;

	if (argc > MAIL_ARGS_MAX)
		return false;
	for (i = 0; i < argc; i++) {
		if (argv[i].bytes > MAIL_LETTER_MAX)
			return false;
		bytes += 4 + argv[i].bytes;
	}
	m = place_for(box, got, bytes, &end);
	if (m == NULL)
		return false;
	m->kind = (uint16_t)kind;
	m->args = (uint16_t)argc;
	m->birth = birth;
	m->ticket = ticket;
	to = m->text;
	for (i = 0; i < argc; i++) {
		uint32_t length = (uint32_t)argv[i].bytes;

		memcpy(to, &length, 4);
		memcpy(to + 4, argv[i].data, length);
		to += 4 + length;
	}
	word_store_release(&box->put, end);
	return true;
}

bool
mail_answer(struct mailbox *box, uint64_t got, uint32_t birth,
    uint64_t ticket, struct slice text)
{
	uint64_t end;
	struct mail *m = place_for(box, got, text.bytes, &end);

	if (m == NULL)
		return false;
	m->kind = MAIL_ANSWER;
	m->birth = birth;
	m->ticket = ticket;
	memcpy(m->text, text.data, text.bytes);
	word_store_release(&box->put, end);
	return true;
}

static const struct mail *
letter_at(const struct mailbox *box, uint64_t got)
{
	return (const struct mail *)(const void *)
	    (box->ring + got % MAIL_BYTES);
}

/* Whether the rest of the ring from *got on is only filled up. */
static bool
is_fill(const struct mailbox *box, uint64_t got)
{
	uint64_t left = MAIL_BYTES - got % MAIL_BYTES;

	return left < sizeof(struct mail) ||
	    letter_at(box, got)->kind == MAIL_FILL;
}

const struct mail *
mail_next(const struct mailbox *box, uint64_t *got)
{
	uint64_t put = word_load_acquire(&box->put);
	const struct mail *m;

	must(box->magic == MAIL_MAGIC, "a mailbox has its magic number");
	if (*got == put)
		return NULL;
	if (is_fill(box, *got))
		word_store_release(got, *got + MAIL_BYTES - *got % MAIL_BYTES);
	m = letter_at(box, *got);
	must(m->bytes >= sizeof(*m) && m->bytes <= put - *got &&
	    m->text_bytes <= m->bytes - sizeof(*m),
	    "a letter lies within what was put");
	return m;
}

void
mail_done(const struct mailbox *box, uint64_t *got)
{
	word_store_release(got, *got + letter_at(box, *got)->bytes);
}

int
mail_args(const struct mail *m, struct slice *argv)
{
	const char *from = m->text;
	int i;

	for (i = 0; i < m->args; i++) {
		uint32_t length;

		memcpy(&length, from, 4);
		argv[i] = (struct slice){ from + 4, length };
		from += 4 + length;
	}
	must(from == m->text + m->text_bytes, "a question is as long as its "
	    "arguments");
	return i;
}
