"""a failover while a slot is on its way: the other end goes on with who took
over, stays up, and redis-cli --cluster fix finds every key
"""

# limit 90s

import clustering as cl
import node

nodes = cl.start(["almandined"] * 5)
a, b, d, heir_a, heir_b = nodes
cl.create(nodes[:3], replicas=0)
for heir, of in ((heir_a, a), (heir_b, b)):
    cl.cluster("add-node", cl.address(heir), cl.address(d), "--cluster-slave",
               "--cluster-master-id", cl.myid(of))
    cl.agreed(nodes[:nodes.index(heir) + 1])
    cl.linked(heir)
keys = cl.Keys(nodes)
keys.put(150)


def open_slot(source, target):
    """One of three keys, one of which has gone already."""
    c = source.connect()
    slots = slots_of(source)
    counts = c.pipeline([("CLUSTER", "COUNTKEYSINSLOT", s) for s in slots])
    slot = slots[counts.index(("int", 3))]
    target.connect().ok("CLUSTER", "SETSLOT", slot, "IMPORTING",
                        cl.myid(source))
    source.connect().ok("CLUSTER", "SETSLOT", slot, "MIGRATING",
                        cl.myid(target))
    key = c.ok("CLUSTER", "GETKEYSINSLOT", slot, 1)[1][0][1]
    assert c.ok("MIGRATE", target.ip, target.port, key, 0, 5000)[1] == b"OK"
    for n, count in ((source, 2), (target, 1)):
        for heir in nodes:
            if cl.lines(n)[cl.myid(heir)][3] == cl.myid(n):
                node.until(10, lambda: heir.connect().ok(
                    "CLUSTER", "COUNTKEYSINSLOT", slot)[1] == count,
                    "the replica's keys")
    return slot


def slots_of(n):
    words = cl.lines(n)[cl.myid(n)][8:]
    return [s for w in words if not w.startswith("[")
            for s in range(int(w.split("-")[0]), int(w.split("-")[-1]) + 1)]


def replaced(old, new):
    """The node dies, and its replica takes over; all others are well."""
    old.kill()
    node.until(20, lambda: cl.role(new) == "master", "a replacement")
    rest = [n for n in nodes if n is not old]
    node.until(10, lambda: all(cl.info(n, "cluster_state") == "ok" and
                               cl.info(n, "cluster_slots_ok") == "16384"
                               for n in rest), "all is well without it")


def moves(n):
    return [w for w in cl.lines(n)[cl.myid(n)][8:] if w.startswith("[")]


def mended(old):
    old.start()
    node.until(20, lambda: cl.role(old) == "slave", "it comes back")
    cl.linked(old)
    mend()


def owners(n):
    return {i: [w for w in words[8:] if not w.startswith("[")]
            for i, words in cl.lines(n).items()}


def mend():
    node.until(10, lambda: all(owners(n) == owners(d) for n in nodes),
               "the same view everywhere")
    cl.cluster("fix", cl.address(d))
    cl.agreed(nodes)
    cl.check(d)
    keys.verify()
    for n in nodes:
        assert not moves(n), n.name


# The giver dies: what it gave is there, what it had its replica has.
slot = open_slot(a, d)
replaced(a, heir_a)
node.until(10, lambda: moves(d) == ["[%d-<-%s]" % (slot, cl.myid(heir_a))],
           "who gives it now")
mended(a)

# The taker dies, and its replica has what came.
slot = open_slot(d, b)
replaced(b, heir_b)
node.until(10, lambda: moves(d) == ["[%d->-%s]" % (slot, cl.myid(heir_b))],
           "who takes it now")
mended(b)

# A planned failover is one as well.
slot = open_slot(d, heir_b)
b.connect().ok("CLUSTER", "FAILOVER")
node.until(10, lambda: moves(d) == ["[%d->-%s]" % (slot, cl.myid(b))],
           "who takes it now")
cl.linked(heir_b)
mend()
