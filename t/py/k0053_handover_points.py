"""processes die at every point of a FAILOVER outside a cluster: one primary

Control of the primary or of the replica dies at each point that shm/fault.def
names for it, or a worker where the two talk, while somebody writes.  The role
has gone over or come back, by itself; nothing that was acknowledged is missing,
and no number was given twice.  In a short run a sample of the points.
"""

# limit 300s

import os
import re
import signal
import threading

import node
import shard

HERE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SETTLED = 10                       # seconds, whatever happened

with open(os.path.join(HERE, "shm", "fault.def")) as f:
    named = set(re.findall(r'^FAULT_POINT\(HANDOVER_\w+, "([^"]+)"', f.read(),
                           re.M))

# (side, point, how): how is planned, refused by who is asked, or called off
# when who is asked is dead.
CASES = [(side, point, "planned") for side, point in (
    ("primary", "handover-hold"), ("primary", "handover-held"),
    ("primary", "handover-level"), ("primary", "handover-goes"),
    ("primary", "handover-over"), ("replica", "handover-takes"),
    ("replica", "promoted"), ("primary", "link-connected"),
    ("primary", "link-continued"), ("primary", "acknowledges"),
    ("replica", "acknowledges"), ("primary", "publish-before"),
    ("primary", "publish-after"), ("replica", "publish-before"),
    ("replica", "publish-after"))]
CASES += [("primary", point, "refused") for point in (
    "handover-refused", "promoted", "handover-back", "handover-goes",
    "acknowledges", "publish-after")]
CASES += [("primary", point, "aborted") for point in (
    "handover-refused", "promoted", "handover-back", "ask-begun", "ask-done")]
SAMPLE = [("primary", "handover-held", "planned"),
          ("primary", "handover-goes", "planned"),
          ("replica", "promoted", "planned"),
          ("primary", "promoted", "refused"),
          ("primary", "handover-back", "refused")]
assert named <= {c[1] for c in CASES}, named


class Writer(threading.Thread):
    """Counts at whichever of some nodes takes it."""

    def __init__(self, nodes):
        super().__init__(daemon=True)
        self.nodes, self.acked, self.sent, self.twice = nodes, 0, 0, []
        self.is_over = False
        self.start()

    def count(self, c):
        """Until it is not taken any more."""
        while not self.is_over:
            self.sent += 1
            answer = c.call("INCR", "n")
            if answer[0] != "int":
                self.sent -= 1
                return
            if answer[1] <= self.acked:
                self.twice.append((answer[1], self.acked))
            self.acked = answer[1]

    def run(self):
        while not self.is_over:
            for n in self.nodes:
                try:
                    c = n.connect(seconds=20)
                    self.count(c)
                    c.close()
                except (node.Gone, OSError, TimeoutError):
                    continue

    def goes_on(self):
        """Something more is acknowledged."""
        acked = self.acked
        node.until(SETTLED, lambda: self.acked > acked + 20, "writes")

    def end(self):
        self.is_over = True
        self.join(30)
        assert not self.twice, self.twice


def start(name):
    return node.Node(name, ["--workers", "2", "--respawn-limit", "0",
                            "--repl-diskless-sync-delay", "0"])


def linked(n, other):
    node.until(SETTLED, lambda: shard.fields(n).get(
        "master_link_status") == "up" and shard.fields(n)["master_port"] ==
        str(other.port), "a link")
    node.until(SETTLED, lambda: "state=online" in shard.fields(other).get(
        "slave0", ""), "a replica")


def is_over(nodes):
    """Nobody is in a failover, and there is one primary of the two."""
    info = [shard.fields(n) for n in nodes]
    return all(i.get("master_failover_state") == "no-failover"
               for i in info) and {i.get("role") for i in info} == {
                   "master", "slave"}


