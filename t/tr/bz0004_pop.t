# sorted sets: popping, waiting for members
server a
client c a
client d a resp3
client e a
client f a resp3

c> ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
6
c> ZPOPMIN z
["a", "1"]
d> ZPOPMIN z
["b", ,2]
c> ZPOPMAX z 2
["f", "6", "e", "5"]
d> ZPOPMAX z 1
[["d", ,4]]
c> ZPOPMIN z 0
[]
d> ZPOPMIN z 0
[]
c> ZPOPMIN z 100
["c", "3"]
c> EXISTS z
0
c> ZPOPMIN z
[]
c> ZPOPMIN z 5
[]
d> ZPOPMAX z
[]
c> ZADD z 1 a 2 b 3 c 4 d
4
c> ZMPOP 2 none z MIN
["z", [["a", "1"]]]
d> ZMPOP 2 none z MAX COUNT 2
["z", [["d", ,4], ["c", ,3]]]
c> ZMPOP 1 none MIN
nil-array
d> ZMPOP 1 none MIN
null
c> ZMPOP 1 z MAX COUNT 10
["z", [["b", "2"]]]
c> ZADD z 1 a 2 b 3 c 4 d
4
c> BZPOPMIN none z 0
["z", "a", "1"]
d> BZPOPMAX z 0
["z", "d", ,4]
c> BZMPOP 0 2 none z MAX
["z", [["c", "3"]]]
d> BZMPOP 0 1 z MIN COUNT 3
["z", [["b", ,2]]]

# mistakes
c> SET str v
OK
c> ZPOPMIN str
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZPOPMIN z -1
-ERR value is out of range, must be positive
c> ZPOPMIN z x
-ERR value is out of range, must be positive
c> ZPOPMIN z 1 2
-ERR syntax error
c> ZMPOP 1 str MIN
-WRONGTYPE Operation against a key holding the wrong kind of value
c> ZMPOP 0 z MIN
-ERR numkeys should be greater than 0
c> ZMPOP x z MIN
-ERR numkeys should be greater than 0
c> ZMPOP 2 z MIN
-ERR syntax error
c> ZMPOP 1 z
-ERR wrong number of arguments for 'zmpop' command
c> ZMPOP 1 z MID
-ERR syntax error
c> ZMPOP 1 z MIN COUNT 0
-ERR count should be greater than 0
c> ZMPOP 1 z MIN COUNT x
-ERR count should be greater than 0
c> ZMPOP 1 z MIN COUNT
-ERR syntax error
c> ZMPOP 1 z MIN COUNT 1 COUNT 2
-ERR syntax error
c> ZMPOP 1 z MIN FOO 1
-ERR syntax error
c> BZPOPMIN z x
-ERR timeout is not a float or out of range
c> BZPOPMIN z -1
-ERR timeout is negative
c> BZPOPMIN z str 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BZMPOP x 1 z MIN
-ERR timeout is not a float or out of range
c> BZMPOP 0 0 z MIN
-ERR numkeys should be greater than 0

# nothing within the time
c> BZPOPMIN none 0.02
nil-array
d> BZPOPMAX none other 0.02
null
c> BZMPOP 0.02 2 none other MIN
nil-array
d> BZMPOP 0.02 1 none MIN
null

# nothing to wait for inside MULTI
c> MULTI
OK
c> BZPOPMIN none 0
QUEUED
c> BZMPOP 0 1 none MIN
QUEUED
c> EXEC
[nil-array, nil-array]

# served by another's write, in the order of waiting
e>> BZPOPMIN q 0
until 2s c> CLIENT LIST TYPE normal = /cmd=bzpopmin/
f>> BZMPOP 0 2 p q MAX COUNT 5
until 2s c> CLIENT LIST TYPE normal = /cmd=bzmpop/
c> ZADD q 1 a 2 b 3 c
3
e<
["q", "a", "1"]
f<
["q", [["c", ,3], ["b", ,2]]]
c> EXISTS q
0

# a key of another type wakes nobody; one that is stored or renamed does
e>> BZPOPMAX q 0
until 2s c> CLIENT LIST TYPE normal = /cmd=bzpopmax/
c> SET q v
OK
c> DEL q
1
c> ZADD p 7 m
1
c> ZUNIONSTORE q 1 p
1
e<
["q", "m", "7"]
e>> BZPOPMAX q 0
until 2s c> CLIENT LIST TYPE normal = /cmd=bzpopmax/
c> RENAME p q
OK
e<
["q", "m", "7"]

# what a transaction leaves counts
e>> BZPOPMIN q 0
until 2s c> CLIENT LIST TYPE normal = /cmd=bzpopmin/
c> MULTI
OK
c> ZADD q 1 a
QUEUED
c> DEL q
QUEUED
c> ZADD q 2 b
QUEUED
c> EXEC
[1, 1, 1]
e<
["q", "b", "2"]

# a bad timeout is told last
c> BZMPOP x 0 q MIN
-ERR numkeys should be greater than 0
c> BZMPOP x 1 q OR
-ERR syntax error
c> BZMPOP x 1 q MIN
-ERR timeout is not a float or out of range
