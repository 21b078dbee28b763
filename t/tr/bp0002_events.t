# events of keys: which are told, in what order, and of what ended by itself
server a --workers 2
client c a
client s a
c> CONFIG GET notify-keyspace-events
pairs ["notify-keyspace-events", ""]
s> PSUBSCRIBE __key*@*__:*
["psubscribe", "__key*@*__:*", 1]
c> SET k v
OK
s silent 50ms
c> CONFIG SET notify-keyspace-events q
-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.
c> CONFIG SET notify-keyspace-events xE$gKl
OK
c> CONFIG GET notify-keyspace-events
pairs ["notify-keyspace-events", "g$lxKE"]
c> CONFIG SET notify-keyspace-events g$lshzxetdKE
OK
c> CONFIG GET notify-keyspace-events
pairs ["notify-keyspace-events", "AKE"]
c> SET k v EX 100
OK
s< ["pmessage", "__key*@*__:*", "__keyspace@0__:k", "set"]
s< ["pmessage", "__key*@*__:*", "__keyevent@0__:set", "k"]
s< ["pmessage", "__key*@*__:*", "__keyspace@0__:k", "expire"]
s< ["pmessage", "__key*@*__:*", "__keyevent@0__:expire", "k"]
# the database as the client names it
c> SELECT 3
OK
c> RPUSH l a
1
s< ["pmessage", "__key*@*__:*", "__keyspace@3__:l", "rpush"]
s< ["pmessage", "__key*@*__:*", "__keyevent@3__:rpush", "l"]
c> SWAPDB 3 4
OK
c> SELECT 4
OK
c> LPOP l
"a"
s< ["pmessage", "__key*@*__:*", "__keyspace@4__:l", "lpop"]
s< ["pmessage", "__key*@*__:*", "__keyevent@4__:lpop", "l"]
s< ["pmessage", "__key*@*__:*", "__keyspace@4__:l", "del"]
s< ["pmessage", "__key*@*__:*", "__keyevent@4__:del", "l"]
c> SELECT 0
OK
# only classes and forms that are wanted
c> CONFIG SET notify-keyspace-events Ex
OK
c> SET other v
OK
# by itself
c> SET dies v PX 30
OK
s< ["pmessage", "__key*@*__:*", "__keyevent@0__:expired", "dies"]
# when it is met
c> DEBUG SET-ACTIVE-EXPIRE 0
OK
c> CONFIG SET notify-keyspace-events Kx
OK
c> SET dies v PX 30
OK
until 5s c> EXISTS dies = 0
s< ["pmessage", "__key*@*__:*", "__keyspace@0__:dies", "expired"]
c> DEBUG SET-ACTIVE-EXPIRE 1
OK
# one who asks for the channel, one for a pattern; none of a transaction that fails
client t a
t> SUBSCRIBE __keyspace@0__:k __keyevent@0__:new
["subscribe", "__keyspace@0__:k", 1]
t< ["subscribe", "__keyevent@0__:new", 2]
s> RESET
RESET
c> CONFIG SET notify-keyspace-events KEAnm
OK
c> CONFIG GET notify-keyspace-events
pairs ["notify-keyspace-events", "AnKEm"]
oracle pairs ["notify-keyspace-events", "AKEm"]
c> WATCH k
OK
c> MULTI
OK
c> DEL k
QUEUED
c> SET fresh 1
QUEUED
client d a
d> APPEND k x
2
t< ["message", "__keyspace@0__:k", "append"]
c> EXEC
nil-array
t silent 50ms
c> MULTI
OK
c> DEL k
QUEUED
c> SET fresh 1
QUEUED
c> EXEC
[1, OK]
t< ["message", "__keyspace@0__:k", "del"]
t< ["message", "__keyevent@0__:new", "fresh"]
# blocked clients tell what they took
d>> BLPOP q 0
t> RESET
RESET
t> SUBSCRIBE __keyspace@0__:q
["subscribe", "__keyspace@0__:q", 1]
c> RPUSH q a
1
d< ["q", "a"]
t< ["message", "__keyspace@0__:q", "new"]
t< ["message", "__keyspace@0__:q", "rpush"]
t< ["message", "__keyspace@0__:q", "lpop"]
t< ["message", "__keyspace@0__:q", "del"]
