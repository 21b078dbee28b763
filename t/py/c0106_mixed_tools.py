"""redis-cli --cluster on three nodes of ours and three redis-servers, in both
roles, replicas of the other product: slots go both ways under load, every key
is verified, at replicas too"""

# limit 120s

import clustering as cl
import node

nodes = cl.start(["almandined", "redis", "almandined",
                  "redis", "almandined", "redis"])
a, b, d = nodes[:3]
cl.create(nodes[:3], replicas=0)
cl.agreed(nodes[:3])
keys = cl.Keys(nodes)
for replica, primary in zip(nodes[3:], nodes[:3]):
    cl.cluster("add-node", cl.address(replica), cl.address(a),
               "--cluster-slave", "--cluster-master-id", cl.myid(primary))
    cl.agreed(nodes[:nodes.index(replica) + 1])
    cl.linked(replica)
    assert cl.role(replica) == "slave"
keys.put(400)
where = {}
for key in keys.value:
    where.setdefault(a.connect().ok("CLUSTER", "KEYSLOT", key)[1], []).append(
        key)


def good():
    cl.agreed(nodes)
    for n in nodes[:4]:
        cl.check(n)
    keys.verify()
    verify_replicas()


def verify_replicas():
    """Each replica has what its primary has."""
    for replica, primary in zip(nodes[3:], nodes[:3]):
        c = replica.connect()
        count = primary.connect().ok("DBSIZE")[1]
        node.until(20, lambda: c.ok("DBSIZE")[1] == count,
                   "the keys of " + replica.name)


def reshard(source, target, count):
    cl.cluster("reshard", cl.address(nodes[3]), "--cluster-from",
               cl.myid(source), "--cluster-to", cl.myid(target),
               "--cluster-slots", count, "--cluster-pipeline", 3)


good()
# Clients count keys up in slots which are first to go.
first = [min(s for s in where if lo <= s <= hi)
         for lo, hi in ((0, 5460), (5461, 10922), (10923, 16383))]
loads = [cl.Load(nodes, [where[s][0] + str(i) for s in first for i in range(3)
                         if keys.value.get(where[s][0]) is not None])
         for i in range(1)]
for source, target in ((a, b), (b, d), (b, a), (d, a), (a, d), (d, b)):
    reshard(source, target, 12)
for load in loads:
    assert load.why is None, load.why
for load in loads:
    load.stop()
print("%d writes, redirected %r" % (loads[0].done, loads[0].client.sent))
assert loads[0].done > 100
good()
cl.cluster("rebalance", cl.address(b), "--cluster-threshold", "0.1")
good()

# A slot left open between the two products is mended.
slot, own = next((s, k) for s, k in where.items() if len(k) == 3)
for source, target in ((a, b), (b, a)):
    holder = next(n for n in nodes[:3] if n.connect().ok(
        "CLUSTER", "COUNTKEYSINSLOT", slot)[1] >= 3)
    to = target if holder is source else source
    to.connect().ok("CLUSTER", "SETSLOT", slot, "IMPORTING", cl.myid(holder))
    holder.connect().ok("CLUSTER", "SETSLOT", slot, "MIGRATING", cl.myid(to))
    holder.connect().ok("MIGRATE", to.ip, to.port, own[0], 0, 5000)
    cl.cluster("fix", cl.address(nodes[5]))
    good()

# Who goes, goes everywhere.
gone = nodes.pop()
cl.cluster("del-node", cl.address(b), cl.myid(gone))
cl.agreed(nodes)
cl.check(a)
