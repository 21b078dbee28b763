"""an order while a failover goes on: refused with what goes on, or it goes before

The first one does not get on: control of the primary stands still, or a
worker of the replica does.  The same order again is refused with the words of the
step; nothing else gets the recovery lock, whose holder is told; FORCE goes
before planned, TAKEOVER before all, and what is called off ends at once.
"""

# limit 60s

import contextlib
import os
import signal

import clustering as cl
import killing
import node
import shard

nodes = cl.start(["almandined"] * 4, ["--cluster-require-full-coverage", "no"])
cl.create(nodes[:3], replicas=0)
join = nodes[3].connect()
join.ok("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, nodes[0].bus)
node.until(10, lambda: join.call("CLUSTER", "REPLICATE", cl.myid(nodes[0])) ==
           ("simple", b"OK"), "a replica")
key = None
LONG_MS = int(9000 * node.SLOW)


def parts():
    """(primary, replica) when nothing goes on."""
    global key
    shard.settled(nodes)
    node.until(10, lambda: all(shard.fields(n).get("master_failover_state") ==
                               "no-failover" for n in nodes), "quiet")
    s = max(shard.shards(nodes), key=lambda s: len(s.nodes))
    key = "{%s}" % s.tags(1)[0]
    return s.nodes


@contextlib.contextmanager
def stopped(n, name):
    pid = n.halt(name)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def begins(replica, state):
    """It is accepted, and comes as far as that."""
    assert shard.refusal(replica, "TIMEOUT", LONG_MS) is None
    node.until(5, lambda: shard.fields(replica)["master_failover_state"] ==
               state, state)


def refuses(primary, replica, words):
    """What may not be done meanwhile."""
    assert shard.refusal(replica) == "ERR " + words, shard.refusal(replica)
    assert shard.fields(replica)["recover_status"] == "ClusterFailover"
    for order in (("REPLICATE", cl.myid(nodes[1])), ("RESET",),
                  ("RESET", "HARD")):
        value = replica.connect().call("CLUSTER", *order)
        assert value == ("error", b"ERR Recovery in progress, could not "
                         b"acquire recoverLock (held for ClusterFailover)"), \
            (order, value)
    assert shard.primary_of(replica) == cl.myid(primary)


def kind(n):
    value = n.connect(proto=3).ok("CLUSTER", "FAILOVER", "STATUS")
    last = {k[1]: v for k, v in {k[1]: v for k, v in value[1]}[b"last"][1]}
    return last[b"kind"][1], last[b"result"][1]


for how, name in (("FORCE", b"forced"), ("TAKEOVER", b"takeover")):
    primary, replica = parts()
    primary.connect().ok("SET", key, how)
    with stopped(primary, "control"):
        begins(replica, "issuing-pause-writes")
        refuses(primary, replica, "a majority promises the new epoch; then the "
                "primary is asked to stop writes")
        assert shard.refusal(replica, how) is None
        node.until(10, lambda: shard.role(replica) == "master", how)
    node.until(10, lambda: shard.role(primary) == "slave", "it follows")
    assert parts()[0] is replica
    node.until(10, lambda: kind(replica) == (name, b"completed"), "its end")
    assert replica.connect().ok("GET", key) == ("bulk", how.encode())

# A worker of the replica stands still, which would have to agree before anybody
# can write there: the primary is not asked to stop.
primary, replica = parts()
ask = [killing.connect_to(replica, "worker %d" % i) for i in range(2)]
last = shard.last_failover(replica)
holds = primary.log_count("writes are held")
with stopped(replica, "worker 1"):
    ask[0].ok("CLUSTER", "FAILOVER", "TIMEOUT", 700)
    node.until(5, lambda: b"last_failover_state:failover-aborted" in
               ask[0].ok("INFO", "replication")[1], "its end")
    primary.connect().ok("SET", key, "on")
assert shard.role(primary) == "master"
assert shard.last_failover(replica) != last
assert shard.fields(replica)["last_failover_reason"] == "the recovery lock " \
    "was not free, or a worker did not answer, in time"
assert primary.log_count("writes are held") == holds

# What the primary has does not come, because who applies it is held up.
if node.has_faults(ask[0]):
    primary, replica = parts()
    point = "failover-pausing-decided"
    ask[0].ok("DEBUG", "FAULT", point, "hold", 600000, "once")
    order = killing.connect_to(replica, "worker 0")
    order.send("CLUSTER", "FAILOVER", "TIMEOUT", LONG_MS)
    node.until(5, lambda: replica.log_has("fault %s: holds" % point))
    ask[0].ok("DEBUG", "FAULT", "log-copied", "hold", LONG_MS, "once")
    primary.connect().ok("INCR", "%sn" % key)
    node.until(5, lambda: replica.log_has("fault log-copied: holds"))

    def answers(c):
        """Whether its worker does not have the stream."""
        try:
            c.send("PING")
            return c.read(0.5) == ("simple", b"PONG")
        except TimeoutError:
            return False

    at = next(c for c in ask if answers(c))
    at.ok("DEBUG", "FAULT", point, "off")
    node.until(5, lambda: b"master_failover_state:waiting-for-sync" in
               at.ok("INFO", "replication")[1], "the offset")
    assert at.call("CLUSTER", "FAILOVER") == (
        "error", b"ERR replaying up to the primary's offset")
    waits = primary.connect()
    waits.send("INCR", "%sn" % key)
    at.ok("CLUSTER", "FAILOVER", "ABORT")
    assert waits.read(2 * node.SLOW)[0] == "int"
    at.ok("DEBUG", "FAULT", "log-copied", "off")
    assert parts()[0] is primary
shard.take_over(replica)
assert parts()[0] is replica
cl.check(nodes[0])
