# sorted sets: ranges by rank, score and member
server a
client c a
client d a resp3

c> ZADD z 1 a 2 b 3 c 4 d 5 e
5
c> ZRANGE z 0 -1
["a", "b", "c", "d", "e"]
c> ZRANGE z 1 2
["b", "c"]
c> ZRANGE z -2 -1 WITHSCORES
["d", "4", "e", "5"]
d> ZRANGE z -2 -1 WITHSCORES
[["d", ,4], ["e", ,5]]
c> ZRANGE z 3 1
[]
c> ZRANGE z 5 10
[]
c> ZRANGE z -100 100
["a", "b", "c", "d", "e"]
c> ZRANGE z 0 1 REV
["e", "d"]
c> ZRANGE none 0 -1
[]
c> ZREVRANGE z 0 1 WITHSCORES
["e", "5", "d", "4"]
d> ZREVRANGE z 0 1 WITHSCORES
[["e", ,5], ["d", ,4]]
c> ZREVRANGE z -1 -1
["a"]
c> ZRANGE z 2 4 BYSCORE
["b", "c", "d"]
c> ZRANGE z (2 (4 BYSCORE
["c"]
c> ZRANGE z 4 2 BYSCORE REV
["d", "c", "b"]
c> ZRANGE z -inf +inf BYSCORE LIMIT 1 2
["b", "c"]
c> ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2 WITHSCORES
["d", "4", "c", "3"]
d> ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2 WITHSCORES
[["d", ,4], ["c", ,3]]
c> ZRANGE z -inf +inf BYSCORE LIMIT 3 -1
["d", "e"]
c> ZRANGE z -inf +inf BYSCORE LIMIT -1 10
[]
c> ZRANGE z -inf +inf BYSCORE LIMIT 10 10
[]
c> ZRANGE z -inf +inf BYSCORE LIMIT 0 9223372036854775807
["a", "b", "c", "d", "e"]
c> ZRANGE z 2 1 BYSCORE
[]
c> ZRANGEBYSCORE z (1 3 WITHSCORES
["b", "2", "c", "3"]
c> ZRANGEBYSCORE z -inf inf LIMIT 0 2
["a", "b"]
c> ZREVRANGEBYSCORE z 3 (1 WITHSCORES LIMIT 0 1
["c", "3"]
c> ZRANGEBYSCORE z "" 2
["a", "b"]
c> ZRANGEBYSCORE z " 1" "(3"
["a", "b"]
c> ZRANGEBYSCORE z 0x1 "2\x00zz"
["a", "b"]
c> ZCOUNT z 2 4
3
c> ZCOUNT z (2 (4
1
c> ZCOUNT z -inf +inf
5
c> ZCOUNT none 0 1
0
c> ZCOUNT z 4 2
0

c> ZADD l 0 a 0 b 0 c 0 d 0 e 0 "" 0 "\xff"
7
c> ZRANGE l - + BYLEX
["", "a", "b", "c", "d", "e", "\xff"]
c> ZRANGE l [b (d BYLEX
["b", "c"]
c> ZRANGE l + - BYLEX REV LIMIT 1 3
["e", "d", "c"]
c> ZRANGE l + - BYLEX
[]
c> ZRANGEBYLEX l [b +
["b", "c", "d", "e", "\xff"]
c> ZRANGEBYLEX l - [c LIMIT 1 1
["a"]
c> ZRANGEBYLEX l ( (c
["a", "b"]
c> ZRANGEBYLEX l [ (c
["", "a", "b"]
c> ZREVRANGEBYLEX l (e [b
["d", "c", "b"]
c> ZREVRANGEBYLEX l + - LIMIT 0 2
["\xff", "e"]
c> ZLEXCOUNT l - +
7
c> ZLEXCOUNT l (a [c
2
c> ZLEXCOUNT none - +
0
c> ZLEXCOUNT l + +
0
c> ZLEXCOUNT l - -
0

# mistakes
c> SET str v
OK
c> ZRANGE str 0 -1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZCOUNT str 0 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZLEXCOUNT str - +
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZRANGE z 0 x
-ERR value is not an integer or out of range
c> ZRANGE z 0 1.5
-ERR value is not an integer or out of range
c> ZRANGE z 0 1 BYSCORE BYLEX
-ERR syntax error
c> ZRANGE z 0 1 BYSCORE BYSCORE
-ERR syntax error
c> ZRANGE z 0 1 REV REV
-ERR syntax error
c> ZRANGE z 0 1 LIMIT 0 1
-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
c> ZRANGE z 0 1 LIMIT 0 -1
["a", "b"]
c> ZRANGE z 0 1 BYSCORE LIMIT 0
-ERR syntax error
c> ZRANGE z 0 1 BYSCORE LIMIT x 1
-ERR value is not an integer or out of range
c> ZRANGE z - + BYLEX WITHSCORES
-ERR syntax error, WITHSCORES not supported in combination with BYLEX
c> ZRANGE z x 1 BYSCORE
-ERR min or max is not a float
c> ZRANGE z (nan 1 BYSCORE
-ERR min or max is not a float
c> ZRANGE z a b BYLEX
-ERR min or max not valid string range item
c> ZRANGE z [a 5 BYLEX
-ERR min or max not valid string range item
c> ZRANGE str x 1 BYSCORE
-ERR min or max is not a float
c> ZREVRANGE z 0 1 REV
-ERR syntax error
c> ZREVRANGE z 0 1 BYSCORE
-ERR syntax error
c> ZRANGEBYSCORE z 0 1 REV
-ERR syntax error
c> ZRANGEBYSCORE z x 1
-ERR min or max is not a float
c> ZRANGEBYSCORE none x 1
-ERR min or max is not a float
c> ZRANGEBYLEX z - + WITHSCORES
-ERR syntax error, WITHSCORES not supported in combination with BYLEX
c> ZRANGEBYLEX z a +
-ERR min or max not valid string range item
c> ZCOUNT z x 1
-ERR min or max is not a float
c> ZLEXCOUNT z x +
-ERR min or max not valid string range item

# stored ranges
c> ZRANGESTORE t z 1 3
3
c> ZRANGE t 0 -1 WITHSCORES
["b", "2", "c", "3", "d", "4"]
c> ZRANGESTORE t z (4 -inf BYSCORE REV LIMIT 0 2
2
c> ZRANGE t 0 -1 WITHSCORES
["b", "2", "c", "3"]
c> ZRANGESTORE t l [b + BYLEX
5
c> ZCARD t
5
c> ZRANGESTORE t t 0 1
2
c> ZRANGE t 0 -1
["b", "c"]
c> ZRANGESTORE str z 0 0
1
c> TYPE str
zset
c> ZRANGESTORE t none 0 -1
0
c> EXISTS t
0
c> ZRANGESTORE t z 0 -1 WITHSCORES
-ERR syntax error
c> SET str v
OK
c> ZRANGESTORE t str 0 -1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZRANGESTORE t z 0 -1 LIMIT 0 1
-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX

# deleted ranges
c> ZREMRANGEBYRANK z 1 2
2
c> ZREMRANGEBYRANK z 10 20
0
c> ZREMRANGEBYSCORE z (1 4
1
c> ZRANGE z 0 -1
["a", "e"]
c> ZREMRANGEBYSCORE z -inf +inf
2
c> EXISTS z
0
c> ZREMRANGEBYLEX l [b (d
2
c> ZRANGE l 0 -1
["", "a", "d", "e", "\xff"]
c> ZREMRANGEBYRANK l 0 -1
5
c> EXISTS l
0
c> ZREMRANGEBYRANK none 0 -1
0
c> ZREMRANGEBYRANK none x -1
-ERR value is not an integer or out of range
c> ZREMRANGEBYSCORE none x 1
-ERR min or max is not a float
c> ZREMRANGEBYLEX none x +
-ERR min or max not valid string range item
c> ZREMRANGEBYRANK str 0 -1
-WRONGTYPE Operation against a key holding the wrong kind of value
