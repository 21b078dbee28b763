#include "daemon/herald.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
herald_ready(void)
{
	static const char words[] = "READY=1";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *place = getenv("NOTIFY_SOCKET");
	size_t bytes = place != NULL ? strlen(place) : 0;
	int fd;

	if (bytes == 0 || bytes >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, place, bytes);
	/* A name that no file has. */
	if (place[0] == '@')
		a.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, words, sizeof(words) - 1, MSG_NOSIGNAL,
	    (const struct sockaddr *)&a,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes));
	close(fd);
}
