#include "daemon/ctl_parts.h"

#include "daemon/aof_list.h"
#include "daemon/file.h"
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the manifest says; control's own, read once. */
static struct aof_list list;
static bool is_read;

/* --- the manifest ------------------------------------------------------ */

/* 0, -ENOENT, or -errno with a sentence in `why`. */
static int
read_list(const struct options *o, char why[CTL_LOAD_WHY])
{
	char name[AOF_NAME], path[AOF_PATH];
	const char *what;
	struct file_map map;
	int bad, line;

	aof_list_free(&list);
	is_read = false;
	aof_name_manifest(o, name);
	aof_path(o, name, path);
	bad = file_map(&map, path);
	if (bad != 0) {
		snprintf(why, CTL_LOAD_WHY, "%s can not be read: %s", path,
		    strerror(-bad));
		return bad;
	}
	line = aof_list_read(&list, (struct slice){ map.data, map.bytes },
	    &what);
	file_unmap(&map);
	if (line != 0) {
		snprintf(why, CTL_LOAD_WHY, "%s is damaged in line %d: %s",
		    path, line, what);
		return -EUCLEAN;
	}
	is_read = true;
	return 0;
}

static void
need_list(const struct ctl *c)
{
	char why[CTL_LOAD_WHY];

	if (!is_read && read_list(&c->next.options, why) != 0)
		birth_fail("%s", why);
}

int
ctl_parts_numbers(const struct ctl *c, uint64_t *listed, uint64_t *based)
{
	char why[CTL_LOAD_WHY];
	int bad = read_list(&c->next.options, why), i;

	*listed = *based = 0;
	if (bad == -ENOENT)
		return 0;
	if (bad != 0)
		log_warning("%s", why);
	for (i = 0; bad == 0 && i < list.count; i++) {
		const struct aof_file *f = &list.file[i];
		uint64_t *n = f->type == AOF_INCR ? listed : based;

		if (f->type != AOF_HISTORY && f->seq > *n)
			*n = f->seq;
	}
	return bad;
}

/* --- one file becomes several ------------------------------------------ */

/* A manifest that lists one BASE; `first` says whose data it is. */
static int
write_manifest(const struct options *o, struct aof_list first, uint64_t seq,
    const char *base)
{
	char name[AOF_NAME], path[AOF_PATH], temporary[AOF_PATH], *text;
	size_t bytes;
	int fd, bad;

	aof_list_add(&first, AOF_BASE, seq, base);
	text = aof_list_print(&first, &bytes);
	aof_list_free(&first);
	aof_name_manifest(o, name);
	aof_path(o, name, path);
	snprintf(temporary, sizeof(temporary), "%s/temp-%s", o->appenddirname,
	    name);
	fd = file_create(temporary);
	bad = fd < 0 ? fd : file_write(fd, text, bytes);
	if (fd >= 0) {
		if (bad == 0)
			bad = file_sync(fd);
		close(fd);
	}
	free(text);
	return bad != 0 ? bad : file_rename(temporary, path);
}

/* Whether a file of that time is there and has not got its place yet. */
static bool
is_old(const struct options *o, int manifest)
{
	char path[AOF_PATH];
	const struct aof_file *base = aof_list_base(&list);

	if (file_bytes(o->appendfilename) < 0)
		return false;
	if (manifest == -ENOENT)
		return true;
	aof_path(o, o->appendfilename, path);
	return manifest == 0 && list.count == 1 && base != NULL &&
	    strcmp(base->name, o->appendfilename) == 0 &&
	    file_bytes(path) == -ENOENT;
}

static void
upgrade(const struct options *o)
{
	char path[AOF_PATH];
	int bad = file_make_directory(o->appenddirname);

	aof_path(o, o->appendfilename, path);
	if (bad == 0)
		bad = write_manifest(o, (struct aof_list){
		    .second_offset = -1 }, 1, o->appendfilename);
	if (bad == 0)
		bad = file_rename(o->appendfilename, path);
	if (bad != 0)
		birth_fail("%s can not become a part of %s: %s",
		    o->appendfilename, o->appenddirname, strerror(-bad));
	log_notice("%s is now %s: the append-only file has several parts",
	    o->appendfilename, path);
}

