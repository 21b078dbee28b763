"""CLUSTER MIGRATESLOTS that does not come to its end: refused, cancelled, or
somebody dies in one of its states

Whatever happens, each slot has one owner afterwards, that one has every write
that was acknowledged, and nobody else counts a key of it.
"""

# limit 120s

import itertools
import os
import signal
import threading
import time

import clustering as cl
import node

nodes = cl.start(["almandined"] * 3 + ["redis"], [
    "--appendonly", "yes", "--appendfsync", "always"])
a, b, c, foreign = nodes
if not node.has_faults(a.connect()):
    node.skip("no fault points in this build")
cl.create(nodes, replicas=0)
cl.agreed(nodes)
ids = {n: cl.myid(n) for n in nodes}
KEYS = ["{t7}k%d" % i for i in range(200)]
slot = a.connect().ok("CLUSTER", "KEYSLOT", "{t7}")[1]
LAST = 4000


def owner_of(slot):
    """The one node that owns it by its own word, when all agree."""
    cl.agreed(nodes)
    found = [n for n in nodes for w in cl.lines(n)[ids[n]][8:]
             if "-" in w and not w.startswith("[") and
             int(w.split("-")[0]) <= slot <= int(w.split("-")[1])]
    assert len(found) == 1, (slot, found)
    return found[0]


def rows(n):
    got = n.connect(seconds=30).ok("CLUSTER", "GETSLOTMIGRATIONS")[1]
    return [{row[1][i][1].decode(): row[1][i + 1][1] for i in range(0, 22, 2)}
            for row in got]


def state(n):
    try:
        got = rows(n)
    except (node.Gone, TimeoutError, AssertionError):
        return None
    return got[0]["state"].decode() if got else ""


def is_over(n):
    return state(n) in ("", "success", "failed", "cancelled")


