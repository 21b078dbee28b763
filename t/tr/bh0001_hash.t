# hashes: every command, its errors, both protocols
server a
client c a
client d a resp3

c> HSET h a 1 b two c "three\x00\xff"
3
c> HSET h a 2 d 4
1
c> HSET h d 4 d 5 d 6
0
c> HGETALL h
pairs ["a", "2", "b", "two", "c", "three\x00\xff", "d", "6"]
d> HGETALL h
{"a": "2", "b": "two", "c": "three\x00\xff", "d": "6"}
c> HGET h a
"2"
c> HGET h c
"three\x00\xff"
c> HGET h none
nil
d> HGET h none
null
c> HGET none a
nil
c> HMGET h a none b b
["2", nil, "two", "two"]
d> HMGET none a b
[null, null]
c> HLEN h
4
c> HLEN none
0
c> HSTRLEN h c
7
c> HSTRLEN h none
0
c> HSTRLEN none a
0
c> HEXISTS h a
1
c> HEXISTS h none
0
c> HEXISTS none a
0
c> HKEYS h
unordered ["a", "b", "c", "d"]
d> HKEYS h
unordered ["a", "b", "c", "d"]
c> HVALS h
unordered ["2", "two", "three\x00\xff", "6"]
d> HVALS h
unordered ["2", "two", "three\x00\xff", "6"]
c> HKEYS none
unordered []
c> HVALS none
unordered []
c> HGETALL none
pairs []
d> HGETALL none
{}
c> TYPE h
hash
c> OBJECT ENCODING h
"listpack"

# empty fields and values, and numbers that are not integers for a listpack
c> HSET e "" ""
1
c> HGET e ""
""
c> HSET e 007 1 +7 2 -0 3 7 4 18446744073709551616 5
5
c> HGETALL e
pairs [
  "",
  "",
  "007",
  "1",
  "+7",
  "2",
  "-0",
  "3",
  "7",
  "4",
  "18446744073709551616",
  "5"
]
c> HGET e 07
nil
c> HINCRBY e 7 3
7
c> HGET e 7
"7"

# HSETNX
c> HSETNX h a 9
0
c> HSETNX h z 9
1
c> HSETNX nx a 1
1
c> HGETALL nx
pairs ["a", "1"]
c> HSETNX nx a
-ERR wrong number of arguments for 'hsetnx' command

# HMSET, and the count of arguments
c> HMSET m a 1 b 2
OK
c> HGETALL m
pairs ["a", "1", "b", "2"]
c> HMSET m a 1 b
-ERR wrong number of arguments for 'hmset' command
c> HSET m a 1 b
-ERR wrong number of arguments for 'hset' command
c> HSET m a
-ERR wrong number of arguments for 'hset' command
c> HMSET m
-ERR wrong number of arguments for 'hmset' command
c> hSeT m a 5
0

# HDEL
c> HDEL h none
0
c> HDEL h a b none a
2
c> HGETALL h
pairs ["c", "three\x00\xff", "d", "6", "z", "9"]
c> HDEL none a
0
c> HDEL h
-ERR wrong number of arguments for 'hdel' command
c> HDEL h c d z
3
c> EXISTS h
0

# HINCRBY
c> HINCRBY i n 5
5
c> HINCRBY i n -7
-2
c> HINCRBY i n x
-ERR value is not an integer or out of range
c> HINCRBY i n 1.5
-ERR value is not an integer or out of range
c> HINCRBY i n 9223372036854775807
9223372036854775805
c> HINCRBY i n 1
9223372036854775806
c> HINCRBY i n 9223372036854775807
-ERR increment or decrement would overflow
c> HSET i n 9223372036854775807 m -9223372036854775808 t text s " 1" f 1.5
4
c> HINCRBY i n 1
-ERR increment or decrement would overflow
c> HINCRBY i m -1
-ERR increment or decrement would overflow
c> HINCRBY i m 1
-9223372036854775807
c> HINCRBY i t 1
-ERR hash value is not an integer
c> HINCRBY i s 1
-ERR hash value is not an integer
c> HINCRBY i f 1
-ERR hash value is not an integer
c> HINCRBY i n 9223372036854775808
-ERR value is not an integer or out of range
c> HINCRBY i n
-ERR wrong number of arguments for 'hincrby' command
c> HGETALL i
pairs [
  "n",
  "9223372036854775807",
  "m",
  "-9223372036854775807",
  "t",
  "text",
  "s",
  " 1",
  "f",
  "1.5"
]

