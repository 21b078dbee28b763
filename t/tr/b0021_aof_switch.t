# the append-only file is turned on and off while the node runs
only almandined
server a --workers 2
client c a
c> SET k v
OK
c> CONFIG SET appendonly yes
OK
until 10s c> CONFIG GET appendonly = ["appendonly", "yes"]
c> SET k w
OK
until 10s c> BGREWRITEAOF = +Background append only file rewriting started
log a /append-only file is rewritten/ 10s
c> CONFIG SET appendonly no
OK
log a /append-only file is turned off/ 5s
until 10s c> BGREWRITEAOF = +Background append only file rewriting started
log a /an append-only file is written/ 10s
c> CONFIG SET appendonly yes appendfsync always
OK
log a /append-only file is rewritten: 0 MB/ 10s
c> SET k x
OK
stop a
start a --appendonly yes
client d a
d> GET k
"x"
d> CONFIG SET aof-use-rdb-preamble no
-/^ERR CONFIG SET failed/
d> CONFIG SET aof-timestamp-enabled yes
-/^ERR CONFIG SET failed/
stop a
