"""control dies in the middle of a failover, on either side: it goes on

At each fault point of the machine control is killed, once.  The next one goes
on with what was kept: the failover completes, or is called off at once; then
it is asked for again.  Every acknowledged write is there, no two nodes ever
write at once, and nobody has to clean up.
"""

# limit 90s

import contextlib
import random

import clustering as cl
import node
import shard

TAKER = ("failover-lock", "failover-await", "failover-level", "failover-save",
         "failover-turn", "failover-turned", "promoted")
GIVER = ("failover-hold", "failover-held", "failover-save")

nodes = cl.start(["almandined"] * 6, ["--workers", "1"])
if not node.has_faults(nodes[0].connect()):
    node.skip("a build without fault points")
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, writers=2, probe_us=2000)
pair = list(load.shards["s0"].nodes)
load.go()
full = sum(int(shard.fields(n, "stats")["sync_full"]) for n in pair)


def went(new):
    """Whether it took over; either way the failover is over."""
    node.until(10, lambda: all(shard.fields(n).get("master_failover_state") ==
                               "no-failover" for n in pair), "the end of it")
    return cl.role(new) == "master"


cells = [(1, point) for point in TAKER] + [(0, point) for point in GIVER]
for side, point in cells if node.LONG > 1 else random.sample(cells, 3):
    old, new = pair
    pair[side].connect().ok("DEBUG", "FAULT", point, "die", "once")
    why = shard.refusal(new)
    assert why is None or "replaced" in why, why
    node.until(10, lambda: pair[side].log_has("fault %s: dies" % point), point)
    load.mark()
    happened = went(new)
    print("%s: %s" % (point, "done" if happened else "called off"))
    shard.settled(nodes)
    load.served(5)
    if not happened:
        shard.take_over(new)
        shard.settled(nodes)
    pair.reverse()

# What the old primary knows of the claim is not durable when its control dies:
# by its file it has given its word, and it does not become a primary by that.
old, new = pair
with contextlib.ExitStack() as writing:
    with node.holds(new, "failover-taking-decided") as has_word:
        why = shard.refusal(new)
        assert why is None, why
        node.until(10, has_word, "the word")
        is_writing = writing.enter_context(node.holds(old, "nodes-write"))
    node.until(10, lambda: cl.role(old) == "slave" and is_writing(),
               "a replica")
    before = old.log_count("is a primary from offset")
    pid = old.hit("control")
    old.respawned("control", pid)
shard.settled(nodes)
load.served(5)
assert cl.role(old) == "slave"
assert old.log_count("is a primary from offset") == before

load.hold()
assert sum(int(shard.fields(n, "stats")["sync_full"]) for n in pair) == full
load.end()
cl.check(nodes[0])
