# unions, intersections and differences
server a
client c a
client d a resp3

c> SADD a 1 2 3 x y
5
c> SADD b 2 3 4 y z
5
c> SADD i 1 2 3
3
c> SADD j 3 2 9
3
c> SUNION a b
unordered ["3", "x", "y", "2", "1", "z", "4"]
d> SUNION a b
~["3", "x", "y", "2", "1", "z", "4"]
c> SUNION i j
unordered ["1", "2", "3", "9"]
c> SUNION a
unordered ["3", "1", "2", "x", "y"]
c> SUNION none
unordered []
d> SUNION none
~[]
c> SUNION none a none2
unordered ["3", "1", "2", "x", "y"]
c> SINTER a b
unordered ["3", "2", "y"]
d> SINTER a b
~["3", "2", "y"]
c> SINTER i j
unordered ["2", "3"]
c> SINTER i
unordered ["1", "2", "3"]
c> SINTER a b i
unordered ["2", "3"]
c> SINTER a none
unordered []
d> SINTER none
~[]
c> SINTER a a a
unordered ["3", "x", "y", "1", "2"]
c> SDIFF a b
unordered ["1", "x"]
d> SDIFF a b
~["1", "x"]
c> SDIFF i j
unordered ["1"]
c> SDIFF a none
unordered ["3", "1", "y", "x", "2"]
c> SDIFF none a
unordered []
d> SDIFF none a
~[]
c> SDIFF a a
unordered []
c> SDIFF a i j none a
unordered []
c> SDIFF a i j
unordered ["y", "x"]

c> SUNIONSTORE d a b
7
c> SMEMBERS d
unordered ["3", "x", "y", "1", "2", "z", "4"]
c> SUNIONSTORE d i j
4
c> SMEMBERS d
unordered ["1", "2", "3", "9"]
c> OBJECT ENCODING d
"intset"
c> SUNIONSTORE i i j
4
c> SMEMBERS i
unordered ["1", "2", "3", "9"]
c> SUNIONSTORE d none
0
c> EXISTS d
0
c> SUNIONSTORE d none
0
c> SINTERSTORE d a b
3
c> SMEMBERS d
unordered ["3", "2", "y"]
c> SINTERSTORE a a b
3
c> SMEMBERS a
unordered ["3", "2", "y"]
c> SINTERSTORE d a none
0
c> EXISTS d
0
c> SDIFFSTORE d b a
2
c> SMEMBERS d
unordered ["z", "4"]
c> SDIFFSTORE b b a
2
c> SMEMBERS b
unordered ["z", "4"]
c> SDIFFSTORE d b b
0
c> EXISTS d
0

# the destination may be anything, and loses its time to live
c> SET t text EX 1000
OK
c> SUNIONSTORE t a b
5
c> TYPE t
set
c> TTL t
-1
c> SET t text
OK
c> SINTERSTORE t none
0
c> EXISTS t
0
c> SET t text
OK
c> SDIFFSTORE t none
0
c> EXISTS t
0

# SINTERCARD
c> SADD a 1 2 3 x y
2
c> SADD b 2 3 4 y z
3
c> SINTERCARD 2 a b
3
c> SINTERCARD 1 a
5
c> SINTERCARD 2 a none
0
c> SINTERCARD 2 a b LIMIT 2
2
c> SINTERCARD 2 a b LIMIT 0
3
c> SINTERCARD 2 a b limit 100
3
c> SINTERCARD 2 a b LIMIT 1 LIMIT 2
2
c> SINTERCARD 2 a b LIMIT -1
-ERR LIMIT can't be negative
c> SINTERCARD 2 a b LIMIT x
-ERR LIMIT can't be negative
c> SINTERCARD 2 a b LIMIT
-ERR syntax error
c> SINTERCARD 2 a b NONSENSE 1
-ERR syntax error
c> SINTERCARD 0 a
-ERR numkeys should be greater than 0
c> SINTERCARD -1 a
-ERR numkeys should be greater than 0
c> SINTERCARD x a
-ERR numkeys should be greater than 0
c> SINTERCARD 3 a b
-ERR Number of keys can't be greater than number of args
c> SINTERCARD 1
-ERR wrong number of arguments for 'sintercard' command
c> SINTERCARD 1 a b
-ERR syntax error

# other types, in any place
c> SET t text
OK
c> SUNION a t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SUNION none t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SINTER none t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SINTER t none
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SDIFF none t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SDIFF t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SINTERCARD 2 none t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SUNIONSTORE d a t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SINTERSTORE d none t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SDIFFSTORE d none t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> EXISTS d
0
c> SUNION
-ERR wrong number of arguments for 'sunion' command
c> SUNIONSTORE d
-ERR wrong number of arguments for 'sunionstore' command
