"""messages go over the cluster bus: two nodes and a redis-server, a replica of
one; ordinary channels everywhere, shard channels within the shard"""

# limit 60s

import clustering as cl
import node

CLUSTER = ["--cluster-enabled", "yes", "--cluster-node-timeout", "5000",
           "--repl-diskless-sync-delay", "0"]
a = node.Node("a", CLUSTER + ["--workers", "2"], kind="almandined")
b = node.Node("b", CLUSTER + ["--workers", "2"], kind="almandined")
r = node.Node("r", CLUSTER, kind="redis")
nodes = [a, b, r]
c = [n.connect(seconds=20) for n in nodes]


def state(k, field):
    text = k.call("CLUSTER", "INFO")[1].decode()
    return dict(line.split(":", 1) for line in text.split("\r\n")
                if ":" in line)[field]


for n in nodes[1:]:
    c[0].ok("CLUSTER", "MEET", "127.0.0.1", n.port)
for i, k in enumerate(c):
    node.until(20, lambda: state(k, "cluster_known_nodes") == "3", "a meeting")
    k.ok("CLUSTER", "ADDSLOTSRANGE", i * 5461, i * 5461 + 5460 + (i == 2))
for k in c:
    node.until(20, lambda: state(k, "cluster_state") == "ok", "the cluster")



def is_linked(k):
    """It has its own connection to each."""
    lines = [x.split() for x in k.ok("CLUSTER", "NODES")[1].splitlines()]
    return all(x[7] == b"connected" and b"handshake" not in x[2]
               for x in lines)


for k in c:
    node.until(20, lambda: is_linked(k), "all links")
subs = []
for n in nodes:
    s = n.connect(seconds=20)
    s.call("SUBSCRIBE", "news", "")
    s.read()
    s.call("PSUBSCRIBE", "n*")
    subs.append(s)


def hear_all(channel, text, pattern=True):
    for i, s in enumerate(subs):
        got = s.read()
        assert got == ("array", [("bulk", b"message"), ("bulk", channel),
                                 ("bulk", text)]), (i, str(got)[:200])
        if pattern:
            got = s.read()
            assert got[1][3] == ("bulk", text), (i, str(got)[:200])


# The receivers that are counted are those of the node.
for i, k in enumerate(c):
    assert k.call("PUBLISH", "news", "from %d" % i) == ("int", 2)
    hear_all(b"news", b"from %d" % i)
assert c[0].call("PUBLISH", "", "") == ("int", 1)
hear_all(b"", b"", False)
# In order, long ones between short ones, within transactions.
for size in (10, 40000, 65500, 300000, 3 << 20):
    c[0].pipeline([("PUBLISH", "news", "x" * size), ("PUBLISH", "news", "y"),
                   ("MULTI",), ("PUBLISH", "news", "in"), ("EXEC",)])
    c[2].call("PUBLISH", "other", "z" * size)
    for text in (b"x" * size, b"y", b"in"):
        hear_all(b"news", text)
c[1].pipeline([("PUBLISH", "news", i) for i in range(2000)])
for i in range(2000):
    hear_all(b"news", b"%d" % i)

# What no node's subscribers want goes out all the same.
for s in subs[:2]:
    s.call("PUNSUBSCRIBE")
    s.call("UNSUBSCRIBE", "news")
    s.call("UNSUBSCRIBE", "")
assert c[0].call("PUBLISH", "news", "far") == ("int", 0)
got = subs[2].read()
while got[1][-1] != ("bulk", b"far"):
    got = subs[2].read()

# A dead worker, a dead control: what comes after them goes on.
for name in ("worker 0", "control"):
    old = b.hit(name)
    b.respawned(name, old)
heard = b.connect(seconds=20)
heard.call("SUBSCRIBE", "late")


def is_heard():
    c[0].call("PUBLISH", "late", "x")
    try:
        return heard.read(0.1)[1][2] == ("bulk", b"x")
    except TimeoutError:
        return False


node.until(20, is_heard, "a message after the deaths")
far = r.connect(seconds=20)
far.call("SUBSCRIBE", "back")


def is_told():
    b.connect().call("PUBLISH", "back", "x")
    try:
        return far.read(0.1)[1][2] == ("bulk", b"x")
    except TimeoutError:
        return False


node.until(20, is_told, "a message to others after the deaths")

# Shard channels: only the shard, here its replica.
c[1] = b.connect(seconds=20)
ids = [k.call("CLUSTER", "MYID")[1] for k in c]
replica = node.Node("s", CLUSTER + ["--workers", "2"], kind="almandined")
k = replica.connect(seconds=20)
k.ok("CLUSTER", "MEET", "127.0.0.1", a.port)
node.until(20, lambda: state(k, "cluster_known_nodes") == "4", "a meeting")
node.until(20, lambda: k.call("CLUSTER", "REPLICATE", ids[0])[0] == "simple",
           "its primary")
node.until(20, lambda: b"master_link_status:up" in k.call(
    "INFO", "replication")[1], "its link")
s = replica.connect(seconds=20)
channel = next("{%d}shard" % i for i in range(1000) if c[0].call(
    "CLUSTER", "KEYSLOT", "{%d}shard" % i)[1] < 5461)
node.until(20, lambda: s.call("SSUBSCRIBE", channel)[0] == "array",
           "the replica hears its primary's channels")


def shard_heard():
    c[0].call("SPUBLISH", channel, "x")
    try:
        return s.read(0.1)[1][2] == ("bulk", b"x")
    except TimeoutError:
        return False


node.until(20, shard_heard, "a message within the shard")
node.until(20, lambda: str(c[1].call("SPUBLISH", channel, "x")[1]).startswith(
    "b'MOVED"), "others are sent there")
cl.check(a)
