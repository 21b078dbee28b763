# publish and subscribe: messages, patterns, shard channels, what is refused
server a --workers 2
client c a
client d a
client e a resp3
# answers of subscribing count channels and patterns together
c> SUBSCRIBE one
["subscribe", "one", 1]
c>> SUBSCRIBE two one
c< ["subscribe", "two", 2]
c< ["subscribe", "one", 2]
c> PSUBSCRIBE t?o
["psubscribe", "t?o", 3]
c> SSUBSCRIBE one
["ssubscribe", "one", 1]
d> PUBLISH one hello
1
c< ["message", "one", "hello"]
# a channel and a pattern: two messages, and both count
d> PUBLISH two ""
2
c< ["message", "two", ""]
c< ["pmessage", "t?o", "two", ""]
d> SPUBLISH one inner
1
c< ["smessage", "one", "inner"]
d> PUBLISH nobody hears
0
d> SPUBLISH two x
0
# a RESP2 subscriber may not ask much
c> GET k
-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
c> CLIENT LIST
-ERR Can't execute 'client|list': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
c> PING
["pong", ""]
c> PING again
["pong", "again"]
# a RESP3 one may: messages are pushes
e> SUBSCRIBE one
>["subscribe", "one", 1]
e> GET k
null
e> PING
PONG
d> PUBLISH one "to both"
2
e< >["message", "one", "to both"]
c< ["message", "one", "to both"]
e> PSUBSCRIBE *
>["psubscribe", "*", 2]
e> SSUBSCRIBE s
>["ssubscribe", "s", 1]
d> PUBLISH three x
1
e< >["pmessage", "*", "three", "x"]
d> SPUBLISH s x
1
e< >["smessage", "s", "x"]
# PUBSUB looks at all of them
d> PUBSUB CHANNELS
unordered ["one", "two"]
d> PUBSUB CHANNELS *w*
["two"]
d> PUBSUB CHANNELS nothing
[]
d> PUBSUB NUMSUB one two three
["one", 2, "two", 1, "three", 0]
d> PUBSUB NUMSUB
[]
d> PUBSUB NUMPAT
2
d> PUBSUB SHARDCHANNELS
unordered ["one", "s"]
d> PUBSUB SHARDCHANNELS s*
["s"]
d> PUBSUB SHARDNUMSUB one s two
["one", 1, "s", 1, "two", 0]
e> PUBSUB NUMSUB one
["one", 2]
d> PUBSUB CHANNELS a b
-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.
d> PUBSUB NUMPAT x
-ERR wrong number of arguments for 'pubsub|numpat' command
d> PUBSUB NOTHING
-ERR unknown subcommand 'NOTHING'. Try PUBSUB HELP.
d> PUBSUB
-ERR wrong number of arguments for 'pubsub' command
d> PUBLISH one
-ERR wrong number of arguments for 'publish' command
d> SUBSCRIBE
-ERR wrong number of arguments for 'subscribe' command
# leaving: one, one that is not there, all
c> UNSUBSCRIBE none
["unsubscribe", "none", 3]
c> UNSUBSCRIBE one
["unsubscribe", "one", 2]
c> UNSUBSCRIBE
["unsubscribe", "two", 1]
c> UNSUBSCRIBE
["unsubscribe", nil, 1]
c> PUNSUBSCRIBE
["punsubscribe", "t?o", 0]
c> GET k
-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
c> SUNSUBSCRIBE
["sunsubscribe", "one", 0]
c> SUNSUBSCRIBE x
["sunsubscribe", "x", 0]
c> GET k
nil
e> PUNSUBSCRIBE
>["punsubscribe", "*", 1]
e> PUNSUBSCRIBE
>["punsubscribe", null, 1]
d> PUBLISH one x
1
e< >["message", "one", "x"]
e> RESET
RESET
d> PUBLISH one x
0
d> PUBSUB CHANNELS
[]
# in a transaction: what is said is heard when it is over
c> SUBSCRIBE m
["subscribe", "m", 1]
d> MULTI
OK
d> SET k 1
QUEUED
d> PUBLISH m inside
QUEUED
d> PUBLISH m twice
QUEUED
c silent 50ms
d> EXEC
[OK, 1, 1]
c< ["message", "m", "inside"]
c< ["message", "m", "twice"]
c> RESET
RESET
c> MULTI
OK
c> SUBSCRIBE x y
QUEUED
c> GET k
QUEUED
c> UNSUBSCRIBE
QUEUED
c raw "EXEC\r\n"
c gets "*3\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\ny\r\n:2\r\n$1\r\n1\r\n"
c< ["unsubscribe", /[xy]/, 1]
c< ["unsubscribe", /[xy]/, 0]
# pipelined with writes, in order; a message to oneself
c> RESET
RESET
c> PSUBSCRIBE n*
["psubscribe", "n*", 1]
d raw "SET w 1\r\nPUBLISH n1 a\r\nINCR w\r\nPUBLISH n2 b\r\nPUBLISH n3 c\r\n"
d gets "+OK\r\n:1\r\n:2\r\n:1\r\n:1\r\n"
c< ["pmessage", "n*", "n1", "a"]
c< ["pmessage", "n*", "n2", "b"]
c< ["pmessage", "n*", "n3", "c"]
# CLIENT REPLY OFF holds no messages back
client f a resp3
f>> CLIENT REPLY OFF
f>> SUBSCRIBE quiet
f< >["subscribe", "quiet", 1]
d> PUBLISH quiet x
1
f< >["message", "quiet", "x"]
f>> PING
f silent 50ms
f>> UNSUBSCRIBE
f< >["unsubscribe", "quiet", 0]
# what lists say
client g a resp3
g> SUBSCRIBE a b
>["subscribe", "a", 1]
g< >["subscribe", "b", 2]
g> PSUBSCRIBE p*
>["psubscribe", "p*", 3]
g> SSUBSCRIBE s
>["ssubscribe", "s", 1]
g> CLIENT INFO
/flags=P .* sub=2 psub=1 ssub=1 /
d> CLIENT LIST TYPE pubsub
/flags=P .* sub=2 psub=1 /
d> CLIENT KILL TYPE pubsub
2
g closed
c closed
until 5s d> PUBSUB NUMSUB a = ["a", 0]
until 5s d> PUBSUB NUMPAT = 0

# SSUBSCRIBE is refused inside MULTI, SUBSCRIBE is not
client h a resp3
h> MULTI
OK
h> SSUBSCRIBE s
QUEUED
h> SUBSCRIBE a
QUEUED
h> EXEC
[-"ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client", >["subscribe", "a", 1]]
