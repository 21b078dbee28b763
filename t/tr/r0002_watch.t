# what fails a transaction that watches, and what does not
server a
client c a
client d a
# bits that have their value already
c> SETBIT bits 9 1
0
c> SET number 5
OK
c> WATCH bits number
OK
d> SETBIT bits 0 0
0
d> BITFIELD bits SET u8 0 0 INCRBY u8 8 0
[0, 64]
d> SETBIT number 7 1
1
d> BITFIELD number OVERFLOW FAIL INCRBY u8 0 250
[nil]
d> OBJECT ENCODING number
"raw"
c> MULTI
OK
c> EXEC
[]
c> WATCH bits
OK
d> SETBIT bits 9 0
1
c> MULTI
OK
c> EXEC
nil-array
c> WATCH bits
OK
d> SETBIT bits 100 0
0
c> MULTI
OK
c> EXEC
nil-array
c> WATCH bits
OK
d> BITFIELD bits INCRBY u8 0 1
[1]
c> MULTI
OK
c> EXEC
nil-array
c> WATCH bits
OK
d> APPEND bits x
14
c> MULTI
OK
c> EXEC
nil-array
c> WATCH bits
OK
d> SETRANGE bits 0 x
14
c> MULTI
OK
c> EXEC
nil-array
# another database in the place of the watched key's
c> SET k v
OK
c> WATCH k
OK
d> SWAPDB 0 1
OK
c> MULTI
OK
c> EXEC
nil-array
c> GET k
nil
d> SWAPDB 0 1
OK
c> WATCH k
OK
d> SWAPDB 1 2
OK
c> MULTI
OK
c> GET k
QUEUED
c> EXEC
["v"]
