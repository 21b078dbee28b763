"""ioredis Cluster and node-redis cluster, both at once: their work goes on
through slots that move in both ways and planned failovers, without an error;
messages of channels and shard channels find their subscribers again
"""

# limit 60s

import subprocess

import clustering as cl
import node
import shard


class Program:
    """One of the two, told line by line what to do."""

    def __init__(self, kind, nodes, tags):
        self.kind = kind
        self.child = subprocess.Popen(
            node.client("cluster.js", kind, ",".join(
                str(n.port) for n in nodes), ",".join(tags)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1)

    def begin(self, *words):
        self.child.stdin.write("".join(w + "\n" for w in words))

    def hear(self, word):
        """What it answers, a number behind a word."""
        line = self.child.stdout.readline().split()
        assert line and line[0] == word, (self.kind, line)
        return int(line[1]) if len(line) > 1 else 0


node.client("cluster.js")
nodes = cl.start(["almandined"] * 6)
cl.create(nodes, replicas=1)
cl.agreed(nodes)
for n in nodes[3:]:
    cl.linked(n)
cl.Keys(nodes).put(30)


def offsets(n):
    """What a node has heard of how far all are."""
    return [dict(zip(*[iter(w[1] for w in one[1])] * 2))[b"replication-offset"]
            for part in n.connect().ok("CLUSTER", "SHARDS")[1]
            for one in part[1][3][1]]


# Clients are told of replicas that have something.
for n in nodes:
    node.until(10, lambda: len(offsets(n)) == 6 and all(offsets(n)),
               "offsets of all")
a, b, d = shard.shards(nodes)
# Tags in the slots that go first, in those that go later, and others.
FIRST = min(a.slots)
moving = [next("t%d" % i for i in range(10 ** 6) if shard.slot_of(
    "t%d" % i) == FIRST + s) for s in range(8)]
tags = moving + d.tags(2) + b.tags(2)
programs = [Program(kind, nodes, tags) for kind in ("ioredis", "node_redis")]
for p in programs:
    p.hear("ready")


def all_do(word):
    for p in programs:
        p.begin(word)
    return [p.hear("done") for p in programs]


def goes_on(what):
    """Both have done some work since, and hear what is said."""
    before = all_do("look")
    node.until(10, lambda: all(x > y + 20 for x, y in zip(
        all_do("many"), before)), "work after " + what)
    print("%s: %r" % (what, before))


def migrate(source, target):
    """All of the slots in one command."""
    source.connect().ok("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", FIRST,
                        FIRST + 199, "NODE", cl.myid(target))
    node.until(10, lambda: shard.ranges(cl.lines(target)[cl.myid(target)][8:])
               >= set(range(FIRST, FIRST + 200)), "the move")


goes_on("the begin")
migrate(a.primary, b.primary)
goes_on("slots that move at once")
migrate(b.primary, a.primary)
# One by one, with ASK.
all_do("single")
cl.cluster("reshard", cl.address(nodes[0]), "--cluster-from",
           cl.myid(a.primary), "--cluster-to", cl.myid(d.primary),
           "--cluster-slots", 6)
goes_on("slots that move one by one")
for s in (a, d):
    shard.take_over(s.replicas[0])
    goes_on("a failover")
shard.take_over(d.primary)
goes_on("a failover back")
for p in programs:
    p.begin("stop")
for p in programs:
    count = p.hear("stopped")
    assert p.child.wait(10 * node.SLOW) == 0 and count > 100, (p.kind, count)
    print("%s: %d" % (p.kind, count))
cl.agreed(nodes)
cl.check(nodes[0])
