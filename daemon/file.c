#include "daemon/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

int
file_create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : fd;
}

int
file_write(int fd, const char *data, size_t bytes)
{
	ssize_t n;

	for (; bytes > 0; data += n, bytes -= (size_t)n) {
		n = write(fd, data, bytes);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -errno;
	}
	return 0;
}

int
file_sync(int fd)
{
	return fdatasync(fd) != 0 ? -errno : 0;
}

int
file_rename(const char *from, const char *to)
{
	int fd, bad = 0;

	if (rename(from, to) != 0)
		return -errno;
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems can not, and need not. */
	if (fsync(fd) != 0 && errno != EINVAL)
		bad = -errno;
	close(fd);
	return bad;
}

void
file_remove(const char *name)
{
	(void)unlink(name);
}
