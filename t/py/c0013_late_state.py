"""a slot has gone, the map says so and the state does not yet: nothing is
written into it

Control tells where slots are in two steps, the map and the state.  A worker
that is between the two - the slot still leaves, and nobody knows any more where
to - served keys that were not there as if the slot were its own: what was
acknowledged then was lost.

And a slot has come, and the disk does not say so yet: both ends answer as
before, so that who is asked serves.
"""

import clustering as cl
import node

a, b = nodes = cl.start(["almandined"] * 2)
if not node.has_faults(a.connect()):
    node.skip("no fault points in this build")
a.connect().ok("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
b.connect().ok("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
a.connect().ok("CLUSTER", "MEET", "127.0.0.1", b.port,
               b.args[b.args.index("--cluster-port") + 1])
node.until(10, lambda: len(cl.lines(b)) == 2, "the meeting")
cl.agreed(nodes)
ids = {n: cl.myid(n) for n in nodes}

for words in (("SET", "k", 1), ("INCR", "k"), ("GET", "k"), ("DEL", "k")):
    source, target = (a, b) if a.connect().call("GET", "k")[0] != "error" \
        else (b, a)
    c, t = source.connect(), target.connect()
    slot = c.ok("CLUSTER", "KEYSLOT", "k")[1]
    t.ok("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
    c.ok("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
    ask = ("error", b"ASK %d 127.0.0.1:%d" % (slot, target.port))
    moved = ("error", b"MOVED %d 127.0.0.1:%d" % (slot, target.port))
    assert c.call(*words) == ask
    with node.holds(source, "map-told") as is_held:
        t.ok("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
        node.until(10, is_held, "a new map")
        c.send(*words)
        try:
            answer = c.read(seconds=0.05)
            raise AssertionError((words, answer))
        except TimeoutError:
            pass
    assert c.read() == moved, words
    assert t.ok("EXISTS", "k") == ("int", 0)
    c.ok("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
    cl.agreed(nodes)

source, target = target, source
c, t, other = source.connect(), target.connect(), target.connect()
t.ok("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
c.ok("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
c.ok("CONFIG", "RESETSTAT")
with node.holds(target, "nodes-written") as is_held:
    other.send("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
    node.until(10, is_held, "the new owner's record")
    for n in range(1, 4):
        assert c.call("INCR", "k") == ("error", b"ASK %d 127.0.0.1:%d" % (
            slot, target.port))
        assert t.pipeline([("ASKING",), ("INCR", "k")])[1] == ("int", n)
        assert t.call("INCR", "k") == ("error", b"MOVED %d 127.0.0.1:%d" % (
            slot, source.port))
assert b"errorstat_ASK:count=3\r\n" in c.ok("INFO", "errorstats")[1]
assert other.read()[1] in ("OK", b"OK")
assert t.ok("INCR", "k") == ("int", 4)
c.ok("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
cl.agreed(nodes)
cl.check(a)
