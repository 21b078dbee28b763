"""many clients that a pause holds, a stronger pause in its place, and the end"""

import node

CLIENTS = 80

n = node.Node("a", ["--workers", "1"])
c = n.connect()
assert c.call("CLIENT", "PAUSE", "2000", "WRITE") == ("simple", b"OK")
held = [n.connect() for _ in range(CLIENTS)]
for i, h in enumerate(held):
    h.send_raw(node.encode(["SET", "k%d" % i, "v"]))
assert c.call("DBSIZE") == ("int", 0)
assert c.call("CLIENT", "PAUSE", "1000", "ALL") == ("simple", b"OK")
for h in held:
    assert h.read() == ("simple", b"OK")
assert c.call("DBSIZE") == ("int", CLIENTS)
