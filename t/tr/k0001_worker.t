# a worker dies: its clients are disconnected, the data stays, another comes
only almandined
server a --workers 2
client c a
c> MSET k1 v1 k2 v2
OK
c> RPUSH l a b c
3
kill worker 0 of a
respawned worker 0 of a
until 5s c> MGET k1 k2 = ["v1", "v2"]
kill worker 1 of a
respawned worker 1 of a
until 5s c> LRANGE l 0 -1 = ["a", "b", "c"]
until 5s c> SET after death = OK
