#include "daemon/doorbell.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int
doorbell_make(void)
{
	int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return bell < 0 ? -errno : bell;
}

void
doorbell_ring(int bell)
{
	uint64_t one = 1;
	ssize_t done;

	if (bell < 0)
		return;
	/* EAGAIN: it has been ringing for 2^64 times, which is enough. */
	done = write(bell, &one, sizeof(one));
	(void)done;
}

void
doorbell_quiet(int bell)
{
	uint64_t count;
	ssize_t done = read(bell, &count, sizeof(count));

	(void)done;
}