def is_asked_in_vain(primary, replica):
    """By force, and the replica dies before it is asked."""
    pids = sorted(replica.processes().items(),
                  key=lambda p: p[0] != "supervisor")
    for _, pid in pids:
        os.kill(pid, signal.SIGSTOP)
    primary.connect().ok("SET", "late", 1)
    primary.connect().ok("FAILOVER", "TO", "127.0.0.1", replica.port, "FORCE",
                         "TIMEOUT", 100)
    replica.kill()
    node.until(SETTLED, lambda: shard.fields(primary)[
        "master_failover_state"] == "failover-in-progress", "force")


def called_off(pair, point):
    """Control dies over it; whoever is told so asks again."""
    primary, replica = pair
    is_asked_in_vain(*pair)
    before = primary.process("control")
    primary.connect().ok("DEBUG", "FAULT", point, "die", "once")
    answer = primary.connect(seconds=SETTLED).call("FAILOVER", "ABORT")
    primary.respawned("control", before)
    if answer != ("simple", b"OK"):
        assert b"look whether it happened" in answer[1], answer
        shard.ask(primary, "FAILOVER", "ABORT")
    node.until(SETTLED, lambda: shard.fields(primary)[
        "master_failover_state"] == "no-failover", "the end of it")
    assert shard.role(primary) == "master"
    print("primary ", point, "aborted", answer, flush=True)
    replica.start()
    replica.connect().ok("REPLICAOF", "127.0.0.1", primary.port)


def run(pair, to, side, point, how):
    """One FAILOVER of the first of a pair to `to`; whether it was met."""
    primary, replica = pair
    n = primary if side == "primary" else replica
    before = n.processes()
    shard.ask(n, "DEBUG", "FAULT", point, "die", "once")
    answer = shard.told(primary, "FAILOVER", "TO", "127.0.0.1", to.port)
    node.until(SETTLED, lambda: n.processes() != before, point)
    node.until(SETTLED, lambda: is_over(pair), "the end of it")
    print("%-8s %-18s %-8s %s" % (side, point, how, "done" if shard.role(
        replica) == "master" else "as before"), answer, flush=True)


a, b = start("a"), start("b")
if not node.has_faults(a.connect()):
    node.skip("this build has no fault points")
b.connect().ok("REPLICAOF", "127.0.0.1", a.port)
linked(b, a)
todo = CASES if node.LONG > 1 else SAMPLE
pair, writer = [a, b], Writer([a, b])
for case in todo:
    if case[2] == "refused":
        continue
    try:
        writer.goes_on()
        if case[2] == "planned":
            run(pair, pair[1], *case)
        else:
            called_off(pair, case[1])
        pair.sort(key=shard.role)
        writer.goes_on()
        linked(pair[1], pair[0])
    except AssertionError as e:
        raise AssertionError("%s: %s" % (" ".join(case), e))
writer.end()
value = int(shard.told(pair[0], "GET", "n"))
assert writer.acked <= value <= writer.sent, (writer.acked, value, writer.sent)

# One that was never a replica refuses: the role comes back.
d = start("d")
d.connect().ok("SET", "strange", 1)
pair[1].connect().ok("CONFIG", "SET", "replica-announce-port", d.port)
pair[1].connect().ok("REPLICAOF", "NO", "ONE")
pair[1].connect().ok("REPLICAOF", "127.0.0.1", pair[0].port)
for case in todo:
    if case[2] != "refused":
        continue
    node.until(SETTLED, lambda: "port=%d,state=online" % d.port in
               shard.fields(pair[0]).get("slave0", ""), "a replica")
    writer, begun = Writer(pair[:1]), int(shard.told(pair[0], "GET", "n"))
    try:
        writer.goes_on()
        run(pair, d, *case)
        writer.goes_on()
    except AssertionError as e:
        raise AssertionError("%s: %s" % (" ".join(case), e))
    writer.end()
    value = int(shard.told(pair[0], "GET", "n"))
    assert writer.acked <= value <= writer.sent + begun, (writer.acked, value)
    assert shard.role(pair[0]) == shard.role(d) == "master"
    assert shard.told(pair[0], "GET", "strange") == ""
