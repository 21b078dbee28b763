"""FAILOVER outside a cluster, between nodes of ours and redis-server, both ways

Under a writer: what was acknowledged is there, and nobody has to do anything.
Errors are redis-server's; one that is late is given up, or forced; a replica
that refuses leaves the primary the primary; one that is gone can be given up.
"""

# limit 60s

import os
import signal

import node
import shard

KINDS = ("almandined", "redis")


def start(kind, name):
    args = ["--repl-diskless-sync-delay", "0"]
    return node.Node(name, args + ["--workers", "2"] * (
        kind == "almandined"), kind=kind)


def follows(n, other):
    n.connect().ok("REPLICAOF", "127.0.0.1", other.port)
    linked(n, other)


def linked(n, other):
    node.until(10, lambda: shard.fields(n).get("master_link_status") == "up"
               and shard.fields(n)["master_port"] == str(other.port) and
               "online" in shard.fields(other).get("slave0", ""), "a link")


def state(n):
    return shard.fields(n)["master_failover_state"]


def is_over(*all):
    node.until(15, lambda: {state(n) for n in all} == {"no-failover"},
               "the end of it")


def refused(n, *words):
    value = n.connect().call("FAILOVER", *words)
    assert value[0] == "error", value
    return value[1].decode()


def there_and_back(a, b):
    """a is the primary; the role goes to b, without a whole synchronisation,
    and what was acknowledged is there."""
    full = shard.fields(b, "stats")["sync_full"]
    c = a.connect(seconds=15)
    for i in range(50):
        c.ok("INCR", "n")
    c.ok("FAILOVER", "TO", "127.0.0.1", b.port)
    count = 50
    while True:
        answer = c.call("INCR", "n")
        if answer[0] == "error":
            break
        count += 1
    assert answer[1].startswith(b"READONLY"), answer
    is_over(a, b)
    assert shard.role(b) == "master" and shard.role(a) == "slave"
    linked(a, b)
    assert b.connect().ok("GET", "n") == ("bulk", b"%d" % count)
    assert shard.fields(b, "stats")["sync_full"] == full
    b.connect().ok("SET", "after", b.port)
    node.until(10, lambda: shard.told(a, "GET", "after") == str(b.port),
               "the stream")
    b.connect().ok("SET", "n", 0)


for kind in KINDS:
    ours, other = start("almandined", "o" + kind[0]), start(kind, kind)
    follows(other, ours)
    assert refused(other) == \
        "ERR FAILOVER is not valid when server is a replica."
    for pair in (ours, other), (other, ours):
        there_and_back(*pair)
    assert refused(ours, "ABORT") == "ERR No failover in progress."
    other.stop()
    node.until(10, lambda: shard.fields(ours)["connected_slaves"] == "0",
               "it is missed")
    assert refused(ours) == "ERR FAILOVER requires connected replicas."
    assert refused(ours, "FORCE") == "ERR FAILOVER with force option " \
        "requires both a timeout and target HOST and IP."
    ours.stop()

# One that does not get on: late, called off, and by force.
a, b = start("almandined", "a"), start("redis", "b")
follows(b, a)
c, at = a.connect(seconds=15), a.connect(seconds=15)
assert refused(a, "TO", "127.0.0.1", a.port) == \
    "ERR FAILOVER target HOST and PORT is not a replica."
assert refused(a, "TAKEOVER") == "ERR syntax error"
to = ("FAILOVER", "TO", "127.0.0.1", b.port)
for how in "late", "called off", "control dies", "in vain", "forced":
    os.kill(b.pid, signal.SIGSTOP)
    c.ok("SET", "how", how)
    c.ok(*to, *{"late": ("TIMEOUT", 200), "called off": (),
                 "control dies": ()}.get(how, ("FORCE", "TIMEOUT", 200)))
    c.send("SET", "how", how + " 2")
    if how == "called off":
        assert state(a) == "waiting-for-sync"
        assert refused(a) == "ERR FAILOVER already in progress."
    if how == "control dies":
        a.respawned("control", a.hit("control"))
    if how in ("in vain", "forced"):
        node.until(5, lambda: state(a) == "failover-in-progress", "force")
        assert at.call("REPLICAOF", "NO", "ONE")[0] == "error"
    if how == "in vain":
        a.respawned("control", a.hit("control"))
        assert state(a) == "failover-in-progress"
    if how in ("called off", "in vain"):
        at.ok("FAILOVER", "ABORT")
    if how == "forced":
        os.kill(b.pid, signal.SIGCONT)
        assert c.read(15)[1].startswith(b"READONLY")
        is_over(a)
        assert shard.role(b) == "master"
        linked(a, b)
        break
    assert c.read(15) == ("simple", b"OK")
    is_over(a)
    assert shard.role(a) == "master"
    os.kill(b.pid, signal.SIGCONT)
    follows(b, a) if shard.role(b) == "master" else linked(b, a)
    node.until(10, lambda: shard.told(b, "GET", "how") == how + " 2", "it")
b.stop()

# One that was never a replica refuses: nothing of ours is lost.
a.stop()
a, b, d = (start("almandined", x) for x in "xyz")
d.connect().ok("SET", "strange", 1)
b.connect().ok("CONFIG", "SET", "replica-announce-port", d.port)
b.connect().ok("REPLICAOF", "127.0.0.1", a.port)
node.until(10, lambda: "port=%d,state=online" % d.port in shard.fields(a).get(
    "slave0", ""), "a replica")
c = a.connect()
c.ok("SET", "mine", 1)
c.ok("FAILOVER", "TO", "127.0.0.1", d.port)
c.ok("SET", "mine", 2)
is_over(a)
assert shard.role(a) == shard.role(d) == "master"
assert c.ok("GET", "mine") == ("bulk", b"2") and \
    c.ok("GET", "strange") == ("nil",)
