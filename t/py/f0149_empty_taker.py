"""who took over is killed and comes back empty: its old primary keeps the data

The replica had nothing when it took the recovery lock, got its first data from
then on, and is killed when its new role is durable and nothing else is.  It
starts at once, by a file that says it is the primary; and knows that it had
data.
"""

# limit 60s

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 6)
if not node.has_faults(nodes[0].connect()):
    node.skip("needs --enable-faults")
cl.create(nodes, replicas=1)
shard.settled(nodes)
s = shard.shards(nodes)[0]
primary, replica = s.nodes
key = "{%s}" % s.tags(1)[0]
LOCKED, TURNS = "failover-locking-done", "failover-turning-decided"

at = replica.connect()
at.ok("DEBUG", "FAULT", LOCKED, "hold", 600000, "once")
order = replica.connect()
order.send("CLUSTER", "FAILOVER", "TIMEOUT", int(10000 * node.SLOW))
node.until(5, lambda: replica.log_has("fault %s: holds" % LOCKED))
assert at.ok("DBSIZE") == ("int", 0)
primary.connect().ok("SET", key, "kept")
node.until(5, lambda: at.ok("DBSIZE") == ("int", 1), "its data")
at.ok("DEBUG", "FAULT", TURNS, "hold", 600000, "once")
at.ok("DEBUG", "FAULT", LOCKED, "off")
node.until(10, lambda: replica.log_has("fault %s: holds" % TURNS))
replica.kill()
replica.start()
shard.settled(nodes)
node.until(20, lambda: shard.role(primary) == "master", "who has the data")
shard.settled(nodes)
assert primary.connect().ok("GET", key) == ("bulk", b"kept")
cl.check(nodes[0])