def order(source, target, *ranges):
    return source.connect(seconds=30).call(
        "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *ranges, "NODE", ids[target])


# --- refused --------------------------------------------------------------

at = owner_of(slot)
assert at is a and slot <= LAST, slot
for words, why in (
        (("SLOTSRANGE", 0, 1, "NODE", ids[foreign]), b"another kind"),
        (("SLOTSRANGE", 0, 1, "NODE", ids[a]), b"is this node"),
        (("SLOTSRANGE", 0, 1, "NODE", "0" * 40), b"not known"),
        (("SLOTSRANGE", 0, 16383, "NODE", ids[b]), b"not served by this"),
        (("SLOTSRANGE", 5, 4, "NODE", ids[b]), b"greater than end"),
        (("SLOTSRANGE", 0, 16384, "NODE", ids[b]), b"out of range"),
        (("SLOTSRANGE", 0, 1, 1, 2, "NODE", ids[b]), b"named twice"),
        (("SLOTSRANGE", 0, 1, "NODE", ids[b], "SLOTSRANGE", 1, 2, "NODE",
          ids[c]), b"named twice"),
        (("SLOTSRANGE", 0, 1, "NODE"), b"syntax"),
        (("NODE", ids[b], "SLOTSRANGE", 0, 1), b"syntax"),
        (("SLOTSRANGE",) + tuple(s for i in range(21)
                                 for s in (2 * i, 2 * i)) +
         ("NODE", ids[b]), b"too many ranges")):
    got = a.connect().call("CLUSTER", "MIGRATESLOTS", *words)
    assert got[0] == "error" and why in got[1], (words, got)
assert rows(a) == []

# --- writers ---------------------------------------------------------------


# By key: what was acknowledged last, and tried last; they only grow.
sure, maybe = {}, {}
numbers = itertools.count(1)


class Writer(threading.Thread):
    """Sets keys to growing numbers, and notes which were acknowledged."""

    def __init__(self):
        super().__init__(daemon=True)
        self.done = 0
        self.stopped, self.why, self.port, self.conns = False, None, a.port, {}
        self.start()

    def put(self, key, n):
        port = self.port
        while not self.stopped:
            try:
                if port not in self.conns:
                    self.conns[port] = node.Connection(port, seconds=20)
                got = self.conns[port].call("SET", key, n)
            except (node.Gone, TimeoutError, OSError):
                self.conns.pop(port, None)
                return
            if got[0] != "error":
                sure[key] = n
                self.done += 1
                return
            word = got[1].split()[0]
            if word == b"MOVED":
                port = self.port = int(got[1].rpartition(b":")[2])
            elif word not in (b"CLUSTERDOWN", b"LOADING", b"MISCONF"):
                raise AssertionError(got)

    def run(self):
        try:
            while not self.stopped:
                n = next(numbers)
                key = KEYS[n % 40]
                maybe[key] = n
                self.put(key, n)
        except Exception as e:
            self.why = e


c = a.connect()
for k in KEYS[40:]:
    c.ok("SET", k, k * 20)
for i in range(3000):
    c.ok("SET", "{%d}x" % i, "y") if c.call(
        "GET", "{%d}x" % i)[0] != "error" else None


def verify(w):
    assert w.why is None, w.why
    owner = owner_of(slot)
    conn = owner.connect(seconds=30)
    for k in KEYS[:40]:
        got = conn.ok("GET", k)
        got = int(got[1]) if got[0] == "bulk" else 0
        assert sure.get(k, 0) <= got <= maybe.get(k, 0), \
            (k, got, sure.get(k), maybe.get(k))
    for k in KEYS[40:]:
        assert conn.ok("GET", k) == ("bulk", (k * 20).encode()), k
    for n in nodes[:3]:
        if n is not owner:
            node.until(20, lambda: n.connect().ok(
                "CLUSTER", "COUNTKEYSINSLOT", slot) == ("int", 0),
                "the end of what %s had" % n.name)
    cl.check(owner)
    return owner


def round_of(what, act, wants):
    """Moves the slots away, does something meanwhile, looks at the end."""
    source = owner_of(slot)
    target = b if source is a else a
    w = Writer()
    node.until(10, lambda: w.done > 20 or w.why, "writes")
    begun = time.monotonic()
    actor = act(source, target)
    got = order(source, target, 0, LAST)
    assert got == ("simple", b"OK"), got
    if actor:
        # Also when it comes late: whoever is to die has died.
        actor.join()
    node.until(40, lambda: is_over(source) and is_over(target) and
               source.is_up() and target.is_up(), "the end of " + what)
    took = time.monotonic() - begun
    w.stopped = True
    w.join()
    for n in nodes[:3]:
        for p in ("ship-sends", "shift-state"):
            n.connect().ok("DEBUG", "FAULT", p, "off")
    owner = verify(w)
    how = state(source)
    print("%s: %s, %s, %.1f s" % (what, how, "moved" if owner is target else
                                  "stayed", took))
    assert (owner is target) in wants, what


def beside(act):
    """Begins it; what round_of() waits for."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def cancel(source, target):
    source.connect().ok("DEBUG", "FAULT", "ship-sends", "hold", 5)

    def later():
        node.until(10, lambda: state(source) == "copying", "copying")
        source.connect().ok("CLUSTER", "CANCELSLOTMIGRATIONS")
        source.connect().ok("DEBUG", "FAULT", "ship-sends", "off")
    return beside(later)


def dies_copying(source, target):
    source.connect().ok("DEBUG", "FAULT", "ship-sends", "die", "once")


def stand_at(n, k):
    """Arms the point where control tells its workers of a state; gives a
    function that returns when it stands before the k-th of them."""
    mark = "fault shift-state: holds"
    before = n.log_count(mark)

    def hold(i):
        # Armed anew it goes on to the next one.
        n.connect().ok("DEBUG", "FAULT", "shift-state", "hold", 60000 + i)

    def reach():
        for i in range(1, k + 1):
            node.until(20, lambda: n.log_count(mark) >= before + i, "a state")
            if i < k:
                hold(i)

    hold(0)
    return reach


def at_state(whose, k):
    """Control dies when it tells its workers of its k-th state."""
    def act(source, target):
        n = source if whose == "source" else target
        reach = stand_at(n, k)

        def later():
            reach()
            n.hit("control")
            n.connect().ok("DEBUG", "FAULT", "shift-state", "off")
        return beside(later)
    return act


def node_dies(whose, k):
    def act(source, target):
        n = source if whose == "source" else target
        reach = stand_at(n, k)

        def later():
            reach()
            n.kill()
            n.start(waits=False)
        return beside(later)
    return act


reclaimed = []


def stands_still(source, target):
    """The target has not read yet that the slots are given, and is taken for
    dead: the source claims them back, and has shown that before it goes on."""
    pids = sorted(target.processes().items(),
                  key=lambda p: p[0] != "supervisor")
    hold = node.holds(source, "nodes-write")
    hold.__enter__()

    def later():
        try:
            node.until(10, lambda: state(source) == "giving", "the giving")
            for _, pid in pids:
                os.kill(pid, signal.SIGSTOP)
            hold.__exit__(None, None, None)
            node.until(20, lambda: state(source) == "reclaiming",
                       "a claim of what was given")
            node.until(10, lambda: state(source) == "failed", "its end")
            reclaimed.append(source)
        finally:
            for _, pid in reversed(pids):
                os.kill(pid, signal.SIGCONT)
    return beside(later)


def worker_dies(whose):
    def act(source, target):
        n = source if whose == "source" else target
        n.connect().ok("DEBUG", "FAULT", "ship-sends", "hold", 2)
        source.connect().ok("DEBUG", "FAULT", "ship-sends", "hold", 2)

        def later():
            node.until(10, lambda: state(source) == "copying", "copying")
            for i in range(2):
                n.hit("worker %d" % i)
        return beside(later)
    return act


def either(what, act):
    round_of(what, act, {False, True})


LONG = node.LONG > 1
round_of("nothing", lambda s, t: None, {True})
round_of("cancel", cancel, {False})
round_of("a worker of the source dies", dies_copying, {False})
for k in range(1, 6) if LONG else (4,):
    either("control of the source dies in state %d" % k,
           at_state("source", k))
    either("the source dies in state %d" % k, node_dies("source", k))
for k in range(1, 4) if LONG else (2,):
    either("control of the target dies in state %d" % k,
           at_state("target", k))
    either("the target dies in state %d" % k, node_dies("target", k))
if LONG:
    either("workers of the target die", worker_dies("target"))
round_of("the target stands still", stands_still, {False})
assert len(reclaimed) == 1
round_of("nothing again", lambda s, t: None, {True})
