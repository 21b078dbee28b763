# WAITAOF without an append-only file and without replicas
only almandined
server a
client c a
c> WAITAOF 0 0 0
[0, 0]
c> SET k v
OK
c> WAITAOF 0 0 0
[0, 0]
c> WAITAOF 0 1 10
[0, 0]
c> WAITAOF 1 0 0
-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
c> WAITAOF 1 0 -5
-ERR timeout is negative
c> WAITAOF 2 0 0
-ERR value is out of range, value must between 0 and 1
c> WAITAOF -1 0 0
-ERR value is out of range, value must between 0 and 1
c> WAITAOF x 0 0
-ERR value is not an integer or out of range
c> WAITAOF 0 x 0
-ERR value is out of range, must be positive
c> WAITAOF 0 -1 0
-ERR value is out of range, must be positive
c> WAITAOF 0 1 x
-ERR timeout is not an integer or out of range
c> WAITAOF 0 1
-ERR wrong number of arguments for 'waitaof' command
c> MULTI
OK
c> WAITAOF 0 3 0
QUEUED
c> EXEC
[[0, 0]]
