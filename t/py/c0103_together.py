"""questions to control inside MULTI: answered in order, as one"""

import time

import node

import clustering as cl

n, m = cl.start(["almandined"] * 2)
c = n.connect()


def execute(*commands):
    c.ok("MULTI")
    for words in commands:
        assert c.call(*words) == ("simple", b"QUEUED"), words
    return c.call("EXEC")


OK = ("simple", b"OK")
got = execute(("CLUSTER", "DELSLOTS", 5), ("CLUSTER", "ADDSLOTS", 5, 6),
              ("CLUSTER", "ADDSLOTS", 6), ("CLUSTER", "ADDSLOTSRANGE", 9, 7),
              ("CLUSTER", "SETSLOT", 5, "STABLE"), ("CLUSTER", "BUMPEPOCH"),
              ("CONFIG", "SET", "maxmemory", 0))
kinds = [x[0] for x in got[1]]
assert kinds == ["error", "simple", "error", "error", "simple", "simple",
                 "simple"], got
assert got[1][0][1] == b"ERR Slot 5 is already unassigned", got
assert got[1][2][1] == b"ERR Slot 6 is already busy", got
assert got[1][3][1].startswith(b"ERR start slot number 9"), got
assert got[1][5][1].startswith(b"BUMPED ")
assert cl.slot_count(n) == 2
# The connection is free again, and the next transaction its own.
assert c.call("EXEC") == ("error", b"ERR EXEC without MULTI")
assert execute(("PING",)) == ("array", [("simple", b"PONG")])

# What is watched decides for these as well.
c.ok("CLUSTER", "ADDSLOTSRANGE", 7, 16383)
c.ok("CLUSTER", "ADDSLOTSRANGE", 0, 4)
node.until(10, lambda: cl.info(n, "cluster_state") == "ok", "the cluster")
c.ok("WATCH", "k")
n.connect().ok("SET", "k", 1)
assert execute(("CLUSTER", "DELSLOTS", 9))[0] == "nil-array"
assert cl.slot_count(n) == 16384



def refused(last, *commands):
    """The last one is not queued, and nothing happens."""
    c.ok("MULTI")
    for words in commands:
        assert c.call(*words) == ("simple", b"QUEUED"), words
    got = c.call(*last)
    assert got[0] == "error", got
    assert b"not allowed inside a transaction" in got[1], got
    assert c.call("EXEC")[1].startswith(b"EXECABORT")


# Together with commands that can not wait they are refused when queued.
refused(("CLUSTER", "BUMPEPOCH"), ("SET", "k", 2))
refused(("SET", "k", 2), ("CLUSTER", "DELSLOTS", 9))
assert c.call("GET", "k")[1] == b"1" and cl.slot_count(n) == 16384
# As many as there is room for, and more.
got = execute(*[("CLUSTER", "SAVECONFIG")] * 32)
assert got == ("array", [OK] * 32), got
refused(("CLUSTER", "SAVECONFIG"), *[("CLUSTER", "SAVECONFIG")] * 32)

# Control that dies leaves an answer.
if node.has_faults(c):
    c.ok("DEBUG", "FAULT", "ask-begun", "die", "once")
    got = execute(("CLUSTER", "DELSLOTS", 1), ("CLUSTER", "ADDSLOTS", 1))
    assert got[0] == "error" and b"replaced" in got[1], got
    assert execute(("CLUSTER", "SAVECONFIG"),) == ("array", [OK])

# The whole is one step: while the file is written the slot's owner claims it
# again, which is heard after the last part and not between two of them.  What
# comes last is answered with the rest: when that is durable.
HOLD_MS = 1200
if node.has_faults(c):
    c.ok("CLUSTER", "DELSLOTS", 3)
    m.connect().ok("CLUSTER", "ADDSLOTS", 3)
    m.connect().ok("CLUSTER", "MEET", "127.0.0.1", n.port, n.bus)
    cl.agreed([n, m])
    m.connect().ok("CLUSTER", "BUMPEPOCH")
    node.until(10, lambda: int(cl.lines(n)[cl.myid(m)][6]) > int(
        cl.lines(n)[cl.myid(n)][6]), "its epoch")
    # Nothing else is being written.
    c.ok("CLUSTER", "SAVECONFIG")
    c.ok("DEBUG", "FAULT", "nodes-written", "hold", HOLD_MS, "once")
    start = time.monotonic()
    got = execute(("CLUSTER", "DELSLOTS", 3), ("CLUSTER", "ADDSLOTS", 3),
                  ("CLUSTER", "SETSLOT", 3, "STABLE"),
                  ("CLUSTER", "BUMPEPOCH"), ("CONFIG", "SET", "maxmemory", 0))
    assert got[1][:3] == [OK] * 3 and got[1][4] == OK, got
    assert got[1][3][1].startswith(b"BUMPED "), got
    assert time.monotonic() - start >= HOLD_MS / 1000
    cl.agreed([n, m])
    assert cl.slot_count(n) == 16384

# Who is gone is gone.
gone = n.connect()
gone.send_raw(b"".join(node.encode(w) for w in [
    ("MULTI",), ("CLUSTER", "DELSLOTS", 1), ("CLUSTER", "ADDSLOTS", 1),
    ("EXEC",)]))
gone.close()
node.until(10, lambda: cl.slot_count(n) == 16384, "the slot is back")
cl.check(n)
assert n.stop() == 0
