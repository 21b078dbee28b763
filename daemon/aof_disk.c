#include "daemon/aof_disk.h"

#include "daemon/file.h"
#include "daemon/log.h"
#include "proto/number.h"
#include "shm/fault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- the manifest ------------------------------------------------------ */

static void
sum_up(struct aof_disk *d, const struct options *o)
{
	char path[AOF_PATH];
	int64_t bytes;
	int i;

	d->other_bytes = 0;
	for (i = 0; i < d->list.count; i++) {
		const struct aof_file *f = &d->list.file[i];

		if (f->type == AOF_HISTORY || (f->type == AOF_INCR &&
		    f->seq == d->place.incr))
			continue;
		aof_path(o, f->name, path);
		bytes = file_bytes(path);
		d->other_bytes += bytes > 0 ? (uint64_t)bytes : 0;
	}
}

int
aof_disk_open(struct aof_disk *d, const struct options *o)
{
	char name[AOF_NAME], path[AOF_PATH];
	struct file_map map;
	const char *why;
	int bad, line;

	aof_list_free(&d->list);
	bad = file_make_directory(o->appenddirname);
	if (bad != 0)
		return bad;
	aof_name_manifest(o, name);
	aof_path(o, name, path);
	bad = file_map(&map, path);
	if (bad == -ENOENT) {
		d->list.second_offset = -1;
	} else if (bad != 0) {
		return bad;
	} else {
		line = aof_list_read(&d->list,
		    (struct slice){ map.data, map.bytes }, &why);
		file_unmap(&map);
		if (line != 0) {
			log_warning("%s is damaged in line %d: %s", path, line,
			    why);
			return -EUCLEAN;
		}
	}
	d->is_open = true;
	sum_up(d, o);
	return 0;
}

static int
write_text(const char *path, const char *text, size_t bytes)
{
	int fd = file_create(path), bad;

	if (fd < 0)
		return fd;
	bad = FAULT_FAILS(AOF_MANIFEST) ? -ENOSPC :
	    file_write(fd, text, bytes);
	if (bad == 0)
		bad = file_sync(fd);
	close(fd);
	return bad;
}

/* What is listed from now on; *l becomes the list, or is freed. */
static int
replace(struct aof_disk *d, const struct options *o, struct aof_list *l)
{
	char name[AOF_NAME], path[AOF_PATH], temporary[AOF_PATH], *text;
	size_t bytes;
	int bad;

	aof_name_manifest(o, name);
	aof_path(o, name, path);
	snprintf(temporary, sizeof(temporary), "%s/temp-%s", o->appenddirname,
	    name);
	text = aof_list_print(l, &bytes);
	bad = write_text(temporary, text, bytes);
	free(text);
	FAULT(AOF_MANIFEST_WRITTEN);
	if (bad == 0)
		bad = file_rename(temporary, path);
	FAULT(AOF_MANIFEST_RENAMED);
	if (bad != 0) {
		aof_list_free(l);
		return bad;
	}
	aof_list_free(&d->list);
	d->list = *l;
	sum_up(d, o);
	return 0;
}

static struct aof_list
copy_of(const struct aof_list *l)
{
	struct aof_list copy = *l;
	int i;

	copy.file = NULL;
	copy.count = copy.room = 0;
	for (i = 0; i < l->count; i++)
		*aof_list_add(&copy, (enum aof_type)l->file[i].type,
		    l->file[i].seq, l->file[i].name) = l->file[i];
	return copy;
}

static void
set_ids(struct aof_list *l, const struct state *s)
{
	memcpy(l->replid, s->replid, sizeof(l->replid));
	memcpy(l->replid2, s->replid2, sizeof(l->replid2));
	l->second_offset = s->second_offset;
}

/* --- INCR files -------------------------------------------------------- */

static void
path_of_incr(const struct aof_disk *d, const struct options *o, uint64_t seq,
    char path[AOF_PATH])
{
	const struct aof_file *f = aof_list_incr(&d->list, seq);
	char name[AOF_NAME];

	aof_name_incr(o, seq, name);
	aof_path(o, f != NULL ? f->name : name, path);
}

int
aof_disk_make(struct aof_disk *d, const struct options *o, uint64_t seq,
    bool is_listed)
{
	char path[AOF_PATH], name[AOF_NAME];
	struct aof_list l;
	int fd;

	if (aof_list_incr(&d->list, seq) != NULL)
		return 0;
	path_of_incr(d, o, seq, path);
	file_remove(path);
	fd = file_open(path);
	if (fd < 0)
		return fd;
	close(fd);
	FAULT(AOF_MADE);
	if (!is_listed)
		return 0;
	l = copy_of(&d->list);
	aof_name_incr(o, seq, name);
	aof_list_add(&l, AOF_INCR, seq, name);
	return replace(d, o, &l);
}

/* What is before the log's bytes: they are in that database. */
static int
write_head(int fd, const struct aof_place *place)
{
	char digits[NUMBER_TEXT], text[64];
	int n = (int)number_put_int(digits, place->db);

	n = snprintf(text, sizeof(text),
	    "*2\r\n$6\r\nSELECT\r\n$%d\r\n%.*s\r\n", n, n, digits);
	if ((uint64_t)n != place->start)
		return -EIO;
	return file_write_at(fd, text, (size_t)n, 0);
}

