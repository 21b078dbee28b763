"""what CLUSTER says and does about slots of others: SLOTSTATE with each of its
signs, ENDPOINT, MYPARENTID of a replica, SETSLOTSRANGE that gives slots away,
COUNT-FAILURE-REPORTS, keys set aside that DELKEYSINSLOT and DELKEYSINSLOTRANGE
delete; SETSLOT with the TIMEOUT of Valkey 8
"""

# limit 60s

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 5)
a, b, d, lone, replica = nodes
cl.create(nodes[:4], replicas=0)
cl.cluster("add-node", cl.address(replica), cl.address(a), "--cluster-slave",
           "--cluster-master-id", cl.myid(a))
cl.agreed(nodes)
cl.linked(replica)
id_of = {n: cl.myid(n) for n in nodes}


def ask(n, *words):
    return n.connect().call("CLUSTER", *words)


def state(n, slot):
    return ask(n, "SLOTSTATE", slot)[1].decode()


def is_error(got, *parts):
    assert got[0] == "error" and all(p in got[1] for p in parts), got


# --- nodes -----------------------------------------------------------------

for n in nodes:
    assert ask(a, "ENDPOINT", id_of[n]) == ask(replica, "ENDPOINT", id_of[n]) \
        == ("bulk", cl.address(n).encode())
    assert ask(n, "MYPARENTID")[1].decode() == id_of[a if n is replica else n]

# --- many slots go from one to another -------------------------------------

# The first is a's: 0 to 4095.
RANGES = (100, 119, 200, 200)
b.connect().ok("CLUSTER", "SETSLOTSRANGE", "IMPORTING", id_of[a], *RANGES)
a.connect().ok("CLUSTER", "SETSLOTSRANGE", "MIGRATING", id_of[b], *RANGES)
for slot in (100, 119, 200):
    assert state(a, slot) == "%d > %s" % (slot, id_of[a])
    assert state(b, slot) == "%d < %s" % (slot, id_of[a])
    assert state(d, slot) == "%d = %s" % (slot, id_of[a])
for n in (b, a):
    n.connect().ok("CLUSTER", "SETSLOTSRANGE", "NODE", id_of[b], *RANGES)
cl.agreed(nodes)
for slot in (100, 119, 200):
    for n in nodes:
        assert state(n, slot) == "%d = %s" % (slot, id_of[b])
assert cl.slot_count(b) == 4096 + 21
cl.check(a)
# Those that hold keys stay, and so do all that come behind.
number = next(str(i) for i in range(10 ** 6)
              if shard.slot_of(str(i)) in range(300, 310))
tag, full = "{%s}" % number, shard.slot_of(number)
a.connect().ok("SET", tag, 1)
is_error(ask(a, "SETSLOTSRANGE", "NODE", id_of[b], full, full + 3),
         b"while I still hold keys for this hash slot", b"%d" % full)
is_error(ask(replica, "SETSLOTSRANGE", "STABLE", 300, 310),
         b"Please use SETSLOT only with masters")
assert state(b, full) == "%d = %s" % (full, id_of[a])

# --- SETSLOT's timeout -----------------------------------------------------

for n, words in ((b, ("IMPORTING", id_of[a])), (a, ("MIGRATING", id_of[b])),
                 (a, ("STABLE",)), (b, ("STABLE",)), (b, ("NODE", id_of[a]))):
    n.connect().ok("CLUSTER", "SETSLOT", 400, *words, "TIMEOUT", 1000)
    is_error(ask(n, "SETSLOT", 400, *words, "TIMEOUT"),
             b"ERR Missing timeout value")
    is_error(ask(n, "SETSLOT", 400, *words, "timeout", "x"),
             b"ERR timeout is not an integer or out of range")
    is_error(ask(n, "SETSLOT", 400, *words, "timeout", -1),
             b"ERR timeout is negative")
    is_error(ask(n, "SETSLOT", 400, *words, "timeout", 1, 2),
             b"Invalid CLUSTER SETSLOT action or number of arguments")
assert state(a, 400) == "400 = " + id_of[a]
cl.agreed(nodes)

# --- keys in slots of others -----------------------------------------------

client = cl.Client(nodes)
for i in range(300):
    client.ok("SET", tag + str(i), i)
is_error(ask(replica, "DELKEYSINSLOT", full), b"READONLY")
node.until(10, lambda: ask(replica, "COUNTKEYSINSLOT", full)[1] == 301,
           "its replica")
# The slot is another's, as an operator may have it by mistake.
for n in nodes:
    n.connect().ok("CLUSTER", "DELSLOTS", full)
b.connect().ok("CLUSTER", "BUMPEPOCH")
b.connect().ok("CLUSTER", "ADDSLOTS", full)
cl.agreed(nodes)
assert state(a, full) == "%d = %s" % (full, id_of[b])
assert ask(a, "COUNTKEYSINSLOT", full)[1] == 301
node.until(10, lambda: cl.info(a, "cluster_keys_set_aside") == "301",
           "what is set aside")
before = b.connect().ok("DBSIZE")[1]
for words in (("DELKEYSINSLOT", full), ("DELKEYSINSLOTRANGE", 0, 4095)):
    a.connect().ok("CLUSTER", *words)
    for n in (a, replica):
        node.until(10, lambda: ask(n, "COUNTKEYSINSLOT", full)[1] == 0,
                   "what was deleted")
assert cl.info(a, "cluster_keys_set_aside") == "0"
assert b.connect().ok("DBSIZE")[1] == before
cl.check(a)

# --- a primary that nobody replaces ----------------------------------------

FAR = 16000
assert state(a, FAR) == "%d = %s" % (FAR, id_of[lone])
assert ask(a, "COUNT-FAILURE-REPORTS", id_of[lone]) == ("int", 0)
lone.kill()
for n in (a, b, d, replica):
    node.until(20, lambda: state(n, FAR) == "%d * %s" % (FAR, id_of[lone]),
               "that it has failed")
assert state(a, 0) == "0 = " + id_of[a]
# Both others told it; they say so for as long as it is away.
node.until(10, lambda: ask(a, "COUNT-FAILURE-REPORTS", id_of[lone]) ==
           ("int", 2), "their reports")
lone.start()
node.until(20, lambda: state(a, FAR) == "%d = %s" % (FAR, id_of[lone]),
           "that it is back")
node.until(10, lambda: ask(a, "COUNT-FAILURE-REPORTS", id_of[lone]) ==
           ("int", 0), "the end of their reports")
cl.agreed(nodes)
cl.check(lone)
