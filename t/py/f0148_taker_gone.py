"""who takes over is killed after its primary gave the role away

The primary has all that the replica had, and its word is durable: it asks the
others to go on as soon as the replica's host refuses connections, without
waiting for the end of the lease that went along.  The replica is killed when it
has the word, when that is durable, and when its workers turn; and sometimes it
is started again at once, without data, by a file that says it took over.
"""

# limit 60s

import clustering as cl
import node
import shard

POINTS = ("taking-decided", "taking-kept", "taking-done", "turning-decided",
          "turning-kept")

nodes = cl.start(["almandined"] * 6)
if not node.has_faults(nodes[0].connect()):
    node.skip("needs --enable-faults")
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, probe_us=500)
load.go()
pair = load.shards["s0"].nodes


def kill_at(point, is_started):
    """Kills the replica there; how long nobody could write, in ms."""
    primary, replica = sorted(pair, key=shard.role)
    name = "failover-" + point
    replica.connect().ok("DEBUG", "FAULT", name, "hold", 600000, "once")
    stood = primary.log_count("we ask for votes to replace it")
    load.mark()
    assert shard.refusal(replica) is None
    node.until(5, lambda: replica.log_has("fault %s: holds" % name))
    replica.kill()
    if is_started:
        replica.start(waits=False)
    load.served(20, names=["s0"])
    gap = load.report()["s0"].gap_ms
    assert is_started or \
        primary.log_count("we ask for votes to replace it") > stood
    if not is_started:
        replica.start()
    shard.settled(nodes)
    return gap


for i, point in enumerate(POINTS):
    gap = kill_at(point, False)
    assert gap < 1000 * node.SLOW, (point, gap)
    kill_at(point, True)
load.end()
cl.check(nodes[0])
