# sorted sets: from small to large, and the limits
server a
client c a

c> ZADD z 1 a 2 b
2
c> OBJECT ENCODING z
"listpack"
c> ZADD z 3 <x*64>
1
c> OBJECT ENCODING z
"listpack"
c> ZADD z 4 <x*65>
1
c> OBJECT ENCODING z
"skiplist"
c> ZRANGE z 0 -1 WITHSCORES
[
  "a",
  "1",
  "b",
  "2",
  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  "3",
  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  "4"
]
c> ZREM z <x*65>
1
c> OBJECT ENCODING z
"skiplist"
c> ZADD y 1 <x*65>
1
c> OBJECT ENCODING y
"skiplist"
c> ZUNIONSTORE z 1 z
3
c> OBJECT ENCODING z
"listpack"
c> CONFIG SET zset-max-listpack-entries 4
OK
c> ZADD z 5 c
1
c> OBJECT ENCODING z
"listpack"
c> ZADD z 6 d
1
c> OBJECT ENCODING z
"skiplist"
c> ZRANGE z 0 -1 WITHSCORES
[
  "a",
  "1",
  "b",
  "2",
  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  "3",
  "c",
  "5",
  "d",
  "6"
]
c> ZPOPMIN z 2
["a", "1", "b", "2"]
c> ZRANGESTORE w z 0 -1
3
c> OBJECT ENCODING w
"listpack"
c> CONFIG SET zset-max-listpack-entries 0
OK
c> ZADD v 1 a
1
c> OBJECT ENCODING v
"skiplist"
c> ZADD v 0 a 5 b -3 c 2.5 d
3
c> ZRANGE v 0 -1 WITHSCORES
["c", "-3", "a", "0", "d", "2.5", "b", "5"]
c> ZRANGE v 1 2 REV
["d", "a"]
c> ZRANK v b
3
c> ZCOUNT v (0 5
2
c> ZREMRANGEBYSCORE v 0 3
2
c> ZRANGE v 0 -1 WITHSCORES
["c", "-3", "b", "5"]
c> COPY v u
1
c> ZADD v 9 z
1
c> ZRANGE u 0 -1
["c", "b"]
c> OBJECT ENCODING u
"skiplist"
c> ZINCRBY u 10 c
"7"
c> ZREVRANGE u 0 -1 WITHSCORES
["c", "7", "b", "5"]
c> ZREMRANGEBYRANK u 0 -1
2
c> EXISTS u
0
