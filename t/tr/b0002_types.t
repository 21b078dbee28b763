# the forms of replies in RESP2 and RESP3
server a
client c a
client d a resp3

c> HSET h f 1
1
c> HGETALL h
["f", "1"]
d> HGETALL h
{"f": "1"}
c> GET missing
nil
d> GET missing
null
c> BLPOP missing 0.01
nil-array
d> BLPOP missing 0.01
null
d> ZADD z 1.5 m
1
d> ZSCORE z m
,1.5
c> ZSCORE z m
"1.5"
d> SADD s a b
2
d> SMEMBERS s
~["a", "b"]
c> SMEMBERS s
unordered ["a", "b"]
c> LPUSH h x
-WRONGTYPE Operation against a key holding the wrong kind of value

# bytes as they are
c raw "PING\r\n"
c gets "+PONG\r\n"
c raw "*1\r\n$4\r\nPI"
c raw "NG\r\n"
c gets "+PONG\r\n"
c silent
c raw "*1\r\n%4\r\n"
c gets "-ERR Protocol error: expected '$', got '%'\r\n"
c closed
