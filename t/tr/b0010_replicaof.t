# REPLICAOF: what a replica is, refuses, and is no more
server a --repl-diskless-sync-delay 0
server b --repl-diskless-sync-delay 0
client c a
client d b
client e b
client f b
d> REPLICAOF 127.0.0.1
-ERR wrong number of arguments for 'replicaof' command
d> REPLICAOF 127.0.0.1 65536
-ERR Invalid master port
d> REPLICAOF 127.0.0.1 port
-ERR Invalid master port
d> REPLICAOF NO ONE
OK
d> ROLE
["master", 0, []]
c> SET k v
OK
c> RPUSH l 1 2 3
3
# who waits for something that others decide from now on
e>> BLPOP none 0
d> SET gone 1
OK
f>> WAIT 1 0
until 5s d> CLIENT LIST = /flags=b.*flags=b/
d> REPLICAOF 127.0.0.1 $a_port
OK
e< -UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)
e closed
f< -UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)
f closed
until 10s d> INFO replication = /master_link_status:up/
d> MGET k gone
["v", nil]
d> ROLE
["slave", "127.0.0.1", $a_port, "connected", ?]
d> REPLICAOF 127.0.0.1 $a_port
OK Already connected to specified master
d> CONFIG GET replicaof
["replicaof", /127.0.0.1 \d+/]
d> INFO replication
/role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:\d+\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:\d\r\nmaster_sync_in_progress:0\r\nslave_read_repl_offset:\d+\r\nslave_repl_offset:\d+\r\nslave_priority:100\r\nslave_read_only:1\r\nreplica_announced:1\r\nconnected_slaves:0/
until 5s c> INFO replication = /role:master\r\nconnected_slaves:1\r\nslave0:ip=127.0.0.1,port=\d+,state=online,offset=\d+,lag=\d/
# it refuses
d> SET k 2
-READONLY You can't write against a read only replica.
d> MULTI
OK
d> SET k 2
-READONLY You can't write against a read only replica.
d> EXEC
-EXECABORT Transaction discarded because of previous errors.
d> MULTI
OK
d> GET k
QUEUED
d> PUBLISH channel message
QUEUED
d> EXEC
["v", 0]
d> WAIT 0 0
-/ERR WAIT cannot be used with replica instances/
# the link is a client
d> CLIENT LIST TYPE master
/addr=127.0.0.1:\d+ .*flags=M/
d> CLIENT KILL TYPE master
1
until 10s d> INFO replication = /master_link_status:up/
# keys end with the primary's word, and are not seen before
c> DEBUG SET-ACTIVE-EXPIRE 0
OK
c> SET short v PX 30
OK
until 5s d> DBSIZE = 3
until 5s d> GET short = nil
d> DBSIZE
3
c> GET short
nil
until 5s d> DBSIZE = 2
# its own writes, if allowed, stay its own
d> CONFIG SET replica-read-only no
OK
d> SET own 1
OK
c> SET k 3
OK
until 5s d> GET k = "3"
d> CONFIG SET replica-read-only yes
OK
# a primary that is not there
d> CONFIG SET replica-serve-stale-data no
OK
d> MULTI
OK
d> GET k
QUEUED
e close
client e b
e> SLAVEOF 127.0.0.1 1
OK
d> EXEC
-EXECABORT Transaction discarded because of: MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.
d> GET k
-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.
d> INFO replication
/master_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\n/
d> CONFIG SET replica-serve-stale-data yes
OK
d> GET k
"3"
# and one again
d> REPLICAOF NO ONE
OK
d> SET k 4
OK
d> CONFIG GET replicaof
["replicaof", ""]
d> ROLE
["master", ?, []]
