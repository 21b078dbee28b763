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

# --- what is counted only when it is wanted --------------------------------

METRICS = ["key-count", "cpu-usec", "network-bytes-in", "network-bytes-out"]


def all_stats(*words):
    """{slot: {metric: number}}, in the order of the reply"""
    out = {}
    for slot, fields in [x[1] for x in c.ok("CLUSTER", "SLOT-STATS",
                                            *words)[1]]:
        out[slot[1]] = {k[1].decode(): v[1] for k, v in
                        zip(fields[1][::2], fields[1][1::2])}
        assert list(out[slot[1]]) == METRICS, fields
    return out


def counted(name):
    return tuple(all_stats("SLOTSRANGE", slots[name],
                           slots[name])[slots[name]].values())


c.ok("CONFIG", "SET", "cluster-slot-stats-enabled", "yes")
assert counted("a") == (3, 0, 0, 0)
# *3 $3 SET $4 {a}0 $1 7, and +OK
c.ok("SET", "{a}0", 7)
assert (counted("a")[0],) + counted("a")[2:] == (3, 30, 5)
assert c.ok("GET", "{a}0") == ("bulk", b"7")
assert (counted("a")[0],) + counted("a")[2:] == (3, 30 + 23, 5 + 7)
# Each worker's share, what EXEC runs, keys of which a command has several;
# and what waits has asked once.
for _ in range(40):
    d_too = n.connect()
    d_too.ok("SET", "{c}0", 7)
assert counted("c")[2:] == (40 * 30, 40 * 5)
c.ok("MULTI")
c.ok("GET", "{c}0")
c.ok("EXEC")
assert counted("c")[2:] == (40 * 30 + 23, 40 * 5 + 7)
c.ok("LMPOP", 1, "{c}x", "LEFT")
waiter = n.connect()
waiter.send("BLPOP", "{c}list", 0)
node.until(10, lambda: b"blocked_clients:1" in c.ok("INFO", "clients")[1],
           "that it waits")
c.ok("RPUSH", "{c}list", 1)
waiter.read()
got = counted("c")
# *4 $5 LMPOP $1 1 $4 {c}x $4 LEFT: nil; *3 $5 RPUSH $7 {c}list $1 1;
# *3 $5 BLPOP $7 {c}list $1 0: a list of two
assert got[2:] == (40 * 30 + 23 + 42 + 35 + 35,
                   40 * 5 + 7 + 5 + 4 + 24), got
c.pipeline([("SET", "{b}%d" % i, "x" * 1000) for i in range(3000)])
assert counted("b")[1] > counted("a")[1] and counted("b")[1] > 100
for metric in METRICS[1:]:
    first = list(all_stats("ORDERBY", metric, "LIMIT", 2))
    assert first == [b, d], (metric, first)
assert list(all_stats("ORDERBY", "network-bytes-in", "ASC"))[-3:] == [a, d, b]
# What was done in a slot that was lost is not told of the one that came back.
assert counted("a")[2:] != (0, 0)
c.ok("CLUSTER", "DELSLOTS", a)
c.ok("CLUSTER", "ADDSLOTS", a)
node.until(10, lambda: cl.info(n, "cluster_state") == "ok", "the cluster")
node.until(5, lambda: counted("a") == (3, 0, 0, 0), "zero")
assert counted("b")[1] > 100
for _ in range(2):
    c.ok("CONFIG", "RESETSTAT")
    node.until(5, lambda: counted("b") == (3000, 0, 0, 0), "zero")
c.ok("CONFIG", "SET", "cluster-slot-stats-enabled", "no")
assert stats("SLOTSRANGE", b, b) == [(b, 3000)]
assert error("SLOT-STATS", "ORDERBY", "cpu-usec") == \
    "ERR Unrecognized sort metric for ORDERBY."
c.ok("GET", "{b}0")
c.ok("CONFIG", "SET", "cluster-slot-stats-enabled", "yes")
assert counted("b") == (3000, 0, 0, 0)

before = c.ok("INFO", "replication")[1]
c.ok("CONFIG", "SET", "cluster-slot-stats-enabled", "no")
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
