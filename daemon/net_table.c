/*
 * net_table - the functions of all commands, in the table's order
 *
 * Not here: everything else about commands (proto/command.h).
 */
#include "daemon/call.h"

call_run *const call_table[CMD_COUNT] = {
#define COMMAND(id, name, place, flags, arity, keys, family, since, \
    complexity, arguments, words, function) [CMD_##id] = function,
#include "proto/command.def"
};
