#include "shm/proc.h"

void
proc_announce(struct proc *p, int index, uint32_t birth, uint32_t pid,
    int64_t now_ms)
{
	word_store(&p->is_ready, 0);
	p->magic = PROC_MAGIC;
	p->index = (uint32_t)index;
	p->born_ms = now_ms;
	word_store(&p->version, 0);
	word_store(&p->beat, p->beat + 1);
	word_store(&p->is_asleep, 0);
	word_store(&p->pid, pid);
	word_store_release(&p->birth, birth);
	/* Who does not see us yet has published what we are about to read. */
	word_fence();
}

void
proc_ready(struct proc *p)
{
	must(p->magic == PROC_MAGIC, "a process entry has its magic number");
	word_store_release(&p->is_ready, 1);
}
