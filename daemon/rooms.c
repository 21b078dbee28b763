#include "daemon/rooms.h"

#include <stdlib.h>

struct room {
	struct room *next;
	max_align_t data[];
};

void *
rooms_make(void *arg, size_t bytes)
{
	struct rooms *r = arg;
	struct room *room = malloc(sizeof(*room) + bytes);

	if (room == NULL)
		return NULL;
	room->next = r->first;
	r->first = room;
	return room->data;
}

void
rooms_free(struct rooms *r)
{
	struct room *room;

	while ((room = r->first) != NULL) {
		r->first = room->next;
		free(room);
	}
}
