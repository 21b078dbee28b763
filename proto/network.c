#include "proto/network.h"

#include "proto/number.h"

#include <arpa/inet.h>
#include <string.h>

static int
read_address(const char *text, int *family, uint8_t address[NETWORK_ADDRESS])
{
	*family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, address) == 1;
}

static bool
read_network(struct slice word, struct network *n)
{
	const char *slash = memchr(word.data, '/', word.bytes);
	size_t bytes = slash != NULL ? (size_t)(slash - word.data) :
	    word.bytes;
	char text[INET6_ADDRSTRLEN] = "";
	int64_t bits, most;

	if (bytes >= sizeof(text))
		return false;
	memcpy(text, word.data, bytes);
	if (!read_address(text, &n->family, n->address))
		return false;
	bits = most = n->family == AF_INET6 ? 128 : 32;
	if (slash != NULL && (!number_get_int((struct slice){ slash + 1,
	    word.bytes - bytes - 1 }, &bits) || bits < 0 || bits > most))
		return false;
	n->bits = (int)bits;
	return true;
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

int
network_read_list(struct slice words, struct network list[NETWORK_MOST])
{
	size_t at = 0, begin;
	int count = 0;

	for (;;) {
		while (at < words.bytes && is_blank(words.data[at]))
			at++;
		if (at == words.bytes)
			return count;
		begin = at;
		while (at < words.bytes && !is_blank(words.data[at]))
			at++;
		if (count == NETWORK_MOST ||
		    !read_network((struct slice){ words.data + begin,
		    at - begin }, &list[count++]))
			return -1;
	}
}

static bool
is_in(const struct network *n, int family, const uint8_t *address)
{
	int whole = n->bits / 8, left = n->bits % 8;

	return n->family == family &&
	    memcmp(n->address, address, (size_t)whole) == 0 &&
	    (left == 0 || ((n->address[whole] ^ address[whole]) >>
	    (8 - left)) == 0);
}

bool
network_has_address(const struct network *list, int count, const char *address)
{
	uint8_t bytes[NETWORK_ADDRESS];
	int family, i;

	if (!read_address(address, &family, bytes))
		return false;
	for (i = 0; i < count; i++)
		if (is_in(&list[i], family, bytes))
			return true;
	return false;
}
