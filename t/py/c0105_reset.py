"""CLUSTER RESET of replicas and primaries, LINKS, BANLIST, SETSLOTSRANGE; and
what a node does with keys whose slots its nodes.conf gives to others"""

# limit 90s

import os
import shutil

import clustering as cl
import node

nodes = cl.start(["almandined"] * 4, ["--appendonly", "yes"])
a, b, d, r = nodes
cl.create([a, b, d], replicas=0)
cl.cluster("add-node", cl.address(r), cl.address(a), "--cluster-slave",
           "--cluster-master-id", cl.myid(a))
cl.agreed(nodes)
cl.linked(r)
keys = cl.Keys(nodes)
keys.put(60)


# Each pair of nodes has two connections, and both of them know.
def links(n):
    out = set()
    for x in n.connect().ok("CLUSTER", "LINKS")[1]:
        words = [w[1] for w in x[1]]
        at = dict(zip(words[::2], words[1::2]))
        assert at[b"create-time"] > 1600000000000, at
        out.add((at[b"direction"].decode(), at[b"node"].decode()))
    return out


def is_linked(n):
    return links(n) == {(way, cl.myid(o)) for o in nodes if o is not n
                        for way in ("to", "from")}


for n in nodes:
    node.until(10, lambda: is_linked(n), "all links of " + n.name)

# a replica: an empty primary again, and so after a restart
count = a.connect().ok("DBSIZE")[1]
node.until(10, lambda: r.connect().ok("DBSIZE")[1] == count, "its data")
assert count > 5
before = cl.myid(r)
assert r.connect().ok("CLUSTER", "RESET", "SOFT") == ("simple", b"OK")
assert r.connect().ok("DBSIZE") == ("int", 0)
assert cl.role(r) == "master" and cl.myid(r) == before
assert len(cl.lines(r)) == 1
r.stop()
r.start()
assert r.connect().ok("DBSIZE") == ("int", 0)
assert cl.role(r) == "master"
got = a.connect().call("CLUSTER", "RESET")
assert got == ("error", b"ERR CLUSTER RESET can't be called with master nodes "
               b"containing keys"), got
# It is taken in again, follows, and is reset hard.
assert b"BANLIST" not in a.connect().ok("CLUSTER", "NODES")[1]
r.connect().ok("CLUSTER", "MEET", a.ip, a.port, a.bus)
node.until(20, lambda: r.connect().call("CLUSTER", "REPLICATE", cl.myid(a))[1]
           == b"OK", "it follows again")
cl.linked(r)
cl.agreed(nodes)
assert r.connect().ok("DBSIZE")[1] == count
r.connect().ok("CLUSTER", "RESET", "HARD")
assert cl.myid(r) != before and r.connect().ok("DBSIZE")[1] == 0
assert cl.info(r, "cluster_current_epoch") == "0"

# who was forgotten is banned, here and elsewhere
a.connect().ok("CLUSTER", "FORGET", before)
for n in (a, b, d):
    node.until(10, lambda: any(
        x[1].startswith(before.encode() + b" : ") for x in
        n.connect().ok("CLUSTER", "BANLIST")[1]), "a ban")
    assert n.connect().ok("CLUSTER", "FORGET", before)[1] == b"OK"
    ban = n.connect().ok("CLUSTER", "BANLIST")[1][0][1].split(b" : ")
    assert 50 <= int(ban[1]) <= 60, ban

# many slots at once
c, e = a.connect(), b.connect()
e.ok("CLUSTER", "SETSLOTSRANGE", "IMPORTING", cl.myid(a), 10, 19, 30, 31)
c.ok("CLUSTER", "SETSLOTSRANGE", "MIGRATING", cl.myid(b), 10, 19)
assert sum(w.startswith("[") for w in cl.lines(b)[cl.myid(b)][8:]) == 12
e.ok("CLUSTER", "SETSLOTSRANGE", "STABLE", 0, 16383)
c.ok("CLUSTER", "SETSLOTSRANGE", "STABLE", 10, 12, 13, 19)
cl.agreed([a, b, d])
for words, why in (
        (("IMPORTING", cl.myid(b), 5, 4), b"Invalid or out of range slot"),
        (("IMPORTING", cl.myid(b), 5), b"syntax error"),
        (("IMPORTING", cl.myid(b), 5, 6, 7), b"syntax error"),
        (("STABLE", 5, 16384), b"Invalid or out of range slot"),
        (("NOWHERE", cl.myid(b), 5, 6), b"Invalid slot state"),
        (("MIGRATING", "0" * 40, 5, 6), b"I don't know about node"),
        (("IMPORTING", cl.myid(b), 5, 6), b"already the owner")):
    got = c.call("CLUSTER", "SETSLOTSRANGE", *words)
    assert got[0] == "error" and why in got[1], (words, got)

# A stale nodes.conf beside newer data: what is others' is set aside.  d's
# slots go to b in the book, its keys stay.
book = os.path.join(d.dir, "nodes.conf")
mine, theirs = cl.myid(d), cl.myid(b)
held = d.connect().ok("DBSIZE")[1]
for n in (a, b, d):
    n.stop()
text = open(book).read()
lines = [line.split() for line in text.splitlines()]
own = next(x for x in lines if x[0] == mine)
its = next(x for x in lines if x[0] == theirs)
own[6] = "0"
its[8:], own[8:] = [w for w in own[8:] if not w.startswith("sum")] + its[8:], []
with open(book, "w") as f:
    for x in lines:
        # What redis-server would have written: without our own additions.
        if x[0] != "vars":
            f.write(" ".join(x) + "\n")
        else:
            f.write("vars currentEpoch 9 lastVoteEpoch 0\n")
os.unlink(book + ".old")
# What counts is the file, once the node has ended in good order.
assert not os.path.exists(book + ".sure")
shutil.copy(book, book + ".test")
d.start()
assert d.connect().ok("DBSIZE")[1] == held
assert cl.slot_count(d) == 0
node.until(10, lambda: cl.info(d, "cluster_keys_set_aside") == str(held),
           "what is set aside")
node.until(10, lambda: d.log_has("%d keys are in .* set aside" % held),
           "a report")
key = next(k for k in keys.value if d.connect().call("EXISTS", k) == (
    "error", b"CLUSTERDOWN The cluster is down"))
# The others know better and say so, and nothing was lost.
a.start()
b.start()
cl.agreed([a, b, d])
keys.nodes = [a, b, d]
keys.verify()
cl.check(a)
assert cl.slot_count(d) == 5461
node.until(10, lambda: cl.info(d, "cluster_keys_set_aside") == "0", "its keys")

# Keys in slots of nobody make the slots its own; a torn file is no file.
for n in (a, b, d):
    n.stop()
for name in (book, book + ".old"):
    with open(name, "r+") as f:
        f.truncate(os.path.getsize(name) // 2)
d.start()
node.until(10, lambda: cl.slot_count(d) > 0, "slots with keys")
assert d.connect().ok("DBSIZE")[1] == held
node.until(10, lambda: d.log_has("nodes.conf is not used") and
           d.log_has("slots without an owner"), "a report")
node.until(10, lambda: cl.info(d, "cluster_keys_set_aside") == "0", "its keys")
