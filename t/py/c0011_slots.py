"""CLUSTER SLOT-STATS as Valkey 8 has it; SLOTSTATE, ENDPOINT, MYPARENTID,
DELKEYSINSLOT and DELKEYSINSLOTRANGE as Garnet has them"""

import node

import clustering as cl

n = node.Node("n", ["--cluster-enabled", "yes", "--cluster-port",
                    str(node.free_port())], kind="almandined")
plain = node.Node("plain", kind="almandined")
c = n.connect()


def error(*words):
    got = c.call("CLUSTER", *words)
    assert got[0] == "error", (words, got)
    return got[1].decode()


def stats(*words):
    """[(slot, keys)]"""
    out = []
    for slot, fields in [x[1] for x in c.ok("CLUSTER", "SLOT-STATS",
                                            *words)[1]]:
        assert fields[1][0] == ("bulk", b"key-count"), fields
        out.append((slot[1], fields[1][1][1]))
    return out


assert stats("SLOTSRANGE", 0, 16383) == []
assert c.ok("CLUSTER", "SLOTSTATE", 7) == ("simple", b"7 x -")
c.ok("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
node.until(10, lambda: cl.info(n, "cluster_state") == "ok", "the cluster")
me = cl.myid(n)
assert c.ok("CLUSTER", "SLOTSTATE", 7) == ("simple", b"7 = " + me.encode())
assert c.ok("CLUSTER", "MYPARENTID") == ("bulk", me.encode())
assert c.ok("CLUSTER", "ENDPOINT", me) == (
    "bulk", b"%s:%d" % (c.ok("CLUSTER", "NODES")[1].split()[1].rpartition(
        b":")[0], n.port))
assert c.ok("CLUSTER", "ENDPOINT", "0" * 40) == ("bulk", b"unassigned:0")

tag, slots = {}, {}
for name in ("a", "b", "c"):
    slots[name] = c.ok("CLUSTER", "KEYSLOT", name)[1]
for name, count in (("a", 3), ("b", 300), ("c", 1)):
    for i in range(count):
        c.ok("SET", "{%s}%d" % (name, i), i)
a, b, d = slots["a"], slots["b"], slots["c"]
assert stats("SLOTSRANGE", a, a) == [(a, 3)]
assert len(stats("SLOTSRANGE", 0, 16383)) == 16384
assert stats("SLOTSRANGE", 0, 1) == [(0, 0), (1, 0)]
assert stats("ORDERBY", "KEY-COUNT", "LIMIT", 4) == \
    [(b, 300), (a, 3), (d, 1), (0, 0)]
assert stats("ORDERBY", "key-count", "limit", 2, "asc") == [(0, 0), (1, 0)]
assert stats("ORDERBY", "key-count", "ASC")[-1] == (b, 300)
assert error("SLOT-STATS", "SLOTSRANGE", 2, 1) == \
    "ERR Start slot number 2 is greater than end slot number 1"
assert error("SLOT-STATS", "SLOTSRANGE", 2, 16384) == \
    "ERR Invalid or out of range slot"
assert error("SLOT-STATS", "ORDERBY", "cpu-usec") == \
    "ERR Unrecognized sort metric for ORDERBY."
assert error("SLOT-STATS", "ORDERBY", "key-count", "LIMIT", 0) == \
    "ERR Limit has to lie in between 1 and 16384 (maximum number of slots)."
assert error("SLOT-STATS", "ORDERBY", "key-count", "UP") == "ERR syntax error"
assert "wrong number of arguments" in error("SLOT-STATS", "SLOTSRANGE", 1)
assert "unknown subcommand" in error("SLOT-STATS", "BY", "key-count")

before = c.ok("INFO", "replication")[1]
assert c.ok("CLUSTER", "DELKEYSINSLOT", b) == ("simple", b"OK")
assert stats("SLOTSRANGE", b, b) == [(b, 0)]
assert c.ok("INFO", "replication")[1] != before, "deletions are in the log"
assert error("DELKEYSINSLOTRANGE", 0, 16383, 5) == \
    "ERR wrong number of arguments for 'cluster|delkeysinslotrange' command"
assert error("DELKEYSINSLOTRANGE", 9, 5) == "ERR Invalid range 9 > 5!"
assert c.ok("DBSIZE") == ("int", 4)
c.ok("CLUSTER", "DELKEYSINSLOTRANGE", min(a, d), max(a, d))
assert c.ok("DBSIZE") == ("int", 0)
c.ok("MULTI")
c.ok("SET", "{a}1", 1)
c.ok("CLUSTER", "DELKEYSINSLOT", a)
assert c.ok("EXEC")[1] == [("simple", b"OK"), ("simple", b"OK")]
assert c.ok("DBSIZE") == ("int", 0)
p = plain.connect()
for words in (("SLOT-STATS", "SLOTSRANGE", 0, 1), ("SLOTSTATE", 1),
              ("ENDPOINT", me), ("MYPARENTID",), ("DELKEYSINSLOT", 1)):
    assert p.call("CLUSTER", *words) == (
        "error", b"ERR This instance has cluster support disabled"), words
cl.check(n)
