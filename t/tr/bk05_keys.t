# keys whatever they hold
server a
client c a
client d a

c> MSET a 1 b 2 c 3
OK
c> DEL a a none
1
c> UNLINK b none
1
c> EXISTS c c none
2
c> TOUCH c c none
2
c> DEL
-ERR wrong number of arguments for 'del' command
c! RPUSH l x
c! SADD s x
c! HSET h f v
c! ZADD z 1 x
c> TYPE l
list
c> TYPE s
set
c> TYPE h
hash
c> TYPE z
zset
c> TYPE c
string
c> TYPE none
none

# other names
c> RENAME c c2
OK
c> RENAME none x
-ERR no such key
c> RENAME c2 c2
OK
c> RENAMENX c2 c2
0
c> RENAMENX c2 l
0
c> RENAMENX c2 c3
1
c> RENAMENX none x
-ERR no such key
c> EXPIRE c3 100
1
c> SET old v
OK
c> RENAME c3 old
OK
c> TTL old
100
c> GET old
"3"
c> RENAME l l2
OK
c> LRANGE l2 0 -1
["x"]
c> RENAME h s
OK
c> HGETALL s
["f", "v"]

# copies
c> COPY old new
1
c> TTL new
100
c> GET new
"3"
c> COPY old new
0
c> COPY l2 new REPLACE
1
c> LRANGE new 0 -1
["x"]
c! RPUSH new y
c> LLEN l2
1
c> COPY none x
0
c> COPY old old
-ERR source and destination objects are the same
c> COPY old new DB 1
1
c> COPY old old DB 2
1
c> COPY old new DB 16
-ERR DB index is out of range
c> COPY old new DB x
-ERR value is not an integer or out of range
c> COPY old new DB 99999999999
-ERR value is out of range, value must between -2147483648 and 2147483647
c> COPY old new FOO
-ERR syntax error
c> COPY old new DB
-ERR syntax error
d> SELECT 1
OK
d> GET new
"3"
d> TTL new
100

# other databases
c> MOVE old 1
1
c> EXISTS old
0
d> GET old
"3"
c> MOVE none 1
0
c> SET old w
OK
c> MOVE old 1
0
c> MOVE old 0
-ERR source and destination objects are the same
c> MOVE old 16
-ERR DB index is out of range
c> MOVE old -1
-ERR DB index is out of range
c> MOVE old x
-ERR value is not an integer or out of range
c> MOVE old 99999999999
-ERR value is out of range, value must between -2147483648 and 2147483647

# OBJECT
c> SET n 100000
OK
c> OBJECT ENCODING n
"int"
c> OBJECT ENCODING none
nil
c> OBJECT REFCOUNT n
1
c> OBJECT REFCOUNT none
nil
c> OBJECT IDLETIME n
0
c> OBJECT IDLETIME none
nil
c> OBJECT FREQ n
-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
c> OBJECT FREQ none
nil
c> OBJECT
-ERR wrong number of arguments for 'object' command
c> OBJECT ENCODING
-ERR wrong number of arguments for 'object|encoding' command
c> OBJECT FOO
-ERR unknown subcommand 'FOO'. Try OBJECT HELP.
c> OBJECT ENCODING n x
-ERR wrong number of arguments for 'object|encoding' command

# databases
c> FLUSHDB
OK
c> DBSIZE
0
d> DBSIZE
2
c> RANDOMKEY
nil
c> SET only 1
OK
c> RANDOMKEY
"only"
c> FLUSHALL x
-ERR syntax error
c> FLUSHALL ASYNC SYNC
-ERR syntax error
c> FLUSHDB SYNC
OK
c> FLUSHALL ASYNC
OK
d> DBSIZE
0
