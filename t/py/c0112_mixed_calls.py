"""redis-cli --cluster on three nodes of ours and three redis-servers, the calls
that c0106 has not: create with replicas, info, add-node of both kinds and both
products, call, set-timeout, backup, import, reshard from all, del-node

After each the cluster is checked, all nodes agree, and every key is there.
"""

# limit 120s

import glob
import os

import clustering as cl
import node

KINDS = ["almandined", "redis"]
nodes = cl.start(KINDS * 4, with_file=True)
six, more = nodes[:6], nodes[6:]
a = nodes[0]
keys = cl.Keys(six)


def good(members):
    cl.agreed(members)
    for n in members[:2]:
        cl.check(n)
    keys.verify()


# Replicas of either product, as redis-cli gives them.
cl.create(six, replicas=1)
cl.agreed(six)
for n in six[3:]:
    cl.linked(n)
keys.put(120)
good(six)
pairs = {(KINDS[nodes.index(n) % 2], words[3]) for n in six
         for words in [cl.lines(a)[cl.myid(n)]] if words[3] != "-"}
assert len(pairs) == 3, pairs
for n in six[:2]:
    out = cl.cluster("info", cl.address(n))
    assert "[OK] 120 keys in 3 masters" in out, out
    assert out.count("1 slaves") == 3, out

# A node of each product, one as a primary and one as its replica, both ways.
for primary, replica in ((more[0], more[1]), (more[1], more[0])):
    cl.cluster("add-node", cl.address(primary), cl.address(six[1]))
    cl.agreed(six + [primary])
    cl.cluster("add-node", cl.address(replica), cl.address(a),
               "--cluster-slave", "--cluster-master-id", cl.myid(primary))
    cl.agreed(nodes)
    cl.linked(replica)
    cl.cluster("reshard", cl.address(six[1]), "--cluster-from", "all",
               "--cluster-to", cl.myid(primary), "--cluster-slots", 9,
               "--cluster-pipeline", 4)
    assert cl.slot_count(a, primary) >= 8
    good(nodes)
    # All slots back to where they may stay.
    cl.cluster("reshard", cl.address(a), "--cluster-from", cl.myid(primary),
               "--cluster-to", cl.myid(six[1]), "--cluster-slots",
               cl.slot_count(a, primary))
    cl.agreed(nodes)
    for n in (replica, primary):
        cl.cluster("del-node", cl.address(six[1]), cl.myid(n))
        cl.agreed([x for x in nodes if cl.myid(x) in cl.lines(a)])
        # Under its old id it would be kept out for a minute.
        n.connect().ok("CLUSTER", "RESET", "HARD")
    good(six)

# What is asked of all, by a node of each product.
for n in six[:2]:
    out = cl.cluster("call", cl.address(n), "ping")
    assert out.count("PONG") == 6, out
    out = cl.cluster("set-timeout", cl.address(n), 2500 + n.port % 2)
    assert "6 OK, 0 ERR" in out, out
    for other in six:
        assert other.connect().ok("CONFIG", "GET", "cluster-node-timeout")[1][
            1] == ("bulk", b"%d" % (2500 + n.port % 2))
    where_to = node.directory()
    out = cl.cluster("backup", cl.address(n), where_to)
    assert len(glob.glob(os.path.join(where_to, "*.rdb"))) == 3, out
    good(six)

# Keys of a server that stands alone come to nodes of both products.
for i, kind in enumerate(KINDS):
    alone = node.Node("alone-" + kind, kind=kind)
    c = alone.connect()
    for k in range(60):
        key = "%s%d" % (kind, k)
        c.ok("SET", key, k)
        keys.value[key] = k
    cl.cluster("import", cl.address(six[i]), "--cluster-from",
               cl.address(alone))
    assert c.ok("DBSIZE")[1] == 0
    good(six)
