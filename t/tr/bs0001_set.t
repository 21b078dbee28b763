# sets: every command on one set, its errors, both protocols
server a
client c a
client d a resp3

c> SADD s a b c
3
c> SADD s a b d d
1
c> SCARD s
4
c> SMEMBERS s
unordered ["a", "d", "b", "c"]
d> SMEMBERS s
~["a", "d", "b", "c"]
c> SADD s "" "\x00\xff\r\n"
2
c> SISMEMBER s ""
1
c> SISMEMBER s "\x00\xff\r\n"
1
c> SISMEMBER s none
0
c> SISMEMBER none a
0
d> SISMEMBER s a
1
c> SMISMEMBER s a none b
[1, 0, 1]
d> SMISMEMBER none a b
[0, 0]
c> SMEMBERS none
unordered []
d> SMEMBERS none
~[]
c> SCARD none
0
c> TYPE s
set

# integers
c> SADD i 3 1 2
3
c> OBJECT ENCODING i
"intset"
c> SMEMBERS i
unordered ["1", "2", "3"]
c> SADD i -70000 70000 9223372036854775807 -9223372036854775808
4
c> SMEMBERS i
unordered [
  "-9223372036854775808",
  "-70000",
  "1",
  "2",
  "3",
  "70000",
  "9223372036854775807"
]
c> OBJECT ENCODING i
"intset"
c> SISMEMBER i 1
1
c> SISMEMBER i 01
0
c> SISMEMBER i 4
0
c> SREM i 4 01
0
c> SREM i 1 -70000
2
c> SMEMBERS i
unordered ["-9223372036854775808", "2", "3", "70000", "9223372036854775807"]
c> SADD j 1 01 +1 "1 " -0 0
6
c> SCARD j
6
c> SISMEMBER j 1
1
c> SISMEMBER j 01
1
c> SISMEMBER j -0
1

# SREM
c> SREM s none
0
c> SREM s a none b a
2
c> SREM none a
0
c> SREM s c d "" "\x00\xff\r\n"
4
c> EXISTS s
0

# SMOVE
c> SADD m1 a b 1
3
c> SADD m2 1 2
2
c> SMOVE m1 m2 a
1
c> SMOVE m1 m2 none
0
c> SMOVE m1 m2 1
1
c> SMOVE m1 m3 b
1
c> EXISTS m1
0
c> SMOVE m1 m2 b
0
c> SMEMBERS m2
unordered ["a", "2", "1"]
c> SMOVE m2 m2 a
1
c> SMOVE m2 m2 none
0
c> SMEMBERS m2
unordered ["a", "2", "1"]

# SPOP
c> SADD p a
1
c> SPOP p
"a"
c> EXISTS p
0
c> SPOP p
nil
d> SPOP p
null
c> SPOP p 3
[]
d> SPOP p 3
~[]
c> SADD p a b c
3
c> SPOP p 0
[]
d> SPOP p 0
~[]
c> SPOP p 3
unordered ["a", "b", "c"]
c> EXISTS p
0
c> SADD p 1 2 3
3
d> SPOP p 100
~["1", "2", "3"]
c> EXISTS p
0
c> SADD p 1 2 3 4 5
5
c> SPOP p -1
-ERR value is out of range, must be positive
c> SPOP p x
-ERR value is out of range, must be positive
c> SPOP p 1.5
-ERR value is out of range, must be positive
c> SPOP p 9223372036854775808
-ERR value is out of range, must be positive
c> SPOP p 1 2
-ERR syntax error
c> SCARD p
5

# SRANDMEMBER
c> SADD r a
1
c> SRANDMEMBER r
"a"
c> SRANDMEMBER none
nil
d> SRANDMEMBER none
null
c> SRANDMEMBER none 3
[]
d> SRANDMEMBER none -3
[]
c> SRANDMEMBER r 0
[]
c> SRANDMEMBER r 5
["a"]
d> SRANDMEMBER r 5
["a"]
c> SRANDMEMBER r -3
["a", "a", "a"]
d> SRANDMEMBER r -3
["a", "a", "a"]
c> SRANDMEMBER r x
-ERR value is not an integer or out of range
c> SRANDMEMBER r 1 2
-ERR syntax error
c> SRANDMEMBER r -9223372036854775808
-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
c> SRANDMEMBER r 9223372036854775807
["a"]
c> SADD r b c
2

# SSCAN of a small set
c> SSCAN i 0
["0", ["-9223372036854775808", "2", "3", "70000", "9223372036854775807"]]
c> SSCAN i 0 COUNT 1
["0", ["-9223372036854775808", "2", "3", "70000", "9223372036854775807"]]
c> SSCAN i 7 MATCH *7
["0", ["9223372036854775807"]]
c> SSCAN i 0 MATCH x*
["0", []]
c> SSCAN none 0
["0", []]
c> SSCAN none 0 NONSENSE
["0", []]
c> SSCAN none x
-ERR invalid cursor
c> SSCAN r 0 NONSENSE
-ERR syntax error
c> SSCAN r 0 COUNT
-ERR syntax error
c> SSCAN r 0 COUNT 0
-ERR syntax error
c> SSCAN r 0 TYPE set
-ERR syntax error
c> SSCAN r 1x
-ERR invalid cursor

# other types
c> SET t text
OK
c> SADD t a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SREM t a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SCARD t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SISMEMBER t a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SMISMEMBER t a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SMEMBERS t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SMOVE t r a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SMOVE r t a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SMOVE r t none
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SMOVE none t a
0
c> SPOP t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SPOP t 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SPOP t x
-ERR value is out of range, must be positive
c> SRANDMEMBER t
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SRANDMEMBER t 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SSCAN t 0
-WRONGTYPE Operation against a key holding the wrong kind of value

# arity
c> SADD s
-ERR wrong number of arguments for 'sadd' command
c> SCARD
-ERR wrong number of arguments for 'scard' command
c> SREM s
-ERR wrong number of arguments for 'srem' command
c> SMOVE a b
-ERR wrong number of arguments for 'smove' command
c> SPOP
-ERR wrong number of arguments for 'spop' command
c> SMISMEMBER s
-ERR wrong number of arguments for 'smismember' command
