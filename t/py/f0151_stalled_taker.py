"""a worker of who takes over stands still: FORCE and TAKEOVER wait a second

All workers have to agree to the new role before any of them writes.  The one
that stands still is killed long before stall-timeout, and its successor knows
the new role.
"""

# limit 60s

import clustering as cl
import killing
import node
import shard

nodes = cl.start(["almandined"] * 6, ["--workers", "2",
                                      "--stall-timeout", "50000"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes)
load.go()
pair = load.shards["s0"].nodes
KILLED = "has stalled and is killed"


def parts():
    shard.settled(nodes)
    return sorted(pair, key=shard.role)


for how in ("FORCE", "TAKEOVER"):
    primary, replica = parts()
    at = killing.connect_to(replica, "worker 0")
    pid = replica.halt("worker 1")
    at.ok("CLUSTER", "FAILOVER", how)
    node.until(10, lambda: b"role:master" in at.ok("INFO", "replication")[1],
               how)
    assert replica.log_count(KILLED) == 1
    replica.respawned("worker 1", pid)
    load.served(10, names=["s0"])

parts()
load.stop()
cl.check(nodes[0])
