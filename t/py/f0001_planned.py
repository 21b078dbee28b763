"""a planned failover under load, there and back

Every acknowledged write is there afterwards, nobody sees an error but a
redirection, no two nodes ever write at once, and writers hardly notice.  Old
primary and sibling go on by a partial synchronisation.  The report tells what
took how long.  In the long form up to a thousand of them in a row.
"""

# limit 60s

import os
import re
import subprocess

import clustering as cl
import node
import shard

ROUNDS = 4 if node.lasting(1) == 1 else int(min(1000, node.lasting(50)))

nodes = cl.start(["almandined"] * 7, ["--workers", "1"])
cl.create(nodes, replicas=1)
shard.settled(nodes)
load = shard.Load(nodes, writers=2, probe_us=2000, timeout_ms=10000)
first = load.shards["s0"]
load.go()
full = {n: shard.fields(n, "stats")["sync_full"] for n in nodes}
pair = first.primary, first.replicas[0]
for i in range(ROUNDS):
    old, new = pair[i % 2], pair[1 - i % 2]
    load.mark()
    shard.take_over(new)
    node.until(5, lambda: cl.role(old) == "slave", "the old one follows")
    # Nobody may be on its way when the next one begins.
    for n in first.nodes:
        node.until(10, lambda: n is new or (
            shard.fields(n)["master_port"] == str(new.port) and
            shard.fields(n)["master_link_status"] == "up"), "their links")
    load.served(2)
    print("without a write: %d ms" % load.report()["s0"].gap_ms)

# Who comes before the new primary serves waits there, and is not sent back.
if node.has_faults(pair[0].connect()):
    old, new = pair
    before = load.report()["s0"].moved
    with node.holds(new, "promoted") as is_held:
        why = shard.refusal(new)
        assert why is None, why
        node.until(10, is_held, "it is about to be the primary")
        node.until(10, lambda: cl.role(old) == "slave", "the other follows")
        node.until(10, lambda: load.report()["s0"].moved >= before + 2,
                   "its clients are told where to go")
    load.served(5)
    assert load.report()["s0"].moved == before + 2, load.report()
    shard.settled(nodes)
    shard.take_over(old)
    shard.settled(nodes)
load.hold()
assert {n: shard.fields(n, "stats")["sync_full"] for n in nodes} == full
report = load.report()
load.end()


def history():
    return subprocess.run(
        [os.path.join(os.path.dirname(node.almandined()), "almandinectl"),
         "failover", "history", "--port", str(pair[0].port)],
        stdout=subprocess.PIPE, check=True, text=True).stdout


# It ends when everybody has said that it knows.
node.until(10, lambda: re.search(
    r"^\d+  [\d-]+ [\d:]+  planned, as the replica: completed "
    r"after \d+ ms: everybody knows\n"
    r"    from %s to %s\n    locking \d+, pausing \d+, .* ms$"
    % (cl.myid(pair[1]), cl.myid(pair[0])), history(), re.M), "the last one")
