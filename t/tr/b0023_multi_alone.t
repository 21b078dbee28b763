# MULTI: what has to be carried out between other commands, and would have to
# wait there, is refused when it is queued, and nothing of it happens
only almandined
server a
client c a
c> MULTI
OK
c> SET k 1
QUEUED
c> SWAPDB 0 1
-ERR 'swapdb' is not allowed inside a transaction with other commands
c> EXEC
-EXECABORT Transaction discarded because of previous errors.
c> EXISTS k
0
c> MULTI
OK
c> SWAPDB 0 1
QUEUED
c> CONFIG SET hz 20
QUEUED
c> SET k 1
-ERR 'set' is not allowed inside a transaction with what has been queued in this one
c> EXEC
-EXECABORT Transaction discarded because of previous errors.
c> CONFIG GET hz
["hz", "10"]
c> EXISTS k
0
# the next one is its own
c> MULTI
OK
c> SET k 1
QUEUED
c> CONFIG SET hz 20
QUEUED
c> EXEC
[OK, OK]
# more than a letter to control holds
c> MULTI
OK
c> GET k
QUEUED
c> CONFIG SET requirepass <x*40000>
-ERR 'config|set' is not allowed inside a transaction with so many of its kind
c> EXEC
-EXECABORT Transaction discarded because of previous errors.
