"""what replicas acknowledge: WAIT, WAITAOF, min-replicas-to-ack and -to-write

Two redis-servers follow a node, which asks them at once when somebody waits;
one that is stopped is missed.  Replicas that the test plays say what they have
on disk (FACK), and are silent for too long.
"""

# limit 60s

import signal
import threading
import time

import node
import replica

n = node.Node("a", ["--workers", "2", "--repl-diskless-sync-delay", "0",
                    "--min-replicas-to-ack-timeout", "60000"],
              kind="almandined")
admin = n.connect()
NOREPLICAS = ("error", b"NOREPLICAS Not enough good replicas to write.")
OK = ("simple", b"OK")


def info(section, name):
    """A field of INFO; None when it is not there."""
    for line in admin.ok("INFO", section)[1].decode().split("\r\n"):
        if line.startswith(name + ":"):
            return line.partition(":")[2]
    return None


def offset():
    """Where the log ends."""
    return int(info("replication", "master_repl_offset"))


def config(name, value):
    """CONFIG SET."""
    admin.ok("CONFIG", "SET", name, value)


def replicas(count):
    """So many are online."""
    node.until(20, lambda: admin.ok("INFO", "replication")[1].count(
        b"state=online") == count, "%d replicas" % count)


# --- WAITAOF with replicas that say what they have on disk ----------------

c = n.connect()
f = replica.Replica(n)
replicas(1)
c.ok("SET", "k", "1")
at = offset()
f.reaches(at)
assert c.call("WAITAOF", 0, 1, 50) == ("array", [("int", 0), ("int", 0)])
c.send("WAITAOF", 0, 1, 0)
f.ack(at, at - 1)
f.ack(at, at + 1000000)
try:
    raise AssertionError(c.read(0.1))
except TimeoutError:
    pass
f.ack(at, at)
assert c.read() == ("array", [("int", 0), ("int", 1)])
assert c.call("WAITAOF", 0, 1, 0)[1][1] == ("int", 1)
# What is written by others is not waited for.
admin.ok("SET", "k", "2")
assert c.call("WAITAOF", 0, 1, 0)[1][1] == ("int", 1)
assert c.call("WAIT", 1, 0) == ("int", 1)
c.ok("SET", "k", "3")
c.send("WAIT", 1, 0)
asked = f.asked
node.until(5, lambda: f.asked > asked or f.ack() or f.asked, "a question")
f.reaches(offset())
f.ack()
assert c.read() == ("int", 1)

# --- too few are well -------------------------------------------------------

config("min-replicas-max-lag", 1)
config("min-replicas-to-write", 1)
f.ack()
node.until(5, lambda: c.call("SET", "k", "4") == OK, "an acknowledgement")
assert info("replication", "min_slaves_good_slaves") == "1"
node.until(5, lambda: c.call("SET", "k", "5") == NOREPLICAS, "a lag")
assert c.call("INCR", "n") == NOREPLICAS
assert c.call("GET", "k")[0] == "bulk"
assert c.call("PING") == ("simple", b"PONG")
assert c.pipeline([("MULTI",), ("GET", "k"), ("EXEC",)])[2][0] == "array"
replies = c.pipeline([("MULTI",), ("SET", "k", "6"), ("EXEC",)])
assert replies[1] == NOREPLICAS, replies
assert replies[2] == ("error", b"EXECABORT Transaction discarded because of "
                      b"previous errors."), replies
assert info("replication", "min_slaves_good_slaves") == "0"
f.ack()
node.until(5, lambda: c.call("SET", "k", "7") == OK, "an acknowledgement")
f.ack()
# What was queued while there were enough of them.
assert c.pipeline([("MULTI",), ("SET", "k", "8")])[1][1] == b"QUEUED"
config("min-replicas-to-write", 2)
assert c.call("EXEC") == (
    "error", b"EXECABORT Transaction discarded because of: NOREPLICAS Not "
    b"enough good replicas to write.")
config("min-replicas-max-lag", 0)
assert c.call("SET", "k", "8") == OK
config("min-replicas-max-lag", 10)
config("min-replicas-to-write", 0)
f.close()
replicas(0)

# --- redis-servers ----------------------------------------------------------

rs = [node.Node("r%d" % i, ["--replicaof", "127.0.0.1 %d" % n.port],
                kind="redis") for i in range(2)]
replicas(2)
config("min-replicas-to-ack", 2)


def write(count, out):
    """Writes one by one, each acknowledged; and how long it took."""
    w = n.connect()
    begun = time.monotonic()
    for i in range(count):
        out.append(w.call("INCR", "sum")[0])
    out.append(time.monotonic() - begun)


# By themselves they say once a second what they have, and a worker that nobody
# rings looks ten times a second.
outs = [[] for _ in range(4)]
threads = [threading.Thread(target=write, args=(100, o)) for o in outs]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert all(o[:-1] == ["int"] * 100 for o in outs), outs
assert max(o[-1] for o in outs) < 6 * node.SLOW, outs
assert all(r.connect().ok("GET", "sum")[1] == b"400" for r in rs)
assert c.call("WAIT", 2, 0) == ("int", 2)

# One is stopped: who waits for both waits, who waits for one does not.
rs[1].child.send_signal(signal.SIGSTOP)
c.send("SET", "k", "9")
try:
    raise AssertionError(c.read(0.2))
except TimeoutError:
    pass
d = n.connect()
config("min-replicas-to-ack", 1)
assert c.read() == OK
assert d.call("SET", "k", "10") == OK
assert d.call("WAIT", 1, 0) == ("int", 1)
assert d.call("WAIT", 2, 50) == ("int", 1)
config("min-replicas-to-ack", 2)
config("min-replicas-to-ack-timeout", 100)
reply = d.call("SET", "k", "11")
assert reply[0] == "error" and reply[1].startswith(b"INDOUBT "), reply
config("min-replicas-to-ack-timeout", 60000)
d.send("SET", "k", "12")
d.send("WAIT", 2, 0)
rs[1].child.send_signal(signal.SIGCONT)
assert d.read() == OK
assert d.read() == ("int", 2)
# It goes and comes back: who waits meanwhile has its reply in the end.
rs[1].stop()
replicas(1)
d.send("SET", "k", "13")
rs[1].start()
replicas(2)
assert d.read(10 * node.SLOW) == OK
assert all(r.connect().ok("GET", "k")[1] == b"13" for r in rs)
