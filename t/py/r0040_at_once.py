"""a start right after the supervisor was killed: what the dead node's workers
still hold is waited for, and what somebody else holds is refused"""

import os
import socket
import subprocess
import threading

import node

HELD_S = 0.4  # well below what a start waits for


def refused(n):
    """What a start says that fails."""
    done = subprocess.run(n.command(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30 * node.SLOW)
    assert done.returncode == 1, done
    return done.stdout.decode()


def killed_and_started(n, times):
    """The next one is started while the last one's processes still end."""
    for _ in range(times):
        n.hit("supervisor")
        n.child.wait()
        n.child = None
        n.start()


a = node.Node("a", ["--workers", "4"])
killed_and_started(a, int(node.lasting(10)))
assert a.connect().call("PING") == ("simple", b"PONG")
assert a.stop() == 0

# With a bus and a Unix socket as well.
path = os.path.join(node.directory(), "b.sock")
b = node.Node("b", ["--cluster-enabled", "yes", "--unixsocket", path])
killed_and_started(b, int(node.lasting(10)))
assert node.Connection(b.port, path=path).call("PING") == ("simple", b"PONG")
assert b.stop() == 0

# Somebody else who lets go in time, be it of the port or of the bus.
for port in (b.port, b.port + 10000):
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    held.listen(1)
    soon = threading.Timer(HELD_S * node.SLOW, held.close)
    soon.start()
    b.child = None
    b.start()
    soon.join()
    assert b.stop() == 0

# And who does not.
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", a.port))
held.listen(1)
said = refused(a)
assert "an address to listen on is in use: waiting up to 5 s for it\n" in said
assert said.endswith("\nalmandined: 127.0.0.1 port %d is in use by another "
                     "process\n" % a.port), said
