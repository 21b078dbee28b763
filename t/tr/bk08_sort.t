# SORT
server a
client c a
client d a resp3

c! RPUSH l 10 9 1 -5 2.5 1e1
c> SORT l
["-5", "1", "2.5", "9", "10", "1e1"]
c> SORT l DESC
["1e1", "10", "9", "2.5", "1", "-5"]
c> SORT l ALPHA
["-5", "1", "10", "1e1", "2.5", "9"]
c> SORT l ALPHA DESC
["9", "2.5", "1e1", "10", "1", "-5"]
c> SORT l LIMIT 1 2
["1", "2.5"]
c> SORT l LIMIT -5 2
["-5", "1"]
c> SORT l LIMIT 4 100
["10", "1e1"]
c> SORT l LIMIT 100 1
[]
c> SORT l LIMIT 0 0
[]
c> SORT l LIMIT 0 -1
["-5", "1", "2.5", "9", "10", "1e1"]
c> SORT l LIMIT 0 x
-ERR value is not an integer or out of range
c> SORT l LIMIT 0
-ERR syntax error
c> SORT none
[]
c> SORT l FOO
-ERR syntax error
c> SORT l BY nosort
["10", "9", "1", "-5", "2.5", "1e1"]
c> SORT l BY nosort DESC
["1e1", "2.5", "-5", "1", "9", "10"]
c> SORT l BY nosort LIMIT 1 2
["9", "1"]
c! RPUSH l x
c> SORT l
-ERR One or more scores can't be converted into double
c> SORT l ALPHA
["-5", "1", "10", "1e1", "2.5", "9", "x"]
c! HSET h f v
c! SET s v
c> SORT h
-WRONGTYPE Operation against a key holding the wrong kind of value
c> SORT s
-WRONGTYPE Operation against a key holding the wrong kind of value

c! SADD set 3 1 2
c> SORT set
["1", "2", "3"]
c> SORT set DESC
["3", "2", "1"]
c> SORT set BY nosort STORE d
3
c> LRANGE d 0 -1
["1", "2", "3"]
c! ZADD z 3 a 1 b 2 c
c> SORT z ALPHA
["a", "b", "c"]
c> SORT z BY nosort
["b", "c", "a"]
c> SORT z BY nosort DESC LIMIT 0 2
["a", "c"]
c> SORT z
-ERR One or more scores can't be converted into double

c! MSET w_1 30 w_2 20 w_3 10 o_1 one o_3 three
c! HSET h_1 w 5 n a
c! HSET h_2 w 6
c! HSET h_3 w 4 n c
c> SORT set BY w_*
["3", "2", "1"]
c> SORT set BY w_* GET o_*
["three", nil, "one"]
c> SORT set BY w_* GET # GET o_*
["3", "three", "2", nil, "1", "one"]
d> SORT set BY w_* GET o_*
["three", null, "one"]
c> SORT set BY h_*->w
["3", "1", "2"]
c> SORT set BY h_*->w GET h_*->n
["c", "a", nil]
c> SORT set GET w_*->f
[nil, nil, nil]
c> SORT set GET nothing
[nil, nil, nil]
c> SORT set GET #
["1", "2", "3"]
c> SORT set BY o_* ALPHA
["2", "1", "3"]
c> SORT set BY o_*
-ERR One or more scores can't be converted into double
c> SORT set BY w_* DESC GET # STORE d
3
c> LRANGE d 0 -1
["1", "2", "3"]
c> SORT set GET o_* STORE d
3
c> LRANGE d 0 -1
["one", "", "three"]
c> TYPE d
list
c> SORT d STORE d ALPHA
3
c> LRANGE d 0 -1
["", "one", "three"]
c> SORT none STORE d
0
c> EXISTS d
0
c> SORT set STORE
-ERR syntax error
c> SORT_RO set
["1", "2", "3"]
c> SORT_RO set DESC LIMIT 0 1
["3"]
c> SORT_RO set STORE d
-ERR syntax error
c> SORT_RO set BY w_* GET o_*
["three", nil, "one"]

c> MULTI
OK
c> SORT set BY w_*
QUEUED
c> SORT set STORE e
QUEUED
c> EXEC
[["3", "2", "1"], 3]
