# redis-cli: replies of all types, its own modes
needs redis-cli
server a
client c a
run redis-cli -p $a_port --no-raw SET k v
| OK
run redis-cli -p $a_port --no-raw GET k
| "v"
run redis-cli -p $a_port --no-raw RPUSH l a b c
| (integer) 3
run redis-cli -p $a_port --no-raw LRANGE l 0 -1
| 1) "a"
| 2) "b"
| 3) "c"
run redis-cli -p $a_port --no-raw LPUSH k x
| (error) WRONGTYPE Operation against a key holding the wrong kind of value
run redis-cli -p $a_port -3 --no-raw HSET h f v
| (integer) 1
run redis-cli -p $a_port -3 --no-raw HGETALL h
| 1# "f" => "v"
run redis-cli -p $a_port --no-raw GET none
| (nil)
run redis-cli -p $a_port -n 3 SET other db
| OK
run redis-cli -p $a_port -n 3 --scan
| other
run redis-cli -p $a_port -x SET k < /dev/null
| OK
run printf 'SET p1 1\r\nSET p2 2\r\n' | redis-cli -p $a_port --pipe
| All data transferred. Waiting for the last reply...
| Last reply received from server.
| errors: 0, replies: 2
run redis-cli -p $a_port --bigkeys | grep -c Biggest
| 6
run redis-cli -p $a_port --memkeys | grep -c Biggest
| 7
run redis-cli -p $a_port INFO | grep -c :
| /^[0-9]{2,}$/
run redis-cli -p $a_port --scan --pattern 'p*' | sort
| p1
| p2
run printf 'MULTI\nINCR n\nEXEC\n' | redis-cli -p $a_port
| OK
| QUEUED
| 1
