# times to live, in all four units and with all conditions
server a
client c a

c> SET k v
OK
c> TTL k
-1
c> PTTL k
-1
c> TTL none
-2
c> PTTL none
-2
c> EXPIRETIME k
-1
c> PEXPIRETIME none
-2
c> EXPIRE k 100
1
c> TTL k
100
c> PTTL k
/^999|100000/
c> PERSIST k
1
c> PERSIST k
0
c> PERSIST none
0
c> PEXPIRE k 100000
1
c> TTL k
100
c> EXPIREAT k 33177117420
1
c> EXPIRETIME k
33177117420
c> PEXPIREAT k 33177117420123
1
c> PEXPIRETIME k
33177117420123
c> EXPIRETIME k
33177117420
c> EXPIRE none 100
0
c> EXPIRE k x
-ERR value is not an integer or out of range
c> EXPIRE k 9223372036854775807
-ERR invalid expire time in 'expire' command
c> EXPIRE k -9223372036854775808
-ERR invalid expire time in 'expire' command
c> PEXPIRE k 9223372036854775807
-ERR invalid expire time in 'pexpire' command
c> EXPIREAT k 9223372036854775807
-ERR invalid expire time in 'expireat' command
c> PEXPIREAT k 9223372036854775807
1
c> EXPIRETIME k
9223372036854776

# conditions
c> SET k v
OK
c> EXPIRE k 100 XX
0
c> EXPIRE k 100 GT
0
c> EXPIRE k 100 NX
1
c> EXPIRE k 200 NX
0
c> EXPIRE k 200 XX
1
c> TTL k
200
c> EXPIRE k 100 GT
0
c> EXPIRE k 300 GT
1
c> EXPIRE k 400 LT
0
c> EXPIRE k 50 XX LT
1
c> TTL k
50
c> SET k v
OK
c> EXPIRE k 100 LT
1
c> EXPIRE k 100 NX XX
-ERR NX and XX, GT or LT options at the same time are not compatible
c> EXPIRE k 100 NX GT
-ERR NX and XX, GT or LT options at the same time are not compatible
c> EXPIRE k 100 GT LT
-ERR GT and LT options at the same time are not compatible
c> EXPIRE k 100 FOO
-ERR Unsupported option FOO
c> EXPIRE k x FOO
-ERR Unsupported option FOO

# over already
c> EXPIRE k 0
1
c> EXISTS k
0
c> SET k v
OK
c> EXPIREAT k 1
1
c> EXISTS k
0
c> SET k v
OK
c> PEXPIRE k -1
1
c> DBSIZE
0

# over soon, touched or not
c> SET k v PX 30
OK
until 5s c> GET k = nil
c> SET k v PX 30
OK
c! HSET h f v
c! PEXPIRE h 30
until 5s c> DBSIZE = 0
c> SET k v PX 30
OK
c> SET k v
OK
c> SET j v PX 30
OK
until 5s c> EXISTS j = 0
c> GET k
"v"
