# strings: options of SET and GETEX, parts, what is refused
server a
client c a

c> SET k v NX
OK
c> SET k w NX
nil
c> SET k w XX
OK
c> SET none w XX
nil
c> SET k x GET
"w"
c> SET k y NX GET
"x"
c> SET none y XX GET
nil
c> SET k z EX 100 GET
"x"
c> TTL k
100
c> SET k z KEEPTTL
OK
c> TTL k
100
c> SET k z
OK
c> TTL k
-1
c> SET k z EX 100 KEEPTTL
-ERR syntax error
c> SET k z EX 100 PX 100
-ERR syntax error
c> SET k z EX 10 EX 20
OK
c> SET k z NX XX
-ERR syntax error
c> SET k z PERSIST
-ERR syntax error
c> SET k z EX
-ERR syntax error
c> SET k z EX 0
-ERR invalid expire time in 'set' command
c> SET k z PX -1
-ERR invalid expire time in 'set' command
c> SET k z EX a
-ERR value is not an integer or out of range
c> SET k z EX 9223372036854775807
-ERR invalid expire time in 'set' command
c> SET k z PXAT 9223372036854775807
OK
c> PEXPIRETIME k
9223372036854775807
c> SET k z EXAT 1
OK
c> GET k
nil
c! RPUSH l a
c> SET l x GET
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SET l x
OK
c> TYPE l
string

# SETEX, PSETEX, SETNX, GETSET, GETDEL
c> SETEX k 100 v
OK
c> TTL k
100
c> SETEX k 0 v
-ERR invalid expire time in 'setex' command
c> PSETEX k -5 v
-ERR invalid expire time in 'psetex' command
c> PSETEX k 100000 v
OK
c> SETNX k w
0
c> SETNX n w
1
c> GETSET k x
"v"
c> TTL k
-1
c> GETSET none x
nil
c> GETDEL none
"x"
c> GETDEL none
nil

# GETEX
c> SET k v
OK
c> GETEX k
"v"
c> GETEX k EX 100
"v"
c> TTL k
100
c> GETEX k PERSIST
"v"
c> TTL k
-1
c> GETEX k PXAT 1
"v"
c> EXISTS k
0
c> GETEX k EX 0
nil
c> SET k v
OK
c> GETEX k EX 0
-ERR invalid expire time in 'getex' command
c> GETEX k EX 1 PERSIST
-ERR syntax error
c> GETEX k KEEPTTL
-ERR syntax error
c> GETEX k NX
-ERR syntax error

# MGET, MSET, MSETNX
c> MSET a 1 b 2 a 3
OK
c> MGET a b none
["3", "2", nil]
c! RPUSH list x
c> MGET a list
["3", nil]
c> MSET a
-ERR wrong number of arguments for 'mset' command
c> MSET a 1 b
-ERR wrong number of arguments for 'mset' command
c> MSETNX c 1 a 2
0
c> MSETNX c 1 d 2
1
c> MSETNX c
-ERR wrong number of arguments for 'msetnx' command

# APPEND, SETRANGE, GETRANGE, STRLEN
c> DEL k
1
c> APPEND k 12
2
c> OBJECT ENCODING k
"int"
c> APPEND k 3
3
c> OBJECT ENCODING k
"raw"
c> INCR k
124
c> OBJECT ENCODING k
"int"
c> GETRANGE k 0 -1
"124"
c> GETRANGE k -2 -1
"24"
c> GETRANGE k 5 10
""
c> GETRANGE k -1 -2
""
c> GETRANGE none 0 -1
""
c> SUBSTR k 1 1
"2"
c> GETRANGE k x 1
-ERR value is not an integer or out of range
c> SETRANGE k 5 "\x00y"
7
c> GET k
"124\x00\x00\x00y"
c> SETRANGE k 1 ""
7
c> SETRANGE none2 10 ""
0
c> EXISTS none2
0
c> SETRANGE none2 2 z
3
c> GET none2
"\x00\x00z"
c> SETRANGE k -1 x
-ERR offset is out of range
c> SETRANGE k 536870912 x
-ERR string exceeds maximum allowed size (proto-max-bulk-len)
c> SETRANGE k 9223372036854775807 x
-ERR string exceeds maximum allowed size (proto-max-bulk-len)
c> STRLEN k
7
c> STRLEN none
0
c> STRLEN list
-WRONGTYPE Operation against a key holding the wrong kind of value
c> APPEND list x
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SETRANGE list 0 x
-WRONGTYPE Operation against a key holding the wrong kind of value
c> GETRANGE list 0 1
-WRONGTYPE Operation against a key holding the wrong kind of value

# encodings
c> SET k <x*44>
OK
c> OBJECT ENCODING k
"embstr"
c> SET k <x*45>
OK
c> OBJECT ENCODING k
"raw"
c> SET k 9223372036854775807
OK
c> OBJECT ENCODING k
"int"
c> SET k 9223372036854775808
OK
c> OBJECT ENCODING k
"embstr"
c> SET k 007
OK
c> OBJECT ENCODING k
"embstr"
c> SET k <x*70000>
OK
c> STRLEN k
70000
c> SET k <y*70001>
OK
c> APPEND k z
70002
c> GETRANGE k 70000 -1
"yz"
