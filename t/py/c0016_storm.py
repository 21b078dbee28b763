"""two thousand clients connect at once and ask where everything is: what they
are told is made once a worker and version, and counted

A version lives for a second when nothing changes (times in it are renewed);
when something does, everybody is told at once.
"""

# limit 60s

import time

import clustering as cl
import node

COUNT = 2000
WORKERS = 2
ASKED = (("COMMAND",), ("CLUSTER", "SLOTS"), ("CLUSTER", "SHARDS"),
         ("CLUSTER", "NODES"))

cl.TIMEOUT_MS = 15000
nodes = cl.start(["almandined"] * 3, ["--workers", str(WORKERS)])
cl.create(nodes, replicas=0)
cl.agreed(nodes)
a = nodes[0]
c = a.connect()


def made():
    text = c.ok("INFO", "stats")[1]
    return int(text.partition(b"kept_replies_made:")[2].split()[0])


def reply_bytes(words):
    """The bytes of a reply."""
    k = a.connect()
    k.send_raw(node.encode(words) + b"PING\r\n")
    while not k.buf.endswith(b"+PONG\r\n"):
        k._more(None)
    return bytes(k.buf[:-7])


# Its bytes, which never change: comparing them is quicker than their sense.
whole = reply_bytes(("COMMAND",))
assert len(whole) > 10000
ask = b"".join(node.encode(words) for words in ASKED)
before, begun = made(), time.monotonic()
clients = []
for i in range(COUNT):
    clients.append(a.connect(seconds=20))
    clients[-1].send_raw(ask)
    # All are connected, and a hundred wait.
    if i >= 100:
        k = clients[i - 100]
        assert k.read_raw(len(whole)) == whole
        slots, shards, lines = k.read(), k.read(), k.read()
        assert len(slots[1]) == len(shards[1]) == 3, (slots, shards)
        assert lines[1].count(b"\n") == 3, lines
took = time.monotonic() - begun
count = made() - before
print("%d connections, %d replies in %.1f s: %d were made" % (
    COUNT, COUNT * len(ASKED), took, count))
most = WORKERS * (1 + 3 * (took + 2))
assert 0 < count <= most, (count, most)
for k in clients:
    k.close()

# What changes is told at once, by every worker.
few = [a.connect() for _ in range(20)]


def told(*words):
    return {repr(k.ok(*words)) for k in few}


for words in ASKED[1:3]:
    assert len(told(*words)) == 1
    c.ok("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
    assert all("?" in x for x in told(*words)), words
    c.ok("CONFIG", "SET", "cluster-preferred-endpoint-type", "ip")
    assert not any("'?'" in x or "b'?'" in x for x in told(*words)), words
slot = 100
b = nodes[1]
b.connect().ok("CLUSTER", "SETSLOT", slot, "IMPORTING", cl.myid(a))
c.ok("CLUSTER", "SETSLOT", slot, "MIGRATING", cl.myid(b))
assert all("[%d->-" % slot in x for x in told("CLUSTER", "NODES"))
for n in (b, a):
    n.connect().ok("CLUSTER", "SETSLOT", slot, "NODE", cl.myid(b))
assert all("0-%d " % (slot - 1) in x for x in told("CLUSTER", "NODES"))
assert all(len(k.ok("CLUSTER", "SLOTS")[1]) == 5 for k in few)
cl.agreed(nodes)
cl.check(a)
