#include "daemon/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int
file_map(struct file_map *m, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), bad = 0;
	struct stat s;
	void *at;

	*m = (struct file_map){ "", 0 };
	if (fd < 0)
		return -errno;
	if (fstat(fd, &s) != 0) {
		bad = -errno;
	} else if (!S_ISREG(s.st_mode)) {
		bad = -EINVAL;
	} else if (s.st_size > 0) {
		at = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd,
		    0);
		if (at == MAP_FAILED) {
			bad = -errno;
		} else {
			m->data = at;
			m->bytes = (size_t)s.st_size;
			(void)madvise(at, m->bytes, MADV_SEQUENTIAL);
		}
	}
	close(fd);
	return bad;
}

void
file_unmap(struct file_map *m)
{
	if (m->bytes > 0)
		munmap((void *)(uintptr_t)m->data, m->bytes);
	*m = (struct file_map){ "", 0 };
}

int64_t
file_bytes(const char *name)
{
	struct stat s;

	return stat(name, &s) != 0 ? -errno : (int64_t)s.st_size;
}
