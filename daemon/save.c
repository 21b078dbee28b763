#include "daemon/save.h"

#include "daemon/clock.h"
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A small piece: while the kernel takes it nobody else runs here. */
#define BUFFER_BYTES (64u << 10)
#define BEHIND_BYTES (8ull << 20)  /* may be under way to the disk */

struct sink {
	int fd, bad;
	uint64_t at;               /* written of the file */
	struct save *save;
};

void
save_name_temporary(uint32_t birth, char name[FILE_NAME])
{
	file_name_temporary(name, REGION->head.supervisor_pid, "save", birth);
}

static bool
broken(struct sink *k, int bad, const char *what)
{
	if (k->bad == 0)
		snprintf(k->save->why, sizeof(k->save->why), "%s: %s", what,
		    strerror(-bad));
	k->bad = bad;
	return false;
}

static bool
flush(struct rdb_writer *w)
{
	struct sink *k = w->owner;
	int bad;

	/* One value may be all there is. */
	proc_beat(&REGION->area[PROC_SAVER].proc);
	if (FAULT_FAILS(SAVE_WRITE))
		return broken(k, -ENOSPC, "writing the snapshot");
	bad = file_write(k->fd, w->data, w->used);
	if (bad != 0)
		return broken(k, bad, "writing the snapshot");
	bad = FAULT_FAILS(SAVE_PUSH) ? -EIO :
	    file_push(k->fd, k->at, w->used, BEHIND_BYTES);
	if (bad != 0)
		return broken(k, bad, "forcing the snapshot to the disk");
	k->at += w->used;
	w->used = 0;
	clock_yield();
	return true;
}

static bool
finish(struct sink *k, const char *temporary, const char *file)
{
	int bad = FAULT_FAILS(SAVE_SYNC) ? -EIO : file_sync(k->fd);

	if (bad != 0)
		return broken(k, bad, "forcing the snapshot to the disk");
	FAULT(SAVE_WRITTEN);
	bad = file_rename(temporary, file);
	if (bad != 0)
		return broken(k, bad, "renaming the snapshot");
	FAULT(SAVE_RENAMED);
	return true;
}

static bool
save_file(const struct birth *b, const struct state *s, struct save *save)
{
	struct sink sink = { .save = save };
	struct rdb_writer w;
	char name[FILE_NAME], *buffer = malloc(BUFFER_BYTES);
	bool is_done;

	save_name_temporary(b->birth, name);
	sink.fd = file_create(name);
	if (buffer == NULL || sink.fd < 0) {
		free(buffer);
		return broken(&sink, buffer == NULL ? -ENOMEM : sink.fd,
		    "making a temporary file");
	}
	rdb_write_open(&w, (int)s->options.rdb_version, buffer, BUFFER_BYTES,
	    flush, &sink);
	w.compress_from = s->options.rdbcompression ? RDB_COMPRESS_FROM : 0;
	w.has_no_crc = !s->options.rdbchecksum;
	is_done = save_walk(b, s, &w, save) &&
	    finish(&sink, name, s->snap.file);
	close(sink.fd);
	free(buffer);
	if (!is_done)
		file_remove(name);
	return is_done;
}

int
save_main(const struct birth *b)
{
	static struct state state;
	struct save *save = &REGION->area[b->index].save;
	bool is_done;

	state_read(&REGION->state, &state);
	memset((char *)save + sizeof(save->reader), 0,
	    sizeof(*save) - sizeof(save->reader));
	save->birth = b->birth;
	if (state.snap.birth != b->birth || (state.snap.step != STATE_TAKE &&
	    state.snap.step != STATE_SWEEP))
		return 0;
	birth_ready(b);
	if (state.snap.step == STATE_SWEEP) {
		is_done = save_sweep(b, &state, save);
	} else {
		word_store_release(&save->reader.got, state.snap.ring_at);
		is_done = save_file(b, &state, save);
	}
	if (is_done)
		word_store_release(&save->is_done, 1);
	else
		log_warning("the snapshot failed: %s", save->why);
	return 0;
}
