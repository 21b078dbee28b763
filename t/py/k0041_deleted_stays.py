"""a key that a mover left on both sides when it ended is one key: what clients
are told was deleted stays deleted, wherever its slot goes

The mover's worker dies when the target has the key, or the target is silent for
too long.  As long as the target can not be told, the source serves the key
itself, and counts it among those that its slot still has.  What was moved whole
is not touched there any more.
"""

# limit 90s

import os
import signal

import clustering as cl
import node

OURS = ["--enable-debug-command", "yes", "--workers", "1"]
source, = cl.start(["almandined"], OURS)
targets = cl.start(["redis", "almandined"])
if not node.has_faults(source.connect()):
    node.skip("no fault points in this build")
nodes = [source] + targets
# None of them is missed while it is stopped.
for n in nodes:
    n.connect().ok("CONFIG", "SET", "cluster-node-timeout", 60000)
source.connect().ok("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
for i, n in enumerate(nodes):
    n.connect().ok("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
for n in targets:
    source.connect().ok("CLUSTER", "MEET", n.ip, n.port, n.bus)
cl.agreed(nodes)
ids = {n.name: cl.myid(n) for n in nodes}
tags = iter(range(1000))
NIL = ("nil",)


def call(n, *words, asking=False):
    c = n.connect(seconds=30)
    if asking:
        c.ok("ASKING")
    got = c.call(*words)
    c.close()
    return got


def slot_of(key):
    return call(source, "CLUSTER", "KEYSLOT", key)[1]


def setslot(n, slot, *words):
    got = call(n, "CLUSTER", "SETSLOT", slot, *words)
    assert got[0] == "simple", got


def begin(target, *others):
    """A key with a value, whose slot is on its way to the target."""
    key = "key{%d}" % next(tags)
    slot = slot_of(key)
    for name in [key] + [o + key for o in others]:
        assert call(source, "SET", name, "old")[1] == b"OK"
    setslot(target, slot, "IMPORTING", ids[source.name])
    setslot(source, slot, "MIGRATING", ids[target.name])
    return key, slot


def migrate(target, key, silence_ms=20000):
    try:
        return call(source, "MIGRATE", target.ip, target.port, key, 0,
                    silence_ms)
    except node.Gone:
        return None


def dies_at(point, target, key):
    old = source.processes()
    call(source, "DEBUG", "FAULT", point, "die", "once")
    assert migrate(target, key) is None
    node.until(10, lambda: source.processes().keys() == old.keys() and
               source.processes() != old and source.is_up(), "a worker")
    call(source, "DEBUG", "FAULT", point, "off")


def count(slot):
    n = call(source, "CLUSTER", "COUNTKEYSINSLOT", slot)[1]
    names = call(source, "CLUSTER", "GETKEYSINSLOT", slot, 10)[1]
    assert abs(len(names) - n) <= 1, (names, n)
    return n


def is_gone(target, key, slot):
    """The slot has no key any more, and goes, as tools do it."""
    node.until(15, lambda: count(slot) == 0, "nothing left of " + key)
    assert call(target, "GET", key, asking=True) == NIL, key
    got = call(source, "GET", key)
    assert got[1].startswith(b"ASK %d " % slot), got
    for n in (target, source):
        setslot(n, slot, "NODE", ids[target.name])
    assert call(target, "GET", key) == NIL, key



for target in targets:
    # Deleted at once, or in the time that the next worker needs.
    for _ in range(2):
        key, slot = begin(target)
        dies_at("move-taken", target, key)
        assert call(source, "DEL", key) == ("int", 1)
        is_gone(target, key, slot)

    # Not deleted: the next one moves it, and nobody needs REPLACE.
    key, slot = begin(target)
    dies_at("move-taken", target, key)
    assert call(source, "SET", key, "new")[1] == b"OK"
    assert migrate(target, key) == ("simple", b"OK")
    assert count(slot) == 0
    assert call(target, "GET", key, asking=True) == ("bulk", b"new")

    # Gone from here, by the log, when the worker dies: it is theirs.
    for point in ("log-published", "committed", "forgotten"):
        key, slot = begin(target)
        call(target, "SET", key, "x", asking=True)
        call(target, "DEL", key, asking=True)
        dies_at(point, target, key)
        moved = call(source, "GET", key)[1].startswith(b"ASK")
        assert moved or point != "log-published"
        if not moved:
            assert migrate(target, key) == ("simple", b"OK")
        assert call(target, "SET", key, "theirs", asking=True)[1] == b"OK"
        node.until(5, lambda: count(slot) == 0)
        assert call(target, "GET", key, asking=True) == ("bulk", b"theirs")

# The target is silent.  That of ours has many processes: the other one is.
target = targets[0]


def begin_connected(target):
    """The same, and there is a connection, so the key will be sent."""
    key, slot = begin(target, "other")
    assert migrate(target, "other" + key) == ("simple", b"OK")
    return key, slot


key, slot = begin_connected(target)
os.kill(target.pid, signal.SIGSTOP)
try:
    got = migrate(target, key, 300)
    assert got[0] == "error" and b"IOERR" in got[1], got
    assert call(source, "GET", key) == ("bulk", b"old")
    assert call(source, "DEL", key) == ("int", 1)
    assert call(source, "GET", key) == NIL
    assert count(slot) == 1
    got = call(source, "CLUSTER", "SETSLOT", slot, "NODE", ids[target.name])
    assert b"I still hold keys" in got[1], got
    assert call(source, "SET", key, "again")[1] == b"OK"
    assert count(slot) == 1
    assert call(source, "GET", key) == ("bulk", b"again")
    assert call(source, "DEL", key) == ("int", 1)
    assert call(source, "DEBUG", "REGION")[0] != "error"
finally:
    os.kill(target.pid, signal.SIGCONT)
is_gone(target, key, slot)

# Dead at the same time as the mover, and back later with what it had.
key, slot = begin(target)
call(source, "DEBUG", "FAULT", "move-taken", "hold", 3000)
c = source.connect()
c.send("MIGRATE", target.ip, target.port, key, 0, 20000)
node.until(5, lambda: call(target, "EXISTS", key, asking=True)[1] == 1)
os.kill(target.pid, signal.SIGSTOP)
try:
    old = source.processes()
    source.hit("worker 0")
    node.until(10, lambda: source.processes().keys() == old.keys() and
               source.processes() != old and source.is_up(), "a worker")
    call(source, "DEBUG", "FAULT", "move-taken", "off")
    assert call(source, "DEL", key) == ("int", 1)
    assert call(source, "GET", key) == NIL
    assert count(slot) == 1
finally:
    os.kill(target.pid, signal.SIGCONT)
# Tools ask for what is listed to be moved; that settles it at once.
assert migrate(target, key)[0] == "simple"
is_gone(target, key, slot)

# The move is given up: nothing of it stays there.
key, slot = begin_connected(target)
os.kill(target.pid, signal.SIGSTOP)
assert migrate(target, key, 300)[0] == "error"
os.kill(target.pid, signal.SIGCONT)
node.until(15, lambda: call(target, "EXISTS", key, asking=True)[1] == 0)
assert call(source, "GET", key) == ("bulk", b"old")
setslot(source, slot, "STABLE")
assert call(source, "DEL", key) == ("int", 1)
node.until(5, lambda: count(slot) == 0)
assert b"region:sound" in call(source, "DEBUG", "REGION")[1]
