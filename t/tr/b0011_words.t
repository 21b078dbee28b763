# what DEBUG POPULATE, DEBUG PROTOCOL and LOLWUT say to nonsense
server a --enable-debug-command yes
client c a
c> DEBUG POPULATE x
-ERR value is out of range, must be positive
c> DEBUG POPULATE -1
-ERR value is out of range, must be positive
c> DEBUG POPULATE 5 a x
-ERR value is out of range, must be positive
c> DEBUG POPULATE 5 a -1
-ERR value is out of range, must be positive
c> DBSIZE
0
c> DEBUG PROTOCOL x
-ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false
c> LOLWUT VERSION x
-ERR value is not an integer or out of range
c! LOLWUT VERSION
c! LOLWUT x
c! LOLWUT VERSION 5 1
