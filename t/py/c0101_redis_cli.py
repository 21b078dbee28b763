"""redis-cli --cluster, every call of it, against nodes of ours

After each the cluster is checked, all nodes agree, and every key is there.
"""

# limit 120s

import glob
import json
import os
import re

import clustering as cl
import node

KEYS = 200
nodes = cl.start(["almandined"] * 8, with_file=True)
first = nodes[0]
keys = cl.Keys(nodes)
cluster = cl.cluster
slot_count = cl.slot_count


def good(members=nodes):
    cl.agreed(members)
    cl.check(members[-1])
    keys.verify()


# create, check, info
cl.create(nodes[:6], replicas=1)
cl.agreed(nodes[:6])
keys.put(KEYS)
good(nodes[:6])
out = cluster("info", cl.address(first))
assert "[OK] %d keys in 3 primaries" % KEYS in out.replace("masters",
                                                           "primaries"), out
assert out.count("1 slaves") == 3, out

# add-node: a primary, then a replica of it, then a replica of whoever needs it
cluster("add-node", cl.address(nodes[6]), cl.address(first))
cl.agreed(nodes[:7])
assert slot_count(nodes[6]) == 0 and cl.role(nodes[6]) == "master"
cluster("add-node", cl.address(nodes[7]), cl.address(nodes[1]),
        "--cluster-slave", "--cluster-master-id", cl.myid(nodes[6]))
node.until(20, lambda: cl.role(nodes[7]) == "slave", "it follows")
good()
assert cl.lines(first)[cl.myid(nodes[7])][3] == cl.myid(nodes[6])

# rebalance: nothing for an empty primary unless it is asked for
cluster("rebalance", cl.address(first))
assert slot_count(nodes[6]) == 0
# Few slots, since redis-cli moves them one by one.
weights = ["--cluster-weight"] + ["%s=1" % cl.myid(n) for n in nodes[:3]]
cluster("rebalance", cl.address(first), "--cluster-use-empty-masters",
        "--cluster-simulate")
cluster("rebalance", cl.address(first), "--cluster-use-empty-masters",
        "--cluster-pipeline", 7, "--cluster-threshold", 0.1,
        *weights, "%s=0.01" % cl.myid(nodes[6]))
assert 50 < slot_count(nodes[6]) < 60, slot_count(nodes[6])
good()
# Who is emptied follows who took its last slot when it hears that before the
# order that gives the slot away.
nodes[6].connect().ok("CONFIG", "SET", "cluster-allow-replica-migration", "no")
cluster("rebalance", cl.address(first), "--cluster-threshold", 0.1,
        *weights, "%s=0" % cl.myid(nodes[6]))
assert slot_count(nodes[6]) == 0
good()

# reshard: from one to one, and from all
before = [slot_count(n) for n in nodes]
cluster("reshard", cl.address(nodes[4]), "--cluster-from", cl.myid(first),
        "--cluster-to", cl.myid(nodes[1]), "--cluster-slots", 10,
        "--cluster-timeout", 5000)
assert slot_count(nodes[1]) == before[1] + 10
good()
cluster("reshard", cl.address(first), "--cluster-from", "all",
        "--cluster-to", cl.myid(nodes[2]), "--cluster-slots", 10,
        "--cluster-replace")
assert slot_count(nodes[2]) >= before[2] + 8
good()

# call, set-timeout, backup
out = cluster("call", cl.address(first), "dbsize")
assert len(re.findall(r"^127.0.0.1:\d+: \(integer\) \d+|^127.0.0.1:\d+: \d+",
                      out, re.M)) == 8, out
out = cluster("call", cl.address(first), "ping", "--cluster-only-masters")
assert out.count("PONG") == 4, out
out = cluster("set-timeout", cl.address(first), 2500)
assert "8 OK, 0 ERR" in out, out
for n in nodes:
    assert n.connect().ok("CONFIG", "GET", "cluster-node-timeout")[1][1] == \
        ("bulk", b"2500")
where_to = node.directory()
out = cluster("backup", cl.address(first), where_to)
files = glob.glob(os.path.join(where_to, "*.rdb"))
assert len(files) == 4 and "Backup created into" in out, (files, out)
with open(os.path.join(where_to, "nodes.json")) as f:
    told = json.load(f)
assert sum(x["slots_count"] for x in told if "slots_count" in x) == 16384, told

# del-node: an owner of slots is refused, an empty primary and replicas go
done = cl.run_cli("--cluster", "del-node", cl.address(first), cl.myid(first))
assert "is not empty" in done.stdout, done.stdout
cluster("del-node", cl.address(first), cl.myid(nodes[7]))
cluster("del-node", cl.address(first), cl.myid(nodes[6]))
good(nodes[:6])
for n in nodes[6:]:
    assert len(cl.lines(n)) == 1 and cl.role(n) == "master"
