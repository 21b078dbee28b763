"""writes are held for a failover: nothing is logged, nobody sees an error

CLUSTER FAILSTOPWRITES holds as a failover does.  Everything that would be
logged waits or is left for later, reads go on, and the offset that was told
stays the end of the log.  The hold ends by control, or by itself, also when
there is no control; a worker that dies does not keep it from beginning.
"""

# limit 60s

import os
import signal
import time

import clustering as cl
import following
import killing
import node

LONG, HOLD = 60, 1                 # seconds, if nobody ends it
OPTION = "cluster-manual-failover-timeout"

n = node.Node("a", ["--workers", "4", "--cluster-enabled", "yes",
                    "--cluster-port", str(node.free_port()),
                    "--repl-ping-replica-period", "1",
                    "--repl-diskless-sync-delay", "0",
                    "--" + OPTION, str(LONG * 1000)])
c = n.connect()
myid = c.ok("CLUSTER", "MYID")[1]
c.ok("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
node.until(5, lambda: cl.info(n, "cluster_state") == "ok", "a cluster of one")


def offset():
    return int(following.info(n)["master_repl_offset"])


def sent(*words):
    """A connection with a request on its way."""
    x = n.connect(seconds=10)
    x.send(*words)
    return x


def hold():
    end = c.ok("CLUSTER", "FAILSTOPWRITES", myid)
    assert end == ("int", offset()), end
    return end[1]


def go_on():
    c.ok("CLUSTER", "FAILSTOPWRITES", "")


assert c.call("CLUSTER", "FAILSTOPWRITES", "x" * 40)[0] == "error"

# For tools: an offset is waited for, and told.
x = sent("CLUSTER", "FAILREPLICATIONOFFSET", "0")
assert x.read() == ("int", offset())
assert x.call("CLUSTER", "FAILREPLICATIONOFFSET", "much")[0] == "error"
x.send("CLUSTER", "FAILREPLICATIONOFFSET", offset() + 1)
try:
    raise AssertionError("too early: %r" % (x.read(seconds=0.1),))
except TimeoutError:
    pass
c.ok("SET", "here", "v")
assert x.read() == ("int", offset())
x.close()

# What waits, and what does not.
c.ok("RPUSH", "{l}list", "3", "1", "2")
c.ok("SET", "here", "v")
pop = sent("BLPOP", "{l}none", "0")
queued = n.connect()
for words in (["MULTI"], ["SET", "{m}a", "1"], ["GET", "{m}a"]):
    queued.ok(*words)
replica = sent("PSYNC", "?", "-1")
assert replica.read_raw(11) == b"+FULLRESYNC"
wait = n.connect()
wait.ok("SET", "{m}w", "v")
# None of them may be gone before.
c.pipeline([("SET", "dies:%d" % i, "v", "PX", int(1000 * node.SLOW))
            for i in range(100)])
end = hold()
held = [sent("SET", "k%d" % i, "v") for i in range(40)]
others = [sent(*words.split()) for words in (
    "RPUSH {l}none x", "SORT {l}list STORE {l}sorted", "GETDEL {m}c",
    "CLUSTER DELKEYSINSLOT 1", "GETEX {m}b EX 100",
    "MIGRATE 127.0.0.1 1 here 0 100")]
queued.send("EXEC")
wait.send("WAIT", "1", int(1200 * node.SLOW))
assert c.ok("GET", "here") == ("bulk", b"v")
assert c.ok("SORT_RO", "{l}list")[0] == "array"
node.until(5, lambda: c.ok("EXISTS", "dies:7") == ("int", 0), "its time")
# As long as walks of expiry and pings to replicas take to come.
assert wait.read() == ("int", 0)
assert offset() == end
assert c.ok("DBSIZE")[1] >= 100
assert c.ok("PING") == ("simple", b"PONG")
go_on()
for x in held:
    assert x.read() == ("simple", b"OK")
assert queued.read()[1] == [("simple", b"OK"), ("bulk", b"1")]
assert pop.read()[1] == [("bulk", b"{l}none"), ("bulk", b"x")]
for x in others:
    x.read()
assert offset() > end
replica.close()
for x in held + others:
    x.close()

# It ends by itself, in every worker, with no control to help.
c.ok("CONFIG", "SET", OPTION, HOLD * 1000)
begin = time.monotonic()
hold()
control = n.hit("control", signal.SIGSTOP)
held = [sent("SET", "k%d" % i, "v") for i in range(8)] + [sent("FLUSHALL")]
for x in held:
    assert x.read() == ("simple", b"OK")
took = time.monotonic() - begin
assert took >= HOLD, took
os.kill(control, signal.SIGCONT)
c.ok("CONFIG", "SET", OPTION, LONG * 1000)

# A new control finds it, and can end it.
hold()
control = n.hit("control")
x = sent("SET", "k", "v")
n.respawned("control", control)
go_on()
assert x.read() == ("simple", b"OK")

# Workers that die are not waited for, nor those that come after them.
to = killing.connect_to(n, "worker 0")
for i in range(1, 4):
    old = n.process("worker %d" % i)
    if node.has_faults(to):
        to.ok("DEBUG", "FAULT", "log-copied", "hold", "300", "once")
        killing.connect_to(n, "worker %d" % i).send("SET", "{w}%d" % i, "v")
    to.send("CLUSTER", "FAILSTOPWRITES", myid)
    n.hit("worker %d" % i)
    end = to.read()
    assert end == ("int", offset()), end
    n.respawned("worker %d" % i, old)
    x = sent("SET", "k", "v")
    assert to.ok("PING")[0] == "simple" and offset() == end[1]
    to.ok("CLUSTER", "FAILSTOPWRITES", "")
    assert x.read() == ("simple", b"OK")

# Replies that wait for the disk are out before the role may go.
if node.has_faults(to):
    to.ok("CONFIG", "SET", "appendfsync", "always", "appendonly", "yes")
    node.until(10, lambda: following.info(n, "persistence")[
        "aof_rewrite_in_progress"] == "0", "the append-only file")
    x, c = n.connect(), to
    x.ok("SET", "k", "v")
    with node.holds(n, "aof-sync") as is_held:
        x.send("SET", "k", "w")
        # It is executed, and its reply waits, when the hold begins.
        node.until(10, is_held, "a sync")
        to.send("CLUSTER", "FAILSTOPWRITES", myid)
    assert to.read() == ("int", offset())
    assert x.read(seconds=0.03) == ("simple", b"OK")
    go_on()
