# bits of strings
server a
client c a

c> SETBIT b 7 1
0
c> GET b
"\x01"
c> SETBIT b 7 0
1
c> SETBIT b 100 1
0
c> STRLEN b
13
c> GETBIT b 100
1
c> GETBIT b 101
0
c> GETBIT b 100000
0
c> GETBIT none 0
0
c> SETBIT b -1 1
-ERR bit offset is not an integer or out of range
c> SETBIT b 4294967296 1
-ERR bit offset is not an integer or out of range
c> SETBIT b x 1
-ERR bit offset is not an integer or out of range
c> SETBIT b 1 2
-ERR bit is not an integer or out of range
c> SETBIT b 1 x
-ERR bit is not an integer or out of range
c> GETBIT b 4294967296
-ERR bit offset is not an integer or out of range
c> SET i 12
OK
c> GETBIT i 2
1
c> SETBIT i 6 1
0
c> GET i
"32"
c> OBJECT ENCODING i
"raw"
c! RPUSH l a
c> SETBIT l 1 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> GETBIT l 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BITCOUNT l
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BITPOS l 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BITOP NOT d l
-WRONGTYPE Operation against a key holding the wrong kind of value

c> SET s foobar
OK
c> BITCOUNT s
26
c> BITCOUNT s 0 0
4
c> BITCOUNT s 1 1
6
c> BITCOUNT s 0 -1
26
c> BITCOUNT s 1 1 BYTE
6
c> BITCOUNT s 5 30 BIT
17
c> BITCOUNT s -3 -1 BIT
1
c> BITCOUNT s 3 1
0
c> BITCOUNT s 0
-ERR syntax error
c> BITCOUNT s 0 1 x
-ERR syntax error
c> BITCOUNT s 0 1 BIT x
-ERR syntax error
c> BITCOUNT s a 1
-ERR value is not an integer or out of range
c> BITCOUNT none
0
c> BITCOUNT none 0 -1 BIT
0

c> SET p "\xff\xf0\x00"
OK
c> BITPOS p 0
12
c> BITPOS p 1 2
-1
c> BITPOS p 1 0
0
c> BITPOS p 0 2
16
c> BITPOS p 0 7 15 BIT
12
c> BITPOS p 1 7 15 BIT
7
c> BITPOS p 1 -16 -1 BIT
8
c> SET p "\xff\xff\xff"
OK
c> BITPOS p 0
24
c> BITPOS p 0 0
24
c> BITPOS p 0 0 -1
-1
c> BITPOS p 0 1 1
-1
c> BITPOS p 1 5
-1
c> BITPOS none 0
0
c> BITPOS none 1
-1
c> BITPOS p 2
-ERR The bit argument must be 1 or 0.
c> BITPOS p x
-ERR value is not an integer or out of range
c> BITPOS p 1 a
-ERR value is not an integer or out of range
c> BITPOS p 1 0 1 x
-ERR syntax error
c> BITPOS p 1 0 1 BIT x
-ERR syntax error
c> SET p ""
OK
c> BITPOS p 0
-1
c> BITPOS p 1
-1

c> SET x abc
OK
c> SET y "\xff\x00"
OK
c> BITOP AND d x y none
3
c> GET d
"\x00\x00\x00"
c> BITOP AND d x y
3
c> GET d
"a\x00\x00"
c> BITOP or d x y
3
c> GET d
"\xffbc"
c> BITOP XOR x x y
3
c> GET x
"\x9ebc"
c> BITOP NOT d y
2
c> GET d
"\x00\xff"
c> OBJECT ENCODING d
"raw"
c> BITOP NOT d x y
-ERR BITOP NOT must be called with a single source key.
c> BITOP NAND d x y
-ERR syntax error
c> BITOP AND d none none2
0
c> EXISTS d
0
