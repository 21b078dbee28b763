"""a link that broke is asked for again when that is due, whatever its worker does

With one turn a second for what has no hurry, a dozen links that break one after
the other are up again long before as many turns.  And a stream that was up for
a while is asked for in the turn in which it broke: a worker that sleeps after
that has knocked already.
"""

# limit 60s

import select
import socket

import following as f
import node
import primary

TIMES = 12
ARGS = ["--workers", "1", "--hz", "1", "--repl-diskless-sync-delay", "0"]
# An empty snapshot without a checksum.
EMPTY = b"REDIS0010\xff" + bytes(8)


def is_cut_enough(n):
    """Cuts its replica off when it is back; whether it was so often."""
    global cuts
    back = f.count(n, "sync_partial_ok")
    if back == cuts:
        cuts += 1
        n.connect().ok("CLIENT", "KILL", "TYPE", "replica")
    return back >= TIMES


a = node.Node("a", ARGS)
b = node.Node("b", ARGS + ["--replicaof", "127.0.0.1 %d" % a.port])
f.linked(b)
cuts = 0
node.until(6, lambda: is_cut_enough(a), "a dozen links")

# Up for two seconds: it says so once a second.
p = primary.Primary(primary.script(primary.fullresync(EMPTY)))
c = b.connect()
c.ok("REPLICAOF", "127.0.0.1", p.port)
node.until(20, lambda: sum(w[:2] == ["REPLCONF", "ACK"]
                           for w in p.heard) >= 4, "its words")
before = p.connections
p.sock.shutdown(socket.SHUT_RDWR)
c.ok("PING")
c.send("DEBUG", "SLEEP", "1.5")
node.until(10, lambda: p.connections > before, "another attempt")
assert not select.select([c.sock], [], [], 0)[0], "it came after the sleep"
