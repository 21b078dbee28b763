"""systemd's NOTIFY_SOCKET, a file or a name without one, hears READY=1 when
the node answers; nobody there is no matter"""

import os
import socket

import node

path = os.path.join(node.directory(), "notify")
for i, place in enumerate((path, "\0almandine-%d" % os.getpid())):
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(place)
    ear.settimeout(10)
    os.environ["NOTIFY_SOCKET"] = place.replace("\0", "@")
    a = node.Node("a%d" % i, kind="almandined")
    assert ear.recv(100) == b"READY=1"
    ear.close()
    a.stop()
a = node.Node("a2", kind="almandined")
assert a.connect().ok("PING")
