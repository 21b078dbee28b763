# DUMP and RESTORE
server a
client c a

c> DUMP none
nil
c> SET n 5
OK
c> DUMP n
"\x00\xc0\x05\n\x00c/_f\x83/\xb3Q"
c> DUMP
-ERR wrong number of arguments for 'dump' command
c> RESTORE n 0 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q"
-BUSYKEY Target key name already exists.
c> RESTORE n 0 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q" REPLACE
OK
c> RESTORE m 0 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q"
OK
c> GET m
"5"
c> TTL m
-1
c> DEL m
1

# the order of refusals
c> RESTORE n -1 x
-BUSYKEY Target key name already exists.
c> RESTORE m -1 x
-ERR Invalid TTL value, must be >= 0
c> RESTORE m x x
-ERR value is not an integer or out of range
c> RESTORE m 0 x
-ERR DUMP payload version or checksum are wrong
c> RESTORE m 0 ""
-ERR DUMP payload version or checksum are wrong
c> RESTORE m 0 "\x00\xc0\x06\n\x00c/_f\x83/\xb3Q"
-ERR DUMP payload version or checksum are wrong
c> RESTORE m 0
-ERR wrong number of arguments for 'restore' command
c> RESTORE m 0 x NOPE
-ERR syntax error
c> RESTORE m 0 x IDLETIME
-ERR syntax error
c> RESTORE m 0 x IDLETIME 5 FREQ 5
-ERR syntax error
c> RESTORE m 0 x IDLETIME x
-ERR value is not an integer or out of range
c> RESTORE m 0 x IDLETIME -1
-ERR Invalid IDLETIME value, must be >= 0
c> RESTORE m 0 x FREQ 256
-ERR Invalid FREQ value, must be >= 0 and <= 255
c> EXISTS m
0

# times to live
c> RESTORE m 100000 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q"
OK
c> TTL m
100
c> RESTORE m 4000000000000 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q" REPLACE ABSTTL
OK
c> EXPIRETIME m
4000000000
c> RESTORE m 1 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q" ABSTTL REPLACE
OK
c> EXISTS m
0
c> RESTORE m 1 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q" ABSTTL
OK
c> EXISTS m
0
c> RESTORE m 0 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q" idletime 1000
OK
c> OBJECT IDLETIME m
1000..1002
c> RESTORE m 0 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q" replace freq 100
OK

# in a transaction
c> MULTI
OK
c> RESTORE p 0 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q"
QUEUED
c> RESTORE q 0 broken
QUEUED
c> DUMP p
QUEUED
c> EXEC
[OK,
 -/ERR DUMP payload version or checksum are wrong/,
 "\x00\xc0\x05\n\x00c/_f\x83/\xb3Q"]
