"""who took over is killed after its first acknowledged write: nothing is lost

The old primary gave its role by its word and is about to follow.  What the new
one acknowledges, the old one has: it is elected when the new one is killed at
once, with and without a stream that is late.  A reply does not wait for an old
primary that stands still or is dead; nobody gets an error for that.
"""

# limit 120s

import os
import signal
import time

import clustering as cl
import node
import shard

LATE_MS = 300                   # cluster/heir.h

nodes = cl.start(["almandined"] * 6)
HAS_FAULTS = node.has_faults(nodes[0].connect())
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, probe_us=500)
load.go()
s0 = load.shards["s0"]
key = "{%s}first" % s0.tags(1)[0]


def parts():
    """(primary, replica) as they are, both with a link."""
    shard.settled(nodes)
    return sorted(s0.nodes, key=shard.role)


def first_write(at, value, seconds=10):
    """Writes as soon as this node does so; how long the last try took."""
    end = time.monotonic() + seconds * node.SLOW
    while time.monotonic() < end:
        start = time.monotonic()
        reply = at.call("SET", key, value)
        if reply == ("simple", b"OK"):
            return (time.monotonic() - start) * 1000
        assert reply[0] == "error" and reply[1].startswith(b"MOVED"), reply
    raise AssertionError("it does not take over")


def kill_taker(value, late_ms=0):
    """A failover, whose taker is killed when it has acknowledged a write."""
    primary, replica = parts()
    at = replica.connect(seconds=10)
    if late_ms:
        primary.connect().ok("DEBUG", "FAULT", "link-connected", "hold",
                             late_ms, "once")
    load.mark()
    assert shard.refusal(replica) is None
    took_ms = first_write(at, value)
    replica.kill()
    load.served(20, names=["s0"])
    gap_ms = load.report()["s0"].gap_ms
    assert primary.connect().ok("GET", key) == ("bulk", value), took_ms
    assert gap_ms < 1000 * node.SLOW, gap_ms
    replica.start()


def signal_all(pids, signo):
    for pid in pids:
        os.kill(pid, signo)


def stopped():
    """The old primary stands still, but for its supervisor, when it has given
    its word: the reply comes when it is late."""
    primary, replica = parts()
    point = "failover-turning-decided"
    at = replica.connect(seconds=10)
    with node.holds(replica, point) as is_there:
        assert shard.refusal(replica) is None
        node.until(5, is_there)
        pids = [p for name, p in primary.processes().items()
                if name != "supervisor"]
        signal_all(pids, signal.SIGSTOP)
    took_ms = first_write(at, b"stopped")
    signal_all(pids, signal.SIGCONT)
    assert LATE_MS / 2 < took_ms < 2 * LATE_MS * node.SLOW, took_ms
    # From then on nobody waits for it.
    assert first_write(at, b"stopped") < LATE_MS / 2 * node.SLOW


def killed():
    """The old primary dies while a reply waits for it."""
    primary, replica = parts()
    at = replica.connect(seconds=10)
    primary.connect().ok("DEBUG", "FAULT", "link-connected", "hold", 600000,
                         "once")
    assert shard.refusal(replica) is None
    node.until(5, lambda: primary.log_has("fault link-connected: holds"))
    at.send("SET", key, b"killed")
    when = primary.kill()
    assert at.read() == ("simple", b"OK")
    took_ms = (time.monotonic() - when) * 1000
    assert took_ms < LATE_MS * 2 / 3 * node.SLOW, took_ms
    primary.start()


for i in range(10):
    kill_taker(b"%d" % i)
if HAS_FAULTS:
    for i in range(3):
        kill_taker(b"late %d" % i, 80)
    stopped()
    killed()
parts()
load.end()
cl.check(nodes[0])
