"""a mover that was slow removes nothing here that another one has seen to

Its worker hangs when the target has the key, until its claim is over.  Meanwhile
another worker has the copy there deleted.  What is here is the only one then.
"""

# limit 60s

import clustering as cl
import node

source, = cl.start(["almandined"], ["--enable-debug-command", "yes",
                                    "--workers", "2"])
target, = cl.start(["redis"])
nodes = [source, target]
if not node.has_faults(source.connect()):
    node.skip("no fault points in this build")
c, there = source.connect(), target.connect()
c.ok("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
there.ok("CLUSTER", "SET-CONFIG-EPOCH", 2)
c.ok("CLUSTER", "MEET", target.ip, target.port, target.bus)
cl.agreed(nodes)
slot = c.ok("CLUSTER", "KEYSLOT", "k")[1]
c.ok("SET", "k", "v")
there.ok("CLUSTER", "SETSLOT", slot, "IMPORTING", cl.myid(source))
c.ok("CLUSTER", "SETSLOT", slot, "MIGRATING", cl.myid(target))


def exists():
    there.ok("ASKING")
    return there.ok("EXISTS", "k")[1]


mover = source.connect(seconds=30)
c.ok("DEBUG", "FAULT", "move-taken", "hold", 3000)
mover.send("MIGRATE", target.ip, target.port, "k", 0, 100)
node.until(5, lambda: exists() == 1, "the key there")
# By the other worker.
node.until(3, lambda: exists() == 0, "the copy is deleted there")
got = mover.read()
assert got[0] == "error" and b"seen to a key" in got[1], got
c = source.connect(seconds=30)
c.ok("DEBUG", "FAULT", "move-taken", "off")
assert c.ok("GET", "k") == ("bulk", b"v")
assert c.ok("MIGRATE", target.ip, target.port, "k", 0, 5000)[1] == b"OK"
assert exists() == 1
assert c.call("GET", "k")[1].startswith(b"ASK")
assert b"region:sound" in c.ok("DEBUG", "REGION")[1]
