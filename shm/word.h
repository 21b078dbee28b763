/*
 * word - the few atomic operations we allow, their ordering in the name
 *
 * A word is read and written by several processes.  Loads are relaxed or
 * acquire, stores relaxed or release; a lock is taken by a compare-and-swap
 * from 0 and let go by a release store of 0.
 *
 * Not here: what a slot's lock keeps (shm/slot.h).
 */
#ifndef SHM_WORD_H
#define SHM_WORD_H

#include "proto/base.h"

#define word_load(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define word_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define word_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define word_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define word_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define word_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define word_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)
/* Everything before is visible to all before anything after. */
#define word_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
/*
 * Orders our own stores as a process that dies between them leaves them: what
 * this process executed is what the memory holds, so only the compiler has to
 * be told.
 */
#define word_order() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Takes *p from `from` to `to`; whether it did. */
static inline bool
word_take(uint32_t *p, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(p, &from, to, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void
word_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/*
 * A lock word names its holder: 0 is free, else who took it (see proc_name()
 * in shm/proc.h).  Waits for a free word: spins a little, then gives the
 * processor away; a holder that died is noticed by the supervisor, and
 * control frees the word.  Never held across a system call of its holder.
 */
void word_wait(uint32_t *lock, uint32_t holder);

static inline void
word_lock(uint32_t *lock, uint32_t holder)
{
	if (unlikely(!word_take(lock, 0, holder)))
		word_wait(lock, holder);
}

/* Sets what a process does again and again while it waits; NULL for nothing. */
void word_on_wait(void (*hook)(void));

static inline void
word_unlock(uint32_t *lock)
{
	word_store_release(lock, 0);
}

#endif
