# LMOVE, RPOPLPUSH, LMPOP: from list to list, and from the first of several
server a
client c a
c> RPUSH l a b c
3
c> LMOVE l m LEFT RIGHT
"a"
c> LMOVE l m right left
"c"
c> LRANGE m 0 -1
["c", "a"]
c> LMOVE l l LEFT RIGHT
"b"
c> LRANGE l 0 -1
["b"]
c> RPUSH l c d
3
c> LMOVE l l LEFT RIGHT
"b"
c> LRANGE l 0 -1
["c", "d", "b"]
c> LMOVE l l RIGHT LEFT
"b"
c> LMOVE l l LEFT LEFT
"b"
c> LMOVE l l RIGHT RIGHT
"d"
c> LRANGE l 0 -1
["b", "c", "d"]
c> RPOPLPUSH l l
"d"
c> RPOPLPUSH l m
"c"
c> LRANGE l 0 -1
["d", "b"]
c> LRANGE m 0 -1
["c", "c", "a"]
c> LMOVE none m LEFT LEFT
nil
c> RPOPLPUSH none m
nil
c> LMOVE l m UP LEFT
-ERR syntax error
c> LMOVE none m LEFT DOWN
-ERR syntax error
c> LMOVE l m LEFT
-ERR wrong number of arguments for 'lmove' command
c> SET s x
OK
c> LMOVE l s LEFT LEFT
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LMOVE none s LEFT LEFT
nil
c> LMOVE s l LEFT LEFT
-WRONGTYPE Operation against a key holding the wrong kind of value
c> RPOPLPUSH s none
-WRONGTYPE Operation against a key holding the wrong kind of value
c> RPOPLPUSH l s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LRANGE l 0 -1
["d", "b"]
c> RPOPLPUSH l m
"b"
c> RPOPLPUSH l m
"d"
c> EXISTS l
0
c> LRANGE m 0 -1
["d", "b", "c", "c", "a"]
c> LMPOP 1 m LEFT
["m", ["d"]]
c> LMPOP 3 none l m RIGHT COUNT 2
["m", ["a", "c"]]
c> LMPOP 2 l m left count 100
["m", ["b", "c"]]
c> LMPOP 2 l m LEFT
nil-array
c> LMPOP 0 m LEFT
-ERR numkeys should be greater than 0
c> LMPOP x m LEFT
-ERR numkeys should be greater than 0
c> LMPOP -1 m LEFT
-ERR numkeys should be greater than 0
c> LMPOP 2 m LEFT
-ERR syntax error
c> LMPOP 100 m LEFT
-ERR syntax error
c> LMPOP 1 m UP
-ERR syntax error
c> LMPOP 1 m LEFT COUNT 0
-ERR count should be greater than 0
c> LMPOP 1 m LEFT COUNT x
-ERR count should be greater than 0
c> LMPOP 1 m LEFT COUNT
-ERR syntax error
c> LMPOP 1 m LEFT COUNT 1 COUNT 1
-ERR syntax error
c> LMPOP 1 m LEFT FOO 1
-ERR syntax error
c> LMPOP 2 none s LEFT
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LMPOP 1 m
-ERR wrong number of arguments for 'lmpop' command
c> RPUSH m 1 2
2
c> LMPOP 2 m s LEFT
["m", ["1"]]
c> LMPOP 2 s m LEFT
-WRONGTYPE Operation against a key holding the wrong kind of value
client e a resp3
e> LMOVE none m LEFT LEFT
null
e> LMPOP 1 none LEFT
null
e> LMPOP 1 m LEFT COUNT 5
["m", ["2"]]
