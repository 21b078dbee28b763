"""redis-cli --cluster fix, of what is left open, uncovered or both; import from
servers that stand alone"""

# limit 120s

import clustering as cl
import node

nodes = cl.start(["almandined"] * 3)
keys = cl.Keys(nodes)
cl.create(nodes, replicas=0)
cl.agreed(nodes)
keys.put(150)
a, b, d = nodes
ids = [cl.myid(n) for n in nodes]
slot = a.connect().ok("CLUSTER", "KEYSLOT", "{k1}3")[1]
owner = next(n for n in nodes if n.connect().ok(
    "CLUSTER", "COUNTKEYSINSLOT", slot)[1] == 3)
other = next(n for n in nodes if n is not owner)
third = next(n for n in nodes if n not in (owner, other))


def fix(*words):
    out = cl.cluster("fix", cl.address(a), *words)
    cl.agreed(nodes)
    for n in nodes:
        cl.check(n)
    keys.verify()
    for n in nodes:
        for words in cl.lines(n).values():
            assert not [w for w in words[8:] if w.startswith("[")], words
    return out


def setslot(n, *words, s=slot):
    n.connect().ok("CLUSTER", "SETSLOT", s, *words)


def open_slot(gone):
    """As a tool leaves it that died after some keys."""
    setslot(other, "IMPORTING", cl.myid(owner))
    setslot(owner, "MIGRATING", cl.myid(other))
    for key in ["{k1}3", "{k1}4", "{k1}5"][:gone]:
        assert owner.connect().ok("MIGRATE", "127.0.0.1", other.port, key, 0,
                                  5000)[1] == b"OK"


def bad(n, what):
    done = cl.run_cli("--cluster", "check", cl.address(n))
    assert what in done.stdout, done.stdout


# open at both ends, half of the keys gone
open_slot(2)
bad(a, "has slots in migrating state")
fix()
owner, other = (owner, other) if owner.connect().ok(
    "CLUSTER", "COUNTKEYSINSLOT", slot)[1] == 3 else (other, owner)
# at one end only
setslot(owner, "MIGRATING", cl.myid(other))
fix()
setslot(other, "IMPORTING", cl.myid(owner))
fix()
setslot(third, "IMPORTING", cl.myid(owner))
setslot(other, "IMPORTING", cl.myid(owner))
fix()

# A key that both sides have, since a giver died at the wrong moment.
setslot(other, "IMPORTING", cl.myid(owner))
here, there = owner.connect(), other.connect()
name = here.ok("CLUSTER", "GETKEYSINSLOT", slot, 1)[1][0][1]
payload = here.ok("DUMP", name)[1]
there.ok("ASKING")
there.ok("RESTORE", name, 0, payload)
assert there.ok("DEBUG", "DIGEST-VALUE", name) == here.ok(
    "DEBUG", "DIGEST-VALUE", name)
fix()

# uncovered: nobody's slots without keys, one of them, and many
keys_of = {a.connect().ok("CLUSTER", "KEYSLOT", k)[1] for k in keys.value}
free = [s for s in range(100) if s not in keys_of][:4]
holder = next(n for n in nodes if cl.lines(n)[cl.myid(n)][8].startswith("0-"))


def uncover(slots):
    for n in nodes:
        n.connect().ok("CLUSTER", "DELSLOTS", *slots)


uncover(free[:1])
bad(a, "Not all 16384 slots are covered")
fix()
uncover(free)
fix()

# uncovered with keys at one node, then both troubles at once
filled = next(s for s in keys_of if s < 5000)
uncover([filled])
fix()
open_slot(1)
uncover(free[:2])
# The first time covers, and no key moves while the cluster is down.
cl.run_cli("--cluster", "fix", cl.address(a), "--cluster-yes")
node.until(10, lambda: all(cl.info(n, "cluster_state") == "ok"
                           for n in nodes), "all slots covered")
fix("--cluster-fix-with-unreachable-masters")

# keys at two nodes: --cluster-search-multiple-owners
fix("--cluster-search-multiple-owners")


# import, from both products
for kind in ("almandined", "redis"):
    alone = node.Node("alone-" + kind, kind=kind)
    c = alone.connect()
    for i in range(60):
        key = "%s%d" % (kind, i)
        c.ok("SET", key, i)
        keys.value[key] = i
    c.ok("RPUSH", kind + "list", *range(20))
    c.ok("ZADD", kind + "zset", 1, "a", 2, "b")
    c.ok("SET", kind + "soon", 1, "PX", 100000)
    if kind == "redis":
        # That it is there is an error unless it may be replaced.
        cl.Client(nodes).ok("SET", kind + "0", "old")
    cl.cluster("import", cl.address(a), "--cluster-from", cl.address(alone),
               "--cluster-copy", "--cluster-replace")
    assert c.ok("DBSIZE")[1] == 63
    keys.verify()
    cl.cluster("import", cl.address(a), "--cluster-from", cl.address(alone),
               "--cluster-replace")
    assert c.ok("DBSIZE")[1] == 0
    keys.verify()
    client = cl.Client(nodes)
    assert client.ok("LLEN", kind + "list") == ("int", 20)
    assert client.ok("ZSCORE", kind + "zset", "b")[1] == b"2"
    assert 0 < client.ok("PTTL", kind + "soon")[1] <= 100000
    cl.check(a)
