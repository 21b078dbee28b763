# a blocked pop is answered by another connection's push
server a
client c a
client d a
client e a resp3
c>> BLPOP q 0
until 2s d> CLIENT LIST TYPE normal = /cmd=blpop/
d> RPUSH q v
1
c<
["q", "v"]
e> CLIENT ID
?id
d> CLIENT KILL ID $id
1
e closed
run redis-cli -p $a_port SET x y
| OK
