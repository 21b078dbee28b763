# MULTI: what control is asked for runs in EXEC, beside other commands
server a
client c a
client d a
c> MULTI
OK
c> SET k 1
QUEUED
c> CONFIG SET slowlog-max-len 20
QUEUED
c> INCR k
QUEUED
c> CONFIG SET slowlog-max-len many
QUEUED
c> BGSAVE
QUEUED
c> CLIENT PAUSE 1 WRITE
QUEUED
c> CLIENT UNPAUSE
QUEUED
c> LPUSH k x
QUEUED
c> CONFIG RESETSTAT
QUEUED
c> GET k
QUEUED
c> EXEC
[OK, OK, 2, -/CONFIG SET failed/, +"Background saving scheduled", OK, OK,
 -/WRONGTYPE/, OK, "2"]
c> CONFIG GET slowlog-max-len
["slowlog-max-len", "20"]
until 10s c> INFO persistence = /rdb_bgsave_in_progress:0/
c> PING
PONG

# among themselves, and alone
c> MULTI
OK
c> CONFIG SET slowlog-max-len 21
QUEUED
c> CLIENT UNPAUSE
QUEUED
c> EXEC
[OK, OK]
c> MULTI
OK
c> SWAPDB 0 1
QUEUED
c> EXEC
[OK]
c> GET k
nil
c> SWAPDB 0 1
OK
c> GET k
"2"

# what is watched decides for all of them
c> WATCH k
OK
d> SET k 3
OK
c> MULTI
OK
c> GET k
QUEUED
c> CONFIG SET slowlog-max-len 30
QUEUED
c> EXEC
nil-array
c> CONFIG GET slowlog-max-len
["slowlog-max-len", "21"]
c> MULTI
OK
c> GET k
QUEUED
c> CONFIG SET slowlog-max-len 31
QUEUED
c> DISCARD
OK
c> CONFIG GET slowlog-max-len
["slowlog-max-len", "21"]

# a pause that begins in a transaction holds what comes behind it
c> MULTI
OK
c> SET k 4
QUEUED
c> CLIENT PAUSE 60000 WRITE
QUEUED
c> SET k 5
QUEUED
c> EXEC
[OK, OK, OK]
d>> SET k 6
c> GET k
"5"
d silent 50ms
c> CLIENT UNPAUSE
OK
d<
OK

# replies come in the order of what was asked, in one piece
c raw "MULTI\r\nGET k\r\nCONFIG SET slowlog-max-len 22\r\nEXEC\r\nPING\r\n"
c gets "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\n6\r\n+OK\r\n+PONG\r\n"
c>> CLIENT REPLY SKIP
c raw "MULTI\r\n"
c raw "GET k\r\nCONFIG SET slowlog-max-len 23\r\nEXEC\r\n"
c gets "+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\n6\r\n+OK\r\n"
client e a resp3
e> MULTI
OK
e> HGETALL none
QUEUED
e> CONFIG SET slowlog-max-len 24
QUEUED
e> EXEC
[{}, OK]
