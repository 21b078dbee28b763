"""a primary's processes are all killed, and its replica goes on by itself

Under writes on all shards: those of the shard go on long before the node
timeout, because the dead node's host refuses connections, and what it had
acknowledged before the replica could have it is all that may be missing.  It
comes back as the replica, and the other way round.  No two nodes ever write at
once, and the other shards notice nothing.
"""

# limit 60s

import clustering as cl
import node
import shard

# So long that nobody takes an election on evidence for one after silence.
cl.TIMEOUT_MS = 5000
AT_MOST_MS = cl.TIMEOUT_MS - 100
nodes = cl.start(["almandined"] * 6, ["--workers", "1"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, writers=2, probe_us=2000)
load.go()
first = load.shards["s0"]
for old, new in ((first.primary, first.replicas[0]),
                 (first.replicas[0], first.primary)):
    load.mark()
    before = load.report()["s0"].switches
    old.kill()
    load.served(cl.TIMEOUT_MS / 1000)
    seen = load.report()
    print("without a write: %d ms" % seen["s0"].gap_ms)
    assert seen["s0"].gap_ms < AT_MOST_MS * node.SLOW, seen
    assert cl.role(new) == "master"
    assert seen["s0"].switches <= before + 1, seen
    old.start()
    shard.settled(nodes)
load.hold()
report = load.report()
cl.check(nodes[0])
for name, counts in report.items():
    assert not counts.errors, (name, counts)
    assert counts.extra == 0, (name, counts)
    assert name == "s0" or counts.lost == counts.breaks == 0, (name, counts)
late = [k for k in load.wrong() if shard.slot_of(k[0][1:].partition("}")[0])
        not in first.slots]
assert not late, late
load.stop()
