# a heap that is full, and replies that nobody reads
server a --shm-size 64mb
client c a
c> SET k before
OK
c> MULTI
OK
c> SET k within
QUEUED
c> SETRANGE big 100000000 x
QUEUED
c> EXEC
-EXECABORT Transaction discarded because of: OOM the shared heap is full (shm-size)
# the transaction has ended and nothing of it has happened
c> GET k
"before"
c> EXISTS big
0
c> EXEC
-ERR EXEC without MULTI
c> SET k after
OK

# the limit holds within a pipeline too
client d a
c> SETRANGE large 999999 x
1000000
c> CONFIG SET client-output-buffer-limit "normal 4mb 0 0"
OK
d raw "GET large\r\nGET large\r\nGET large\r\nGET large\r\nGET large\r\nSET seen 1\r\n"
d raw "GET large\r\nGET large\r\nGET large\r\nGET large\r\nGET large\r\n"
d closed
c> PING
PONG
