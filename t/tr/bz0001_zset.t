# sorted sets: adding, deleting, single members, errors, both protocols
server a
client c a
client d a resp3

c> ZADD z 1 a 2 b 3 c
3
c> ZADD z 1 a 5 b 4 d
1
c> ZADD z CH 1 a 6 b 7 e
2
c> ZCARD z
5
c> ZCARD none
0
c> TYPE z
zset
c> OBJECT ENCODING z
"listpack"
c> ZRANGE z 0 -1 WITHSCORES
["a", "1", "c", "3", "d", "4", "b", "6", "e", "7"]
d> ZRANGE z 0 -1 WITHSCORES
[["a", ,1], ["c", ,3], ["d", ,4], ["b", ,6], ["e", ,7]]
c> ZSCORE z b
"6"
d> ZSCORE z b
,6
c> ZSCORE z none
nil
d> ZSCORE none b
null
c> ZMSCORE z a none e
["1", nil, "7"]
d> ZMSCORE z a none e
[,1, null, ,7]
c> ZMSCORE none a b
[nil, nil]
c> ZRANK z c
1
c> ZREVRANK z c
3
c> ZRANK z none
nil
d> ZRANK none c
null
c> ZREM z a none c
2
c> ZREM z b d e
3
c> EXISTS z
0
c> ZREM z a
0

# conditions
c> ZADD g 10 m
1
c> ZADD g NX 11 m 5 n
1
c> ZADD g XX 12 m 5 o
0
c> ZADD g XX CH 12 m 6 n
1
c> ZADD g GT CH 11 m 7 n
1
c> ZADD g LT CH 11 m 8 n
1
c> ZADD g GT XX CH 20 m 20 p
1
c> ZADD g GT 1 q
1
c> ZADD g LT 1000 r
1
c> ZRANGE g 0 -1 WITHSCORES
["q", "1", "n", "7", "m", "20", "r", "1000"]
c> ZADD g NX XX 1 m
-ERR XX and NX options at the same time are not compatible
c> ZADD g NX GT 1 m
-ERR GT, LT, and/or NX options at the same time are not compatible
c> ZADD g GT LT 1 m
-ERR GT, LT, and/or NX options at the same time are not compatible
c> ZADD g NX LT 1 m
-ERR GT, LT, and/or NX options at the same time are not compatible
c> ZADD none XX 1 m
0
c> EXISTS none
0

# increments
c> ZADD i INCR 1.5 m
"1.5"
c> ZADD i INCR 1.5 m
"3"
d> ZADD i INCR 1.5 m
,4.5
c> ZADD i NX INCR 1 m
nil
d> ZADD i NX INCR 1 m
null
c> ZADD i XX INCR 1 none
nil
c> ZADD i GT INCR -1 m
nil
c> ZADD i LT INCR -1 m
"3.5"
c> ZADD i INCR 1 m 2 n
-ERR INCR option supports a single increment-element pair
c> ZINCRBY i 0.1 m
"3.6000000000000001"
d> ZINCRBY i -3 n
,-3
c> ZINCRBY i inf m
"inf"
c> ZINCRBY i -inf m
-ERR resulting score is not a number (NaN)
c> ZADD i INCR -inf m
-ERR resulting score is not a number (NaN)
c> ZINCRBY i x m
-ERR value is not a valid float
c> ZINCRBY i nan m
-ERR value is not a valid float
c> ZINCRBY i NX m
-ERR syntax error

# scores
c> ZADD s inf a -inf b +inf c 1e300 d 1e-320 e 0x10 f -0 g 3.0 h 1e17 i 0.1 j
10
c> ZRANGE s 0 -1 WITHSCORES
[
  "b",
  "-inf",
  "g",
  "0",
  "e",
  "9.9998886718268301e-321",
  "j",
  "0.10000000000000001",
  "h",
  "3",
  "f",
  "16",
  "i",
  "1e+17",
  "d",
  "1.0000000000000001e+300",
  "a",
  "inf",
  "c",
  "inf"
]
d> ZRANGE s 0 -1 WITHSCORES
[
  ["b", ,-inf],
  ["g", ,0],
  ["e", ,9.9998886718268301e-321],
  ["j", ,0.10000000000000001],
  ["h", ,3],
  ["f", ,16],
  ["i", ,1e+17],
  ["d", ,1.0000000000000001e+300],
  ["a", ,inf],
  ["c", ,inf]
]
c> ZADD s nan k
-ERR value is not a valid float
c> ZADD s "" k
-ERR value is not a valid float
c> ZADD s " 1" k
-ERR value is not a valid float
c> ZADD s "1 " k
-ERR value is not a valid float
c> ZADD s 1e400 k
-ERR value is not a valid float
c> ZADD s 1 a x b
-ERR value is not a valid float
c> ZSCORE s a
"inf"

