"""a primary starts again without the last of what it had

Its snapshot is older than what nodes.conf says of its stream.  A replica that
has the rest takes over, though the primary is back before anybody could miss
it; when nobody has more, the primary says so and goes on, and only then gives
its data to a replica.
"""

# limit 90s

import os
import signal

import clustering as cl
import node
import shard

nodes = cl.start(["almandined"] * 4, ["--save", ""])
primary, replica = nodes[0], nodes[3]
cl.create(nodes[:3], replicas=0)
cl.cluster("add-node", cl.address(replica), cl.address(primary),
           "--cluster-slave", "--cluster-master-id", cl.myid(primary))
shard.settled(nodes)
tag = next(t for t in map(str, range(99)) if shard.slot_of(t) < 5000)
BEHIND = r"the last \d+ bytes of what this node had are missing"


def put(n, name):
    n.connect().ok("SET", "{%s}%s" % (tag, name), name)


def names(n):
    found = n.connect().ok("KEYS", "*")[1]
    return sorted(k[1].split(b"}")[1].decode() for k in found)


def same(a, b):
    node.until(10, lambda: shard.fields(a)["master_repl_offset"] ==
               shard.fields(b)["master_repl_offset"], "the same offset")


def hold(n, signo):
    for pid in n.processes().values():
        os.kill(pid, signo)


put(primary, "old")
primary.connect().ok("SAVE")
put(primary, "new")
same(primary, replica)
primary.connect().ok("CLUSTER", "SAVECONFIG")
hold(replica, signal.SIGSTOP)
primary.kill()
primary.start()
node.until(10, lambda: primary.log_has(BEHIND), "it knows")
hold(replica, signal.SIGCONT)
node.until(20, lambda: shard.role(replica) == "master", "who has more")
shard.settled(nodes)
assert names(replica) == ["new", "old"]
assert shard.role(primary) == "slave" and shard.fields(primary).get(
    "data_lost") is None

# Both have what was saved, and neither has more.
primary, replica = replica, primary
put(primary, "both")
same(primary, replica)
for n in (primary, replica):
    n.connect().ok("SAVE")
put(primary, "gone")
same(primary, replica)
primary.connect().ok("CLUSTER", "SAVECONFIG")
hold(replica, signal.SIGSTOP)
primary.kill()
replica.kill()
primary.start()
node.until(10, lambda: primary.log_has(BEHIND), "it knows")
replica.start()
node.until(30, lambda: primary.log_has("nobody has what is missing"), "the end")
shard.settled(nodes)
assert shard.role(primary) == "master"
assert names(primary) == ["both", "new", "old"]
assert shard.fields(primary).get("data_lost") is None
cl.check(nodes[0])
