# lists: what wakes who waits, and what does not
server a
client c a
client d a
client e a
# another type is no reason to stop waiting
c>> BLPOP q other 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> SET q x
OK
d> SADD other x
1
d> ZADD other2 1 x
1
c silent 30ms
d> DEL q
1
d> HSET q f v
1
c silent 30ms
d> DEL q
1
d> RPUSH q 1
1
c<
["q", "1"]
d> DEL other other2
2
# a list that comes from elsewhere
d> RPUSH from a b
2
c>> BLPOP to 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> RENAME from to
OK
c<
["to", "a"]
c>> BRPOP copy 0
until 2s d> CLIENT LIST TYPE normal = /cmd=brpop/
d> COPY to copy
1
c<
["copy", "b"]
c>> BLPOP sorted 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> RPUSH numbers 3 1 2
3
d> SORT numbers STORE sorted
3
c<
["sorted", "1"]
d> LRANGE sorted 0 -1
["2", "3"]
c>> BLPOP to2 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> LMOVE numbers to2 LEFT LEFT
"3"
c<
["to2", "3"]
c>> BLPOP to3 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> RPUSHX to3 x
0
d> LINSERT to3 BEFORE a b
0
c silent 30ms
d> BLMOVE numbers to3 LEFT LEFT 0
"1"
c<
["to3", "1"]
# filled and emptied in one transaction: nothing has happened
c>> BLPOP q 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> MULTI
OK
d> RPUSH q 1
QUEUED
d> DEL q
QUEUED
d> EXEC
[1, 1]
c silent 30ms
d> MULTI
OK
d> SET q 1
QUEUED
d> DEL q
QUEUED
d> RPUSH q 2
QUEUED
d> EXEC
[OK, 1, 1]
c<
["q", "2"]
# the target has the wrong type when the element comes
d> SET target x
OK
c>> BLMOVE source target LEFT RIGHT 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blmove/
e>> BLPOP source 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> RPUSH source 1
1
c<
-WRONGTYPE Operation against a key holding the wrong kind of value
e<
["source", "1"]
# another database
c>> BLPOP q 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> SELECT 1
OK
d> RPUSH q other
1
c silent 30ms
d> SWAPDB 0 1
OK
c<
["q", "other"]
d> SELECT 0
OK
d> FLUSHALL
OK
# what comes behind is served afterwards
c raw "*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n*2\r\n$4\r\nECHO\r\n$1\r\na\r\nPING\r\nBLPOP q 0\r\nPING\r\n"
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> RPUSH q 1
1
c<
["q", "1"]
c<
"a"
c<
PONG
c silent 30ms
d> RPUSH q 2
1
c<
["q", "2"]
c<
PONG
# and so is what came before a pipeline blocks
c raw "PING\r\nBRPOP q 0.05\r\nPING\r\n"
c<
PONG
c<
nil-array
c<
PONG
# WATCH fails when somebody who waited takes an element
d> RPUSH w 1 2
2
e> WATCH w
OK
d> BLPOP w 0
["w", "1"]
e> MULTI
OK
e> PING
QUEUED
e> EXEC
nil-array
# CLIENT UNBLOCK
c> CLIENT ID
?id
c>> BLPOP q 0
until 2s d> CLIENT UNBLOCK $id = 1
c<
nil-array
c>> BLMOVE q q2 LEFT LEFT 0
until 2s d> CLIENT UNBLOCK $id TIMEOUT = 1
c<
nil-array
c>> BLPOP q 0
until 2s d> CLIENT UNBLOCK $id ERROR = 1
c<
-UNBLOCKED client unblocked via CLIENT UNBLOCK
d> CLIENT UNBLOCK $id
0
c> PING
PONG
# a pause holds who is woken, too
c>> BLPOP q 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> CLIENT PAUSE 60 WRITE
OK
d>> RPUSH q 1
d<
1
c<
["q", "1"]
