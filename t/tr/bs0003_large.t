# sets: from one encoding to the next, and large ones
limit 60s
server a
client c a
client d a resp3

c> CONFIG SET set-max-intset-entries 4
OK
c> SADD i 1 2 3 4
4
c> OBJECT ENCODING i
"intset"
c> SADD i 4
0
c> OBJECT ENCODING i
"intset"
c> SADD i 5
1
c> OBJECT ENCODING i
"hashtable"
c> SMEMBERS i
unordered ["3", "4", "1", "5", "2"]
c> SREM i 5 4
2
c> OBJECT ENCODING i
"hashtable"
c> SADD j 1
1
c> SADD j x
1
c> SMEMBERS j
unordered ["1", "x"]
c> SADD j <y*100>
1
c> OBJECT ENCODING j
"hashtable"
c> SMEMBERS j
unordered [
  "1",
  "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
  "x"
]
c> EXPIRE j 1000
1
c> SADD j 7
1
c> TTL j
1000
c> SADD k 1
1
c> EXPIRE k 1000
1
c> SADD k <y*100>
1
c> TTL k
1000
c> SISMEMBER j 7
1
c> SISMEMBER j 8
0
c> SREM j <y*100> 1 none
2
c> SMOVE j i x
1
c> SMEMBERS i
unordered ["3", "x", "1", "2"]
c> SINTER i j k
unordered []
c> SDIFF i j
unordered ["1", "3", "2", "x"]
c> SUNION i j k
unordered [
  "3",
  "7",
  "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
  "x",
  "1",
  "2"
]
c> SUNIONSTORE j i j k
6
c> SMEMBERS j
unordered [
  "3",
  "7",
  "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
  "x",
  "1",
  "2"
]
c> OBJECT ENCODING j
"hashtable"
c> SPOP j 100
unordered [
  "7",
  "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
  "x",
  "3",
  "1",
  "2"
]
c> EXISTS j
0
c> SRANDMEMBER k 5
unordered [
  "1",
  "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
]
c> SINTERCARD 2 i i LIMIT 3
3
c> CONFIG SET set-max-intset-entries 512
OK
c> SADD x b
1
c> OBJECT ENCODING x
"listpack"
oracle "hashtable"
c> SADD x <y*65>
1
c> OBJECT ENCODING x
"hashtable"

# taken together
c> MULTI
OK
c> SADD t 1 2
QUEUED
c> SADD t x
QUEUED
c> SADD t <f*65>
QUEUED
c> SREM t 1 x
QUEUED
c> SPOP none
QUEUED
c> SADD t 3
QUEUED
c> SMEMBERS t
QUEUED
c> EXEC
[2, 1, 1, 2, nil, 1,
 unordered ["3", "2",
 "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"]]
