"""bad messages at the bus port: damaged, cut, too long, from strangers, old
ones again, and lies of a peer that is known

Whatever comes, both nodes serve, agree and know each other; what is no message
is counted; strangers get neither memory nor connections without end.
"""

# limit 60s

import os
import random
import struct

import bus
import clustering as cl
import node

random.seed(17)
nodes = cl.start(["almandined"] * 2)
a, b = nodes
for i, n in enumerate(nodes):
    n.connect().ok("CLUSTER", "ADDSLOTSRANGE", 8192 * i, 8192 * i + 8191)
    n.connect().ok("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
a.connect().ok("CLUSTER", "MEET", "127.0.0.1", b.port, b.bus)
cl.agreed(nodes)
keys = cl.Keys(nodes)
keys.put(60)
STRANGER = bus.some_id()
FAILING = 4
control = a.process("control")


def number(n, field):
    return int(cl.info(n, field))


def odd():
    return number(a, "cluster_stats_messages_odd")


def memory():
    """Bytes that control has."""
    with open("/proc/%d/statm" % control) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def counted(before, more):
    node.until(10, lambda: odd() >= before + more, "that they are counted")


def is_well():
    keys.verify()
    cl.agreed(nodes)
    assert a.process("control") == control, "control died"


# --- what ends a connection ------------------------------------------------

def header(length, signature=b"RCmb"):
    return bus.message(bus.PING, STRANGER, length=length, signature=signature)


before = odd()
bad = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"*1\r\n$4\r\nPING\r\n",
       header(2256, b"RCmc"), header(2256, b"\0\0\0\0"),
       # Lengths: too short, longer than any, longer than a stranger's.
       header(0), header(8), header(2255), header(0xffffffff),
       header(1 << 30), header(512 << 20)]
was = memory()
for data in bad:
    w = bus.Wire(a)
    w.say(data)
    for _ in range(0 if len(data) < 100 else 64):
        if not w.say(b"x" * (1 << 18)):
            break
    assert w.is_closed(), data[:16]
assert memory() - was < (8 << 20) * node.SLOW, memory() - was
counted(before, len(bad))
# A greeting may be so long.
w = bus.Wire(a)
w.say(header(1 << 20)[:2256] + b"x" * 1000)
assert not w.is_closed(0.05)
# Cut anywhere.
whole = bus.greeting(bus.PING, STRANGER)
for cut in (1, 3, 4, 7, 8, 9, 100, 2255, 2256, 2257, len(whole) - 1):
    w = bus.Wire(a)
    w.say(whole[:cut])
    w.close()
is_well()

# --- what is passed over, and the connection goes on -----------------------

G, E = bus.gossip(STRANGER), bus.extension(0, b"host.example\0")
before = odd()
bad = [dict(version=0), dict(version=2), dict(version=65535),
       dict(body=b"x"), dict(body=G), dict(count=1), dict(count=65535),
       dict(count=2, body=G), dict(count=16385, body=G * 4),
       dict(count=1, body=G[:-1]), dict(extensions=1), dict(extensions=65535),
       dict(extensions=2, body=E), dict(extensions=1, body=E + b"12345678"),
       dict(extensions=1, body=bus.extension(0, b"abc", 0)),
       dict(extensions=1, body=bus.extension(0, b"abc", 7)),
       dict(extensions=1, body=bus.extension(0, b"abc", 12)),
       dict(extensions=1, body=bus.extension(0, b"abc", 1 << 31)),
       dict(extensions=1, body=bus.extension(3, b"a" * 32)),
       dict(extensions=1, body=bus.extension(2, b"a" * 40)),
       dict(count=1, body=bus.gossip("A" * 40)),
       dict(count=1, body=bus.gossip("a" * 39)),
       dict(count=1, body=bus.gossip(STRANGER, ip="a b")),
       dict(count=1, body=bus.gossip(STRANGER, ip="1" * 46)),
       dict(ip=b"a,b"), dict(ip=b"1" * 46), dict(primary=b"abc"),
       dict(primary=b"\xff" * 40)]
w = bus.Wire(a)
for sender in (STRANGER, "", "Z" * 40, "abc"):
    for fields in bad:
        w.say(bus.message(bus.PING, sender, **fields))
for kind, body in ((bus.FAIL, b"a" * 39), (bus.FAIL, b"a" * 41),
                   (bus.FAIL, b"A" * 40), (bus.UPDATE, b"a" * 2095),
                   (bus.UPDATE, b"\0" * 2096), (bus.AUTH_REQUEST, b"x"),
                   (bus.PUBLISH, b"x" * 7),
                   (bus.PUBLISH, struct.pack(">II", 5, 5) + b"x" * 9),
                   (bus.PUBLISH, struct.pack(">II", 1 << 31, 1 << 31)),
                   (0x414c, b""), (0x414c, struct.pack(">HHI", 9, 1, 0))):
    w.say(bus.message(kind, STRANGER, body))
# On the same connection a good one is answered.
w.say(bus.greeting(bus.PING, STRANGER))
assert struct.unpack(">H", w.hear()[12:14])[0] == bus.PONG
counted(before, 4 * len(bad) + 11)

