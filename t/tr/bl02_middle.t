# lists: reading and changing by index and by element
server a
client c a
c> RPUSH l a b c a b c a
7
c> LINDEX l 0
"a"
c> LINDEX l -1
"a"
c> LINDEX l 7
nil
c> LINDEX l -8
nil
c> LINDEX l x
-ERR value is not an integer or out of range
c> LINDEX none x
nil
c> LSET l 1 B
OK
c> LSET l -1 A
OK
c> LSET l 7 x
-ERR index out of range
c> LSET l -8 x
-ERR index out of range
c> LSET l x x
-ERR value is not an integer or out of range
c> LSET none 0 x
-ERR no such key
c> LSET none x x
-ERR no such key
c> LRANGE l 0 -1
["a", "B", "c", "a", "b", "c", "A"]
c> LRANGE l 2 3
["c", "a"]
c> LRANGE l -3 -2
["b", "c"]
c> LRANGE l -100 100
["a", "B", "c", "a", "b", "c", "A"]
c> LRANGE l 5 2
[]
c> LRANGE l 7 9
[]
c> LRANGE none 0 -1
[]
c> LRANGE l x 1
-ERR value is not an integer or out of range
c> LRANGE l 0 x
-ERR value is not an integer or out of range
c> LRANGE none x x
-ERR value is not an integer or out of range
c> LINSERT l BEFORE c X
8
c> LINSERT l after c Y
9
c> LINSERT l AFTER A Z
10
c> LINSERT l BEFORE nothing Z
-1
c> LINSERT none BEFORE a b
0
c> LINSERT l BESIDE a b
-ERR syntax error
c> LINSERT none BESIDE a b
-ERR syntax error
c> LRANGE l 0 -1
["a", "B", "X", "c", "Y", "a", "b", "c", "A", "Z"]
c> LREM l 1 c
1
c> LREM l 0 a
2
c> LREM l 0 nothing
0
c> LREM none 1 a
0
c> LREM l x a
-ERR value is not an integer or out of range
c> LREM none x a
-ERR value is not an integer or out of range
c> LRANGE l 0 -1
["B", "X", "Y", "b", "c", "A", "Z"]
c> DEL l
1
c> RPUSH l 1 2 1 2 1 2 1 2
8
c> LREM l -2 1
2
c> LRANGE l 0 -1
["1", "2", "1", "2", "2", "2"]
c> LREM l 2 2
2
c> LRANGE l 0 -1
["1", "1", "2", "2"]
c> LREM l 0 2
2
c> LREM l 0 1
2
c> EXISTS l
0
c> RPUSH l a b c d e f
6
c> LTRIM l 1 -2
OK
c> LRANGE l 0 -1
["b", "c", "d", "e"]
c> LTRIM l -3 10
OK
c> LRANGE l 0 -1
["c", "d", "e"]
c> LTRIM l 0 -1
OK
c> LTRIM l x 1
-ERR value is not an integer or out of range
c> LTRIM none x 1
-ERR value is not an integer or out of range
c> LTRIM none 0 1
OK
c> LTRIM l 2 1
OK
c> EXISTS l
0
c> SET s x
OK
c> LINDEX s 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LSET s 0 x
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LRANGE s 0 -1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LINSERT s BEFORE a b
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LREM s 0 a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LTRIM s 0 1
-WRONGTYPE Operation against a key holding the wrong kind of value
# a list keeps its time to live through all of this
c> RPUSH t a b c d
4
c> EXPIRE t 1000
1
c> LPUSH t <x*100> <y*9000>
6
c> LSET t 0 q
OK
c> LTRIM t 0 3
OK
c> LMOVE t t LEFT RIGHT
"q"
c> TTL t
1..1000
