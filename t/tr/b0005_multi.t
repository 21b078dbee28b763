# MULTI, EXEC, DISCARD, WATCH
server a
client c a
client d a
c> EXEC
-ERR EXEC without MULTI
c> DISCARD
-ERR DISCARD without MULTI
c> MULTI
OK
c> MULTI
-ERR MULTI calls can not be nested
c> SET k 1
QUEUED
c> INCR k
QUEUED
c> LPUSH k x
QUEUED
c> WATCH k
-ERR WATCH inside MULTI is not allowed
c> EXEC
[OK, 2, -"WRONGTYPE Operation against a key holding the wrong kind of value"]
# a command that can not be queued spoils the whole
c> MULTI
OK
c> SET k 9
QUEUED
c> SET k
-ERR wrong number of arguments for 'set' command
c> EXEC
-EXECABORT Transaction discarded because of previous errors.
c> GET k
"2"
c> MULTI
OK
c> SET k 9
QUEUED
c> DISCARD
OK
c> GET k
"2"
# nobody sees the half of it
c> MULTI
OK
c> SET x 1
QUEUED
d> GET x
nil
c> SET y 1
QUEUED
c> EXEC
[OK, OK]
d> MGET x y
["1", "1"]
# a watched key that changed
c> WATCH k
OK
d> SET k changed
OK
c> MULTI
OK
c> SET k mine
QUEUED
c> EXEC
nil-array
c> GET k
"changed"
# changed and back, touched by oneself, deleted, expired
c> WATCH k
OK
c> SET k other
OK
c> MULTI
OK
c> EXEC
nil-array
c> WATCH none
OK
d> DEL none
0
c> MULTI
OK
c> EXEC
[]
c> WATCH none
OK
d> FLUSHALL
OK
c> MULTI
OK
c> EXEC
[]
c> SET k v
OK
c> WATCH k
OK
d> FLUSHALL
OK
c> MULTI
OK
c> EXEC
nil-array
c> WATCH k
OK
d> SET k v
OK
c> UNWATCH
OK
c> MULTI
OK
c> GET k
QUEUED
c> EXEC
["v"]
c> SET k v PX 20
OK
c> WATCH k
OK
until 2s d> EXISTS k = 0
c> MULTI
OK
c> EXEC
nil-array
# blocking commands do not block in it
c> MULTI
OK
c> BLPOP q 0
QUEUED
c> EXEC
[nil-array]
