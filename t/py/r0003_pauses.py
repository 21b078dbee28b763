"""many clients that a pause holds, a stronger pause in its place, and the end"""

import node

CLIENTS = 80

n = node.Node("a", ["--workers", "1"])
c = n.connect()
held = [n.connect() for _ in range(CLIENTS)]
assert c.call("CLIENT", "PAUSE", int(2000 * node.SLOW), "WRITE") == (
    "simple", b"OK")
for i, h in enumerate(held):
    h.send_raw(node.encode(["SET", "k%d" % i, "v"]))
assert c.call("DBSIZE") == ("int", 0)
assert c.call("CLIENT", "PAUSE", "1000", "ALL") == ("simple", b"OK")
for h in held:
    assert h.read(10 * node.SLOW) == ("simple", b"OK")
assert c.call("DBSIZE") == ("int", CLIENTS)
