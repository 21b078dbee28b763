"""a primary that is told to end gives its role to a replica first

By SIGTERM and by SHUTDOWN, under load: writers hardly notice, and nothing is
lost.  SHUTDOWN NOW does not wait; SHUTDOWN ABORT calls the end off while it
waits, and so ends the pause.  A node without a replica ends all the same.
"""

# limit 60s

import signal

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 6, ["--workers", "1"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, writers=2, probe_us=2000)
pair = list(load.shards["s0"].nodes)
load.go()


def ended(n):
    assert n.child.wait(10 * node.SLOW) == 0, n.log_tail()


def end(how):
    old, new = pair
    load.mark()
    if how == "SIGTERM":
        old.child.send_signal(signal.SIGTERM)
    else:
        old.connect().send("SHUTDOWN")
    node.until(5, lambda: cl.role(new) == "master", "the replica takes over")
    ended(old)
    load.served(2)
    print("%s: without a write: %d ms" % (how, load.report()["s0"].gap_ms))
    status = new.connect(proto=3).ok("CLUSTER", "FAILOVER", "STATUS")
    assert b"planned" in repr(status).encode(), status
    old.start()
    shard.settled(nodes)
    pair.reverse()


end("SIGTERM")
end("SHUTDOWN")

# Called off while the replica does not get on.
old, new = pair
if node.has_faults(new.connect()):
    with node.holds(new, "failover-await"):
        waits = old.connect()
        waits.send("SHUTDOWN")
        node.until(5, lambda: shard.fields(old)["master_failover_state"] ==
                   "waiting-for-sync", "the pause")
        assert old.connect().ok("SHUTDOWN", "ABORT")[1] == b"OK"
        assert waits.read()[1].startswith(b"ERR Errors trying to SHUTDOWN")
        assert cl.role(old) == "master"
    load.mark()
    load.served(2)
    shard.settled(nodes)
assert old.connect().call("SHUTDOWN", "ABORT")[1] == \
    b"ERR No shutdown in progress."
load.hold()
load.end()

# It may be told not to.
shard.settled(nodes)
old.connect().ok("CONFIG", "SET", "cluster-shutdown-handover", "no")
old.child.send_signal(signal.SIGTERM)
ended(old)
node.until(10, lambda: cl.role(new) == "master", "it takes over by itself")
status = repr(new.connect(proto=3).ok("CLUSTER", "FAILOVER", "STATUS"))
assert "b'automatic'" in status and "b'planned'" not in status, status
old.start()
shard.settled(nodes)
pair.reverse()
old, new = pair

# Nobody is waited for: neither when that is said, nor when nobody is there.
old.connect().send("SHUTDOWN", "NOW")
ended(old)
node.until(10, lambda: cl.role(new) == "master", "it takes over by itself")
new.connect().send("SHUTDOWN")
ended(new)
