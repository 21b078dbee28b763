"""a node that starts again while slots are on their way reads all of its data,
whatever clients would be told about these keys"""

# limit 90s

import clustering as cl
import node

a, b = cl.start(["almandined"] * 2, ["--appendonly", "yes",
                                   "--appendfsync", "always"])
c, d = a.connect(), b.connect()
c.ok("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
d.ok("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
d.ok("CLUSTER", "SET-CONFIG-EPOCH", 2)
c.ok("CLUSTER", "MEET", "127.0.0.1", b.port, b.args[3])
cl.agreed([a, b])
slot = next(i for i in range(99) if c.ok("CLUSTER", "KEYSLOT", "t%d" % i)[1]
            < 8192)
number = c.ok("CLUSTER", "KEYSLOT", "t%d" % slot)[1]
keys = ["{t%d}%d" % (slot, i) for i in range(20)]
for k in keys:
    c.ok("SET", k, k)
c.ok("MULTI")
for k in keys:
    c.ok("APPEND", k, "+")
c.ok("EXEC")
d.ok("CLUSTER", "SETSLOT", number, "IMPORTING", cl.myid(a))
c.ok("CLUSTER", "SETSLOT", number, "MIGRATING", cl.myid(b))
assert c.ok("MIGRATE", "127.0.0.1", b.port, keys[0], 0, 5000)[1] == b"OK"
c.ok("APPEND", keys[1], "+")
for n in (a, b):
    n.kill()
for n in (a, b):
    n.start()
for n in (a, b):
    node.until(30, lambda: cl.info(n, "cluster_state") == "ok", "the cluster")
c, d = a.connect(), b.connect()
assert c.ok("CLUSTER", "SLOTSTATE", number)[1].split()[1] == b">"
counts = [x.ok("CLUSTER", "COUNTKEYSINSLOT", number)[1] for x in (c, d)]
assert counts == [19, 1], counts
assert c.ok("GET", keys[1]) == ("bulk", keys[1].encode() + b"++")
assert c.ok("GET", keys[2]) == ("bulk", keys[2].encode() + b"+")
assert c.call("GET", keys[0])[1] == b"ASK %d 127.0.0.1:%d" % (number, b.port)
d.ok("ASKING")
assert d.ok("GET", keys[0]) == ("bulk", keys[0].encode() + b"+")

# What was left open is mended, and nothing of it is lost.
cl.cluster("fix", cl.address(a))
cl.agreed([a, b])
cl.check(b)
assert sum(x.ok("CLUSTER", "COUNTKEYSINSLOT", number)[1] for x in (c, d)) == 20