/* Makes the file end with offset `durable`. */
static int
cut(int fd, const char *path, const struct aof_place *place, uint64_t durable)
{
	uint64_t want = place->start + (durable - place->from);
	int64_t bytes = file_bytes(path);
	int bad;

	if (bytes < 0)
		return (int)bytes;
	if ((uint64_t)bytes < place->start) {
		bad = write_head(fd, place);
		if (bad != 0)
			return bad;
		bytes = (int64_t)place->start;
	}
	if ((uint64_t)bytes < want) {
		log_warning("%s has %lld bytes and should have %llu: somebody "
		    "else has changed it", path, (long long)bytes,
		    (unsigned long long)want);
		return -EUCLEAN;
	}
	return (uint64_t)bytes > want ? file_cut(fd, want) : 0;
}

/* The manifest says where it begins. */
static int
list_place(struct aof_disk *d, const struct options *o,
    const struct aof_place *place)
{
	const struct aof_file *old = aof_list_incr(&d->list, place->incr);
	struct aof_file *f;
	struct aof_list l;
	char name[AOF_NAME];

	if (old != NULL && old->is_placed && old->from == place->from &&
	    old->start == place->start)
		return 0;
	l = copy_of(&d->list);
	f = aof_list_incr(&l, place->incr);
	if (f == NULL) {
		aof_name_incr(o, place->incr, name);
		f = aof_list_add(&l, AOF_INCR, place->incr, name);
	}
	f->is_placed = true;
	f->from = place->from;
	f->start = place->start;
	return replace(d, o, &l);
}

int
aof_disk_take(struct aof_disk *d, const struct options *o,
    const struct aof_place *place, uint64_t durable, bool is_listed)
{
	char path[AOF_PATH];
	int fd, bad;

	FAULT(AOF_SWITCH);
	path_of_incr(d, o, place->incr, path);
	fd = file_open(path);
	if (fd < 0)
		return fd;
	/*
	 * Listed first: a head of which the manifest does not say that it is
	 * none of the log's would count as the log's.
	 */
	bad = is_listed ? list_place(d, o, place) : 0;
	FAULT(AOF_LISTED);
	if (bad == 0)
		bad = cut(fd, path, place, durable);
	if (bad != 0) {
		close(fd);
		return bad;
	}
	if (d->fd >= 0)
		close(d->fd);
	aof_disk_close_direct(d);
	d->fd = fd;
	d->direct = file_open_direct(path);
	d->place = *place;
	sum_up(d, o);
	return 0;
}

/* --- BASE files -------------------------------------------------------- */

static void
remove_history(struct aof_disk *d, const struct options *o)
{
	char path[AOF_PATH];
	int i;

	for (i = 0; i < d->list.count; i++)
		if (d->list.file[i].type == AOF_HISTORY) {
			aof_path(o, d->list.file[i].name, path);
			file_remove(path);
		}
}

static void
take_out(struct aof_list *l, int i)
{
	l->count--;
	memmove(&l->file[i], &l->file[i + 1], (size_t)(l->count - i) *
	    sizeof(l->file[0]));
}

int
aof_disk_base(struct aof_disk *d, const struct state *s, uint64_t seq,
    uint64_t incr, bool is_fresh)
{
	const struct options *o = &s->options;
	struct aof_list l = copy_of(&d->list);
	struct aof_file *f;
	char name[AOF_NAME], base[AOF_NAME];
	int i, bad;

	aof_name_base(o, seq, base);
	for (i = 0; i < l.count; i++) {
		f = &l.file[i];
		if (f->type == AOF_INCR && f->seq >= incr && !is_fresh)
			continue;
		f->type = AOF_HISTORY;
	}
	/* A new file may bear the name of an old one: that one is gone. */
	aof_name_incr(o, incr, name);
	for (i = 0; i < l.count; i++)
		if (l.file[i].type == AOF_HISTORY &&
		    (strcmp(l.file[i].name, base) == 0 ||
		    strcmp(l.file[i].name, name) == 0))
			take_out(&l, i--);
	aof_list_add(&l, AOF_BASE, seq, base);
	if (aof_list_incr(&l, incr) == NULL) {
		f = aof_list_add(&l, AOF_INCR, incr, name);
		f->is_placed = d->place.incr == incr;
		f->from = d->place.from;
		f->start = d->place.start;
	}
	set_ids(&l, s);
	bad = replace(d, o, &l);
	if (bad != 0)
		return bad;
	FAULT(AOF_BASED);
	remove_history(d, o);
	FAULT(AOF_REMOVED);
	l = copy_of(&d->list);
	aof_list_drop(&l, AOF_HISTORY);
	return replace(d, o, &l);
}

/* --- names of the stream ----------------------------------------------- */

bool
aof_disk_knows(const struct aof_disk *d, const struct state *s)
{
	return strcmp(d->list.replid, s->replid) == 0 &&
	    strcmp(d->list.replid2, s->replid2) == 0 &&
	    d->list.second_offset == s->second_offset;
}

int
aof_disk_name_stream(struct aof_disk *d, const struct state *s)
{
	struct aof_list l = copy_of(&d->list);

	set_ids(&l, s);
	return replace(d, &s->options, &l);
}

void
aof_disk_close_direct(struct aof_disk *d)
{
	if (d->direct >= 0)
		close(d->direct);
	d->direct = -1;
}

void
aof_disk_close(struct aof_disk *d)
{
	if (d->fd >= 0)
		close(d->fd);
	aof_disk_close_direct(d);
	aof_list_free(&d->list);
	d->fd = -1;
	d->is_open = false;
	d->place.incr = 0;
}
