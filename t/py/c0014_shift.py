"""whole slots go from one of ours to another by CLUSTER MIGRATESLOTS, while
clients write into them

Every write is there afterwards, once; nobody is told ASK; writes pause for
milliseconds.  Replicas of the target get the keys, those of the source lose
them.
"""

import random
import threading
import time

import clustering as cl
import node

random.seed(5)
# Nobody writes into a log for a while, not even a PING for replicas.
nodes = cl.start(["almandined"] * 5, ["--repl-ping-replica-period", "600"])
a, b, c = nodes[:3]
cl.create(nodes[:3], replicas=0)
cl.agreed(nodes[:3])
replica = {a: nodes[3], b: nodes[4]}
for n, r in replica.items():
    r.connect().ok("CLUSTER", "MEET", "127.0.0.1", a.port,
                   a.args[a.args.index("--cluster-port") + 1])
for n, r in replica.items():
    node.until(20, lambda: len(cl.lines(r)) == 5, "the meeting")
    r.connect().ok("CLUSTER", "REPLICATE", cl.myid(n))
    cl.linked(r)
cl.agreed(nodes)
ids = {cl.myid(n): n for n in nodes}
by_port = {n.port: n for n in nodes}
id_of = {n: i for i, n in ids.items()}


def slot_of(key):
    return a.connect().ok("CLUSTER", "KEYSLOT", key)[1]


def migrations(n):
    got = n.connect(seconds=30).ok("CLUSTER", "GETSLOTMIGRATIONS")[1]
    return [dict((row[1][i][1].decode(), row[1][i + 1][1])
                 for i in range(0, 22, 2)) for row in got]


def state(n):
    rows = migrations(n)
    return (rows[0]["state"].decode(), rows[0]["message"].decode()) \
        if rows else None


def ended(n, seconds=20):
    node.until(seconds, lambda: state(n)[0] in
               ("success", "failed", "cancelled"), "the end of the move")
    return state(n)


def migrate(source, target, *ranges):
    source.connect(seconds=30).ok("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE",
                                  *ranges, "NODE", id_of[target])


class Writer(threading.Thread):
    """Counts its keys up; says when it was kept waiting longest."""

    def __init__(self, number, tags):
        super().__init__(daemon=True)
        self.keys = ["{%s}w%d" % (t, number) for t in tags]
        self.count = dict.fromkeys(self.keys, 0)
        self.conns, self.where = {}, {}
        self.stopped, self.why, self.longest, self.done = False, None, 0, 0
        self.asked = 0
        self.start()

    def ask(self, *words):
        """The answer, or None when nobody knows whether it happened."""
        port = self.where.get(words[1], a.port)
        while True:
            try:
                if port not in self.conns:
                    self.conns[port] = by_port[port].connect(seconds=30)
                got = self.conns[port].call(*words)
            except (node.Gone, TimeoutError, ConnectionError):
                self.conns.pop(port, None)
                if words[0] != "GET":
                    return None
                continue
            if got[0] != "error":
                return got
            word = got[1].split()[0]
            if word == b"MOVED":
                port = self.where[words[1]] = int(got[1].rpartition(b":")[2])
            elif word in (b"CLUSTERDOWN", b"TRYAGAIN", b"LOADING"):
                continue
            else:
                raise AssertionError(got)

    def run(self):
        try:
            while not self.stopped:
                key = random.choice(self.keys)
                last = self.count[key]
                begun = time.monotonic()
                got = self.ask("INCR", key)
                self.longest = max(self.longest, time.monotonic() - begun)
                if got is None:
                    now = self.ask("GET", key)
                    now = int(now[1]) if now[0] == "bulk" else 0
                    assert now in (last, last + 1), (key, now, last)
                    self.count[key] = now
                else:
                    assert got == ("int", last + 1), (key, got, last)
                    self.count[key] = last + 1
                self.done += 1
        except Exception as e:
            self.why = e


