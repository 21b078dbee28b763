"""min-replicas-to-ack and WAITAOF between two of our own nodes

A node follows another, both with a file that is synced before a reply goes
out.  WAIT and WAITAOF count the replica; what was acknowledged under
min-replicas-to-ack is there when the primary is killed under load and the
replica takes its place.
"""

# limit 90s

import threading

import following
import node

OK = ("simple", b"OK")
FILE = ["--appendonly", "yes", "--appendfsync", "always"]
a = node.Node("a", FILE + ["--repl-diskless-sync-delay", "0",
                           "--min-replicas-to-ack-timeout", "20000"],
              kind="almandined")
b = node.Node("b", FILE + ["--replicaof", "127.0.0.1 %d" % a.port],
              kind="almandined")
following.linked(b)
c = a.connect(seconds=30)
c.ok("CONFIG", "SET", "min-replicas-to-ack", 1)
assert c.call("SET", "k", "1") == OK
assert b.connect().ok("GET", "k")[1] == b"1"
assert c.call("WAIT", 1, 0) == ("int", 1)
assert c.call("WAITAOF", 1, 1, 20000) == ("array", [("int", 1), ("int", 1)])

# The worker with the link dies: who waits has its reply when it is back.
for name in ("worker 0", "worker 1"):
    b.respawned(name, b.hit(name))
    assert c.call("SET", "k", name) == OK
    assert b.connect().ok("GET", "k")[1] == name.encode()


class Writer(threading.Thread):
    """Counts a key up as long as each step is acknowledged."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name, self.sum = name, 0

    def run(self):
        w = a.connect(seconds=30)
        try:
            while True:
                reply = w.call("SET", self.name, self.sum + 1)
                assert reply == OK, reply
                self.sum += 1
        except (node.Gone, TimeoutError):
            pass


writers = [Writer("w%d" % i) for i in range(20)]
for w in writers:
    w.start()
node.until(30, lambda: all(w.sum > 20 for w in writers), "writes")
a.child.kill()
a.child.wait()
for w in writers:
    w.join()
d = b.connect()
d.ok("REPLICAOF", "NO", "ONE")
for w in writers:
    got = int(d.ok("GET", w.name)[1])
    assert w.sum <= got <= w.sum + 1, (w.name, w.sum, got)
