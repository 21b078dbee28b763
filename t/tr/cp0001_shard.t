# shard channels in a cluster: they go where their slots go
only almandined
server a --workers 2 --cluster-enabled yes --cluster-node-timeout 5000
client c a
client s a
client t a resp3
c> SSUBSCRIBE x
-CLUSTERDOWN Hash slot not served
c> CLUSTER ADDSLOTSRANGE 0 16383
OK
until 5s c> SPUBLISH x 1 = 0
# x is in slot 16287, y in 12222
s> SSUBSCRIBE x
["ssubscribe", "x", 1]
s> SSUBSCRIBE x y
-CROSSSLOT Keys in request don't hash to the same slot
s> SSUBSCRIBE y
["ssubscribe", "y", 2]
s> SSUBSCRIBE {x}2
["ssubscribe", "{x}2", 3]
t> SSUBSCRIBE x
>["ssubscribe", "x", 1]
t> SUBSCRIBE x y
>["subscribe", "x", 1]
t< >["subscribe", "y", 2]
c> SPUBLISH x hello
2
s< ["smessage", "x", "hello"]
t< >["smessage", "x", "hello"]
# ordinary channels have no slot
c> PUBLISH x hello
1
t< >["message", "x", "hello"]
c> CLUSTER DELSLOTS 16287
OK
s< ["sunsubscribe", /x|.x.2/, 2]
s< ["sunsubscribe", /x|.x.2/, 1]
t< >["sunsubscribe", "x", 0]
c> PUBSUB SHARDCHANNELS
["y"]
c> PUBSUB CHANNELS
unordered ["x", "y"]
s> PING
["pong", ""]
c> CLUSTER DELSLOTS 12222
OK
s< ["sunsubscribe", "y", 0]
s> GET nothing{16}
-/.*/
