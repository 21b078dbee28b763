# integers of any width inside a string
server a
client c a

c> BITFIELD b SET u8 0 255
[0]
c> BITFIELD b GET u8 0 GET i8 0 GET u4 4 GET u8 4
[255, -1, 15, 240]
c> BITFIELD b INCRBY u8 0 1 INCRBY i8 8 -1
[0, -1]
c> BITFIELD b SET u8 #1 200 GET u8 #1 GET u8 8
[255, 200, 200]
c> BITFIELD b OVERFLOW SAT INCRBY u8 8 100 INCRBY i8 8 -128 INCRBY i8 8 -128
[255, -128, -128]
c> BITFIELD b OVERFLOW FAIL INCRBY i8 8 -128 OVERFLOW WRAP INCRBY i8 8 -128
[nil, 0]
c> BITFIELD b SET i64 0 -1 GET i64 0 GET u63 1
[0, -1, 9223372036854775807]
c> BITFIELD b INCRBY i64 0 -9223372036854775808
[9223372036854775807]
c> BITFIELD b OVERFLOW SAT INCRBY i64 0 9223372036854775807 INCRBY i64 0 9223372036854775807
[9223372036854775807, 9223372036854775807]
c> BITFIELD b OVERFLOW FAIL SET u8 0 256 SET u8 0 -1 SET i8 0 128 SET i8 0 -129
[nil, nil, nil, nil]
c> BITFIELD b OVERFLOW SAT SET u8 0 256 SET u8 0 -1 SET i8 0 128 SET i8 0 -129
[127, 255, -1, 127]
c> BITFIELD b SET u8 0 257 SET i8 0 128 GET i8 0
[128, 1, -128]
c> BITFIELD b SET i5 100 -3 GET i5 100 GET u5 100
[0, -3, 29]
c> STRLEN b
14
c> BITFIELD b GET u64 0
-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
c> BITFIELD b GET i65 0
-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
c> BITFIELD b GET i0 0
-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
c> BITFIELD b GET x8 0
-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
c> BITFIELD b GET U8 0
-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
c> BITFIELD b GET u8 -1
-ERR bit offset is not an integer or out of range
c> BITFIELD b GET u8 #x
-ERR bit offset is not an integer or out of range
c> BITFIELD b SET u8 4294967296 1
-ERR bit offset is not an integer or out of range
c> BITFIELD b SET u8 0 x
-ERR value is not an integer or out of range
c> BITFIELD b SET u8 0
-ERR syntax error
c> BITFIELD b OVERFLOW x
-ERR Invalid OVERFLOW type specified
c> BITFIELD b FOO
-ERR syntax error
c> BITFIELD b
[]
c> BITFIELD none GET u8 0
[0]
c> EXISTS none
0
c> BITFIELD none OVERFLOW FAIL SET u8 8 256
[nil]
c> STRLEN none
2
c> BITFIELD_RO b GET u8 0
[128]
c> BITFIELD_RO b SET u8 0 1
-ERR BITFIELD_RO only supports the GET subcommand
c! RPUSH l a
c> BITFIELD l GET u8 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BITFIELD_RO l GET u8 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BITFIELD l SET u8 0 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SET i 12
OK
c> BITFIELD i GET u8 0 SET u8 8 51
[49, 50]
c> GET i
"13"
