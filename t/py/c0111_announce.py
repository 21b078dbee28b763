"""what nodes announce of themselves, and what is served when slots are missing:
CLUSTER SLOTS, SHARDS, NODES, MOVED and refusals are those of redis-server,
for each cluster-preferred-endpoint-type, IPv4 and IPv6
"""

# limit 60s

import contextlib
import re
import shutil

import clustering as cl
import node
import shard

KINDS = ("almandined", "redis")
TYPES = ("ip", "hostname", "unknown-endpoint")


def in_order(value):
    """A value without order where there is none, and without offsets."""
    kind, rest = value[0], value[1:]
    if kind == "map":
        pairs = [(in_order(k), in_order(v)) for k, v in rest[0]]
        return ("map", sorted(
            (k, ("int", 0) if k == ("bulk", b"replication-offset") else v)
            for k, v in pairs))
    if kind == "array":
        items = [in_order(v) for v in rest[0]]
        for i, item in enumerate(items[:-1]):
            if item == ("bulk", b"replication-offset"):
                items[i + 1] = ("int", 0)
        return ("array", items)
    return value


class Cluster:
    """Two nodes of a kind with half of the slots each, and what they say."""

    def __init__(self, kind, place=node.HERE):
        self.nodes = cl.start([kind] * 2, places=[place] * 2)
        for i, n in enumerate(self.nodes):
            c = n.connect()
            c.ok("CLUSTER", "ADDSLOTSRANGE", 8192 * i, 8192 * i + 8191)
            c.ok("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
        self.nodes[0].connect().ok("CLUSTER", "MEET", place.ip,
                                   self.nodes[1].port, self.nodes[1].bus)
        cl.agreed(self.nodes)
        self.names = [(cl.myid(n), "ID%d" % i)
                      for i, n in enumerate(self.nodes)]
        self.names += [(str(n.bus), "BUS%d" % i)
                       for i, n in enumerate(self.nodes)]
        self.names += [(str(n.port), "PORT%d" % i)
                       for i, n in enumerate(self.nodes)]

    def plain(self, value):
        """A reply as text; ids and ports by their node."""
        text = repr(in_order(value))
        for name, shown in self.names:
            text = re.sub(r"\b%s\b" % name, shown, text)
        return text

    def lines(self):
        """CLUSTER NODES without times."""
        text = self.nodes[0].connect().ok("CLUSTER", "NODES")[1].decode()
        lines = [re.sub(r"^((?:\S+ ){4})\d+ \d+", r"\1T T", line)
                 for line in text.splitlines()]
        return sorted(self.plain(("bulk", line)) for line in lines)

    def says(self):
        """All that a client may see at the first node."""
        out = [("nodes", self.lines())]
        for proto in (2, 3):
            c = self.nodes[0].connect(proto)
            out.append(("slots", self.plain(c.ok("CLUSTER", "SLOTS"))))
            out.append(("shards", sorted(
                self.plain(x) for x in c.ok("CLUSTER", "SHARDS")[1])))
            for words in (("GET", "foo"), ("SET", "foo", 1), ("GET", "bar"),
                          ("GET", "{foo}2"), ("SPUBLISH", "foo", "x")):
                out.append((words, self.plain(c.call(*words))))
        return out

    def set(self, i, *words):
        self.nodes[i].connect().ok("CONFIG", "SET", *words)

    def stop(self):
        """The next ones have the same names."""
        for n in self.nodes:
            n.stop()
            shutil.rmtree(n.dir)


def same(what, ours, theirs, *parts):
    """Both say the same and that, soon: what a node announces the other has to
    hear."""
    told = []

    def is_same():
        told[:] = [ours.says(), theirs.says()]
        return told[0] == told[1] and all(p in repr(told[0]) for p in parts)

    try:
        node.until(15, is_same, "the same words: " + what)
    except AssertionError:
        for x, y in zip(*told):
            if x != y:
                print("ours   %s\ntheirs %s" % (x, y))
        raise
    return repr(told[0])


def both(ours, theirs, *words):
    for x in (ours, theirs):
        for i in (0, 1):
            x.set(i, *[str(w).replace("%d", str(i)) for w in words])


# A redis-server tells others what it announces twice in this time.
cl.TIMEOUT_MS = 600
ours, theirs = [Cluster(k) for k in KINDS]
for kind in TYPES:
    both(ours, theirs, "cluster-preferred-endpoint-type", kind)
    same("nothing announced, " + kind, ours, theirs,
         "MOVED 12182 %s:PORT1" % {"ip": "127.0.0.1", "hostname": "?",
                                   "unknown-endpoint": ""}[kind])
both(ours, theirs, "cluster-announce-hostname", "host%d.example.com")
for kind in TYPES:
    both(ours, theirs, "cluster-preferred-endpoint-type", kind)
    same("host names, " + kind, ours, theirs, "host0.example.com",
         "host1.example.com", "MOVED 12182 %s:PORT1" % {
             "ip": "127.0.0.1", "hostname": "host1.example.com",
             "unknown-endpoint": ""}[kind])
# Addresses of which only the second is told: nobody connects to them.
both(ours, theirs, "cluster-preferred-endpoint-type", "ip")
both(ours, theirs, "cluster-announce-port", "700%d")
same("ports", ours, theirs, "127.0.0.1:7001")
for x in (ours, theirs):
    x.set(0, "cluster-announce-ip", "192.0.2.7")
    x.set(0, "cluster-announce-bus-port", "60001")
same("an address", ours, theirs, "192.0.2.7:7000@60001")
both(ours, theirs, "cluster-announce-hostname", "")
node.until(10, lambda: "example" not in same("no host names", ours, theirs),
           "the end of host names")
for name, value in (("cluster-announce-hostname", "a b"),
                    ("cluster-announce-hostname", "a_b"),
                    ("cluster-announce-hostname", "x" * 256),
                    ("cluster-announce-port", "65536"),
                    ("cluster-announce-port", "-1"),
                    ("cluster-announce-bus-port", "x"),
                    ("cluster-preferred-endpoint-type", "name"),
                    ("cluster-migration-barrier", "-1"),
                    ("cluster-require-full-coverage", "maybe"),
                    ("cluster-allow-reads-when-down", "maybe"),
                    ("cluster-allow-replica-migration", "maybe")):
    got = [x.nodes[0].connect().call("CONFIG", "SET", name, value)
           for x in (ours, theirs)]
    assert got[0][0] == "error" and got[0] == got[1], (name, value, got)
# What their file could not hold is refused as well.
for value in ("a b", "a,b", "x" * 46):
    got = ours.nodes[0].connect().call("CONFIG", "SET", "cluster-announce-ip",
                                       value)
    assert got[0] == "error" and b"not an address" in got[1], got
for x in (ours, theirs):
    for name, value in (("ip", ""), ("port", 0), ("bus-port", 0)):
        x.set(0, "cluster-announce-" + name, value)
        x.set(1, "cluster-announce-" + name, value)
same("nothing announced any more", ours, theirs, "MOVED 12182 127.0.0.1:PORT1",
     "127.0.0.1:PORT1@BUS1")

# A name for people reaches the other's file; redis-server 7.0 has none.
ours.set(1, "cluster-announce-human-nodename", "second-node")


def is_named():
    with open(ours.nodes[0].dir + "/nodes.conf") as f:
        return ",nodename=second-node" in f.read()


node.until(10, is_named, "the name")

# --- slots are missing ------------------------------------------------------

# A redis-server that was down waits so long.
both(ours, theirs, "cluster-node-timeout", 1500)

# foo is in slot 12182, bar in 5061, KEY in 8000.
KEY = next("m%d" % i for i in range(10 ** 6)
           if shard.slot_of("m%d" % i) == 8000)
WORDS = [("GET", "foo"), ("SET", "bar", 1), ("GET", "bar"),
         ("MGET", "bar", "{bar}2"), ("DEL", "bar"), ("PING",),
         ("MULTI",), ("GET", "bar"), ("EXEC",),
         ("MULTI",), ("SET", "bar", 1), ("EXEC",),
         ("MULTI",), ("GET", "bar"), ("INCR", "bar"), ("EXEC",),
         ("MULTI",), ("PING",), ("EXEC",), ("WATCH", "bar"), ("UNWATCH",),
         ("PUBLISH", "c", "x"), ("KEYS", "*"), ("DBSIZE",),
         ("CLUSTER", "COUNTKEYSINSLOT", "5061"), ("EXISTS", KEY),
         ("SET", KEY, 1), ("MULTI",), ("GET", KEY), ("EXEC",),
         ("SPUBLISH", "bar", "x"), ("SPUBLISH", KEY, "x"),
         ("SSUBSCRIBE", KEY), ("SSUBSCRIBE", "bar"), ("SUBSCRIBE", "c")]


def refusals(x):
    c = x.nodes[0].connect()
    out = [(words, x.plain(got)) for words, got in zip(
        WORDS, c.pipeline(WORDS))]
    c.close()
    return out


for x in (ours, theirs):
    for n in x.nodes:
        n.connect().ok("CLUSTER", "DELSLOTS", 8000)
seen = set()
for coverage in ("yes", "no"):
    for reads in ("no", "yes"):
        for x in (ours, theirs):
            x.set(0, "cluster-require-full-coverage", coverage)
            x.set(0, "cluster-allow-pubsubshard-when-down", reads)
            x.set(0, "cluster-allow-reads-when-down", reads)
            node.until(10, lambda: cl.info(x.nodes[0], "cluster_state") ==
                       ("fail" if coverage == "yes" else "ok"), "its state")
        told = []

        def are_same():
            """One that has just missed the other for a moment says that."""
            told[:] = [refusals(x) for x in (ours, theirs)]
            return told[0] == told[1]

        try:
            node.until(10, are_same, "the same refusals")
        except AssertionError:
            for one, other in zip(*told):
                assert one == other, (coverage, reads, one, other)
            raise
        seen |= set(re.findall(r"CLUSTERDOWN [A-Z][a-z ]+", repr(told)))
assert seen == {"CLUSTERDOWN The cluster is down",
                "CLUSTERDOWN The cluster is down and only accepts read "
                "commands", "CLUSTERDOWN Hash slot not served"}, seen
for x in (ours, theirs):
    x.stop()

# --- IPv6 -------------------------------------------------------------------

# In short: c0108, without a redis-server.
if node.LONG > 1:
    with contextlib.suppress(OSError):
        ours, theirs = [Cluster(k, node.HERE6) for k in KINDS]
        same("IPv6", ours, theirs, "MOVED 12182 ::1:PORT1")
