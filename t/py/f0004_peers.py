"""planned failovers with redis-server, both ways, under load

A shard whose two nodes are of both kinds: our replica takes over from a
redis-server by MFSTART and votes, and gives the role back when that one asks,
by a pause of its own.  No acknowledged write is lost either way.  In the long
form up to fifty of them.
"""

# limit 60s

import time

import clustering as cl
import node
import shard

nodes = cl.start(["redis"] + ["almandined"] * 5)
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, writers=2, probe_us=2000)
name, mixed = next((k, s) for k, s in load.shards.items()
                   if len({n.kind for n in s.nodes}) == 2)
load.go()
pair = list(mixed.nodes)
# Not twice to redis-server at once: for four node timeouts it takes the votes
# of its last election for those of the next, and is a primary that nobody
# elected.
REST = 4 * cl.TIMEOUT_MS / 1000 + 0.5
last = time.monotonic() - REST
for i in range(3 if node.lasting(1) == 1 else int(min(50, node.lasting(3)))):
    old, new = pair
    if new.kind == "redis":
        node.until(2 * REST, lambda: time.monotonic() > last + REST, "a rest")
        last = time.monotonic()
    load.mark()
    shard.take_over(new, seconds=8)
    node.until(8, lambda: cl.role(old) == "slave", "the old one follows")
    shard.settled(nodes)
    load.served(5)
    print("to %s: without a write: %d ms" % (
        new.kind, load.report()[name].gap_ms))
    pair.reverse()
load.end()