/* --- orders ------------------------------------------------------------ */

/* Whether everything behind a file is empty. */
static bool
is_tail(const struct options *o, int at)
{
	char path[AOF_PATH];
	int i;

	for (i = 0; i < list.count; i++) {
		if (list.file[i].type != AOF_INCR || (at >= 0 && i <= at &&
		    list.file[at].type == AOF_INCR))
			continue;
		aof_path(o, list.file[i].name, path);
		if (file_bytes(path) > 0)
			return false;
	}
	return true;
}

/*
 * Whether a file is a snapshot, if only the beginning of one.  Of a BASE that
 * is named like one nothing may be left, which is no file of requests either.
 */
static bool
is_snapshot(const struct aof_file *f, const struct file_map *map)
{
	static const char head[] = "REDIS", end[] = ".base.rdb";
	size_t bytes = strlen(f->name), n = strlen(head);

	if (f->type == AOF_BASE && bytes >= strlen(end) &&
	    strcmp(f->name + bytes - strlen(end), end) == 0)
		return true;
	if (map->bytes < n)
		n = map->bytes;
	return n > 0 && memcmp(map->data, head, n) == 0;
}

/* The order for a file of the list, from a byte on. */
static void
fill(struct ctl *c, struct load_order *order, int i, uint64_t from,
    int64_t offset)
{
	const struct options *o = &c->next.options;
	const struct aof_file *f = &list.file[i];
	struct file_map map;
	char path[AOF_PATH];
	int bad;

	aof_path(o, f->name, path);
	if (f->is_placed && from == 0 && offset >= 0 &&
	    f->from != (uint64_t)offset)
		birth_fail("%s begins at offset %llu, what is before it ends "
		    "at %lld: something is missing", path,
		    (unsigned long long)f->from, (long long)offset);
	bad = file_map(&map, path);
	if (bad != 0)
		birth_fail("%s, which the manifest lists, can not be read: %s",
		    path, strerror(-bad));
	order->form = from == 0 && is_snapshot(f, &map) ? LOAD_RDB :
	    LOAD_REQUESTS;
	file_unmap(&map);
	order->from = from;
	order->flushes = false;
	order->keeps_expired = true;
	order->has_rest = true;
	order->is_part = true;
	order->part = (uint32_t)i;
	order->part_offset = offset;
	order->may_be_cut = o->aof_load_truncated && is_tail(o, i) &&
	    order->cause == LOAD_FOR_START;
	order->offset = -1;
	memcpy(order->replid, list.replid, sizeof(order->replid));
	snprintf(order->file, sizeof(order->file), "%s", path);
}

/* The next file after the i-th of the list, -1: its BASE or the first. */
static int
find_next(int i)
{
	int base = aof_list_base(&list) == NULL ? -1 :
	    (int)(aof_list_base(&list) - list.file);

	if (i < 0 && base >= 0)
		return base;
	for (i = i == base ? 0 : i + 1; i < list.count; i++)
		if (list.file[i].type == AOF_INCR)
			return i;
	return -1;
}

bool
ctl_parts_first(struct ctl *c, struct load_order *order)
{
	const struct options *o = &c->next.options;
	char why[CTL_LOAD_WHY];
	int bad = read_list(o, why);

	if (is_old(o, bad)) {
		upgrade(o);
		bad = read_list(o, why);
	}
	if (bad != 0 && bad != -ENOENT)
		birth_fail("%s", why);
	if (bad != 0 || find_next(-1) < 0)
		return false;
	fill(c, order, find_next(-1), 0, -1);
	return true;
}