# members
c> ZADD b 1 "" 1 "\x00" 1 "\xff\x00" 1 10 1 9 1 -1 1 007
7
c> ZRANGE b 0 -1
["", "\x00", "-1", "007", "10", "9", "\xff\x00"]
c> ZADD b 2 x 3 x 4 x
1
c> ZADD b CH 2 x 3 x 4 x
3
c> ZSCORE b x
"4"
c> ZSCORE b 10
"1"
c> ZSCORE b 010
nil

# mistakes
c> SET str v
OK
c> ZADD str 1 a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZCARD str
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZSCORE str a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZMSCORE str a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZRANK str a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZREM str a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZINCRBY str 1 a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZRANDMEMBER str
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZSCAN str 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZADD z
-ERR wrong number of arguments for 'zadd' command
c> ZADD z 1
-ERR wrong number of arguments for 'zadd' command
c> ZADD z 1 a 2
-ERR syntax error
c> ZADD z NX CH
-ERR syntax error
c> ZADD z FOO 1 a
-ERR syntax error
c> ZADD str 1
-ERR wrong number of arguments for 'zadd' command
c> ZADD str x a
-ERR value is not a valid float
c> ZRANK z
-ERR wrong number of arguments for 'zrank' command

# ranks with scores
c> ZADD r 1 a 2 b 2 c
3
c> ZRANK r b WITHSCORE
[1, "2"]
oracle -ERR wrong number of arguments for 'zrank' command
c> ZREVRANK r b withscore
[1, "2"]
oracle -ERR wrong number of arguments for 'zrevrank' command
d> ZREVRANK r c WITHSCORE
[0, ,2]
oracle -ERR wrong number of arguments for 'zrevrank' command
c> ZRANK r none WITHSCORE
nil-array
oracle -ERR wrong number of arguments for 'zrank' command
d> ZRANK none a WITHSCORE
null
oracle -ERR wrong number of arguments for 'zrank' command
c> ZRANK r b WITHSCORES
-ERR syntax error
oracle -ERR wrong number of arguments for 'zrank' command
c> ZRANK r b WITHSCORE x
-ERR wrong number of arguments for 'zrank' command

# random members
c> ZRANDMEMBER none
nil
c> ZRANDMEMBER none 3
[]
c> ZRANDMEMBER r 0
[]
c> ZRANDMEMBER r
/[abc]/
c> ZRANDMEMBER r 10
unordered ["a", "b", "c"]
c> ZRANDMEMBER r 10 WITHSCORES
pairs ["a", "1", "b", "2", "c", "2"]
d> ZRANDMEMBER r 10 WITHSCORES
unordered [["a", ,1], ["b", ,2], ["c", ,2]]
c> ZRANDMEMBER r -2
[/[abc]/, /[abc]/]
c> ZRANDMEMBER r 2
[/[abc]/, /[abc]/]
c> ZRANDMEMBER r x
-ERR value is not an integer or out of range
c> ZRANDMEMBER r 1 x
-ERR syntax error
c> ZRANDMEMBER r 1 WITHSCORES x
-ERR syntax error
c> ZRANDMEMBER r 4611686018427387904 WITHSCORES
-ERR value is out of range
c> ZRANDMEMBER r -9223372036854775808
-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807

# scans
c> ZSCAN none 0
["0", []]
c> ZSCAN r 0
["0", ["a", "1", "b", "2", "c", "2"]]
c> ZSCAN r 0 MATCH [ab] COUNT 1
["0", ["a", "1", "b", "2"]]
c> ZSCAN r x
-ERR invalid cursor
c> ZSCAN r 0 COUNT 0
-ERR syntax error
c> ZSCAN r 0 FOO
-ERR syntax error
c> ZSCAN s 0 MATCH i
["0", ["i", "100000000000000000"]]
