/*
 * glob - patterns of KEYS, SCAN MATCH, CONFIG GET, PSUBSCRIBE
 *
 * Not here: what is compared (daemon/cmd_scan.c, daemon/net_channel.c).
 */
#ifndef PROTO_GLOB_H
#define PROTO_GLOB_H

#include "proto/slice.h"

/*
 * Whether all of text matches pattern: ? any byte, * any bytes, [a-c] [^x]
 * classes, \ quotes the next byte; malformed patterns behave as in
 * redis-server 7, and so does an empty text: only an empty pattern and "*"
 * match it (KEYS and SCAN of Redis mean every key by "*"; its PSUBSCRIBE does
 * not find an empty channel by it, here it does).  Never slower than
 * pattern.bytes * text.bytes steps, also for hostile patterns (a*a*a*b).
 */
bool glob_match(struct slice pattern, struct slice text, bool fold_case);

#endif
