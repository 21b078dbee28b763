"""a cluster of IPv6 addresses, ours and a redis-server: redis-cli makes it,
replicas of both products follow, keys move, a replica takes over
"""

# limit 60s

import clustering as cl
import node

try:
    nodes = cl.start(["almandined", "almandined", "redis", "redis",
                      "almandined", "almandined"], places=[node.HERE6] * 6)
except OSError as e:
    node.skip("no IPv6 here: %s" % e)
cl.create(nodes, replicas=1)
cl.agreed(nodes)
for n in nodes[3:]:
    cl.linked(n)
for words in cl.lines(nodes[0]).values():
    assert words[1].startswith("::1:"), words
keys = cl.Keys(nodes)
keys.put(90)
assert b" ::1:" in next(got[1] for got in (nodes[0].connect().call(
    "GET", k) for k in keys.value) if got[0] == "error")


def good():
    cl.agreed(nodes)
    for n in nodes[:3]:
        cl.check(n)
    keys.verify()


def followers(n):
    """Replicas of a node, as it says."""
    return [r for r in nodes if cl.lines(n)[cl.myid(r)][3] == cl.myid(n)]


good()
for source, target in ((0, 2), (2, 1), (1, 0)):
    cl.cluster("reshard", cl.address(nodes[source]), "--cluster-from",
               cl.myid(nodes[source]), "--cluster-to", cl.myid(nodes[target]),
               "--cluster-slots", 12)
    good()
a, b = nodes[:2]
b.connect().ok("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *[
    int(x) for x in cl.lines(b)[cl.myid(b)][8].split("-")[:1] * 2], "NODE",
    cl.myid(a))
node.until(20, lambda: b.connect().ok("CLUSTER", "GETSLOTMIGRATIONS")[1][0][1][
    17][1] == b"success", "whole slots")
good()

# By order, and by death; a replica comes back as what it was.
for n in (a, nodes[2]):
    heir = followers(n)[0]
    heir.connect().ok("CLUSTER", "FAILOVER")
    node.until(10, lambda: cl.role(heir) == "master", "a failover")
    cl.linked(n)
    good()
    heir.kill()
    rest = [x for x in nodes if x is not heir]
    node.until(20, lambda: cl.role(n) == "master", "a replacement")
    node.until(10, lambda: all(cl.info(x, "cluster_state") == "ok"
                               for x in rest), "all is well")
    heir.start()
    node.until(20, lambda: cl.role(heir) == "slave", "it is back")
    cl.linked(heir)
    good()
