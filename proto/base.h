/*
 * base - the few words every file may use
 *
 * must() states something that only our own mistake can make false.  It is
 * always compiled in, names the broken sentence and ends the process; the
 * supervisor knows what that death means.  Input from outside never reaches
 * a must(): it is answered with an error.
 *
 * Not here: mistakes of others (proto/error.def).
 */
#ifndef PROTO_BASE_H
#define PROTO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define must(cond, sentence) \
	(likely(cond) ? (void)0 : base_broken(sentence, __FILE__, __LINE__))
#define never(sentence) base_broken(sentence, __FILE__, __LINE__)

/*
 * Ends the process with SIGABRT after the hook (if one was set) has written
 * the sentence down.  Does not return.
 */
_Noreturn void base_broken(const char *sentence, const char *file, int line);

/*
 * Sets who writes the last words of a broken process; NULL for nobody.  The
 * hook must not allocate: the process may be broken anywhere.
 */
void base_on_broken(void (*hook)(const char *sentence, const char *file,
    int line));

#endif