# HINCRBYFLOAT
c> HINCRBYFLOAT f n 10.50
"10.5"
c> HINCRBYFLOAT f n 0.1
"10.6"
c> HINCRBYFLOAT f n -5
"5.6"
c> HINCRBYFLOAT f e 5.0e3
"5000"
c> HINCRBYFLOAT f e 2.0e2
"5200"
c> HINCRBYFLOAT f n x
-ERR value is not a valid float
c> HINCRBYFLOAT f n nan
-ERR value is not a valid float
c> HINCRBYFLOAT f n inf
-ERR value is NaN or Infinity
c> HINCRBYFLOAT f n 1e5000
-ERR value is not a valid float
c> HINCRBYFLOAT f n " 1"
-ERR value is not a valid float
c> HINCRBYFLOAT f n ""
-ERR value is not a valid float
c> HINCRBYFLOAT f z 0
"0"
c> HINCRBYFLOAT f z -0.0
"0"
c> HSET f t text big 1e4932
2
c> HINCRBYFLOAT f t 1
-ERR hash value is not a float
c> HINCRBYFLOAT f big 1e4932
-ERR increment would produce NaN or Infinity
c> HINCRBYFLOAT f l 1e20
"100000000000000000000"
c> HINCRBYFLOAT f l 0.00000000001
"100000000000000000000"
d> HINCRBYFLOAT f q 0.25
"0.25"
c> HGET f q
"0.25"

# HRANDFIELD
c> HSET r a 1
1
c> HRANDFIELD r
"a"
c> HRANDFIELD none
nil
d> HRANDFIELD none
null
c> HRANDFIELD none 3
[]
c> HRANDFIELD none -3 WITHVALUES
[]
c> HRANDFIELD r 0
[]
c> HRANDFIELD r 5
["a"]
c> HRANDFIELD r 5 WITHVALUES
["a", "1"]
d> HRANDFIELD r 5 withvalues
[["a", "1"]]
d> HRANDFIELD r 1
["a"]
c> HRANDFIELD r -3
["a", "a", "a"]
c> HRANDFIELD r -3 WITHVALUES
["a", "1", "a", "1", "a", "1"]
d> HRANDFIELD r -3 WITHVALUES
[["a", "1"], ["a", "1"], ["a", "1"]]
c> HRANDFIELD r x
-ERR value is not an integer or out of range
c> HRANDFIELD r 1 WITHVALUE
-ERR syntax error
c> HRANDFIELD r 1 WITHVALUES 2
-ERR syntax error
c> HRANDFIELD r -9223372036854775808
-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
c> HRANDFIELD r 9223372036854775807
["a"]
c> HRANDFIELD r 9223372036854775807 WITHVALUES
-ERR value is out of range
c> HRANDFIELD r -4611686018427387905 WITHVALUES
-ERR value is out of range
c> HSET r b 2 c 3
2
c> HRANDFIELD r 3
["a", "b", "c"]

# HSCAN of a small hash
c> HSCAN r 0
["0", ["a", "1", "b", "2", "c", "3"]]
c> HSCAN r 0 COUNT 1
["0", ["a", "1", "b", "2", "c", "3"]]
c> HSCAN r 5 MATCH [ab]
["0", ["a", "1", "b", "2"]]
c> HSCAN r 0 MATCH x*
["0", []]
c> HSCAN r 0 MATCH * COUNT 100
["0", ["a", "1", "b", "2", "c", "3"]]
c> HSCAN none 0
["0", []]
c> HSCAN none 0 NONSENSE
["0", []]
c> HSCAN none x
-ERR invalid cursor
c> HSCAN r 0 NONSENSE
-ERR syntax error
c> HSCAN r 0 COUNT
-ERR syntax error
c> HSCAN r 0 COUNT 0
-ERR syntax error
c> HSCAN r 0 COUNT x
-ERR value is not an integer or out of range
c> HSCAN r 0 TYPE hash
-ERR syntax error
c> HSCAN r ""
["0", ["a", "1", "b", "2", "c", "3"]]
c> HSCAN r -1
["0", ["a", "1", "b", "2", "c", "3"]]
c> HSCAN r 1x
-ERR invalid cursor
c> HSCAN r 99999999999999999999999
-ERR invalid cursor

# other types
c> SET s text
OK
c> HSET s a 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HGET s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HMGET s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HDEL s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HLEN s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HSTRLEN s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HEXISTS s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HKEYS s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HVALS s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HGETALL s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HINCRBY s a 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HINCRBY s a x
-ERR value is not an integer or out of range
c> HINCRBYFLOAT s a 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HRANDFIELD s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HRANDFIELD s 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HSCAN s 0
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HSETNX s a 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HMSET s a 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> HGET s
-ERR wrong number of arguments for 'hget' command