# Good ones with some bytes changed, behind what frames them.
for _ in range(400):
    data = bytearray(bus.greeting(bus.PING, STRANGER))
    for _ in range(random.randint(1, 6)):
        at = random.choice((random.randrange(8, 80), random.randrange(2128,
                            len(data)), random.randrange(8, len(data))))
        data[at] = random.randrange(256)
    w.say(bytes(data))
w.say(bus.greeting(bus.PING, STRANGER))
is_well()
assert len(cl.lines(a)) >= 2

# --- a peer that is known, and lies ----------------------------------------

f = bus.Fake(a)
node.until(10, lambda: all(f.id in cl.lines(n) and "handshake" not in
                           cl.lines(n)[f.id][2] for n in nodes),
           "the fake is one of them")
mine = {n: cl.lines(n)[cl.myid(n)][8:] for n in nodes}


def unchanged():
    return {n: cl.lines(n)[cl.myid(n)][8:] for n in nodes} == mine


# Under an epoch that is older than the owners': it is told better.
f.claims = dict(slots=range(100), config_epoch=0)
lie = f.make(bus.PING)
f.say(bus.PING)
node.until(10, lambda: bus.UPDATE in f.heard, "an UPDATE")
assert unchanged()
f.claims = {}
# Of others: who failed, who has their slots, under which epoch; votes.
f.say(bus.FAIL, body=bus.some_id().encode())
f.say(bus.UPDATE, body=struct.pack(">Q40s2048s", 0, cl.myid(b).encode(),
                                   bus.bits(range(100))))
f.say(bus.AUTH_ACK, epoch=9)
f.say(bus.AUTH_REQUEST, epoch=9, config_epoch=0, slots=range(100))
f.say(bus.PING, body=bus.gossip(cl.myid(b), port=1, cport=2,
                                flags=bus.PRIMARY | FAILING), count=1)
# The same again, and in another order.
said = [f.make(bus.PING, epoch=e, config_epoch=0) for e in range(8)] + [lie]
for _ in range(3):
    random.shuffle(said)
    for data in said:
        f.wire.say(data)
node.until(10, lambda: f.wire.say(f.make(bus.PING)) and unchanged(),
           "that nothing changed")
keys.verify()

# It does not read: no more than the limit waits for it.
before = number(a, "total_cluster_links_buffer_limit_exceeded")
a.connect().ok("CONFIG", "SET", "cluster-link-sendbuf-limit", 5000000)
f.listens.clear()
was = memory()
c = a.connect()


def is_overfull():
    # At once: a link that is silent for half a node timeout ends by that.
    c.pipeline([("PUBLISH", "news", "x" * 200000)] * 20)
    return number(a, "total_cluster_links_buffer_limit_exceeded") > before


node.until(20, is_overfull, "the end of a link that is full")
assert memory() - was < (64 << 20) * node.SLOW, memory() - was
f.listens.set()
a.connect().ok("CONFIG", "SET", "cluster-link-sendbuf-limit", 0)
node.until(10, lambda: cl.lines(a)[f.id][7] == "connected", "its next link")

# Under a later one they are its own: who is in is believed.  Keys stay.
held = a.connect().ok("DBSIZE")[1]
f.claims = dict(slots=range(100), config_epoch=50, epoch=50)
taken = f.make(bus.PING)
f.say(bus.PING)
node.until(10, lambda: cl.lines(a)[f.id][8:] == ["0-99"], "its claim")
assert a.connect().ok("DBSIZE")[1] == held
node.until(5, lambda: number(a, "cluster_keys_set_aside") == sum(
    a.connect().ok("CLUSTER", "COUNTKEYSINSLOT", s)[1] for s in range(100)),
    "what is set aside")
# Forgotten, it is nobody: what it says again says nothing.
for n in nodes:
    n.connect().ok("CLUSTER", "FORGET", f.id)
for data in [taken, lie] * 3:
    f.wire.say(data)
cl.cluster("fix", cl.address(a))
node.until(10, lambda: cl.slot_count(a) + cl.slot_count(b) == 16384,
           "all slots")
is_well()
assert f.id not in cl.lines(a)
cl.check(a)

# --- strangers that only hold connections ----------------------------------

before = number(a, "total_cluster_links_turned_away")
was = memory()
wires = []
for i in range(700):
    wires.append(bus.Wire(a))
    wires[-1].say(whole[:i * 3])
open_now = len(os.listdir("/proc/%d/fd" % control))
assert open_now < 400, open_now
assert memory() - was < (64 << 20) * node.SLOW, memory() - was
node.until(10, lambda: number(a, "total_cluster_links_turned_away") >=
           before + 400, "they are counted")
is_well()
for w in wires:
    w.close()

# --- who may not connect ---------------------------------------------------

a.connect().ok("CONFIG", "SET", "cluster-bus-allow", "127.0.0.2 10.0.0.0/8")
before = number(a, "total_cluster_links_turned_away")
w = bus.Wire(a)
w.say(whole)
assert w.is_closed()
w = bus.Wire(a, "127.0.0.2")
w.say(whole)
assert w.hear() and not w.is_closed(0.05)
node.until(10, lambda: number(a, "total_cluster_links_turned_away") > before,
           "it is counted")
a.connect().ok("CONFIG", "SET", "cluster-bus-allow", "")
is_well()
for n in nodes:
    assert n.stop() == 0
