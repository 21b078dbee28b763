"""slots that move one after the other are one line of the log, not one each"""

# limit 60s

import re
import time

import clustering as cl
import node

SLOTS = range(40)
QUIET_S = 6.0  # a line that counts is written when it was not added to for 5 s


def lines(n, mark):
    """Of control about the cluster, at a level."""
    with open(n.log) as log:
        return re.findall(r"^\d+:control .{24,30} %s (cluster: .*)$"
                          % re.escape(mark), log.read(), re.M)


def moved(n, mark="*"):
    return [x for x in lines(n, mark) if "slot has moved" in x]


a, b, c = cl.start(["almandined"] * 3)
cl.create([a, b, c], replicas=0)
cl.agreed([a, b, c])
b.connect().ok("CONFIG", "SET", "loglevel", "verbose")
ids = {n: cl.myid(n) for n in (a, b, c)}
before = {n: len(lines(n, "*")) for n in (a, b, c)}
for slot in SLOTS:
    b.connect().ok("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[a])
    a.connect().ok("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[b])
    b.connect().ok("CLUSTER", "SETSLOT", slot, "NODE", ids[b])
    a.connect().ok("CLUSTER", "SETSLOT", slot, "NODE", ids[b])
cl.agreed([a, b, c])
node.until(20, lambda: moved(b), "the line")
assert len(moved(b, "-")) == len(SLOTS), moved(b, "-")
assert re.search(r": %d times within \d+ ms$" % len(SLOTS), moved(b)[0])
assert len(moved(b)) == 1, moved(b)
for n in (a, b, c):
    assert len(lines(n, "*")) - before[n] <= 3, lines(n, "*")[before[n]:]

# Whole slots: one line on either side, when no other one is awaited.
quiet_since = [None, 0.0]


def is_quiet():
    """So long that every line which counts has been written."""
    if quiet_since[0] != (now := [lines(n, "*") for n in (a, b, c)]):
        quiet_since[:] = now, time.monotonic()
    return time.monotonic() - quiet_since[1] > QUIET_S


node.until(40, is_quiet, "no more lines")
before = {n: len(lines(n, "*")) for n in (a, b)}
b.connect(seconds=30).ok("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 0,
                         len(SLOTS) - 1, "NODE", ids[a])
node.until(30, lambda: len(lines(a, "*")) > before[a] and
           len(lines(b, "*")) > before[b], "both lines")
cl.agreed([a, b, c])
assert lines(a, "*")[before[a]:] == [
    "cluster: %s: the slots are ours" % ids[b]], lines(a, "*")[before[a]:]
assert lines(b, "*")[before[b]:] == [
    "cluster: %s: the slots have gone" % ids[a]], lines(b, "*")[before[b]:]
assert any("keys are copied" in x for x in lines(b, "-")), lines(b, "-")
for n in (a, b, c):
    assert n.stop() == 0
