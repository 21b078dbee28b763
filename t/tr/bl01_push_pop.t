# lists: pushing, popping, ends, counts and wrong types
server a
client c a
c> RPUSH l a b c
3
c> LPUSH l z y
5
c> LRANGE l 0 -1
["y", "z", "a", "b", "c"]
c> RPUSHX l d e
7
c> LPUSHX l x
8
c> LLEN l
8
c> LPUSHX none x
0
c> RPUSHX none x
0
c> EXISTS none
0
c> LPOP l
"x"
c> RPOP l
"e"
c> LPOP l 2
["y", "z"]
c> RPOP l 2
["d", "c"]
c> LPOP l 0
[]
c> LRANGE l 0 -1
["a", "b"]
c> LPOP l 100
["a", "b"]
c> EXISTS l
0
c> LPOP l
nil
c> LPOP l 1
nil-array
c> LPOP l 0
nil-array
c> RPOP l abc
-ERR value is out of range, must be positive
c> RPOP l -1
-ERR value is out of range, must be positive
c> RPOP l 9223372036854775808
-ERR value is out of range, must be positive
c> LPOP l 1 2
-ERR wrong number of arguments for 'lpop' command
c> LPUSH l
-ERR wrong number of arguments for 'lpush' command
c> LPOP
-ERR wrong number of arguments for 'lpop' command
c> LLEN none
0
c> SET s x
OK
c> LPUSH s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> RPUSH s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LPUSHX s a
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LPOP s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LPOP s 1
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LPOP s abc
-ERR value is out of range, must be positive
c> LLEN s
-WRONGTYPE Operation against a key holding the wrong kind of value
c> TYPE l
none
# content of all kinds comes back as it was
c> RPUSH k 1 -1 127 128 4095 4096 -4096 -4097 32768 2147483648 9223372036854775807 9223372036854775808 01 +1 -0 "" " 1" "\x00\xff\r\n" 1.0
19
c> LRANGE k 0 -1
[
  "1",
  "-1",
  "127",
  "128",
  "4095",
  "4096",
  "-4096",
  "-4097",
  "32768",
  "2147483648",
  "9223372036854775807",
  "9223372036854775808",
  "01",
  "+1",
  "-0",
  "",
  " 1",
  "\x00\xff\r\n",
  "1.0"
]
c> RPUSH k <x*63> <x*64> <y*5000> <z*20000>
23
c> LINDEX k -4
"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
c> LINDEX k -3
"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
c> LPOS k <z*20000>
22
c> TYPE k
list
client e a resp3
e> LPOP none
null
e> LPOP none 1
null
e> RPOP none 2
null
e> RPUSH l a 1
2
e> LPOP l 5
["a", "1"]
