# WAIT and WAITAOF without replicas: replies, errors, time-outs
server a
client c a
client d a
c> WAIT 0 0
0
c> SET k v
OK
c> WAIT 0 0
0
c> WAIT -1 0
0
c> WAIT 1 10
0
c> WAIT 1 x
-ERR timeout is not an integer or out of range
c> WAIT 1 -1
-ERR timeout is negative
c> WAIT x 0
-ERR value is not an integer or out of range
c> WAIT 1
-ERR wrong number of arguments for 'wait' command
# it waits for ever, and others end it
c> CLIENT ID
?id
c>> WAIT 1 0
until 5s d> INFO clients = /(?s).*blocked_clients:1.*/
d> CLIENT UNBLOCK $id
1
c< 0
c>> WAIT 5 0
until 5s d> INFO clients = /(?s).*blocked_clients:1.*/
d> CLIENT UNBLOCK $id ERROR
1
c< -UNBLOCKED client unblocked via CLIENT UNBLOCK
# what is behind it waits
c>> WAIT 1 50
c>> PING
c< 0
c< PONG
# inside MULTI nothing waits
c> MULTI
OK
c> SET k w
QUEUED
c> WAIT 3 0
QUEUED
c> EXEC
[OK, 0]
