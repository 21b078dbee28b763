#include "daemon/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY "temp-almandine-"

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

/* at < 0: where the file's position is. */
static int
write_all(int fd, const char *data, size_t bytes, off_t at)
{
	ssize_t n;

	while (bytes > 0) {
		n = at < 0 ? write(fd, data, bytes) :
		    pwrite(fd, data, bytes, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		bytes -= (size_t)n;
		at += at < 0 ? 0 : n;
	}
	return 0;
}

int
file_write(int fd, const char *data, size_t bytes)
{
	return write_all(fd, data, bytes, -1);
}

int
file_push(int fd, uint64_t at, size_t bytes, uint64_t behind)
{
	int bad = sync_file_range(fd, (off_t)at, (off_t)bytes,
	    SYNC_FILE_RANGE_WRITE);

	if (bad == 0 && at >= behind)
		bad = sync_file_range(fd, (off_t)(at - behind), (off_t)bytes,
		    SYNC_FILE_RANGE_WAIT_BEFORE);
	return bad != 0 && errno != ENOSYS ? -errno : 0;
}

int
file_sync(int fd)
{
	return fdatasync(fd) != 0 ? -errno : 0;
}

/* Makes what a directory lists last: the one that `file` is in. */
static int
sync_directory_of(const char *file)
{
	char path[PATH_MAX];
	char *slash;
	int fd, bad = 0;

	snprintf(path, sizeof(path), "%s", file);
	slash = strrchr(path, '/');
	if (slash == NULL)
		strcpy(path, ".");
	else
		slash[slash == path] = 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems can not, and need not. */
	if (fsync(fd) != 0 && errno != EINVAL)
		bad = -errno;
	close(fd);
	return bad;
}

int
file_rename(const char *from, const char *to)
{
	return rename(from, to) != 0 ? -errno : sync_directory_of(to);
}

int
file_link(const char *from, const char *to)
{
	return link(from, to) != 0 ? -errno : sync_directory_of(to);
}

int
file_make_directory(const char *name)
{
	if (mkdir(name, 0755) == 0)
		return sync_directory_of(name);
	return errno == EEXIST ? 0 : -errno;
}

int
file_open(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644), bad;

	if (fd < 0)
		return -errno;
	bad = sync_directory_of(name);
	if (bad != 0) {
		close(fd);
		return bad;
	}
	return fd;
}

int
file_open_direct(const char *name)
{
	int fd = open(name, O_WRONLY | O_DIRECT | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int
file_cut(int fd, uint64_t bytes)
{
	return ftruncate(fd, (off_t)bytes) != 0 ? -errno : 0;
}

int
file_write_at(int fd, const char *data, size_t bytes, uint64_t at)
{
	return write_all(fd, data, bytes, (off_t)at);
}

static int
replace(const char *file, struct slice text, bool is_light)
{
	char path[PATH_MAX];
	struct stat old;
	int fd, bad;

	if (snprintf(path, sizeof(path), "%s.new", file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    stat(file, &old) == 0 ? old.st_mode & 0777 : 0644);
	if (fd < 0)
		return -errno;
	bad = file_write(fd, text.data, text.bytes);
	if (bad == 0 && !is_light)
		bad = file_sync(fd);
	close(fd);
	if (bad == 0 && is_light)
		bad = rename(path, file) != 0 ? -errno : 0;
	else if (bad == 0)
		bad = file_rename(path, file);
	if (bad != 0)
		file_remove(path);
	return bad;
}

int
file_replace(const char *file, struct slice text)
{
	return replace(file, text, false);
}

int
file_replace_lightly(const char *file, struct slice text)
{
	return replace(file, text, true);
}

void
file_name_again(const char *file, const char *name)
{
	file_remove(name);
	(void)!link(file, name);
}

void
file_remove(const char *name)
{
	(void)unlink(name);
}

/* --- files of use only for a while ------------------------------------- */

void
file_name_temporary(char name[FILE_NAME], uint32_t node, const char *what,
    uint64_t number)
{
	snprintf(name, FILE_NAME, TEMPORARY "%u-%s-%llu.rdb", node, what,
	    (unsigned long long)number);
}

/* Whether such a file belongs to a node that is gone. */
static bool
is_left(const char *name, uint32_t node)
{
	uint32_t pid;
	int end = 0;

	if (sscanf(name, TEMPORARY "%u-%*[a-z]-%*u.rdb%n", &pid, &end) != 1 ||
	    end == 0 || name[end] != 0)
		return false;
	return pid == node || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

int
file_remove_left(uint32_t node)
{
	DIR *d = opendir(".");
	struct dirent *e;
	int count = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_left(e->d_name, node) && unlink(e->d_name) == 0)
			count++;
	if (d != NULL)
		closedir(d);
	return count;
}
