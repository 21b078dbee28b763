"""a key that was on its way to one node and then goes to another leaves nothing
at the first one, which is asked when it can be; what needs a password is asked
with the node's own

The first mover's worker dies when the target has the key.
"""

# limit 90s

import os
import signal

import clustering as cl
import node

source, = cl.start(["almandined"], ["--enable-debug-command", "yes",
                                    "--workers", "1"])
first, second = cl.start(["redis", "redis"])
if not node.has_faults(source.connect()):
    node.skip("no fault points in this build")
nodes = [source, first, second]
# None of them is missed while it is stopped.
for n in nodes:
    n.connect().ok("CONFIG", "SET", "cluster-node-timeout", 60000)
source.connect().ok("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
for i, n in enumerate(nodes):
    n.connect().ok("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
for n in (first, second):
    source.connect().ok("CLUSTER", "MEET", n.ip, n.port, n.bus)
cl.agreed(nodes)
ids = {n.name: cl.myid(n) for n in nodes}
tags = iter(range(1000))
SECRET = "the target's own word"
words = {}    # of nodes: passwords
OK = ("simple", b"OK")


def call(n, *words, asking=False, password=None):
    c = n.connect(seconds=30)
    if password:
        c.ok("AUTH", password)
    if asking:
        c.ok("ASKING")
    got = c.call(*words)
    c.close()
    return got


def begin():
    """A key with a value, which both targets may be given."""
    key = "key{%d}" % next(tags)
    slot = call(source, "CLUSTER", "KEYSLOT", key)[1]
    assert call(source, "SET", key, "old") == OK
    for n in (first, second):
        assert call(n, "CLUSTER", "SETSLOT", slot, "IMPORTING",
                    ids[source.name], password=words.get(n)) == OK
    goes(slot, first)
    return key, slot


def goes(slot, target):
    assert call(source, "CLUSTER", "SETSLOT", slot, "MIGRATING",
                ids[target.name]) == OK


def migrate(target, key, *more, silence_ms=20000):
    try:
        return call(source, "MIGRATE", target.ip, target.port, "", 0,
                    silence_ms, *more, "KEYS", key)
    except node.Gone:
        return None


def is_there(n, key):
    return call(n, "EXISTS", key, asking=True, password=words.get(n))[1] == 1


def leave_copy(key, *more):
    """The first target has it as well, and says nothing."""
    old = source.processes()
    call(source, "DEBUG", "FAULT", "move-taken", "hold", 20000, "once")
    c = source.connect()
    c.send("MIGRATE", first.ip, first.port, "", 0, 20000, *more, "KEYS", key)
    node.until(5, lambda: is_there(first, key))
    os.kill(first.pid, signal.SIGSTOP)
    source.hit("worker 0")
    node.until(10, lambda: source.processes().keys() == old.keys() and
               source.processes() != old and source.is_up(), "a worker")


def arrived(key, slot):
    assert call(source, "GET", key)[1].startswith(b"ASK %d " % slot)
    assert call(second, "GET", key, asking=True) == ("bulk", b"old")


# --- to the third node, when the second has answered ---------------------

key, slot = begin()
leave_copy(key)
try:
    goes(slot, second)
    got = migrate(second, key, silence_ms=300)
    assert got[0] == "error" and b"before, and that one" in got[1], got
    assert not is_there(second, key)
    assert call(source, "GET", key) == ("bulk", b"old")
    # This one waits.
    c = source.connect(seconds=30)
    c.send("MIGRATE", second.ip, second.port, key, 0, 20000)
    assert call(source, "GET", key) == ("bulk", b"old")
finally:
    os.kill(first.pid, signal.SIGCONT)
assert c.read() == OK
assert not is_there(first, key), "a copy has stayed"
arrived(key, slot)

# --- one that asks for a password -----------------------------------------

# Nobody but the mover knew it, and the mover is dead.
first.connect().ok("CONFIG", "SET", "requirepass", SECRET)
words[first] = SECRET
key, slot = begin()
leave_copy(key, "AUTH", SECRET)
os.kill(first.pid, signal.SIGCONT)
assert call(source, "DEL", key) == ("int", 1)
assert migrate(first, key)[1].find(b"NOAUTH") > 0
assert is_there(first, key)
assert call(source, "CLUSTER", "COUNTKEYSINSLOT", slot) == ("int", 1)
assert call(source, "GET", key) == ("nil",)
# The word that nodes of a cluster have for each other will do.
source.connect().ok("CONFIG", "SET", "masterauth", SECRET)
node.until(20, lambda: not is_there(first, key), "the copy's end")
node.until(5, lambda: call(source, "CLUSTER", "COUNTKEYSINSLOT", slot)[1] == 0)

# --- the first one is forgotten -------------------------------------------

key, slot = begin()
leave_copy(key, "AUTH", SECRET)
try:
    goes(slot, second)
    c = source.connect(seconds=30)
    c.send("MIGRATE", second.ip, second.port, key, 0, 20000)
    assert call(source, "GET", key) == ("bulk", b"old")
    assert call(source, "CLUSTER", "FORGET", ids[first.name]) == OK
    assert c.read() == OK
finally:
    os.kill(first.pid, signal.SIGCONT)
arrived(key, slot)
assert b"region:sound" in call(source, "DEBUG", "REGION")[1]
