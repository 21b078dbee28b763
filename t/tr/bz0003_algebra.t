# sorted sets: unions, intersections, differences
server a
client c a
client d a resp3

c> ZADD x 1 a 2 b 3 c
3
c> ZADD y 10 b 20 c 30 d
3
c> SADD s c d e
3
c> SADD i 1 2 3
3
c> ZADD n 1 1 5 3 7 7
3
c> ZUNION 2 x y
["a", "b", "c", "d"]
c> ZUNION 2 x y WITHSCORES
["a", "1", "b", "12", "c", "23", "d", "30"]
d> ZUNION 2 x y WITHSCORES
[["a", ,1], ["b", ,12], ["c", ,23], ["d", ,30]]
d> ZUNION 2 x y
["a", "b", "c", "d"]
c> ZUNION 2 x s WITHSCORES
["a", "1", "d", "1", "e", "1", "b", "2", "c", "4"]
c> ZUNION 3 x x none WITHSCORES
["a", "2", "b", "4", "c", "6"]
c> ZUNION 2 n i WITHSCORES
["2", "1", "1", "2", "3", "6", "7", "7"]
c> ZUNION 2 x y WEIGHTS 2 0.5 WITHSCORES
["a", "2", "b", "9", "d", "15", "c", "16"]
c> ZUNION 2 x y WEIGHTS inf -inf WITHSCORES
["d", "-inf", "b", "0", "c", "0", "a", "inf"]
c> ZUNION 2 x y WEIGHTS 0 inf AGGREGATE SUM WITHSCORES
["a", "0", "b", "inf", "c", "inf", "d", "inf"]
c> ZUNION 2 x y AGGREGATE MIN WITHSCORES
["a", "1", "b", "2", "c", "3", "d", "30"]
c> ZUNION 2 x y AGGREGATE max WITHSCORES
["a", "1", "b", "10", "c", "20", "d", "30"]
c> ZINTER 2 x y WITHSCORES
["b", "12", "c", "23"]
d> ZINTER 2 x y WITHSCORES
[["b", ,12], ["c", ,23]]
c> ZINTER 3 x y s WITHSCORES
["c", "24"]
c> ZINTER 2 x x WEIGHTS 1 3 WITHSCORES
["a", "4", "b", "8", "c", "12"]
c> ZINTER 2 n i AGGREGATE MIN WITHSCORES
["1", "1", "3", "1"]
c> ZINTER 2 x none
[]
c> ZINTERCARD 2 x y
2
c> ZINTERCARD 2 x y LIMIT 1
1
c> ZINTERCARD 2 x y LIMIT 0
2
c> ZINTERCARD 2 x none
0
c> ZDIFF 2 x y WITHSCORES
["a", "1"]
d> ZDIFF 2 x y WITHSCORES
[["a", ,1]]
c> ZDIFF 1 x
["a", "b", "c"]
c> ZDIFF 3 x s none
["a", "b"]
c> ZDIFF 2 x x
[]
c> ZDIFF 2 none x
[]

c> ZUNIONSTORE o 2 x y
4
c> ZRANGE o 0 -1 WITHSCORES
["a", "1", "b", "12", "c", "23", "d", "30"]
c> ZUNIONSTORE o 2 o x WEIGHTS 1 -1
4
c> ZRANGE o 0 -1 WITHSCORES
["a", "0", "b", "10", "c", "20", "d", "30"]
c> ZINTERSTORE o 2 x y AGGREGATE MAX
2
c> ZRANGE o 0 -1 WITHSCORES
["b", "10", "c", "20"]
c> ZDIFFSTORE o 2 x y
1
c> ZRANGE o 0 -1 WITHSCORES
["a", "1"]
c> ZINTERSTORE o 2 x none
0
c> EXISTS o
0
c> ZUNIONSTORE s 1 s
3
c> TYPE s
zset
c> ZRANGE s 0 -1 WITHSCORES
["c", "1", "d", "1", "e", "1"]
c> PEXPIRE x 100000
1
c> ZUNIONSTORE x 1 y
3
c> PTTL x
-1

# mistakes
c> SET str v
OK
c> ZUNION 2 x str
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZUNIONSTORE o 1 str
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZUNIONSTORE str 1 y
3
c> TYPE str
zset
c> SET str v
OK
c> ZUNION 0 x
-ERR at least 1 input key is needed for 'zunion' command
c> ZUNIONSTORE o 0 x
-ERR at least 1 input key is needed for 'zunionstore' command
c> ZINTER -1 x
-ERR at least 1 input key is needed for 'zinter' command
c> ZDIFF 0 x
-ERR at least 1 input key is needed for 'zdiff' command
c> ZINTERCARD 0 x
-ERR at least 1 input key is needed for 'zintercard' command
c> ZUNION x x
-ERR value is not an integer or out of range
c> ZUNION 3 x y
-ERR syntax error
c> ZUNION 9223372036854775807 x
-ERR syntax error
c> ZUNION 1 x y
-ERR syntax error
c> ZUNION 1 str y
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZUNION 2 x y WEIGHTS 1
-ERR syntax error
c> ZUNION 2 x y WEIGHTS 1 x
-ERR weight value is not a float
c> ZUNION 2 x y WEIGHTS 1 nan
-ERR weight value is not a float
c> ZUNION 2 x y AGGREGATE avg
-ERR syntax error
c> ZUNION 2 x y AGGREGATE
-ERR syntax error
c> ZUNIONSTORE o 1 x WITHSCORES
-ERR syntax error
c> ZDIFF 2 x y WEIGHTS 1 2
-ERR syntax error
c> ZDIFFSTORE o 2 x y AGGREGATE SUM
-ERR syntax error
c> ZINTERCARD 2 x y LIMIT -1
-ERR LIMIT can't be negative
c> ZINTERCARD 2 x y LIMIT x
-ERR LIMIT can't be negative
c> ZINTERCARD 2 x y LIMIT
-ERR syntax error
c> ZINTERCARD 2 x y WITHSCORES
-ERR syntax error