/* The log's offset at the end of what was loaded, -1: not known. */
static int64_t
offset_behind(const struct load_order *done, uint64_t end, int64_t offset)
{
	const struct aof_file *f = &list.file[done->part];

	if (f->type != AOF_INCR)
		return done->form == LOAD_RDB ? offset : done->part_offset;
	if (f->is_placed && end >= f->start)
		return (int64_t)(f->from + (end - f->start));
	return (done->part_offset > 0 ? done->part_offset : 0) + (int64_t)end;
}

/* What is cut at a file's end goes: other bytes will follow. */
static void
cut_tail(const struct load_order *done, uint64_t end)
{
	int fd, bad;

	if (done->form != LOAD_REQUESTS || end >= done->bytes)
		return;
	fd = file_open(done->file);
	bad = fd < 0 ? fd : file_cut(fd, end);
	if (bad == 0)
		bad = file_sync(fd);
	if (fd >= 0)
		close(fd);
	if (bad != 0)
		birth_fail("%s can not be cut at byte %llu: %s", done->file,
		    (unsigned long long)end, strerror(-bad));
	log_warning("%s is cut at byte %llu: the last %llu bytes were not a "
	    "whole request (aof-load-truncated)", done->file,
	    (unsigned long long)end, (unsigned long long)(done->bytes - end));
}

bool
ctl_parts_next(struct ctl *c, const struct load_order *done, uint64_t end,
    int64_t offset, struct load_order *order)
{
	int64_t behind;
	int i = (int)done->part;

	need_list(c);
	if (done->form == LOAD_NOTHING) {
		fill(c, order, find_next(-1), 0, -1);
		return true;
	}
	cut_tail(done, end);
	behind = offset_behind(done, end, offset);
	if (done->form == LOAD_RDB && end < done->bytes) {
		fill(c, order, i, end, behind);
		return true;
	}
	i = find_next(i);
	if (i < 0)
		return false;
	fill(c, order, i, 0, behind);
	return true;
}

uint64_t
ctl_parts_end(struct ctl *c, const struct load_order *done, uint64_t end,
    int64_t offset, int db, struct aof_order *order)
{
	const struct aof_file *last, *base;
	int64_t behind;

	need_list(c);
	behind = offset_behind(done, end, offset);
	if (behind < 0)
		behind = 0;
	last = aof_list_last(&list);
	base = aof_list_base(&list);
	memset(order, 0, sizeof(*order));
	order->is_on = true;
	order->based = base != NULL ? base->seq : 0;
	order->listed = last != NULL ? last->seq : 1;
	order->place.incr = order->listed;
	order->place.from = (uint64_t)behind;
	if (last == NULL || list.file[done->part].type != AOF_INCR ||
	    end == 0) {
		order->place.start = aof_head_bytes(db);
		order->place.db = db;
		return (uint64_t)behind;
	}
	if (last->is_placed && end >= last->start) {
		order->place.from = last->from;
		order->place.start = last->start;
	} else {
		order->place.from = (uint64_t)behind - end;
	}
	return (uint64_t)behind;
}

int
ctl_parts_list_only(const struct ctl *c, uint64_t based)
{
	const struct options *o = &c->next.options;
	struct aof_list only = { .second_offset = -1 };
	char name[AOF_NAME], path[AOF_PATH], why[CTL_LOAD_WHY];
	bool is_known = read_list(o, why) == 0;
	int i, bad;

	memcpy(only.replid, c->next.snap.replid, sizeof(only.replid));
	aof_name_base(o, based, name);
	bad = write_manifest(o, only, based, name);
	for (i = 0; bad == 0 && is_known && i < list.count; i++) {
		if (strcmp(list.file[i].name, name) == 0)
			continue;
		aof_path(o, list.file[i].name, path);
		file_remove(path);
	}
	is_read = false;
	return bad;
}

int
ctl_parts_adopt(const struct ctl *c, const char *file, uint64_t based)
{
	const struct options *o = &c->next.options;
	char name[AOF_NAME], path[AOF_PATH];
	int bad = file_make_directory(o->appenddirname);

	if (bad != 0)
		return bad;
	aof_name_base(o, based, name);
	aof_path(o, name, path);
	file_remove(path);
	return file_link(file, path);
}