def check(owner, tags, writers):
    """All that was written is where its slot is, and nowhere else."""
    for w in writers:
        assert w.why is None, w.why
    c = owner.connect(seconds=30)
    other = (b if owner is a else a)
    for t in tags:
        slot = slot_of("{%s}" % t)
        for i in range(20):
            assert c.ok("GET", "{%s}still%d" % (t, i)) == \
                ("bulk", b"v%d" % i), (t, i)
        assert c.ok("SMEMBERS", "{%s}set" % t)[1].__len__() == 3
        assert 0 < c.ok("PTTL", "{%s}ttl" % t)[1] <= 1000000
        count = c.ok("CLUSTER", "COUNTKEYSINSLOT", slot)
        node.until(10, lambda: other.connect().ok(
            "CLUSTER", "COUNTKEYSINSLOT", slot) == ("int", 0), "emptiness")
        for n, want in ((replica[owner], count), (replica[other],
                                                  ("int", 0))):
            node.until(10, lambda: n.connect().ok(
                "CLUSTER", "COUNTKEYSINSLOT", slot) == want,
                "the replica of slot %d" % slot)
    for w in writers:
        for key, count in w.count.items():
            got = w.ask("GET", key)
            assert got == (("bulk", b"%d" % count) if count else ("nil",)), \
                (key, got, count)


# --- from a node whose log has no byte -------------------------------------

assert b"master_repl_offset:0\r" in a.connect().ok("INFO", "replication")[1]
for here, there in ((a, b), (b, a)):
    migrate(here, there, 4000, 4000)
    assert ended(here)[0] == "success"
    node.until(10, lambda: state(there)[0] == "success", "the import's end")
cl.agreed(nodes)

# --- keys ------------------------------------------------------------------

# Tags of slots in a's first thousand.
tags = []
for i in range(4000):
    s = slot_of("{t%d}" % i)
    if s < 1000 and len(tags) < 12:
        tags.append("t%d" % i)
c = a.connect()
for t in tags:
    for i in range(20):
        c.ok("SET", "{%s}still%d" % (t, i), "v%d" % i)
    c.ok("SADD", "{%s}set" % t, "x", "y", "z")
    c.ok("SET", "{%s}ttl" % t, 1, "EX", 1000)

# --- what has come is not shown before all is there ------------------------

if node.has_faults(a.connect()):
    slots = [slot_of("{%s}" % t) for t in tags]
    both = [n.connect() for n in (b, replica[b])]
    at = both[0]
    # All have come, and that they are given can not be made durable.
    with node.holds(a, "nodes-write"):
        migrate(a, b, 0, 999)
        for n in both:
            node.until(10, lambda: all(v[1] == 22 for v in n.pipeline(
                [("CLUSTER", "COUNTKEYSINSLOT", s) for s in slots])),
                "keys that come")
            shown = n.ok("DBSIZE")[1], n.ok("KEYS", "*")[1], \
                n.ok("SCAN", 0, "COUNT", 10000)[1][1][1], n.ok("RANDOMKEY")
            assert shown == (0, [], [], ("nil",)), shown
            assert b"db0" not in n.ok("INFO", "keyspace")[1]
        assert state(b)[0] == "importing"
    assert ended(a)[0] == "success"
    node.until(10, lambda: state(b)[0] == "success", "the import's end")
    for n in both:
        node.until(5, lambda: n.ok("DBSIZE")[1] == len(tags) * 22,
                   "all are shown")
    assert a.connect().ok("DBSIZE") == ("int", 0)
    migrate(b, a, 0, 999)
    assert ended(b)[0] == "success"
    node.until(10, lambda: state(a)[0] == "success", "the import's end")
    cl.agreed(nodes)

# --- there and back, under load ------------------------------------------

writers = [Writer(i, tags) for i in range(3)]
here, there = a, b
longest = []
for _ in range(4):
    before = sum(w.done for w in writers)
    for w in writers:
        w.longest = 0
    begun = time.monotonic()
    migrate(here, there, 0, 400, 401, 999)
    got = ended(here)
    assert got[0] == "success", got
    node.until(10, lambda: state(there)[0] == "success", "the import's end")
    took = time.monotonic() - begun
    longest.append(max(w.longest for w in writers))
    print("moved in %d ms; %d writes meanwhile, the longest took %d ms" % (
        took * 1000, sum(w.done for w in writers) - before,
        longest[-1] * 1000))
    here, there = there, here
# What else the machine does may hold one of them up, and not all.
assert min(longest) < 0.1 * node.SLOW, longest
for w in writers:
    w.stopped = True
for w in writers:
    w.join()
check(here, tags, writers)
row = migrations(a)[0]
assert row["operation"] in (b"EXPORT", b"IMPORT") and len(row["name"]) == 40
assert row["slot_ranges"] == b"0-999", row
for n in nodes:
    cl.check(n)
