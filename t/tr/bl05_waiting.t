# lists: what waits, and what does not
server a
client c a
client d a
# nothing to wait for
c> RPUSH l a b c d e f g
7
c> BLPOP l 0
["l", "a"]
c> BRPOP none l 0
["l", "g"]
c> BLMOVE l m LEFT RIGHT 0
"b"
c> BRPOPLPUSH l m 0
"f"
c> BLMPOP 0 2 none l LEFT COUNT 2
["l", ["c", "d"]]
c> BLMPOP 0 1 l RIGHT COUNT 10
["l", ["e"]]
c> LRANGE m 0 -1
["f", "b"]
# the time is up
c> BLPOP none 0.01
nil-array
c> BRPOP none none2 0.01
nil-array
c> BLMOVE none m LEFT RIGHT 0.01
nil-array
c> BRPOPLPUSH none m 0.01
nil-array
c> BLMPOP 0.01 2 none none2 LEFT
nil-array
# bad arguments
c> BLPOP none x
-ERR timeout is not a float or out of range
c> BLPOP none -1
-ERR timeout is negative
c> BLPOP l nan
-ERR timeout is not a float or out of range
c> BLPOP 0
-ERR wrong number of arguments for 'blpop' command
c> BLMOVE none m LEFT RIGHT x
-ERR timeout is not a float or out of range
c> BLMOVE none m UP RIGHT x
-ERR syntax error
c> BLMOVE none m LEFT RIGHT -0.5
-ERR timeout is negative
c> BRPOPLPUSH none m x
-ERR timeout is not a float or out of range
c> BLMPOP x 0 none LEFT
-ERR numkeys should be greater than 0
c> BLMPOP 0 0 none LEFT
-ERR numkeys should be greater than 0
c> BLMPOP 0 2 none LEFT
-ERR syntax error
c> BLMPOP 0 1 none LEFT COUNT 0
-ERR count should be greater than 0
c> BLMPOP 0 1 none LEFT COUNT
-ERR syntax error
c> SET s x
OK
c> BLPOP s 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BLPOP none s 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BLMOVE s m LEFT LEFT 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BLMOVE m s LEFT LEFT 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BRPOPLPUSH s m 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> BLMPOP 0 2 none s LEFT
-WRONGTYPE Operation against a key holding the wrong kind of value
# inside MULTI nothing waits
c> MULTI
OK
c> BLPOP none 0
QUEUED
c> BRPOP none 0
QUEUED
c> BLMOVE none m LEFT LEFT 0
QUEUED
c> BRPOPLPUSH none m 0
QUEUED
c> BLMPOP 0 1 none LEFT
QUEUED
c> BLPOP m 0
QUEUED
c> EXEC
[nil-array, nil-array, nil, nil, nil-array, ["m", "f"]]
# and outside it does
c>> BLPOP w1 w2 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> RPUSH w2 x y
2
c<
["w2", "x"]
c>> BRPOP w1 w2 w1 0
c<
["w2", "y"]
c>> BRPOP w1 w2 0
c silent 30ms
d> MULTI
OK
d> RPUSH w2 1 2
QUEUED
d> RPUSH w1 3 4
QUEUED
d> EXEC
[2, 2]
# who waited looks at its keys in order, as redis-server does from 7.2 on
c<
["w1", "4"]
oracle ["w2", "2"]
d> DEL w1 w2
2
d> RPUSH w1 3
1
d> RPUSH w2 1
1
d> DEL w1 w2
2
c>> BLMOVE w1 w2 RIGHT LEFT 0
c silent 30ms
d> LPUSH w1 1 2
2
c<
"1"
d> LRANGE w1 0 -1
["2"]
d> LRANGE w2 0 -1
["1"]
d> DEL w1 w2
2
c>> BLMPOP 0 2 w1 w2 LEFT COUNT 2
c silent 30ms
d> RPUSH w2 1 2 3
3
c<
["w2", ["1", "2"]]
d> LRANGE w2 0 -1
["3"]
client e a resp3
e> BLPOP none 0.01
null
e> BLMOVE none m LEFT LEFT 0.01
null
e> BLMPOP 0.01 1 none LEFT
null
e> MULTI
OK
e> BRPOPLPUSH none m 0
QUEUED
e> EXEC
[null]
