"""orders to the failover machine: accepted, refused with a reason, called off

FORCE, TAKEOVER, ABORT, TIMEOUT, and FAILOVER at the primary; each order that
makes no sense is refused at once with redis-server's words, where it has some.
The last failover stands in INFO and in the reports.
"""

# limit 60s

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 6, ["--workers", "1"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
a, b = nodes[0], next(n for n in nodes[3:]
                      if shard.primary_of(n) == cl.myid(nodes[0]))
other = nodes[1]


def pairs(value):
    return {k[1].decode(): v for k, v in value[1]}


def status(n):
    return pairs(n.connect(proto=3).ok("CLUSTER", "FAILOVER", "STATUS"))


def refused(n, *words):
    value = n.connect().call(*words)
    assert value[0] == "error", (words, value)
    return value[1].decode()


def done(n, result="failover-completed"):
    node.until(10, lambda: shard.fields(n)["master_failover_state"] ==
               "no-failover", "the end of it")
    assert shard.fields(n)["last_failover_state"] == result, shard.fields(n)


# What makes no sense.
F = ("CLUSTER", "FAILOVER")
assert refused(a, *F) == "ERR You should send CLUSTER FAILOVER to a replica"
assert refused(b, *F, "NOW") == "ERR syntax error"
assert refused(b, *F, "FORCE", "TAKEOVER") == "ERR syntax error"
assert refused(b, *F, "TO", "127.0.0.1", a.port) == "ERR syntax error"
assert refused(b, *F, "TIMEOUT") == "ERR syntax error"
assert refused(a, "FAILOVER", "TAKEOVER") == "ERR syntax error"
assert refused(b, *F, "TIMEOUT", "x") == \
    "ERR value is not an integer or out of range"
assert refused(b, *F, "TIMEOUT", "-1") == \
    "ERR FAILOVER timeout must be greater than 0"
assert refused(b, *F, "ABORT") == "ERR No failover in progress."
assert refused(a, "FAILOVER", "ABORT") == "ERR No failover in progress."
assert refused(a, "FAILOVER", "TO", "127.0.0.1", other.port) == \
    "ERR FAILOVER target HOST and PORT is not a replica."
assert refused(a, "FAILOVER", "FORCE") == "ERR FAILOVER with force option " \
    "requires both a timeout and target HOST and IP."
assert refused(a, "FAILOVER", "TO", "127.0.0.1") == "ERR syntax error"
assert refused(b, "FAILOVER") == \
    "ERR FAILOVER is not valid when server is a replica."
assert status(b)["failovers"] == ("int", 0)

# By force, and without asking anybody.
a.connect().ok("SET", "{%s}" % shard.shards(nodes)[0].tags(1)[0], "1")
for how, kind, new, old in (("FORCE", b"forced", b, a),
                            ("TAKEOVER", b"takeover", a, b)):
    shard.take_over(new, how)
    done(new)
    last = pairs(status(new)["last"])
    assert last["kind"][1] == kind and last["result"][1] == b"completed", last
    assert shard.fields(new)["last_failover_id"] == str(last["id"][1])
    shard.settled(nodes)

# A primary that answers in time is not voted out: it gives its word.
for new in (b, a) * 3:
    shard.take_over(new, "FORCE")
    done(new)
    steps = pairs(pairs(status(new)["last"])["steps"])
    shard.settled(nodes)
    if "claiming" in steps and "electing" not in steps:
        break
else:
    raise AssertionError("never by its word: %s" % steps)
if shard.role(a) == "slave":
    shard.take_over(a)
    shard.settled(nodes)

# At the primary: it invites its replica, or a certain one.
a.connect().ok("FAILOVER")
node.until(5, lambda: cl.role(b) == "master", "the replica takes over")
shard.settled(nodes)
b.connect().ok("FAILOVER", "TO", "127.0.0.1", a.port, "TIMEOUT", 3000)
node.until(5, lambda: cl.role(a) == "master", "and back")
shard.settled(nodes)
done(a), done(b)
assert len(a.connect().ok("CLUSTER", "FAILOVER", "HISTORY")[1]) >= 3

# One that can not go on is called off, or ends by its own time; the primary
# writes on at once.
write = a.connect()
write.ok("CONFIG", "SET", "cluster-manual-failover-timeout", "3000")
key = "{%s}" % shard.shards(nodes)[0].tags(1)[0]
write.ok("SET", key, "3")
if node.has_faults(write):
    with node.holds(b, "failover-await"):
        assert shard.refusal(b) is None
        node.until(5, lambda: shard.fields(a)["master_failover_state"] ==
                   "waiting-for-sync", "the pause")
        assert refused(a, "FAILOVER") == "ERR FAILOVER already in progress."
        a.connect().ok("FAILOVER", "ABORT")
        write.ok("SET", key, "2")
        done(a, "failover-aborted")
    done(b, "failover-aborted")
    before = [shard.last_failover(n) for n in (a, b)]
    with node.holds(b, "failover-await"):
        b.connect().ok("CLUSTER", "FAILOVER", "TIMEOUT", 500)
        shard.ended(a, before[0], "failover-aborted")
        write.ok("SET", key, "3")
    shard.ended(b, before[1], "failover-aborted")
    assert cl.role(a) == "master" and cl.role(b) == "slave"
    write.ok("SET", key, "3")
    done(a, "failover-aborted")
    node.until(5, lambda: shard.fields(b)["recover_status"] == "NoRecovery",
               "the lock is free")

# A disk that fails, on either side, ends it at once; nobody waits for the disk.
if node.has_faults(write):
    write.ok("CONFIG", "SET", "cluster-manual-failover-timeout", "15000")
    for n, how in ((a, ()), (b, ()), (b, ("TAKEOVER",))):
        n.connect().ok("DEBUG", "FAULT", "nodes-write", "error")
        assert shard.refusal(b, *how) is None
        done(b, "failover-aborted")
        a.connect(seconds=3).ok("SET", key, "4")
        n.connect().ok("DEBUG", "FAULT", "nodes-write", "off")
        shard.settled(nodes)
        assert cl.role(a) == "master" and cl.role(b) == "slave"
    write.ok("SET", key, "3")

# The primary is not there: planned is refused, forced is not.
a.kill()
node.until(5, lambda: "CLUSTER FAILOVER FORCE" in (shard.refusal(b) or "") or
           cl.role(b) == "master", "it is missed")
node.until(10, lambda: cl.role(b) == "master", "it takes over by itself")
node.until(10, lambda: pairs(status(b)["last"])["kind"][1] == b"automatic",
           "what happened")
done(b)
a.start()
shard.settled(nodes)
assert b.connect().ok("GET", key)[1] == b"3"
cl.check(nodes[0])
